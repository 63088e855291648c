"""``keepsake map``: what one customer felt, and is expected to carry on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from .failing import Problem
from .homes import home

if TYPE_CHECKING:
    from ..wiring import Home


@click.command("map")
@click.argument("person")
@click.option("--json", "as_json", is_flag=True)
def map_(person: str, as_json: bool) -> None:
    """Show the memory map of PERSON: our number, an e-mail address, or connection/contact-id."""
    with home() as ours:
        told = memory_map(ours, person)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)


def memory_map(ours: Home, person: str) -> dict[str, Any]:
    """The map as JSON values: feeling with its strongest memories, then moments, newest first."""
    from enrichment.fields import explain_contact
    from enrichment.memory import recall, remembered_feeling
    from enrichment.state import PersonState

    from ..store import memory, moments, people

    now, priors = ours.clock(), ours.base.priors
    with ours.database.read() as tx:
        id = _find(tx, person)
        kept = memory.load_person(tx, id)
        names = [one.name for one in people.members(tx, id)]
        found = moments.of_person(tx, id, limit=100)
    if kept is None:
        raise Problem("nothing is remembered of this person yet")
    state = PersonState.from_json(kept.state)
    feeling = remembered_feeling(state.memories, now, priors)
    strength = {one.moment_id: recall(one, now, priors) for one in state.memories}
    fields = explain_contact(state, now=now, priors=priors)
    return {
        "person": id,
        "names": sorted(set(names)),
        "since": state.since.isoformat() if state.since else None,
        "tickets": state.tickets_total,
        "remembered_feeling": feeling.points if feeling else None,
        "because": [
            {
                "kind": one.kind.value,
                "at": one.at.isoformat(),
                "points": round(one.points, 1),
                "quote": one.quote,
            }
            for one in (feeling.factors if feeling else ())
        ],
        "memory_tags": list(fields["memory_tags"].value or ()),  # type: ignore[arg-type]
        "moments": [
            {
                "id": one.id,
                "kind": one.kind,
                "at": one.at.isoformat(),
                "ticket": f"{one.connection_id}/{one.ticket_id}",
                "recall": round(strength[one.id], 2) if one.id in strength else None,
                "reason": one.data.get("reason"),
                "quote": next(
                    (e["quote"] for e in one.data.get("evidence", ()) if e.get("quote")), None
                ),
            }
            for one in found
        ],
    }


def _find(tx: Any, person: str) -> int:
    from ..store import loading, people

    if person.isdecimal():
        return people.get(tx, int(person)).id
    connection_id, slash, contact_id = person.partition("/")
    found = (
        people.of_contact(tx, connection_id=connection_id, contact_id=contact_id)
        if slash
        else loading.person_by_email(tx, person)
    )
    if found is None:
        raise Problem(f"nobody is known as {person}")
    return found


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    since = f", since {told['since'][:10]}" if told["since"] else ""
    console.print(
        Text(f"{' / '.join(told['names'])}{since}, {told['tickets']} tickets", style="bold")
    )
    feeling = told["remembered_feeling"]
    console.print(
        Text(
            "Remembered feeling: unknown"
            if feeling is None
            else f"Remembered feeling: {feeling:+d} (an estimate, not yet validated)"
        )
    )
    for one in told["because"]:
        quote = f"  “{one['quote']}”" if one["quote"] else ""
        console.print(Text(f"  {one['points']:+6.1f}  {one['kind']} on {one['at'][:10]}{quote}"))
    table = Table(box=None, pad_edge=False)
    for column in ("when", "moment", "recall", "words"):
        table.add_column(column)
    for one in told["moments"]:
        recall = "" if one["recall"] is None else f"{100 * one['recall']:.0f} %"
        table.add_row(
            one["at"][:10], one["kind"], recall, Text(one["quote"] or one["reason"] or "")
        )
    console.print(table)
