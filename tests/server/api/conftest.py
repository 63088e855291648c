"""The same world as that of the pages' tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parents[1] / "web" / "conftest.py"
_name = "keepsake_tests_web_fixtures"
if _name not in sys.modules:
    _spec = importlib.util.spec_from_file_location(_name, _path)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])

for _fixture in (
    "world_module",
    "sqlite",
    "empty",
    "world",
    "app",
    "client",
    "form_token",
    "log_in",
    "me",
):
    globals()[_fixture] = getattr(sys.modules[_name], _fixture)
