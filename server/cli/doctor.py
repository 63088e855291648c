"""``keepsake doctor``: look for what is wrong with this installation, and say what to do."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from .homes import home, settings

if TYPE_CHECKING:
    from config.settings import Settings

    from ..wiring import Home

#: Less free disk than this is a warning, in bytes.
LITTLE_DISK = 1_000_000_000
#: A connection with more waiting than this, or a worker silent for longer, is told of.
MANY_WAITING = 1000
SILENT = timedelta(seconds=60)
#: A live connection that brought nothing for longer is told of: no fault, but worth a look.
QUIET = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Finding:
    name: str
    ok: bool
    detail: str
    advice: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> None:
    """Look at settings, model, database, workers, connections and what waits.

    Changes nothing and calls no source system (`keepsake check` does).
    """
    findings = [*_look(_settings, settings()), *_look(_model, settings())]
    with home() as ours:
        for part in (_database, _workers, _connections, _people):
            findings += _look(part, ours)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings]))
    else:
        for one in findings:
            mark = click.style("ok  ", fg="green") if one.ok else click.style("no  ", fg="red")
            click.echo(f"  {mark}{one.name}: {one.detail}")
            if one.advice and not one.ok:
                click.echo(f"      {one.advice}")
    if not all(one.ok for one in findings):
        sys.exit(1)


def _look(part: Callable[[Any], Iterator[Finding]], given: object) -> list[Finding]:
    """What one part found; that it could not look is a finding as well."""
    name = part.__name__.strip("_")
    try:
        return list(part(given))
    except Exception as error:
        return [Finding(name=name, ok=False, detail=f"could not be looked at: {error}")]


def _settings(checked: Settings) -> Iterator[Finding]:
    from config.names import unknown_environment

    unknown = unknown_environment()
    for one in unknown:
        meant = f"did you mean {one.nearest}?" if one.nearest else "take it out"
        yield Finding(name="settings", ok=False, detail=f"{one.name} means nothing", advice=meant)
    if not unknown:
        yield Finding(name="settings", ok=True, detail=f"data in {checked.data_dir}")
    folder = checked.data_dir if checked.data_dir.exists() else checked.data_dir.parent
    free = shutil.disk_usage(folder).free if folder.exists() else 0
    yield Finding(
        name="disk",
        ok=free > LITTLE_DISK,
        detail=f"{free / 1e9:.1f} GB free",
        advice="make room, or move KEEPSAKE_DATA_DIR",
    )
    is_local = checked.public_url.startswith(("http://127.0.0.1", "http://localhost"))
    yield Finding(
        name="address",
        ok=True,
        detail=checked.public_url
        + (" (only this machine: webhooks of a real system need a public https address)"
           if is_local else ""),
    )  # fmt: skip


def _model(_: Settings) -> Iterator[Finding]:
    from enrichment.reader.artefact import ArtefactError, default_folder, verify

    folder = default_folder()
    try:
        verify(folder)
    except ArtefactError as error:
        yield Finding(name="model", ok=False, detail=str(error))
    else:
        yield Finding(name="model", ok=True, detail=f"{folder.name}, checksums fit")


def _database(ours: Home) -> Iterator[Finding]:
    assert ours.vault
    with ours.database.read():
        kind = "SQLite" if ours.database.is_sqlite else "PostgreSQL"
    yield Finding(name="database", ok=True, detail=f"{kind}, tables up to date")


def _workers(ours: Home) -> Iterator[Finding]:
    from ..store import heartbeats

    with ours.database.read() as tx:
        alive = [one for one in heartbeats.all_of(tx) if ours.clock() - one.at < SILENT]
    yield Finding(
        name="workers",
        ok=bool(alive),
        detail=", ".join(one.executor for one in alive) or "none is running",
        advice="start one: keepsake up (or keepsake work)",
    )


def _connections(ours: Home) -> Iterator[Finding]:
    from ..store import connections, field_states
    from ..store.connections import ConnectionState

    with ours.database.read() as tx:
        found = connections.find(tx)
        counts = connections.counts(tx)
        due = {one.id: field_states.counts(tx, connection_id=one.id).due for one in found}
    if not found:
        yield Finding(
            name="connections", ok=False, detail="none", advice="add one: keepsake connect zendesk"
        )
    for one in found:
        waiting, failed = counts[one.id].waiting, counts[one.id].failed
        stands = one.state is not ConnectionState.NEEDS_PERSON
        fine = stands and failed == 0 and waiting < MANY_WAITING
        yield Finding(
            name=f"connection {one.id}",
            ok=fine,
            detail=f"{one.state.value}, {waiting} waiting, {failed} put aside, "
            f"{due[one.id]} fields to write"
            + _silence(one.state, counts[one.id].last_received_at, now=ours.clock())
            + (f"; {one.state_reason}" if one.state_reason else ""),
            advice=f"keepsake retry {one.id} --list shows what was put aside, and without --list lets "
            "it be tried again"
            if stands and failed
            else f"keepsake check {one.id}",
        )


def _silence(state: str, last: datetime | None, *, now: datetime) -> str:
    """When a live connection last brought a change, if that is long ago."""
    if state != "live" or (last is not None and now - last < QUIET):
        return ""
    if last is None:
        return "; no change came in yet, by webhook or poll"
    return f"; the last change came in on {last:%Y-%m-%d at %H:%M} UTC, by webhook or poll"


def _people(ours: Home) -> Iterator[Finding]:
    from ..store import users

    with ours.database.read() as tx:
        count = users.count(tx)
    yield Finding(
        name="logins",
        ok=count > 0,
        detail=f"{count} people may log in",
        advice="add somebody: keepsake user add NAME --role admin",
    )
