from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rules.actions.base import HeldBack, NoteText
from rules.engine import evaluate, judge
from rules.facts import Facts, Unknown
from rules.limits import NEVER_FIRED, Firing, Firings
from rules.model import (
    AllOf,
    AnyOf,
    Approval,
    Condition,
    Cooldown,
    Event,
    EventKind,
    Per,
    Trigger,
)
from rules.trace import Truth, all_of, any_of

if TYPE_CHECKING:
    from tests.rules.conftest import Bench

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("truths", "all_", "any_"),
    [
        ((), YES, NO),
        ((YES, YES), YES, YES),
        ((YES, NO), NO, YES),
        ((NO, NO), NO, NO),
        ((YES, UNKNOWN), UNKNOWN, YES),
        ((NO, UNKNOWN), NO, UNKNOWN),
        ((UNKNOWN, UNKNOWN), UNKNOWN, UNKNOWN),
        ((YES, NO, UNKNOWN), NO, YES),
    ],
)
def test_groups_keep_unknown_apart_from_no(
    truths: tuple[Truth, ...], all_: Truth, any_: Truth
) -> None:
    for order in (truths, truths[::-1]):
        assert all_of(order) is all_
        assert any_of(order) is any_


def test_a_rule_without_conditions_fires_on_its_trigger(bench: Bench) -> None:
    assert bench.judge(bench.rule()).fires


def test_nested_groups_are_judged_inside_out(bench: Bench) -> None:
    rule = bench.rule(
        """
when:
  any:
    - fact: ticket.priority
      at_least: high
    - all:
        - fact: ticket.tags
          contains: vip
        - any:
            - fact: ticket.valence
              below: -0.4
            - fact: ticket.waiting_hours
              above: 8
"""
    )
    assert bench.judge(rule, {"ticket.priority": "urgent"}).fires
    assert bench.judge(rule, {"ticket.tags": ["vip"], "ticket.waiting_hours": 9}).fires
    assert not bench.judge(rule, {"ticket.tags": ["vip"], "ticket.priority": "low"}).fires
    undecided = bench.judge(rule, {"ticket.tags": ["vip"], "ticket.priority": "low"})
    assert undecided.is_undecided
    assert undecided.trace.unknown_facts() == ("ticket.valence", "ticket.waiting_hours")
    settled = bench.judge(rule, {"ticket.tags": [], "ticket.priority": "low"})
    assert not settled.is_undecided


def test_a_proposal_carries_all_that_is_needed_to_act_and_to_explain(bench: Bench) -> None:
    rule = bench.condition("{fact: ticket.valence, below: -0.4}")
    verdict = bench.judge(rule, {"ticket.valence": -0.7})
    proposal = verdict.proposal
    assert proposal is not None
    assert proposal.key == ("a-rule", "ticket:t-1", "c-1")
    assert proposal.actions == (NoteText(text="Hello"),)
    assert proposal.approval is Approval.AUTOMATIC
    assert proposal.reasons == ("ticket.valence below -0.4 (was -0.7)",)
    assert proposal.proposed_at == bench.now
    assert proposal.expires_at == bench.now + timedelta(days=7)
    assert (proposal.ticket, proposal.person) == ("t-1", "p-1")
    assert proposal.rule_version == rule.version == verdict.rule_version
    assert proposal.can_go_out


def test_the_same_input_gives_the_same_verdict(bench: Bench) -> None:
    rule = bench.condition("{fact: ticket.tags, contains: a}")
    first = bench.judge(rule, {"ticket.tags": {"a", "b", "c"}})
    second = bench.judge(rule, {"ticket.tags": {"c", "b", "a"}})
    assert first == second
    assert repr(first.trace) == repr(second.trace)


def test_judging_an_event_again_after_a_crash_changes_nothing(bench: Bench) -> None:
    rule = bench.rule()
    first = bench.judge(rule)
    assert first.proposal is not None
    assert first.subject is not None
    kept = Firings(
        [Firing(rule_id=rule.id, subject=first.subject, cause=first.cause, at=bench.now)]
    )
    again = bench.judge(rule, history=kept)
    assert again.proposal is not None
    assert again.proposal.key == first.proposal.key


