"""Test cases as people write them, and the values they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .catalogue import CATALOGUE, FactType
from .documents import Document, explain
from .durations import parse_duration
from .errors import RuleError
from .facts import Facts
from .limits import Firing, Firings
from .model import Event, EventKind, Per, Rule

#: When nothing else is said, a case happens at this moment.
DEFAULT_NOW = "2026-01-15T12:00:00Z"


class _Text(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class EventText(_Text):
    """Everything has a default, taken from the rule's own trigger."""

    kind: Literal["moment", "new_message", "ticket_changed"] | None = None
    moment: str | None = None
    ago: str = "1h"
    cause: str = "cause-1"
    ticket: str | None = "ticket-1"
    person: str | None = "person-1"


class FiredText(_Text):
    ago: str
    cause: str = "an-earlier-cause"
    ticket: str = "ticket-1"
    person: str = "person-1"


class ExpectText(_Text):
    verdict: Literal["fires", "does_not_fire", "unknown"]
    because: list[str] = []
    note_contains: list[str] = []
    note_lacks: list[str] = []
    webhook_to: str | None = None
    webhook_facts: dict[str, object] = {}
    held_back: list[Literal["note", "webhook"]] = []
    approval: Literal["automatic", "required"] | None = None


class CaseText(_Text):
    name: str = Field(min_length=1)
    now: str = DEFAULT_NOW
    event: EventText = EventText()
    facts: dict[str, object] = {}
    fired: list[FiredText] = []
    destinations: list[str] = []
    expect: ExpectText


class TestText(_Text):
    __test__ = False

    rule: str
    cases: list[CaseText] = Field(min_length=1)


_KEYS: Mapping[tuple[str, ...], Iterable[str]] = {
    (): tuple(TestText.model_fields),
    ("cases",): tuple(CaseText.model_fields),
    ("cases", "event"): tuple(EventText.model_fields),
    ("cases", "fired"): tuple(FiredText.model_fields),
    ("cases", "expect"): tuple(ExpectText.model_fields),
}


def read_cases(document: Document, rule: Rule) -> list[CaseText]:
    """Raises ``RuleError`` when the outline is wrong or the cases are another rule's."""
    try:
        test = TestText.model_validate(dict(document.data))
    except ValidationError as error:
        found = explain(error, _KEYS)
        raise RuleError([document.problem(place, message) for place, message in found]) from None
    if test.rule != rule.id:
        message = f"this file stands beside the rule '{rule.id}' but tests '{test.rule}'"
        raise RuleError([document.problem(("rule",), message)])
    return test.cases


def read_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"write a time as {DEFAULT_NOW}") from None
    if time.tzinfo is None:
        raise ValueError(f"a time needs its zone: {DEFAULT_NOW}")
    return time.astimezone(UTC)


def event_of(rule: Rule, text: EventText, now: datetime) -> Event:
    kind = rule.trigger.event if text.kind is None else EventKind(text.kind)
    moment = text.moment
    if moment is None and kind is EventKind.MOMENT:
        moment = (*rule.trigger.moments, None)[0]
    return Event(
        kind=kind,
        cause=text.cause,
        at=now - parse_duration(text.ago),
        ticket=text.ticket,
        person=text.person,
        moment=moment,
    )


def facts_of(case: CaseText, event: Event) -> Facts:
    values: dict[str, object] = {}
    if event.moment is not None:
        values |= {"moment.kind": event.moment, "moment.at": event.at}
    for name, value in case.facts.items():
        is_time = name in CATALOGUE and CATALOGUE[name].type is FactType.TIME
        values[name] = read_time(value) if is_time and isinstance(value, str) else value
    return Facts(values)


def history_of(rule: Rule, case: CaseText, now: datetime) -> Firings:
    per = rule.cooldown.per
    return Firings(
        Firing(
            rule_id=rule.id,
            subject=f"{per.value}:{fired.ticket if per is Per.TICKET else fired.person}",
            cause=fired.cause,
            at=now - parse_duration(fired.ago),
        )
        for fired in case.fired
    )
