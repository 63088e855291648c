"""The demo never touches anything but its own folder, whatever lies beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

#: What the demo does before it opens anything, and then what it and a child of it would open.
LOOK = """
import json, subprocess, sys
from pathlib import Path
from server.cli import demo
from config.settings import load

demo._configure(Path("var/demo").absolute(), 0)
child = "from config.settings import load; s = load(); print(s.database_url, s.engine_database_url, s.data_dir, s.key_file)"
mine = load()
print(json.dumps([
    f"{mine.database_url} {mine.engine_database_url} {mine.data_dir} {mine.key_file}",
    subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout.strip(),
]))
"""


def test_the_demo_heeds_no_settings_of_the_folder_it_is_started_in(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "KEEPSAKE_DATABASE_URL=postgresql://u:p@prod/keepsake\n"
        "KEEPSAKE_ENGINE_DATABASE_URL=postgresql://u:p@prod/engine\n"
        "KEEPSAKE_KEY_FILE=/srv/prod.key\n"
    )
    hostile = {
        "KEEPSAKE_DATABASE_URL": "postgresql://u:p@prod/other",
        "keepsake_key_file": "/srv/k",
    }
    told = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        env={**os.environ, **hostile, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    demo, child = json.loads(told)
    folder = tmp_path / "var" / "demo"
    assert demo == child
    assert demo == (
        f"sqlite:///{folder}/app.db sqlite:///{folder}/engine.db {folder} {folder}/secret.key"
    )
