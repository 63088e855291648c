"""The hand-written stories: tickets told as a timeline in ``data/stories/<name>.yaml``.

A ticket's ``tells`` is a list of one-key mappings, in the order things happen:

    - ravi 0m: the words of somebody             who, how long after the line before
    - mei 25m: an answer                          agents and customers alike
    - mei 2m notes: only agents see this
    - mei 0m sets: {status: pending, priority: high, group: API}
    - ravi 1d2h rates good: a comment, or ~ for none

The wait is written ``0m``, ``25m``, ``3h``, ``1d2h30m`` and may end in ``s`` for seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..records import Priority, TicketStatus
from .datafiles import instant, read_all
from .thread import Thread
from .world import WorldTicket

_WAIT = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, kw_only=True)
class Story:
    """``about`` says in one sentence what happens; ``moods`` how each ticket's customer feels."""

    name: str
    about: str
    tickets: tuple[WorldTicket, ...]
    moods: Mapping[str, str]


def read_stories(now: datetime, agents: frozenset[str]) -> tuple[Story, ...]:
    """Every story, in alphabetical order of their names."""
    return tuple(
        Story(
            name=name,
            about=data["about"],
            tickets=tuple(_ticket(row, data, now, agents) for row in data["tickets"]),
            moods={row["key"]: row["mood"] for row in data["tickets"]},
        )
        for name, data in read_all("stories")
    )


def _ticket(
    row: Mapping[str, Any], story: Mapping[str, Any], now: datetime, agents: frozenset[str]
) -> WorldTicket:
    priority = row.get("priority", "normal")
    thread = Thread(
        key=row["key"],
        subject=row["subject"],
        customer=row.get("customer") or story["customer"],
        assignee=row.get("assignee"),
        created_at=instant(row["opened"]),
        channel=row.get("channel", "email"),
        group=row.get("group", "Support"),
        priority=Priority(priority) if priority else None,
        tags=tuple(row.get("tags", ())),
    )
    at = thread.created_at
    for line in row["tells"]:
        [(head, told)] = line.items()
        at = _tell(thread, head, told, at, agents)
    return thread.finished(now)


def _tell(
    thread: Thread, head: str, told: Any, before: datetime, agents: frozenset[str]
) -> datetime:
    who, wait, *verb = head.split()
    at = before + read_wait(wait)
    match verb:
        case []:
            thread.says(who, told.strip(), at, is_agent=who in agents)
        case ["notes"]:
            thread.says(who, told.strip(), at, is_agent=True, public=False)
        case ["sets"]:
            thread.sets(
                who,
                at,
                status=TicketStatus(told["status"]) if "status" in told else None,
                priority=Priority(told["priority"]) if "priority" in told else None,
                group=told.get("group"),
            )
        case ["rates", ("good" | "bad") as score]:
            thread.rates(at, good=score == "good", comment=told.strip() if told else None)
        case _:
            raise ValueError(f"story ticket {thread.key}: cannot read the line {head!r}")
    return at


def read_wait(text: str) -> timedelta:
    match = _WAIT.fullmatch(text)
    if not match or not text:
        raise ValueError(f"a wait looks like 25m or 1d2h, not {text!r}")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
