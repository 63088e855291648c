"""``build_world``: the company, its customers, their stories and everything in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ..records import TicketStatus
from .datafiles import read
from .deck import Decks
from .everyday import draw_plots
from .people import read_cast
from .scribe import Scribe
from .stories import Story, read_stories
from .world import LiveKind, LiveStep, World

EVERYDAY_TICKETS = 186


@dataclass(frozen=True, kw_only=True)
class Making:
    """A world with what only its maker knows: which stories are in it, which mood went in."""

    world: World
    stories: tuple[Story, ...]
    moods: Mapping[str, str]


def build_world(seed: int = 7) -> World:
    """The same world for the same seed, everywhere. The stories are in it whatever the seed."""
    return make_world(seed).world


def make_world(seed: int = 7) -> Making:
    dice = Random(seed)
    cast = read_cast(dice)
    stories = read_stories(cast.now, frozenset(agent.key for agent in cast.agents))
    decks = Decks(dice)
    plots = draw_plots(cast, dice, decks, EVERYDAY_TICKETS)
    scribe = Scribe(cast, dice, decks)
    everyday = [scribe.write(plot, f"t-{n:03d}") for n, plot in enumerate(plots, start=1)]
    tickets = [ticket for story in stories for ticket in story.tickets] + everyday
    moods = {key: mood for story in stories for key, mood in story.moods.items()}
    moods |= {ticket.key: plot.mood for ticket, plot in zip(everyday, plots, strict=True)}
    return Making(
        world=World(
            company=cast.name,
            now=cast.now,
            agents=cast.agents,
            companies=cast.companies,
            customers=cast.customers,
            tickets=tuple(sorted(tickets, key=lambda ticket: (ticket.created_at, ticket.key))),
            live=_live(),
        ),
        stories=stories,
        moods=moods,
    )


def _live() -> tuple[LiveStep, ...]:
    return tuple(_step(row) for row in read("live")["steps"])


def _step(row: Mapping[str, Any]) -> LiveStep:
    return LiveStep(
        after=float(row["after"]),
        kind=LiveKind(row["kind"]),
        ticket=row["ticket"],
        author=row["author"],
        text=row.get("text"),
        subject=row.get("subject"),
        status=TicketStatus(row["status"]) if "status" in row else None,
        good=row.get("good"),
    )
