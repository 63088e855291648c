"""``make bench``: what the README promises, measured as ratios in one run.

    python tests/bench/run.py [accept|web|history|demo|reader ...] [--json] [--strict]

A noisy machine must not fail a build, so a figure below its bar is shown as MISSED and the exit
code is 0, unless ``--strict`` is given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from result import Result  # noqa: E402 (a script beside its modules, in a folder that is no package)

#: The reader last: it leaves a model in memory.
BENCHES = ("accept", "web", "history", "demo", "reader")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what Keepsake promises.")
    parser.add_argument("benches", nargs="*", choices=[*BENCHES, []], metavar="bench")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a bar is missed")
    asked = parser.parse_args()
    names = [name for name in BENCHES if name in asked.benches] or BENCHES
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    results: list[Result] = []
    if not asked.json:
        print(f"{machine}, load {os.getloadavg()[0]:.1f}\n", flush=True)
    for name in names:
        for found in import_module(f"bench_{name}").measure():
            results.append(found)
            if not asked.json:
                print("\n".join(found.lines()), flush=True)
    if asked.json:
        told = {"machine": machine, "results": [one.to_json() for one in results]}
        print(json.dumps(told, indent=1))
    return int(asked.strict and any(one.is_met is False for one in results))


if __name__ == "__main__":
    sys.exit(main())
