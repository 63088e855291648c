"""What conditions hold for, and what is refused when a rule is loaded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from rules.catalogue import CATALOGUE
from rules.operators import OPERATORS, accept

if TYPE_CHECKING:
    from tests.rules.conftest import Bench

HOLDS = [
    ("fact: ticket.status, is: open", {"ticket.status": "open"}, True),
    ("fact: ticket.status, is: open", {"ticket.status": "new"}, False),
    ("fact: ticket.channel, is: E-Mail", {"ticket.channel": " e-mail "}, True),
    ("fact: ticket.is_assigned, is: false", {"ticket.is_assigned": False}, True),
    ("fact: person.contacts_on_theme, is: 3", {"person.contacts_on_theme": 3.0}, True),
    ("fact: ticket.status, is_not: open", {"ticket.status": "new"}, True),
    ("fact: ticket.status, is_not: open", {"ticket.status": "open"}, False),
    ("fact: ticket.valence, above: -0.4", {"ticket.valence": -0.4}, False),
    ("fact: ticket.valence, above: -0.4", {"ticket.valence": -0.39}, True),
    ("fact: ticket.valence, at_least: -0.4", {"ticket.valence": -0.4}, True),
    ("fact: ticket.valence, at_least: -0.4", {"ticket.valence": -0.41}, False),
    ("fact: ticket.valence, below: -0.4", {"ticket.valence": -0.7}, True),
    ("fact: ticket.valence, below: -0.4", {"ticket.valence": -0.4}, False),
    ("fact: ticket.valence, at_most: -0.4", {"ticket.valence": -0.4}, True),
    ("fact: ticket.priority, at_least: high", {"ticket.priority": "urgent"}, True),
    ("fact: ticket.priority, at_least: high", {"ticket.priority": "high"}, True),
    ("fact: ticket.priority, above: high", {"ticket.priority": "high"}, False),
    ("fact: ticket.sentiment, below: neutral", {"ticket.sentiment": "very_negative"}, True),
    ("fact: ticket.sentiment, at_most: negative", {"ticket.sentiment": "neutral"}, False),
    ("fact: ticket.status, one_of: [new, open]", {"ticket.status": "open"}, True),
    ("fact: ticket.status, one_of: [new, open]", {"ticket.status": "solved"}, False),
    ("fact: ticket.status, none_of: [new, open]", {"ticket.status": "solved"}, True),
    ("fact: ticket.status, none_of: [new, open]", {"ticket.status": "new"}, False),
    ("fact: ticket.tags, contains: VIP", {"ticket.tags": ["vip", "x"]}, True),
    ("fact: ticket.tags, contains: vi", {"ticket.tags": ["vip"]}, False),
    ("fact: ticket.subject, contains: invoice", {"ticket.subject": "My INVOICE!"}, True),
    ("fact: ticket.subject, contains: invoice", {"ticket.subject": "My bill"}, False),
    ("fact: ticket.tags, contains_any: [a, b]", {"ticket.tags": ["b", "c"]}, True),
    ("fact: ticket.tags, contains_any: [a, b]", {"ticket.tags": []}, False),
    ("fact: ticket.tags, contains_all: [a, b]", {"ticket.tags": ["b", "c"]}, False),
    ("fact: ticket.tags, contains_all: [a, b]", {"ticket.tags": ["b", "a"]}, True),
    ("fact: ticket.subject, contains_all: [a, b]", {"ticket.subject": "cab"}, True),
    ("fact: ticket.tags, contains_none: [a, b]", {"ticket.tags": []}, True),
    ("fact: ticket.tags, contains_none: [a, b]", {"ticket.tags": ["a"]}, False),
    ("fact: ticket.subject, matches: 'Order * late*'", {"ticket.subject": "order 12 LATE"}, True),
    ("fact: ticket.subject, matches: 'order*'", {"ticket.subject": "my order"}, False),
    ("fact: ticket.subject, matches: 'order'", {"ticket.subject": "Order"}, True),
    ("fact: ticket.subject, matches: 'order'", {"ticket.subject": "order 1"}, False),
    ("fact: ticket.subject, matches: 'ab*ba'", {"ticket.subject": "aba"}, False),
    ("fact: ticket.subject, matches: 'ab*ba'", {"ticket.subject": "abba"}, True),
    ("fact: ticket.subject, matches: '*'", {"ticket.subject": ""}, True),
    ("fact: ticket.subject, matches: '*a*b*'", {"ticket.subject": "xbxaxb"}, True),
    ("fact: ticket.subject, matches: '*a*b*'", {"ticket.subject": "xbxa"}, False),
    ("fact: ticket.subject, matches: 'a.c'", {"ticket.subject": "abc"}, False),
    ("fact: ticket.url, is_known: true", {"ticket.url": "https://x.test"}, True),
    ("fact: ticket.url, is_known: true", {}, False),
    ("fact: ticket.url, is_unknown: true", {}, True),
    ("fact: ticket.url, is_unknown: true", {"ticket.url": "https://x.test"}, False),
]


@pytest.mark.parametrize(("condition", "facts", "expected"), HOLDS)
def test_a_condition_holds_or_not(
    bench: Bench, condition: str, facts: dict[str, object], expected: bool
) -> None:
    assert bench.holds(f"{{{condition}}}", facts) is expected


def test_the_table_above_tries_every_operator_both_ways() -> None:
    tried = {(c.split(", ")[1].split(":")[0], expected) for c, _, expected in HOLDS}
    assert tried == {(name, way) for name in OPERATORS for way in (True, False)}


@pytest.mark.parametrize("operator", [name for name in OPERATORS if not name.endswith("known")])
def test_nothing_holds_for_an_unknown_fact(bench: Bench, operator: str) -> None:
    spec = next(s for s in CATALOGUE.values() if s.type in OPERATORS[operator].types)
    value = spec.choices[0] if spec.choices else "1"
    written = f"[{value}]" if OPERATORS[operator].takes.value.startswith("a list") else value
    if spec.type.value == "text" and not written.startswith("["):
        written = f"'{written}'"
    if spec.type.value == "text" and written.startswith("["):
        written = f"['{value}']"
    verdict = bench.judge(bench.condition(f"{{fact: {spec.name}, {operator}: {written}}}"))
    assert not verdict.fires
    assert verdict.is_undecided
    assert verdict.trace.unknown_facts() == (spec.name,)


def test_a_wildcard_pattern_cannot_keep_a_worker_busy(bench: Bench) -> None:
    rule = bench.condition("{fact: ticket.subject, matches: '" + "*a" * 90 + "*b'}")
    start = time.perf_counter()
    assert not bench.judge(rule, {"ticket.subject": "a" * 200_000}).fires
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("fact", "operator", "value", "says"),
    [
        ("ticket.status", "equals", "open", "there is no operator 'equals'"),
        ("ticket.valence", "belo", 0, "did you mean 'below'"),
        ("ticket.status", "above", "open", "'above' does not work on ticket.status"),
        ("ticket.tags", "is", "vip", "use one of: contains, contains_any"),
        ("moment.at", "is", "now", "use one of: is_known, is_unknown"),
        ("ticket.valence", "below", "-0.4", "write the value without quotes"),
        ("ticket.valence", "below", True, "is a number"),
        ("ticket.valence", "below", -40, "goes from -1 to 1"),
        ("ticket.valence", "below", float("nan"), "goes from -1 to 1"),
        ("person.tickets_total", "above", -1, "never below 0"),
        ("person.tickets_total", "above", float("inf"), "choose a value within"),
        ("ticket.is_assigned", "is", "yes", "write true or false"),
        ("ticket.channel", "is", False, "put the value in quotes"),
        ("ticket.channel", "is", 12, "put the value in quotes"),
        ("ticket.channel", "is", None, "put the value in quotes"),
        ("ticket.channel", "is", {"a": 1}, "put the value in quotes"),
        ("ticket.channel", "is", " ", "is_unknown: true"),
        ("ticket.channel", "is", "x" * 201, "at most 200"),
        ("ticket.status", "is", "opn", "did you mean 'open'"),
        ("ticket.status", "is", "zzz", "it is one of: new, open"),
        ("ticket.status", "one_of", "open", "takes a list"),
        ("ticket.status", "one_of", [], "takes a list"),
        ("ticket.status", "one_of", ["open"] * 101, "at most 100"),
        ("ticket.status", "is_known", False, "write 'is_known: true'"),
        ("ticket.memory_tags", "contains", "peak", "is never 'peak'"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_write(
    fact: str, operator: str, value: object, says: str
) -> None:
    with pytest.raises(ValueError) as caught:
        accept(CATALOGUE[fact], operator, value)
    assert says in str(caught.value)
