"""From "installed" to everything read, written back and judged: the demo, as a newcomer runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time

from installed import own_environment
from result import Result

BAR = 60.0


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="keepsake-bench-") as folder:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", "demo", "--once", "--json", "--port", "0"],
            check=False, cwd=folder, env=own_environment(), capture_output=True, text=True,
        )  # fmt: skip
        whole = time.monotonic() - began
    if done.returncode:
        sys.exit(f"the demo failed ({done.returncode}):\n{done.stderr[-2000:]}")
    summary = json.loads(done.stdout.strip().splitlines()[-1])
    missing = [
        name for name in ("readings", "fields_written", "interventions") if not summary[name]
    ]
    if missing:
        sys.exit(f"the demo came to no {', '.join(missing)}")
    return [
        Result(
            name="demo: started, pulled, read, written back",
            value=summary["seconds"],
            unit="s",
            bar=BAR,
            at_least=False,
            notes=(
                f"{summary['tickets']} tickets, {summary['readings']} messages read, "
                f"{summary['moments']} moments, {summary['fields_written']} fields written, "
                f"{summary['interventions']} interventions; {whole:.0f} s with the live part",
            ),
            figures={**summary, "whole": round(whole, 1)},
        )
    ]
