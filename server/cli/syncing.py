"""``keepsake sync``: pull what changed into the inbox, with progress."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from .homes import home

if TYPE_CHECKING:
    from ..pipeline.sync import Pulled
    from ..wiring import Home


@click.command()
@click.argument("connection")
@click.option("--wait", is_flag=True, help="Until a worker has worked everything off.")
@click.option("--json", "as_json", is_flag=True)
def sync(connection: str, wait: bool, as_json: bool) -> None:
    """Pull what changed on CONNECTION; the first time, everything.

    Pulled tickets wait in the inbox until a worker (`keepsake work` or `keepsake up`) reads them.
    """
    with home() as ours:
        began = time.monotonic()
        pulled = pull(ours, connection, quiet=as_json)
        if wait:
            wait_until_idle(ours, connection, quiet=as_json)
        seconds = round(time.monotonic() - began, 1)
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "connection": connection,
                        "records": pulled.records,
                        "interactions": pulled.interactions,
                        "queued": pulled.queued,
                        "backfill": pulled.was_backfill,
                        "seconds": seconds,
                    }
                )
            )
        else:
            click.echo(
                f"{pulled.records} records and {pulled.interactions} messages pulled, "
                f"{pulled.queued} tickets to read, in {seconds} s"
            )


def pull(ours: Home, connection: str, *, quiet: bool) -> Pulled:
    """One pull with a progress line on standard error."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ..pipeline.sync import sync as run

    counted: dict[str, int] = {}
    with (
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=Console(file=sys.stderr),
            disable=quiet or not sys.stderr.isatty(),
        ) as bar,
        ours.base.connector(connection) as connector,
    ):
        line = bar.add_task("pulling")

        def progress(what: str, count: int) -> None:
            counted[what] = counted.get(what, 0) + count
            told = ", ".join(f"{n} {name}s" for name, n in counted.items())
            bar.update(line, description=told)

        since = ours.clock() - timedelta(days=ours.settings.backfill_days)
        return run(ours.base, connection, connector, since=since, progress=progress)


def wait_until_idle(ours: Home, connection: str, *, quiet: bool, patience: float = 3600.0) -> bool:
    """Until nothing of this connection waits to be read or written; whether that came in time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from ..store import connections, field_states

    until = time.monotonic() + patience
    most = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(file=sys.stderr),
        disable=quiet or not sys.stderr.isatty(),
    ) as bar:
        line = bar.add_task("reading and writing back", total=1)
        while time.monotonic() < until:
            with ours.database.read() as tx:
                waiting = connections.counts(tx, ids=(connection,))[connection].waiting
                due = field_states.counts(tx, connection_id=connection).due
            most = max(most, waiting + due)
            bar.update(line, total=most or 1, completed=(most - waiting - due) or 0)
            if waiting + due == 0:
                return True
            time.sleep(0.2)
    return False
