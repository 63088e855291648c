"""Rules built from few words, so that a test says only what it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from rules.actions.base import Reach
from rules.engine import evaluate
from rules.errors import RuleError
from rules.facts import Facts
from rules.limits import NEVER_FIRED, History
from rules.loader import load_rule
from rules.model import Event, EventKind, Rule, Verdict

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

HEAD = """\
id: a-rule
title: A rule
description: What it is for.
trigger: {event: new_message}
"""
TAIL = """\
actions:
  - note: {text: Hello}
cooldown: {per: ticket, for: 1d}
approval: automatic
"""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """``rule`` reads YAML for ``when``; ``judge`` evaluates with everything at its default."""

    now: datetime = NOW
    head: str = HEAD
    tail: str = TAIL

    def rule(self, when: str = "", *, head: str = HEAD, tail: str = TAIL) -> Rule:
        return load_rule(f"{head}{when}\n{tail}")

    def condition(self, text: str) -> Rule:
        return self.rule(f"when: {{all: [{text}]}}")

    def event(
        self,
        *,
        ago: timedelta = timedelta(hours=1),
        cause: str = "c-1",
        ticket: str | None = "t-1",
        person: str | None = "p-1",
        moment: str | None = None,
    ) -> Event:
        kind = EventKind.NEW_MESSAGE if moment is None else EventKind.MOMENT
        return Event(
            kind=kind, cause=cause, at=self.now - ago, ticket=ticket, person=person, moment=moment
        )

    def judge(
        self,
        rule: Rule,
        facts: dict[str, object] | None = None,
        *,
        event: Event | None = None,
        history: History = NEVER_FIRED,
        destinations: tuple[str, ...] = (),
    ) -> Verdict:
        return evaluate(
            rule,
            Facts(facts),
            event=event or self.event(),
            now=self.now,
            history=history,
            reach=Reach(destinations=frozenset(destinations)),
        )

    def holds(self, condition: str, facts: dict[str, object]) -> bool:
        return self.judge(self.condition(condition), facts).fires


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def problems() -> Callable[[str], list[str]]:
    """What is wrong with a rule's text, one line each."""

    def find(text: str) -> list[str]:
        with pytest.raises(RuleError) as caught:
            load_rule(text, source="mine.yaml")
        return [str(problem) for problem in caught.value.problems]

    return find
