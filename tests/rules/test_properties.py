"""What must hold for any facts, any rule and any text."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.actions.base import rendered_from_json
from rules.catalogue import CATALOGUE, FOUND_KINDS, FactSpec, FactType
from rules.engine import evaluate
from rules.errors import RuleError
from rules.facts import Facts, Unknown
from rules.limits import Firing, Firings
from rules.loader import load_library, load_rule
from rules.model import AllOf, AnyOf, Condition, Event, EventKind, Rule, When
from rules.operators import OPERATORS, Takes
from rules.templates import LONGEST_TEXT, TemplateError, parse
from rules.testing import run_cases
from rules.trace import Trace, Truth

if TYPE_CHECKING:
    from tests.rules.conftest import Bench

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
RULES = load_library()
#: Customers send anything, lone surrogates included.
ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
thorough = settings(deadline=None, max_examples=150, derandomize=True)


def values(spec: FactSpec) -> st.SearchStrategy[object]:
    match spec.type:
        case FactType.TEXT:
            return ANY_TEXT
        case FactType.NUMBER:
            low, high = spec.least, spec.most
            return st.floats(low, high, allow_nan=False, allow_infinity=False) | st.integers(
                int(low or 0), None if high is None else int(high)
            )
        case FactType.FLAG:
            return st.booleans()
        case FactType.CHOICE | FactType.STEP:
            return st.sampled_from(spec.choices)
        case FactType.LABELS:
            one = st.sampled_from(spec.choices) if spec.choices else ANY_TEXT
            return st.lists(one, max_size=4)
        case FactType.TIME:
            return st.datetimes(timezones=st.just(UTC))


def fact_dicts() -> st.SearchStrategy[dict[str, object]]:
    known = {name: values(spec) | st.none() for name, spec in CATALOGUE.items()}
    return st.fixed_dictionaries({}, optional=known)


def expected(spec: FactSpec) -> st.SearchStrategy[object]:
    if spec.type is FactType.LABELS:
        return st.sampled_from(spec.choices) if spec.choices else st.just("a")
    if spec.type is FactType.TEXT:
        return st.text("ab*é ", min_size=1, max_size=9).filter(str.strip)
    if spec.type is FactType.NUMBER:
        return st.floats(spec.least, min(spec.most or 1e6, 1e6), allow_nan=False)
    return values(spec)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    spec = CATALOGUE[draw(st.sampled_from(sorted(CATALOGUE)))]
    fitting = [one for one in OPERATORS.values() if spec.type in one.types]
    how = draw(st.sampled_from(fitting))
    match how.takes:
        case Takes.TRUE:
            value: object = True
        case Takes.ONE:
            value = draw(expected(spec))
        case Takes.SEVERAL:
            value = tuple(draw(st.lists(expected(spec), min_size=1, max_size=3)))
    return Condition(fact=spec.name, operator=how.name, expected=value)  # type: ignore[arg-type]


def groups() -> st.SearchStrategy[When]:
    return st.recursive(
        conditions(),
        lambda part: st.lists(part, min_size=1, max_size=3).flatmap(
            lambda parts: st.sampled_from([AllOf(parts=tuple(parts)), AnyOf(parts=tuple(parts))])
        ),
        max_leaves=6,
    )


@given(fact_dicts(), st.sampled_from(RULES), st.integers(-60, 60 * 24 * 5), st.booleans())
@thorough
def test_a_shipped_rule_never_fails_and_never_lets_words_into_its_trace(
    given_facts: dict[str, object], rule: Rule, minutes: int, cooled: bool
) -> None:
    facts = Facts(given_facts)
    kind = rule.trigger.event
    event = Event(
        kind=kind,
        cause="c",
        at=NOW - timedelta(minutes=minutes),
        ticket="t",
        person="p",
        moment=rule.trigger.moments[0] if kind is EventKind.MOMENT else None,
    )
    subject = event.subject(rule.cooldown.per) or ""
    past = [] if cooled else [Firing(rule_id=rule.id, subject=subject, cause="b", at=NOW)]
    verdict = evaluate(rule, facts, event=event, now=NOW, history=Firings(past))
    again = evaluate(rule, facts, event=event, now=NOW, history=Firings(past))
    assert verdict == again
    stored = json.dumps(verdict.trace.to_json())
    shown = verdict.trace.render(everything=True)
    assert len(shown.splitlines()) <= 20, "no value may forge a line"
    assert Trace.from_json(json.loads(stored)).fires is verdict.fires
    assert not (verdict.fires and past)
    if verdict.proposal:
        for action in verdict.proposal.actions:
            kept = json.loads(json.dumps(action.to_json()).encode("utf-8"))
            assert rendered_from_json(kept) == action


@given(fact_dicts(), groups())
@settings(thorough, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_conditions_give_a_verdict_for_any_facts(
    bench: Bench, given_facts: dict[str, object], when: When
) -> None:
    group = when if isinstance(when, AllOf | AnyOf) else AllOf(parts=(when,))
    rule = replace(bench.rule(), when=group)
    verdict = bench.judge(rule, given_facts)
    facts = Facts(given_facts)
    for name in verdict.trace.unknown_facts():
        assert isinstance(facts[name], Unknown)
    assert verdict.fires is (verdict.trace.truth is Truth.YES)
    for line in verdict.trace.render(everything=True).splitlines()[1:]:
        assert line.lstrip().startswith(("yes  ", "no  ")), "no value may forge a line"
    assert len(rule.digest) == 64


@given(conditions())
@settings(thorough, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_condition_holds_when_nothing_is_known_but_the_one_that_asks_for_it(
    bench: Bench, condition: Condition
) -> None:
    rule = replace(bench.rule(), when=AllOf(parts=(condition,)))
    truth = bench.judge(rule).trace.truth
    match condition.operator:
        case "is_unknown":
            assert truth is Truth.YES
        case "is_known":
            assert truth is Truth.NO
        case _:
            assert truth is Truth.UNKNOWN


YAMLISH = st.text("abcdefgiklmnoprstuwy:-_.,{}[]|>#&*!%'\"@0123456789 \n\t\x00é", max_size=200)
KEYS = ["id", "title", "description", "trigger", "when", "actions", "cooldown", "approval", "on", "all", "any", "fact", "note", "text", "event", "kinds", "is", "per", "for", "enabled", "expires_after"]  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=20)
    | st.sampled_from([*KEYS, *FOUND_KINDS, "ticket.valence", "{{ contact.name }}", "{{", "2d"])
)
TREES = st.recursive(
    LEAVES,
    lambda part: (
        st.lists(part, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), part, max_size=5)
    ),
    max_leaves=25,
)


def only_rule_errors(text: str) -> None:
    with contextlib.suppress(RuleError):
        load_rule(text, source="mine.yaml")
    with pytest.raises(RuleError):
        run_cases(RULES[0], text)


@given(YAMLISH)
@settings(thorough, max_examples=300)
def test_no_text_gives_anything_but_a_rule_or_a_rule_error(text: str) -> None:
    only_rule_errors(text)


@given(st.dictionaries(st.sampled_from(KEYS), TREES, max_size=9))
@settings(thorough, max_examples=300)
def test_no_tree_gives_anything_but_a_rule_or_a_rule_error(tree: dict[str, object]) -> None:
    only_rule_errors(yaml.safe_dump(tree, allow_unicode=True))


@given(st.data())
@thorough
def test_a_shipped_rule_with_a_piece_torn_out_or_put_in_gives_a_rule_error_or_a_rule(
    data: st.DataObject,
) -> None:
    rule = data.draw(st.sampled_from(RULES))
    text = (resources.files("rules") / "library" / f"{rule.id}.yaml").read_text("utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    torn = text[:start] + data.draw(YAMLISH) + text[end:]
    only_rule_errors(torn)


WORDS = [
    "{{",
    "}}",
    "{%",
    "|",
    ":",
    "'",
    '"',
    "default",
    "optional",
    "contact.name",
    "ticket.tags",
    "shorten",
    "10",
    "ordinal",
    "x",
]
TEMPLATE = st.lists(st.sampled_from([*WORDS, " ", "\n"]), max_size=20).map("".join)


@given(TEMPLATE, fact_dicts())
@thorough
def test_a_template_is_refused_or_fills_within_its_bounds(
    source: str, given_facts: dict[str, object]
) -> None:
    try:
        template = parse(source)
    except TemplateError:
        return
    filled = template.fill(Facts(given_facts))
    assert len(filled.text) <= LONGEST_TEXT
    assert not (filled.text and filled.missing)
    filled.text.encode("utf-8")


@given(ANY_TEXT, ANY_TEXT)
@thorough
def test_whatever_a_customer_writes_is_only_shown(name: str, quote: str) -> None:
    facts = Facts({"contact.name": name, "moment.quote": quote, "contact.email": "SECRET"})
    filled = parse("[{{ contact.name | default: '-' }}] [{{ moment.quote | default: '-' }}]")
    text = filled.fill(facts).text
    assert "SECRET" not in text
    assert "\n" not in text
    assert text.startswith("[")
    assert text.endswith("]")
