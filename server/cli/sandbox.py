"""``keepsake sandbox``: a make-believe source system to develop and to try things against."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option(
    "--systems",
    type=click.Choice(["zendesk"]),
    default="zendesk",
    show_default=True,
    help="Which system to stand in for.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks a free one.")
@click.option(
    "--world",
    "world_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fill it from this JSON file of tickets (see docs/world.md).",
)
@click.option("--empty", is_flag=True, help="Begin with no tickets at all.")
@click.option("--live", is_flag=True, help="Also play what happens after the start.")
@click.option("--json", "as_json", is_flag=True, help="Print address and credentials as JSON.")
def sandbox(
    systems: str,
    host: str,
    port: int,
    world_file: Path | None,
    empty: bool,
    live: bool,
    as_json: bool,
) -> None:
    """Serve a make-believe Zendesk with a company in it, until stopped.

    Its state is in memory. Whoever reaches it may do anything: keep it on this machine.
    """
    from datetime import UTC, datetime

    from connectors.zendesk.emulator.server import serve

    assert systems == "zendesk"
    world: Any = None
    if world_file is not None:
        world = _from_file(world_file)
    elif not empty:
        from connectors.sandbox.build import build_world

        world = build_world().shifted(datetime.now(UTC))

    def ready(told: dict[str, Any]) -> None:
        if as_json:
            click.echo(json.dumps(told))
        else:
            click.echo(f"Zendesk sandbox at {told['base_url']}  (agents: {told['agent_url']})")
            for name in ("subdomain", "email", "api_token", "control_token"):
                click.echo(f"  {name}: {told[name]}")
            for name, value in told["env"].items():
                click.echo(f"  for zenpy: {name}={value}")
        sys.stdout.flush()

    try:
        serve(world, host, port, ready, live=live)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _from_file(path: Path) -> Any:
    from connectors.sandbox.loader import WorldError, load_world

    try:
        return load_world(path)
    except WorldError as error:
        raise click.ClickException(f"{path}: {error}") from error
