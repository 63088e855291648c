"""Judging: rules, an event and its facts go in, verdicts come out. Nothing is sent or stored.

The same input always gives the same verdict, and every check is made even after one failed,
because "why did it not fire" deserves the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .actions.base import About, Reach
from .catalogue import CATALOGUE
from .facts import Facts, FactValue, Unknown, say
from .limits import History, check_limits
from .model import AllOf, AnyOf, Condition, Event, Proposal, Rule, Verdict, When
from .operators import ABOUT_UNKNOWN, OPERATORS, Expected
from .templates import clean
from .trace import Check, CheckKind, Trace, Truth, all_of, any_of

NO_DESTINATIONS = Reach()


def judge(
    rules: Iterable[Rule],
    event: Event,
    facts: Facts,
    *,
    now: datetime,
    history: History,
    reach: Reach = NO_DESTINATIONS,
) -> list[Verdict]:
    """One verdict for each rule that is switched on and waits for such an event, by rule id."""
    return [
        evaluate(rule, facts, event=event, now=now, history=history, reach=reach)
        for rule in sorted(rules, key=lambda rule: rule.id)
        if rule.enabled and rule.trigger.matches(event)
    ]


def evaluate(
    rule: Rule,
    facts: Facts,
    *,
    event: Event,
    now: datetime,
    history: History,
    reach: Reach = NO_DESTINATIONS,
) -> Verdict:
    """Judge one rule, whether or not it waits for such an event (the trace then says so)."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    checks = check_limits(rule, event, now=now, history=history) + _conditions(rule, facts)
    fires = all_of([check.truth for check in checks]) is Truth.YES
    trace = Trace(rule_id=rule.id, fires=fires, checks=checks)
    subject = event.subject(rule.cooldown.per)
    proposal = None
    if fires and subject is not None:
        proposal = _propose(rule, facts, event, trace=trace, subject=subject, now=now, reach=reach)
    return Verdict(
        rule_id=rule.id,
        rule_version=rule.version,
        subject=subject,
        cause=event.cause,
        judged_at=now,
        trace=trace,
        proposal=proposal,
    )


def _propose(
    rule: Rule,
    facts: Facts,
    event: Event,
    *,
    trace: Trace,
    subject: str,
    now: datetime,
    reach: Reach,
) -> Proposal:
    about = About(
        rule_id=rule.id,
        rule_version=rule.version,
        cause=event.cause,
        happened_at=event.at,
        ticket=event.ticket,
    )
    return Proposal(
        rule_id=rule.id,
        rule_title=rule.title,
        rule_version=rule.version,
        subject=subject,
        cause=event.cause,
        ticket=event.ticket,
        person=event.person,
        actions=tuple(action.render(facts, about=about, reach=reach) for action in rule.actions),
        approval=rule.approval,
        reasons=trace.reasons(),
        proposed_at=now,
        expires_at=now + rule.expires_after,
    )


def _conditions(rule: Rule, facts: Facts) -> tuple[Check, ...]:
    # The outermost "all" is what a rule is; only an "any" needs a line of its own.
    if isinstance(rule.when, AllOf):
        return tuple(_check(part, facts) for part in rule.when.parts)
    return (_check(rule.when, facts),)


def _check(node: When, facts: Facts) -> Check:
    if isinstance(node, Condition):
        return _compare(node, facts)
    parts = tuple(_check(part, facts) for part in node.parts)
    truths = [part.truth for part in parts]
    is_any = isinstance(node, AnyOf)
    return Check(
        kind=CheckKind.GROUP,
        says="any of" if is_any else "all of",
        truth=any_of(truths) if is_any else all_of(truths),
        parts=parts,
    )


def _compare(condition: Condition, facts: Facts) -> Check:
    spec = CATALOGUE[condition.fact]
    how = OPERATORS[condition.operator]
    value = facts[condition.fact]
    if isinstance(value, Unknown):
        truth = Truth.UNKNOWN
        if how.name in ABOUT_UNKNOWN:
            truth = Truth.YES if how.name == "is_unknown" else Truth.NO
    else:
        truth = Truth.YES if how.holds(spec, value, condition.expected) else Truth.NO
    says = f"{spec.name} {how.says}"
    if how.name not in ABOUT_UNKNOWN:
        says += f" {_say_expected(condition.expected)}"
    return Check(
        kind=CheckKind.CONDITION,
        says=says,
        truth=truth,
        fact=spec.name,
        was=_say_found(value, condition.expected),
        # That something is unknown gives nothing away.
        personal=spec.personal and not isinstance(value, Unknown),
    )


def _say_expected(expected: Expected) -> str:
    return str(expected) if isinstance(expected, float) else clean(say(expected))


def _say_found(value: FactValue, expected: Expected) -> str:
    # What came from outside must not look like another line of the trace.
    said = clean(say(value))
    if isinstance(value, float) and value != expected and said == _say_expected(expected):
        return repr(value)  # "below 0.6 (was 0.6)" would look like a mistake
    return said