@pytest.mark.parametrize(
    ("hours_ago", "fires"), [(0, False), (1, False), (23.9, False), (24, True), (48, True)]
)
def test_a_cooldown_counts_from_the_last_firing(
    bench: Bench, hours_ago: float, fires: bool
) -> None:
    at = bench.now - timedelta(hours=hours_ago)
    history = Firings([Firing(rule_id="a-rule", subject="ticket:t-1", cause="c-0", at=at)])
    assert bench.judge(bench.rule(), history=history).fires is fires


@pytest.mark.parametrize(
    ("rule_id", "subject"),
    [("b-rule", "ticket:t-1"), ("a-rule", "ticket:t-2"), ("a-rule", "person:t-1")],
)
def test_a_cooldown_is_each_rules_and_each_subjects_own(
    bench: Bench, rule_id: str, subject: str
) -> None:
    history = Firings([Firing(rule_id=rule_id, subject=subject, cause="c-0", at=bench.now)])
    assert bench.judge(bench.rule(), history=history).fires


def test_a_cooldown_per_person_spans_tickets(bench: Bench) -> None:
    rule = bench.rule(tail=bench.tail.replace("per: ticket", "per: person"))
    history = Firings([Firing(rule_id="a-rule", subject="person:p-1", cause="c-0", at=bench.now)])
    assert not bench.judge(rule, event=bench.event(ticket="t-9"), history=history).fires
    assert bench.judge(rule, event=bench.event(person="p-2"), history=history).fires


def test_a_firing_from_a_clock_that_runs_ahead_still_cools_down(bench: Bench) -> None:
    at = bench.now + timedelta(minutes=5)
    history = Firings([Firing(rule_id="a-rule", subject="ticket:t-1", cause="c-0", at=at)])
    verdict = bench.judge(bench.rule(), history=history)
    assert not verdict.fires
    assert "(was just now)" in verdict.trace.render()


@pytest.mark.parametrize(
    ("ago", "fires"),
    [
        (timedelta(0), True),
        (timedelta(days=2), True),
        (timedelta(days=2, seconds=1), False),
        (timedelta(days=900), False),
        (timedelta(minutes=-10), True),
    ],
)
def test_old_events_are_history_and_fire_nothing(bench: Bench, ago: timedelta, fires: bool) -> None:
    assert bench.judge(bench.rule(), event=bench.event(ago=ago)).fires is fires


def test_an_event_just_past_the_limit_does_not_look_as_if_within(bench: Bench) -> None:
    verdict = bench.judge(bench.rule(), event=bench.event(ago=timedelta(days=2, hours=1)))
    assert "no  happened within 2 days (was more than 2 days ago)" in verdict.trace.render()


def test_a_rule_needs_somebody_to_act_for(bench: Bench) -> None:
    verdict = bench.judge(bench.rule(), event=bench.event(ticket=None))
    assert not verdict.fires
    assert verdict.subject is None
    assert "no  has a ticket to act for (was missing)" in verdict.trace.render()


def test_a_note_needs_a_ticket(bench: Bench) -> None:
    rule = bench.rule(tail=bench.tail.replace("per: ticket", "per: person"))
    verdict = bench.judge(rule, event=bench.event(ticket=None))
    assert verdict.proposal is not None
    assert verdict.proposal.held_back == (
        HeldBack(action="note", reason="there is no ticket to put a note on"),
    )
    assert not verdict.proposal.can_go_out


def test_only_rules_that_wait_for_such_an_event_are_judged(bench: Bench) -> None:
    message = bench.rule()
    moment = replace(
        message, id="b-rule", trigger=Trigger(event=EventKind.MOMENT, moments=("delight",))
    )
    off = replace(message, id="c-rule", enabled=False)
    rules = [off, moment, message]

    def judged(event: Event) -> list[str]:
        found = judge(rules, event, Facts(), now=bench.now, history=NEVER_FIRED)
        return [verdict.rule_id for verdict in found]

    assert judged(bench.event()) == ["a-rule"]
    assert judged(bench.event(moment="delight")) == ["b-rule"]
    assert judged(bench.event(moment="gratitude")) == []


