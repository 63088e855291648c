"""The rules we ship keep what they promise."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from rules.actions.note import NoteAction
from rules.actions.webhook import WebhookAction
from rules.catalogue import CATALOGUE
from rules.loader import load_library
from rules.model import Approval, Rule
from rules.testing import run_tests

RULES = load_library()


def test_three_rules_are_shipped() -> None:
    assert [rule.id for rule in RULES] == [
        "alert-frustration-peak",
        "brief-third-contact",
        "thank-after-recovery",
    ]
    assert all(rule.enabled for rule in RULES)


def test_every_shipped_rule_passes_its_tests() -> None:
    report = run_tests()
    assert report.ok, report.render()
    assert {result.rule_id for result in report.results} == {rule.id for rule in RULES}


def test_every_shipped_rule_is_tested_firing_silent_and_in_the_dark() -> None:
    report = run_tests()
    assert report.untested == ()
    assert report.gaps == {rule.id: () for rule in RULES}


def test_no_shipped_rule_writes_to_a_customer_without_approval() -> None:
    for rule in RULES:
        if rule.id.startswith("thank"):
            assert rule.approval is Approval.REQUIRED
    assert all(isinstance(a, NoteAction | WebhookAction) for r in RULES for a in r.actions)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_notes_go_out_even_when_little_is_known(rule: Rule) -> None:
    """Whatever is not asked for by a condition has a default or drops its line."""
    asked = re.findall(r"fact: (\S+)", _source(rule))
    for action in rule.actions:
        template = action.text if isinstance(action, NoteAction | WebhookAction) else None
        assert template is not None
        for line in template.lines:
            for slot in line:
                if not isinstance(slot, str) and slot.fact not in {*asked, "moment.at"}:
                    assert slot.optional or slot.default is not None, slot.fact


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_shipped_rule_says_in_words_what_it_is_for(rule: Rule) -> None:
    assert len(rule.description) > 80
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")


def test_no_name_or_address_leaves_the_house_by_a_shipped_webhook() -> None:
    sent = {
        name
        for rule in RULES
        for action in rule.actions
        if isinstance(action, WebhookAction)
        for name in action.needs
        if CATALOGUE[name].personal
    }
    assert sent == {"moment.quote"}


def _source(rule: Rule) -> str:
    return (resources.files("rules") / "library" / f"{rule.id}.yaml").read_text("utf-8")
