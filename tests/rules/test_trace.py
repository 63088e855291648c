"""The text people read, to the letter, and what must never stand in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rules.trace import Trace

if TYPE_CHECKING:
    from tests.rules.conftest import Bench


def test_a_trace_reads_as_in_the_style_guide(bench: Bench) -> None:
    rule = bench.rule(
        """
when:
  all:
    - {fact: ticket.valence, below: -0.4}
    - {fact: ticket.trend, below: 0.0}
    - {fact: ticket.priority, is: high}
""",
        head=bench.head.replace("a-rule", "escalate-souring-ticket"),
    )
    verdict = bench.judge(rule, {"ticket.valence": -0.7, "ticket.trend": 0.3})
    assert verdict.trace.render() == (
        "escalate-souring-ticket: does not fire\n"
        "  yes  ticket.valence below -0.4 (was -0.7)\n"
        "   no  ticket.trend below 0.0 (was 0.3)\n"
        "   no  ticket.priority is high (was unknown)"
    )


def test_a_full_trace_shows_limits_and_groups(bench: Bench) -> None:
    rule = bench.rule(
        """
when:
  all:
    - {fact: ticket.status, one_of: [new, open]}
    - any:
        - {fact: ticket.tags, contains_any: [gold, vip]}
        - all:
            - {fact: contact.name, is_known: true}
            - {fact: ticket.is_assigned, is: false}
"""
    )
    verdict = bench.judge(
        rule,
        {
            "ticket.status": "open",
            "ticket.tags": [],
            "contact.name": "Ada Okafor",
            "ticket.is_assigned": False,
        },
    )
    assert verdict.trace.render(everything=True) == (
        "a-rule: fires\n"
        "  yes  switched on (was on)\n"
        "  yes  triggered by new_message (was new_message)\n"
        "  yes  has a ticket to act for (was there)\n"
        "  yes  happened within 2 days (was 1 hour ago)\n"
        "  yes  last fired for this ticket at least 1 day ago (was never)\n"
        "  yes  ticket.status is one of new, open (was open)\n"
        "  yes  any of\n"
        "        no  ticket.tags contains any of gold, vip (was none)\n"
        "       yes  all of\n"
        "            yes  contact.name is known (was withheld)\n"
        "            yes  ticket.is_assigned is no (was no)"
    )


def test_a_value_next_to_its_threshold_does_not_look_like_a_mistake(bench: Bench) -> None:
    rule = bench.condition("{fact: ticket.valence, below: 0.6}")
    assert "below 0.6 (was 0.5999)" in bench.judge(rule, {"ticket.valence": 0.5999}).trace.render()


def test_what_a_customer_is_called_stays_out_of_traces_unless_asked_for(bench: Bench) -> None:
    rule = bench.condition("{fact: contact.name, contains: a}")
    trace = bench.judge(rule, {"contact.name": "Ada Okafor"}).trace
    assert "Ada" not in trace.render(everything=True)
    assert "Ada" not in json.dumps(trace.to_json())
    assert "Ada" not in " ".join(trace.reasons())
    assert "(was withheld)" in trace.render()
    assert "(was Ada Okafor)" in trace.render(show_personal=True)
    assert "Ada" in json.dumps(trace.to_json(show_personal=True))


def test_that_a_personal_value_is_unknown_is_no_secret(bench: Bench) -> None:
    rule = bench.condition("{fact: contact.name, contains: a}")
    assert "(was unknown)" in bench.judge(rule).trace.render()


def test_a_trace_survives_json(bench: Bench) -> None:
    rule = bench.rule(
        "when: {any: [{fact: contact.name, is: x}, {all: [{fact: ticket.valence, above: 0}]}]}"
    )
    trace = bench.judge(rule, {"contact.name": "Ada"}).trace
    shown = Trace.from_json(json.loads(json.dumps(trace.to_json(show_personal=True))))
    assert shown == trace
    stored = Trace.from_json(json.loads(json.dumps(trace.to_json())))
    assert stored.render(everything=True) == trace.render(everything=True)
    # What was not stored cannot be shown later.
    assert "Ada" not in stored.render(show_personal=True)
    assert stored.unknown_facts() == trace.unknown_facts() == ("ticket.valence",)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rule": "a", "checks": "text"},
        {"rule": 1, "checks": []},
        {"rule": "a", "checks": ["text"]},
        {"rule": "a", "checks": [{"kind": "limit"}]},
        {"rule": "a", "checks": [{"kind": "magic", "says": "x", "truth": "yes"}]},
        {"rule": "a", "checks": [{"kind": "limit", "says": "x", "truth": "yes", "parts": "y"}]},
    ],
)
def test_anything_else_is_no_trace(data: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Trace.from_json(data)  # type: ignore[arg-type]
