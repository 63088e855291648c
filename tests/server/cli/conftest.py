"""The ``keepsake`` command as a script would call it: a process of its own, with its own data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rig.fixtures import clock, emulator
from rig.processes import ROOT

__all__ = ["clock", "emulator"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of the output."""
        return json.loads(self.out.strip().splitlines()[-1])


Keepsake = Callable[..., Done]


@pytest.fixture
def keepsake(tmp_path: Path) -> Keepsake:
    """Run a command: ``keepsake("check", "zendesk", "--json")``. Keywords are settings."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments: str, stdin: str = "", **settings: str) -> Done:
        kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("KEEPSAKE_")}
        ours = {f"KEEPSAKE_{name.upper()}": value for name, value in settings.items()}
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=home,
            env={**kept, "KEEPSAKE_DATA_DIR": "data", **ours, "PYTHONPATH": str(ROOT)},
            timeout=90,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run
