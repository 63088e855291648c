"""What keeps a rule from acting although its conditions hold: age of the event, cooldown.

A backfill brings years of old tickets through the same path as today's; without the age limit
it would thank people for last spring. What fired before is handed in (``History``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .durations import say_duration
from .model import Event, Rule
from .trace import Check, CheckKind, Truth


class History(Protocol):
    """What rules proposed before, whatever became of it (also what a person turned down)."""

    def last_fired(self, rule_id: str, subject: str, *, besides: str) -> datetime | None:
        """When this rule last fired for this subject over another cause than ``besides``.

        The same cause is left out so that judging an event again gives the same verdict.
        """


@dataclass(frozen=True, kw_only=True)
class Firing:
    """A rule fired: one line of history."""

    rule_id: str
    subject: str
    cause: str
    at: datetime


class Firings:
    """A ``History`` in memory."""

    def __init__(self, firings: Iterable[Firing] = ()) -> None:
        self._firings = tuple(firings)

    def last_fired(self, rule_id: str, subject: str, *, besides: str) -> datetime | None:
        times = (
            firing.at
            for firing in self._firings
            if (firing.rule_id, firing.subject) == (rule_id, subject) and firing.cause != besides
        )
        return max(times, default=None)


NEVER_FIRED: History = Firings()


def check_limits(rule: Rule, event: Event, *, now: datetime, history: History) -> tuple[Check, ...]:
    """One check for each limit, in a fixed order. None of them is ever UNKNOWN."""
    return (
        _limit("switched on", rule.enabled, "on" if rule.enabled else "off"),
        _trigger(rule, event),
        _subject(rule, event),
        _age(rule, event, now),
        _cooldown(rule, event, now, history),
    )


def _trigger(rule: Rule, event: Event) -> Check:
    wants = rule.trigger.event.value
    if rule.trigger.moments:
        wants = f"moment of {' or '.join(rule.trigger.moments)}"
    happened = event.kind.value if event.moment is None else f"moment of {event.moment}"
    return _limit(f"triggered by {wants}", rule.trigger.matches(event), happened)


def _subject(rule: Rule, event: Event) -> Check:
    per = rule.cooldown.per
    found = event.subject(per) is not None
    return _limit(f"has a {per.value} to act for", found, "there" if found else "missing")


def _age(rule: Rule, event: Event, now: datetime) -> Check:
    age = now - event.at
    # A clock that runs ahead over there is no reason to stay silent here.
    within = rule.trigger.within
    was = f"{say_duration(age)} ago" if age.total_seconds() > 0 else "just now"
    if age > within and say_duration(age) == say_duration(within):
        was = f"more than {was}"
    return _limit(f"happened within {say_duration(within)}", age <= within, was)


def _cooldown(rule: Rule, event: Event, now: datetime, history: History) -> Check:
    per = rule.cooldown.per
    says = f"last fired for this {per.value} at least {say_duration(rule.cooldown.length)} ago"
    subject = event.subject(per)
    last = None
    if subject is not None:
        last = history.last_fired(rule.id, subject, besides=event.cause)
    if last is None:
        return _limit(says, True, "never")
    ago = now - last
    was = f"{say_duration(ago)} ago" if ago.total_seconds() > 0 else "just now"
    return _limit(says, ago >= rule.cooldown.length, was)


def _limit(says: str, holds: bool, was: str) -> Check:
    return Check(kind=CheckKind.LIMIT, says=says, truth=Truth.YES if holds else Truth.NO, was=was)
