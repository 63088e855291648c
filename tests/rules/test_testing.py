"""The rule tests are tested: what passes, what fails, and what people read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rules.errors import RuleError
from rules.testing import run_tests

RULE = """\
id: watch-billing
title: Watch billing
description: Somebody should look.
enabled: false
trigger: {event: new_message}
when: {all: [{fact: ticket.valence, below: -0.4}]}
actions:
  - note: {text: "Look at {{ contact.name }}"}
  - webhook: {to: lead, event: a.b, fields: [ticket.id, moment.at]}
cooldown: {per: ticket, for: 1d}
approval: automatic
"""
CASES = """\
rule: watch-billing
cases:
  - name: a bad one
    destinations: [lead]
    facts: {ticket.valence: -0.7, contact.name: Ada, moment.at: "2026-01-15T10:00:00+01:00"}
    expect:
      verdict: fires
      note_contains: [Look at Ada]
      webhook_to: lead
      webhook_facts: {ticket.id: null, moment.at: "2026-01-15T09:00:00Z"}
      approval: automatic
"""


def folder(tmp_path: Path, cases: str | None = CASES, rule: str = RULE) -> Path:
    (tmp_path / "watch-billing.yaml").write_text(rule, encoding="utf-8")
    if cases is not None:
        (tmp_path / "watch-billing.test.yaml").write_text(cases, encoding="utf-8")
    return tmp_path


def failures(tmp_path: Path, cases: str) -> tuple[str, ...]:
    (result,) = run_tests([folder(tmp_path, cases)]).results
    return result.failures


def test_a_report_says_what_passed_and_which_verdicts_no_case_expects(tmp_path: Path) -> None:
    report = run_tests([folder(tmp_path)])
    assert report.ok
    assert report.render() == (
        "watch-billing\n"
        "  pass  a bad one\n"
        "  note  no case expects 'does_not_fire'\n"
        "  note  no case expects 'unknown'\n"
        "1 passed, 0 failed"
    )
    assert json.loads(json.dumps(report.to_json()))["gaps"] == {
        "watch-billing": ["does_not_fire", "unknown"]
    }


def test_a_failed_case_shows_what_was_missing_and_the_trace(tmp_path: Path) -> None:
    report = run_tests([folder(tmp_path, CASES.replace("ticket.valence: -0.7, ", ""))])
    assert not report.ok
    text = report.render()
    assert "  FAIL  a bad one" in text
    assert "expected 'fires', got 'unknown'" in text
    assert "no note says: Look at Ada" in text
    assert "no webhook goes to 'lead'" in text
    assert "no  ticket.valence below -0.4 (was unknown)" in text
    assert "0 passed, 1 failed" in text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[Look at Ada]", "[Look at Ben]", "no note says: Look at Ben"),
        ("note_contains: [Look at Ada]", "note_lacks: [Ada]", "a note says: Ada"),
        ("webhook_to: lead", "webhook_to: boss", "no webhook goes to 'boss'"),
        ("ticket.id: null", "ticket.id: '1'", "no webhook sends ticket.id as expected"),
        ("ticket.id: null", "ticket.url: null", "no webhook sends ticket.url as expected"),
        ("approval: automatic", "approval: required", "no proposal with approval 'required'"),
        ("approval: automatic", "because: [nothing]", "the trace does not say: nothing"),
        ("destinations: [lead]", "destinations: []", "got webhook: no webhook destination 'lead'"),
        ("approval: automatic", "held_back: [note]", "held back: ['note']; got nothing"),
        ("contact.name: Ada, ", "", "got note: contact.name was unknown"),
        ("destinations: [lead]", "fired: [{ago: 2h}]", "expected 'fires', got 'does_not_fire'"),
        ("destinations: [lead]", "event: {ago: 3d}", "expected 'fires', got 'does_not_fire'"),
    ],
)
def test_every_expectation_can_fail(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in CASES
    found = failures(tmp_path, CASES.replace(old, new))
    assert any(says in failure for failure in found), found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rule: watch-billing", "rule: other", "watch-billing.test.yaml:1: this file stands beside the rule 'watch-billing' but tests 'other'"),
        ("verdict: fires", "verdict: yes", "watch-billing.test.yaml:7: 'verdict' is one of"),
        ("note_contains:", "note_contain:", "did you mean 'note_contains'?"),
        ("expect:", "expects:", "did you mean 'expect'?"),
        ("ticket.valence: -0.7", "ticket.valense: -0.7", "watch-billing.test.yaml:3: case 'a bad one': there is no fact 'ticket.valense'"),
        ("ticket.valence: -0.7", "ticket.valence: bad", "fact ticket.valence is of type number"),
        ("2026-01-15T10:00:00+01:00", "2026-01-15", "a time needs its zone"),
        ("2026-01-15T10:00:00+01:00", "yesterday", "write a time as"),
        ("destinations: [lead]", "event: {ago: long}", "write a duration"),
        ("destinations: [lead]", "event: {kind: moment}", "moments, and only moments, have a kind"),
        ("destinations: [lead]", "event: {moment: party}", "moments, and only moments, have a kind"),
        ("destinations: [lead]", "event: {kind: moment, moment: party}", "not in the catalogue"),
        ("  - name: a bad one", "  - name: ''", "'name' is empty"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_case_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in CASES
    with pytest.raises(RuleError) as caught:
        run_tests([folder(tmp_path, CASES.replace(old, new))])
    assert says in str(caught.value)


def test_a_file_may_be_named_instead_of_a_folder(tmp_path: Path) -> None:
    path = folder(tmp_path)
    by_rule = run_tests([path / "watch-billing.yaml"])
    by_test = run_tests([path / "watch-billing.test.yaml"])
    both = run_tests([path, path / "watch-billing.yaml"])
    assert by_rule == by_test == both


def test_a_rule_without_a_test_is_named_and_no_failure(tmp_path: Path) -> None:
    report = run_tests([folder(tmp_path, None)])
    assert report.ok
    assert report.untested == ("watch-billing",)
    assert "has no test beside it" in report.render()


def test_an_adjusted_shipped_rule_can_be_tested(tmp_path: Path) -> None:
    (tmp_path / "thank-after-recovery.yaml").write_text(
        "id: thank-after-recovery\ncooldown: {per: person, for: 1d}\n", encoding="utf-8"
    )
    (tmp_path / "thank-after-recovery.test.yaml").write_text(
        "rule: thank-after-recovery\ncases:\n"
        "  - name: nothing is known\n    fired: [{ago: 2d}]\n    expect: {verdict: unknown}\n",
        encoding="utf-8",
    )
    assert run_tests([tmp_path]).ok


def test_a_broken_rule_is_reported_and_not_tested(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="there is no fact"):
        run_tests([folder(tmp_path, rule=RULE.replace("ticket.valence", "ticket.nonsense"))])
    with pytest.raises(RuleError, match="cannot be read"):
        run_tests([tmp_path / "nowhere.yaml"])
