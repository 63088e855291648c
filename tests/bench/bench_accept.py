"""Webhooks accepted a second, against the least that is durable, under the same load.

Both servers are gunicorn with the settings of the web process, on databases of their own on the
same disk, and no worker runs. Rounds are taken in turn, so that a noisy machine is noisy for
both; the ratio is the median over pairs of rounds. At the end both are killed (-9), and what was
answered with 202 must be in the database: exactly that, each once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import postgres
from bare_server import application as bare_application
from installed import (
    CONNECTION,
    Installed,
    family,
    free_port,
    install,
    processor_seconds,
    running,
)
from result import Result
from sqlalchemy import text

from server.cli.running import web_command
from server.store import open_database

BAR = 0.6
CONNECTIONS = 12
SECONDS = 5.0
ROUNDS = 5
#: More than any machine takes; a round that runs out of webhooks ends early.
MOST_A_SECOND = 4000
LOAD = Path(__file__).with_name("load.py")


@dataclass
class Side:
    """One of the two servers and what became of its rounds."""

    name: str
    made: Installed
    command: Sequence[str]
    rounds: list[dict[str, Any]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def accepted_file(self) -> Path:
        return self.made.folder / "accepted"

    def send(self, *, seconds: float, is_counted: bool = True) -> None:
        orders = {
            "port": self.made.port,
            "path": f"/webhooks/{CONNECTION}",
            "secret": self.made.webhook_secret,
            "connections": CONNECTIONS,
            "seconds": seconds,
            "at_most": int(MOST_A_SECOND * seconds),
            "accepted": str(self.accepted_file),
        }
        before = self._processor_seconds()
        done = subprocess.run(
            [sys.executable, str(LOAD), json.dumps(orders)],
            check=True, env=self.made.environment, stdout=subprocess.PIPE,
        )  # fmt: skip
        found = json.loads(done.stdout)
        found["processor"] = self._processor_seconds() - before
        if set(found["statuses"]) - {"202"} or found["unanswered"]:
            sys.exit(f"{self.name}: not everything was accepted: {found['statuses']}")
        if is_counted:
            self.took += found.pop("took")
            self.rounds.append(found)

    def _processor_seconds(self) -> float:
        assert self.process is not None
        return sum(processor_seconds(pid) for pid in family(self.process.pid))

    @property
    def processor_ms(self) -> float:
        """Milliseconds of processor a webhook; a busy machine hardly changes this one."""
        spent = sum(one["processor"] for one in self.rounds)
        return float(1000 * spent / sum(one["accepted"] for one in self.rounds))

    @property
    def rates(self) -> list[float]:
        return [one["accepted"] / one["seconds"] for one in self.rounds]

    @property
    def accepted(self) -> set[str]:
        return set(self.accepted_file.read_text().split())

    def told(self) -> str:
        cuts = quantiles(self.took, n=100)
        return (
            f"{self.name}: {median(self.rates):.0f}/s (rounds {min(self.rates):.0f} to "
            f"{max(self.rates):.0f}), p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, "
            f"{self.processor_ms:.2f} ms of processor each"
        )


def measure(*, rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="keepsake-bench-") as folder:
        home = Path(folder)
        found = [_compare("SQLite", home, rounds, seconds, bar=BAR)]
    if postgres.is_installed():
        names = ("keepsake", "bare")
        with (
            tempfile.TemporaryDirectory(prefix="keepsake-bench-") as folder,
            postgres.server(names) as address,
        ):
            urls = [f"{address}/{name}" for name in names]
            found.append(_compare("PostgreSQL", Path(folder), min(rounds, 3), seconds, urls=urls))
    return found


def _compare(
    database: str,
    home: Path,
    rounds: int,
    seconds: float,
    *,
    bar: float | None = None,
    urls: Sequence[str] = (),
) -> Result:
    ours_url, bare_url = urls or ("", f"sqlite:///{home / 'bare' / 'bare.db'}")
    made = install(home / "ours", database_url=ours_url)
    bare_home = home / "bare"
    bare_home.mkdir()
    bare = Installed(
        folder=bare_home, port=free_port(), webhook_secret="unread", database_url=bare_url
    )
    bare_command = [*web_command()[:-1], f"bare_server:{bare_application.__name__}()"]
    sides = (Side("keepsake", made, web_command()), Side("bare insert", bare, bare_command))
    with ExitStack() as stack:
        for side in sides:
            server = running(side.command, side.made, ready="/healthz")
            side.process = stack.enter_context(server)
            side.send(seconds=1.5, is_counted=False)
        for number in range(rounds):
            # Who goes first changes, so that neither always follows the other's checkpoint.
            for side in sides if number % 2 == 0 else reversed(sides):
                side.send(seconds=seconds)
    ratios = [ours / least for ours, least in zip(*(side.rates for side in sides), strict=True)]
    kept = _check(sides, ours_url or f"sqlite:///{made.folder / 'app.db'}", bare_url)
    return Result(
        name=f"webhooks accepted, of a bare durable insert ({database})",
        value=median(ratios),
        bar=bar,
        notes=(
            *(side.told() for side in sides),
            f"{rounds} pairs of rounds of {seconds:g} s, {CONNECTIONS} connections; ratios "
            + ", ".join(f"{one:.2f}" for one in ratios),
            f"after kill -9 the inbox holds the {kept} that were accepted, each once",
        ),
        figures={
            "ratios": [round(one, 3) for one in ratios],
            **{f"{side.name} per s": [round(rate, 1) for rate in side.rates] for side in sides},
            **{f"{side.name} ms of processor": round(side.processor_ms, 3) for side in sides},
            "connections": CONNECTIONS,
            "seconds": seconds,
            "kept": kept,
        },
    )


def _check(sides: Sequence[Side], ours_url: str, bare_url: str) -> int:
    """How many the inbox holds. Ends the bench when that is not what was accepted."""
    ours, bare = sides
    with open_database(ours_url) as database, database.read() as tx:
        kept = tx.execute(text("SELECT event_id FROM inbox")).scalars().all()
    with open_database(bare_url) as database, database.read() as tx:
        rows = tx.execute(text("SELECT count(*) FROM arrival")).scalar_one()
    if len(kept) != len(set(kept)) or set(kept) != ours.accepted:
        sys.exit(f"{len(ours.accepted)} were accepted, the inbox holds {len(kept)}")
    if rows != len(bare.accepted):
        sys.exit(f"{len(bare.accepted)} were accepted, the bare table holds {rows}")
    return len(kept)
