"""What a careful person finds in the hand-written stories: the yardstick for Keepsake's reading.

Modest on purpose. ``tags`` are moments nobody could miss, ``never`` those that would embarrass us;
whatever is in neither may be found or not. ``feels`` holds the sign of some messages only, and
``hard`` marks those (irony, understatement, another language, praise and blame in one breath) of
which a reader may say that it is unsure, though not the opposite of what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .datafiles import instant, read, read_all

#: Every tag an expectation may hold.
TAGS = frozenset(
    {
        "frustration-peak",
        "delight",
        "gratitude",
        "empathy-win",
        "surprise-gesture",
        "anxiety",
        "confusion",
        "told-you-already",
        "broken-promise",
        "escalation",
        "recovery",
        "escalation-recovery",
        "churn-threat",
        "milestone",
        "silence",
        "standout",
    }
)


@dataclass(frozen=True, kw_only=True)
class TicketTruth:
    """``feels``: place of a message in its ticket (from 0, notes counted) -> -1, 0 (plain), 1."""

    ticket: str
    tags: frozenset[str]
    never: frozenset[str]
    feels: Mapping[int, int]
    hard: frozenset[int]

    def __post_init__(self) -> None:
        unknown = (self.tags | self.never) - TAGS
        if unknown:
            raise ValueError(f"truth of {self.ticket}: no such tag: {', '.join(sorted(unknown))}")
        if self.tags & self.never:
            raise ValueError(f"truth of {self.ticket}: a tag is both expected and excluded")
        if not set(self.feels.values()) <= {-1, 0, 1}:
            raise ValueError(f"truth of {self.ticket}: a feeling is -1, 0 or 1")


@dataclass(frozen=True, kw_only=True)
class CustomerTruth:
    """What must show on the person, over all tickets. ``quiet_since``: last heard of."""

    customer: str
    tags: frozenset[str]
    never: frozenset[str]
    quiet_since: datetime | None


def ticket_truths() -> Mapping[str, TicketTruth]:
    """By ticket key, for every story ticket as it stands when the world begins."""
    return MappingProxyType(
        {
            row["key"]: _ticket(row["key"], row["truth"])
            for _, story in read_all("stories")
            for row in story["tickets"]
        }
    )


def live_truths() -> Mapping[str, TicketTruth]:
    """By ticket key, for the tickets that ``World.live`` opens or continues, after its last step."""
    return MappingProxyType({key: _ticket(key, row) for key, row in read("live")["truth"].items()})


def customer_truths() -> Mapping[str, CustomerTruth]:
    """By customer key, for those whose story is more than the sum of its tickets."""
    return MappingProxyType(
        {
            story["customer"]: CustomerTruth(
                customer=story["customer"],
                tags=frozenset(story["person"].get("tags", ())),
                never=frozenset(story["person"].get("never", ())),
                quiet_since=(
                    instant(story["person"]["quiet_since"])
                    if "quiet_since" in story["person"]
                    else None
                ),
            )
            for _, story in read_all("stories")
            if "person" in story
        }
    )


def _ticket(key: str, row: Mapping[str, Any]) -> TicketTruth:
    return TicketTruth(
        ticket=key,
        tags=frozenset(row.get("tags", ())),
        never=frozenset(row.get("never", ())),
        feels=MappingProxyType(dict(row.get("feels", {}))),
        hard=frozenset(row.get("hard", ())),
    )