def test_verdicts_come_in_the_order_of_rule_ids(bench: Bench) -> None:
    rules = [replace(bench.rule(), id=name) for name in ("c", "a", "b")]
    found = judge(rules, bench.event(), Facts(), now=bench.now, history=NEVER_FIRED)
    assert [verdict.rule_id for verdict in found] == ["a", "b", "c"]


def test_asking_why_a_rule_stayed_silent_answers_with_every_check(bench: Bench) -> None:
    rule = replace(bench.condition("{fact: ticket.valence, below: 0}"), enabled=False)
    verdict = bench.judge(
        rule, {"ticket.valence": 0.5}, event=bench.event(moment="delight", ago=timedelta(days=9))
    )
    text = verdict.trace.render()
    assert "no  switched on (was off)" in text
    assert "no  triggered by new_message (was moment of delight)" in text
    assert "no  happened within 2 days (was 9 days ago)" in text
    assert "no  ticket.valence below 0 (was 0.5)" in text


def test_why_something_is_unknown_is_said(bench: Bench) -> None:
    rule = bench.condition("{fact: ticket.valence, below: 0}")
    verdict = bench.judge(rule, {"ticket.valence": Unknown("too short")})
    assert "ticket.valence below 0 (was unknown: too short)" in verdict.trace.render()


def test_times_without_a_zone_are_refused(bench: Bench) -> None:
    naive = datetime(2026, 1, 15)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        evaluate(bench.rule(), Facts(), event=bench.event(), now=naive, history=NEVER_FIRED)
    with pytest.raises(ValueError, match="time zone"):
        Event(kind=EventKind.NEW_MESSAGE, cause="c", at=naive)


def test_values_refuse_nonsense(bench: Bench) -> None:
    at, rule = bench.now, bench.rule()
    refused = [
        lambda: Event(kind=EventKind.NEW_MESSAGE, cause="", at=at),
        lambda: Event(kind=EventKind.MOMENT, cause="c", at=at),
        lambda: Event(kind=EventKind.NEW_MESSAGE, cause="c", at=at, moment="delight"),
        lambda: Event(kind=EventKind.MOMENT, cause="c", at=at, moment="party"),
        lambda: Trigger(event=EventKind.MOMENT),
        lambda: Trigger(event=EventKind.NEW_MESSAGE, moments=("delight",)),
        lambda: Trigger(event=EventKind.NEW_MESSAGE, within=timedelta(0)),
        lambda: Cooldown(per=Per.TICKET, length=timedelta(0)),
        lambda: AnyOf(parts=()),
        lambda: Condition(fact="ticket.no", operator="is", expected="x"),
        lambda: Condition(fact="ticket.valence", operator="is", expected="x"),
        lambda: replace(rule, id="Not An Id"),
        lambda: replace(rule, title=" "),
        lambda: replace(rule, actions=()),
        lambda: replace(rule, expires_after=timedelta(0)),
    ]
    for make in refused:
        with pytest.raises(ValueError):
            make()


def test_a_rules_version_changes_with_what_it_does_and_with_nothing_else(bench: Bench) -> None:
    rule = bench.rule()
    assert rule.version == bench.rule(head="# a comment\n" + bench.head).version
    assert rule.version == replace(rule, enabled=False).version
    assert rule.version != bench.rule(tail=bench.tail.replace("Hello", "Hi")).version
    assert rule.version != replace(rule, approval=Approval.REQUIRED).version
    assert rule.version != bench.condition("{fact: ticket.valence, below: 0}").version
    assert len(rule.version) == 12


def test_a_rule_lists_the_facts_it_reads(bench: Bench) -> None:
    rule = bench.rule(
        "when: {any: [{fact: ticket.tags, contains: a}, {all: [{fact: ticket.id, is_known: true}]}]}",
        tail=bench.tail.replace("Hello", "'{{ contact.name }}'"),
    )
    assert rule.needs == ("contact.name", "ticket.id", "ticket.tags")
    assert isinstance(rule.when, AnyOf)
    assert isinstance(bench.rule().when, AllOf)
