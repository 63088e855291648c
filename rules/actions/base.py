"""What every kind of action has in common: checked when loaded, rendered when a rule fires.

Rendering makes plain values and sends nothing. What cannot go out (a fact was unknown, nobody
configured the destination) becomes ``HeldBack`` with a reason, so that it is seen, not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Protocol

from ..facts import Facts
from ..trace import Json


@dataclass(frozen=True, kw_only=True)
class About:
    """What an action is about, beyond the facts: which rule, why now, and on which ticket."""

    rule_id: str
    rule_version: str
    cause: str
    happened_at: datetime
    ticket: str | None


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What this installation can reach: the names of the webhook destinations set up in it."""

    destinations: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class NoteText:
    """An internal note, ready for ``Connector.add_note``. Plain text, no markup of any kind."""

    kind: ClassVar[str] = "note"
    text: str = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class WebhookCall:
    """An outgoing webhook: ``{"type": event_type, "timestamp": ..., "data": data}`` to be signed.

    ``data`` holds JSON values only.
    """

    kind: ClassVar[str] = "webhook"
    destination: str
    event_type: str
    data: Mapping[str, Json] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", MappingProxyType(dict(self.data)))

    def to_json(self) -> dict[str, Json]:
        return {
            "kind": self.kind,
            "destination": self.destination,
            "event_type": self.event_type,
            "data": dict(self.data),
        }


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """This action cannot go out. ``action`` is its kind, ``reason`` is for the person to act."""

    kind: ClassVar[str] = "held_back"
    action: str
    reason: str

    def to_json(self) -> dict[str, Json]:
        return {"kind": self.kind, "action": self.action, "reason": self.reason}


Rendered = NoteText | WebhookCall | HeldBack


def rendered_from_json(data: Mapping[str, Json]) -> Rendered:
    """The reverse of ``to_json``. Raises ``ValueError`` for anything else."""
    match data:
        case {"kind": "note", "text": str(text)}:
            return NoteText(text=text)
        case {
            "kind": "webhook",
            "destination": str(destination),
            "event_type": str(event_type),
            "data": Mapping() as payload,
        }:
            return WebhookCall(destination=destination, event_type=event_type, data=payload)
        case {"kind": "held_back", "action": str(action), "reason": str(reason)}:
            return HeldBack(action=action, reason=reason)
        case _:
            raise ValueError("this is no rendered action")


class Action(Protocol):
    """One action of one rule, already checked."""

    @property
    def kind(self) -> str:
        """The name in ``ACTIONS``."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Every fact it may read, and so everything it may pass on."""

    def render(self, facts: Facts, *, about: About, reach: Reach) -> Rendered:
        """What would go out for these facts. Never raises; the same input gives the same value."""

    def describe(self) -> dict[str, Json]:
        """Its parameters as JSON, part of the rule's digest."""


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """A kind of action. ``build`` takes what the rule file says under its name and raises
    ``pydantic.ValidationError`` or ``ValueError``; ``parameters``: name -> what to write there."""

    kind: str
    description: str
    parameters: Mapping[str, str]
    example: str
    build: Callable[[object], Action]


def missing_facts(names: tuple[str, ...]) -> str:
    """The reason for holding back when facts without a ``default`` are unknown."""
    listed = ", ".join(names)
    return f"{listed} {'was' if len(names) == 1 else 'were'} unknown; give a default in the rule's text"
