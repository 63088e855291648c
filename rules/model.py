"""Rules, the events they react to, and what comes of it. Frozen values that refuse nonsense.

The hard part is identity. An intervention is ``(rule, subject, cause)``: the same moment judged
twice, by two workers or after a crash, is the same intervention. A rule's ``version`` is a digest
of what it does, so that a receipt can say which wording and which limits were in force.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from .actions.base import Action, HeldBack, Rendered
from .catalogue import CATALOGUE, MOMENT_KINDS
from .operators import Expected, accept
from .trace import Json, Trace

RULE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

DEFAULT_WITHIN = timedelta(days=2)
DEFAULT_EXPIRY = timedelta(days=7)


class EventKind(StrEnum):
    """What can wake a rule."""

    MOMENT = "moment"
    NEW_MESSAGE = "new_message"
    TICKET_CHANGED = "ticket_changed"


class Per(StrEnum):
    """Whom a rule acts for, and so whose cooldown counts."""

    TICKET = "ticket"
    PERSON = "person"


class Approval(StrEnum):
    AUTOMATIC = "automatic"
    REQUIRED = "required"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened. ``cause`` names it for ever (same thing again, same cause).

    ``ticket`` and ``person`` are our own keys, unique over all connections; None when there is
    none. ``moment`` is the kind, for moments only.
    """

    kind: EventKind
    cause: str
    at: datetime
    ticket: str | None = None
    person: str | None = None
    moment: str | None = None

    def __post_init__(self) -> None:
        if not self.cause:
            raise ValueError("an event needs a cause")
        if self.at.tzinfo is None:
            raise ValueError("an event's time needs a time zone")
        if (self.kind is EventKind.MOMENT) != (self.moment is not None):
            raise ValueError("moments, and only moments, have a kind of moment")
        if self.moment is not None and self.moment not in MOMENT_KINDS:
            raise ValueError("this kind of moment is not in the catalogue")

    def subject(self, per: Per) -> str | None:
        """``ticket:<key>`` or ``person:<key>``; None when the event has none."""
        key = self.ticket if per is Per.TICKET else self.person
        return None if key is None else f"{per.value}:{key}"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """``moments`` is empty for the other kinds of events. Events older than ``within`` are history."""

    event: EventKind
    moments: tuple[str, ...] = ()
    within: timedelta = DEFAULT_WITHIN

    def __post_init__(self) -> None:
        if (self.event is EventKind.MOMENT) != bool(self.moments):
            raise ValueError("a moment trigger lists its kinds; other triggers have none")
        if self.within <= timedelta(0):
            raise ValueError("a trigger's age limit is longer than nothing")

    def matches(self, event: Event) -> bool:
        return event.kind is self.event and (not self.moments or event.moment in self.moments)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """``fact operator expected``, checked against both catalogues."""

    fact: str
    operator: str
    expected: Expected

    def __post_init__(self) -> None:
        spec = CATALOGUE.get(self.fact)
        if spec is None:
            raise ValueError(f"there is no fact '{self.fact}'")
        object.__setattr__(self, "expected", accept(spec, self.operator, self.expected))


@dataclass(frozen=True, kw_only=True)
class AllOf:
    parts: tuple[When, ...]


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    parts: tuple[When, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("'any' of nothing never holds")


When = Condition | AllOf | AnyOf


@dataclass(frozen=True, kw_only=True)
class Cooldown:
    """Not again for the same ticket or person within ``length``."""

    per: Per
    length: timedelta

    def __post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise ValueError("a cooldown is longer than nothing")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. ``when`` is always a group at the top; ``AllOf(parts=())`` asks nothing more."""

    id: str
    title: str
    description: str
    trigger: Trigger
    when: AllOf | AnyOf
    actions: tuple[Action, ...]
    cooldown: Cooldown
    approval: Approval
    expires_after: timedelta = DEFAULT_EXPIRY
    enabled: bool = True

    def __post_init__(self) -> None:
        if not RULE_ID.fullmatch(self.id):
            raise ValueError("a rule's id has small letters, digits and dashes")
        if not self.title.strip():
            raise ValueError("a rule needs a title")
        if not self.actions:
            raise ValueError("a rule needs an action")
        if self.expires_after <= timedelta(0):
            raise ValueError("a proposal expires after some time, not at once")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything the rule does; switching it on or off changes nothing."""
        text = json.dumps(self.describe(), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def version(self) -> str:
        """The first twelve characters of the digest, for people and receipts."""
        return self.digest[:12]

    @property
    def needs(self) -> tuple[str, ...]:
        """Every fact the rule reads, sorted."""
        names = _facts_of(self.when)
        for action in self.actions:
            names |= set(action.needs)
        return tuple(sorted(names))

    def describe(self) -> dict[str, Json]:
        """The rule as plain JSON, without ``enabled``."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "trigger": {
                "event": self.trigger.event.value,
                "kinds": list(self.trigger.moments),
                "only_within_seconds": int(self.trigger.within.total_seconds()),
            },
            "when": _describe(self.when),
            "actions": [{action.kind: action.describe()} for action in self.actions],
            "cooldown": {
                "per": self.cooldown.per.value,
                "for_seconds": int(self.cooldown.length.total_seconds()),
            },
            "approval": self.approval.value,
            "expires_after_seconds": int(self.expires_after.total_seconds()),
        }


def _facts_of(node: When) -> set[str]:
    if isinstance(node, Condition):
        return {node.fact}
    return {name for part in node.parts for name in _facts_of(part)}


def _describe(node: When) -> Json:
    match node:
        case Condition():
            expected = node.expected
            return {
                "fact": node.fact,
                node.operator: list(expected) if isinstance(expected, tuple) else expected,
            }
        case AllOf():
            return {"all": [_describe(part) for part in node.parts]}
        case AnyOf():
            return {"any": [_describe(part) for part in node.parts]}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a rule that fired wants done: an intervention before anybody approved or sent it.

    ``actions`` are in the order of the rule; ``HeldBack`` ones keep their place. ``reasons`` hold
    no personal values. After ``expires_at`` nobody should approve it any more.
    """

    rule_id: str
    rule_title: str
    rule_version: str
    subject: str
    cause: str
    ticket: str | None
    person: str | None
    actions: tuple[Rendered, ...]
    approval: Approval
    reasons: tuple[str, ...]
    proposed_at: datetime
    expires_at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        """``(rule, subject, cause)``: one intervention for each, however often it is judged."""
        return (self.rule_id, self.subject, self.cause)

    @property
    def held_back(self) -> tuple[HeldBack, ...]:
        return tuple(action for action in self.actions if isinstance(action, HeldBack))

    @property
    def can_go_out(self) -> bool:
        """Whether at least one action is not held back."""
        return len(self.held_back) < len(self.actions)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one rule made of one event. ``proposal`` is there exactly when the rule fired."""

    rule_id: str
    rule_version: str
    subject: str | None
    cause: str
    judged_at: datetime
    trace: Trace
    proposal: Proposal | None = field(default=None, repr=False)

    @property
    def fires(self) -> bool:
        return self.proposal is not None

    @property
    def is_undecided(self) -> bool:
        """It did not fire only because something it asks was unknown."""
        return self.trace.truth.value == "unknown"
