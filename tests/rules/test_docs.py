"""docs/rules.md says what the code does, or this fails."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import case_text, rule_text
from rules.actions import ACTIONS
from rules.catalogue import CATALOGUE
from rules.engine import evaluate
from rules.facts import Facts
from rules.limits import NEVER_FIRED
from rules.loader import load_folder, load_library, load_rule, load_rules
from rules.model import Event, EventKind, Rule
from rules.operators import OPERATORS
from rules.reference import updated
from rules.templates import _FILTERS
from rules.testing import run_cases

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = DOCUMENT.read_text("utf-8")


def example(name: str) -> str:
    match = re.search(
        rf"<!-- example: {name} -->\n```(?:yaml)?\n(.*?)```\n<!-- end -->", TEXT, re.DOTALL
    )
    assert match is not None, name
    return match[1]


def rule() -> Rule:
    return load_rule(example("rule"))


def test_the_tables_are_those_of_the_catalogues() -> None:
    assert updated(TEXT) == TEXT, "run: python -m rules.reference docs/rules.md"


def test_nothing_in_the_catalogues_is_missing() -> None:
    for name in (*CATALOGUE, *OPERATORS, *ACTIONS):
        assert f"| `{name}` |" in TEXT, name
    for name in _FILTERS:
        assert re.search(rf"\| `{name}[:`]", TEXT), name
    for shipped in load_library():
        assert f"| `{shipped.id}` |" in TEXT, shipped.id


@pytest.mark.parametrize(
    "model",
    [
        rule_text.RuleText,
        rule_text.TriggerText,
        rule_text.AdjustmentText,
        case_text.EventText,
        case_text.FiredText,
        case_text.ExpectText,
        case_text.TestText,
    ],
)
def test_every_key_of_a_rule_and_of_a_test_is_mentioned(model: type) -> None:
    for name in model.model_fields:  # type: ignore[attr-defined]
        assert re.search(rf"\b{name}\b", TEXT), name


def test_the_example_rule_passes_the_example_test() -> None:
    results = run_cases(rule(), example("test"))
    assert [result.failures for result in results] == [()] * len(results)


def test_the_example_trace_is_a_real_one() -> None:
    now = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    event = Event(kind=EventKind.MOMENT, cause="c", at=now, ticket="t", moment="frustration-peak")
    facts = Facts(
        {
            "ticket.tags": ["billing", "refund"],
            "ticket.priority": "normal",
            "ticket.status": "open",
        }
    )
    verdict = evaluate(rule(), facts, event=event, now=now, history=NEVER_FIRED)
    assert verdict.trace.render() + "\n" == example("trace")


def test_the_example_adjustment_works(tmp_path: Path) -> None:
    (tmp_path / "thank-after-recovery.yaml").write_text(example("adjustment"), encoding="utf-8")
    assert not {r.id: r for r in load_rules(tmp_path)}["thank-after-recovery"].enabled


def test_the_example_can_be_kept_in_a_folder_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "watch-billing.yaml").write_text(example("rule"), encoding="utf-8")
    assert load_folder(tmp_path) == (rule(),)
