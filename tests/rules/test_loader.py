"""What people get wrong in a rule file, and what they read then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rules.documents import LARGEST
from rules.durations import parse_duration, say_duration
from rules.errors import RuleError
from rules.loader import load_folder, load_library, load_rule, load_rules
from rules.model import (
    AllOf,
    AnyOf,
    Approval,
    Condition,
    Cooldown,
    EventKind,
    Per,
    Trigger,
)

GOOD = """\
id: watch-billing
title: Watch billing
description: >
  Somebody should
  look.
trigger:
  event: moment
  kinds: [frustration-peak, told-you-already]
  only_within: 12h
when:
  all:
    - fact: ticket.valence
      below: -0.4
    - any:
        - {fact: ticket.tags, contains: billing}
        - {fact: ticket.priority, at_least: high}
actions:
  - note:
      text: |
        Look at this, {{ contact.name | default: 'somebody' }} is upset.
cooldown:
  per: person
  for: 2w
approval: required
expires_after: 3d
"""

Find = Callable[[str], list[str]]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_rule_is_read() -> None:
    rule = load_rule(GOOD)
    assert rule.id == "watch-billing"
    assert rule.description == "Somebody should look."
    assert rule.trigger == Trigger(
        event=EventKind.MOMENT,
        moments=("frustration-peak", "told-you-already"),
        within=timedelta(hours=12),
    )
    assert rule.when == AllOf(
        parts=(
            Condition(fact="ticket.valence", operator="below", expected=-0.4),
            AnyOf(
                parts=(
                    Condition(fact="ticket.tags", operator="contains", expected="billing"),
                    Condition(fact="ticket.priority", operator="at_least", expected="high"),
                )
            ),
        )
    )
    assert rule.cooldown == Cooldown(per=Per.PERSON, length=timedelta(weeks=2))
    assert rule.approval is Approval.REQUIRED
    assert rule.expires_after == timedelta(days=3)
    assert rule.enabled


def test_what_may_be_left_out_has_careful_defaults() -> None:
    text = changed("  only_within: 12h\n", "").replace("expires_after: 3d\n", "")
    rule = load_rule(text)
    assert rule.trigger.within == timedelta(days=2)
    assert rule.expires_after == timedelta(days=7)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("fact: ticket.valence", "fact: ticket.valense", "mine.yaml:12: there is no fact 'ticket.valense'; did you mean 'ticket.valence'?"),
        ("fact: ticket.valence", "fact: valence", "mine.yaml:12: there is no fact 'valence'; did you mean 'ticket.valence'?"),
        ("below: -0.4", "under: -0.4", "mine.yaml:13: there is no operator 'under'"),
        ("below: -0.4", "belo: -0.4", "mine.yaml:13: there is no operator 'belo'; did you mean 'below'?"),
        ("below: -0.4", "below: '-0.4'", "mine.yaml:13: ticket.valence is a number (-1 to 1); write the value without quotes"),
        ("below: -0.4", "below: -40", "mine.yaml:13: ticket.valence goes from -1 to 1; choose a value within"),
        ("below: -0.4", "below: .nan", "mine.yaml:13: ticket.valence goes from -1 to 1; choose a value within"),
        ("below: -0.4", "contains: x", "mine.yaml:13: 'contains' does not work on ticket.valence, which is of type number; use one of: is, is_not, above, below, at_least, at_most, is_known, is_unknown"),
        ("      below: -0.4\n", "", "mine.yaml:12: ask something of the fact, with 'is:', 'below:' or another operator"),
        ("below: -0.4", "below: -0.4\n      above: -0.9", "mine.yaml:12: a condition asks one thing; make it two"),
        ("contains: billing", "contains: no", "mine.yaml:15: ticket.tags is a text, but YAML reads yes, no, on, off, true and false without quotes as yes or no; put the value in quotes"),
        ("at_least: high", "at_least: hihg", "mine.yaml:16: ticket.priority is never 'hihg'; did you mean 'high'?"),
        ("trigger:", "on:", "mine.yaml:6: YAML reads the key 'on:' as yes or no; a rule says what wakes it under 'trigger:'"),
        ("trigger:", "triger:", "mine.yaml:6: 'triger:' is not known here; did you mean 'trigger'?"),
        ("title: Watch billing\n", "", "mine.yaml:1: 'title:' is missing"),
        ("title: Watch billing", "title: 12", "mine.yaml:2: 'title' is a text; put it in quotes"),
        ("title: Watch billing", "title: ''", "mine.yaml:2: 'title' is empty"),
        ("title: Watch billing", "title: '  '", "mine.yaml:2: the title is empty"),
        ("title: Watch billing", "title: " + "x" * 121, "mine.yaml:2: 'title' is too long (at most 120)"),
        ("id: watch-billing", "id: Watch Billing", "mine.yaml:1: an id has small letters, digits and dashes: thank-after-recovery"),
        ("event: moment", "event: moments", "mine.yaml:7: 'event' is one of: 'moment', 'new_message' or 'ticket_changed'"),
        ("event: moment", "event: new_message", "mine.yaml:8: only the event 'moment' has kinds; take 'kinds:' out"),
        ("  kinds: [frustration-peak, told-you-already]\n", "", "mine.yaml:6: say which moments: 'kinds: [frustration-peak]'"),
        ("told-you-already", "told-you-allready", "mine.yaml:8: there is no moment 'told-you-allready'; did you mean 'told-you-already'?"),
        ("told-you-already", "silence", "mine.yaml:8: 'silence' is not found yet; found are: frustration-peak, gratitude"),
        ("only_within: 12h", "only_within: 12", "mine.yaml:9: 'only_within' is a text; put it in quotes"),
        ("only_within: 12h", "only_within: soon", "mine.yaml:9: write a duration such as 30m, 12h, 2d or 4w"),
        ("for: 2w", "for: 0d", "mine.yaml:23: write a duration such as 30m, 12h, 2d or 4w"),
        ("for: 2w", "for: 99999d", "at most ten years"),
        ("per: person", "per: company", "mine.yaml:22: 'per' is one of: 'ticket' or 'person'"),
        ("per: person", "each: person", "mine.yaml:22: 'each:' is not known here"),
        ("approval: required", "approval: maybe", "mine.yaml:24: 'approval' is one of: 'automatic' or 'required'"),
        ("approval: required\n", "", "mine.yaml:1: 'approval:' is missing"),
        ("approval: required", "approval: required\nenabled: 1", "mine.yaml:25: 'enabled' is true or false"),
        ("  - note:", "  - notes:", "mine.yaml:18: there is no action 'notes'; did you mean 'note'?"),
        ("  - note:", "  - email:", "mine.yaml:18: there is no action 'email'; known are: note, webhook"),
        ("      text: |", "      txt: |", "mine.yaml:19: 'txt:' is not known here; did you mean 'text'?"),
        ("      text: |", "      txt: |", "mine.yaml:18: 'text:' is missing"),
        ("contact.name", "contact.naem", "mine.yaml:19: there is no fact 'contact.naem'; did you mean 'contact.name'?"),
        ("  all:\n", "  every:\n", "mine.yaml:10: write 'all:', 'any:' or 'fact:' here"),
        ("approval: required", "approval: required\napproval: automatic", "mine.yaml:25: 'approval:' stands here twice; only the second would count"),
        ("title: Watch billing", "title: &t Watch billing", "mine.yaml:2: & and * mean something to YAML; put a text that begins with one in quotes"),
        ("title: Watch billing", "title: !!python/object:os.system x", "mine.yaml:2: a ! means something to YAML; put a text that begins with it in quotes"),
        ("title: Watch billing", "title: a: b", "mine.yaml:2: this is not valid YAML: mapping values are not allowed here"),
        ("text: |\n        Look", "text: Look", "mine.yaml:19: this is not valid YAML: mapping values are not allowed here; a text with ': ' in it goes on lines of its own under 'text: |', or in quotes"),
        ("title: Watch billing", "1: x", "mine.yaml:2: the key '1' is no word; put it in quotes if it is meant as one"),
        ("title: Watch billing", "? [a]\n: x", "mine.yaml:2: a key is a word"),
        ("title: Watch billing", "title: \x07", "mine.yaml: this is not valid YAML: a character or number cannot be read"),
        ("below: -0.4", "below: " + "9" * 5000, "mine.yaml: this is not valid YAML: a character or number cannot be read"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_what_to_write(
    problems: Find, old: str, new: str, says: str
) -> None:
    found = problems(changed(old, new))
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("when: {fact: ticket.id, is: x}", "put conditions into a list under 'all:' or 'any:'"),
        ("when: []", "write 'all:', 'any:' or 'fact:' here"),
        ("when: all", "write 'all:', 'any:' or 'fact:' here"),
        ("when: {all: []}", "'all:' holds a list with at least one condition"),
        ("when: {any: {fact: ticket.id}}", "'any:' holds a list with at least one condition"),
        ("when: {all: [x]}", "write 'all:', 'any:' or 'fact:' here"),
        ("when: {all: [{ticket.id: x}]}", "did you mean 'fact: ticket.id'?"),
        ("when: {all: [{any: [{fact: ticket.id, is: x}], fact: ticket.id}]}", "'any:' stands alone"),
        ("when: {all: [{all: [{all: [{all: [{all: [{fact: ticket.id, is: x}]}]}]}]}]}", "at most 4 deep"),
        ("when: {all: [" + ", ".join(["{fact: ticket.id, is: x}"] * 51) + "]}", "at most 50 conditions"),
    ],
)  # fmt: skip
def test_conditions_of_the_wrong_shape_are_explained(problems: Find, when: str, says: str) -> None:
    before, _, rest = GOOD.partition("when:")
    text = f"{before}{when}\nactions:{rest.partition('actions:')[2]}"
    found = problems(text)
    assert any(says in problem for problem in found), found


def test_all_mistakes_of_a_file_are_reported_at_once(problems: Find) -> None:
    text = (
        changed("fact: ticket.valence", "fact: ticket.valense")
        .replace("contact.name", "contact.naem")
        .replace("for: 2w", "for: long")
        .replace("approval: required", "approvl: required")
    )
    found = "\n".join(problems(text))
    assert "ticket.valense" in found
    assert "contact.naem" in found
    assert "did you mean 'approval'" in found


@pytest.mark.parametrize(
    "text",
    ["", "just words", "[a, b]", "- a", "null", "--- a\n--- b", "a: b\n---\nc: d", "{", "[" * 3000],
)
def test_what_is_no_rule_at_all_is_said_kindly(problems: Find, text: str) -> None:
    (only,) = problems(text)
    assert only.startswith("mine.yaml")


def test_a_small_file_cannot_unfold_into_gigabytes(problems: Find) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "& and * mean something" in problems(bomb)[0]


def test_an_oversized_text_is_refused_before_it_is_read(problems: Find) -> None:
    (only,) = problems("x" * (LARGEST + 1))
    assert "larger than 64 KB" in only


def test_a_deeply_nested_text_is_refused(problems: Find) -> None:
    text = "a: " + "[" * 40 + "]" * 40
    assert any("nested too deeply" in problem for problem in problems(text))


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_gives_its_rules_by_id_and_skips_tests_and_other_files(tmp_path: Path) -> None:
    write(tmp_path, watch_billing=GOOD, another=GOOD.replace("watch-billing", "another"))
    (tmp_path / "watch-billing.test.yaml").write_text("nonsense", encoding="utf-8")
    (tmp_path / "README.md").write_text("nonsense", encoding="utf-8")
    assert [rule.id for rule in load_folder(tmp_path)] == ["another", "watch-billing"]


def test_problems_of_all_files_are_reported_together(tmp_path: Path) -> None:
    write(tmp_path, watch_billing="id: [", another="just words")
    with pytest.raises(RuleError) as caught:
        load_folder(tmp_path)
    assert {problem.source for problem in caught.value.problems} == {
        "watch-billing.yaml",
        "another.yaml",
    }


def test_a_file_is_called_like_its_rule(tmp_path: Path) -> None:
    write(tmp_path, other=GOOD)
    with pytest.raises(RuleError, match=r"the file is called 'watch-billing\.yaml'"):
        load_folder(tmp_path)


def test_a_rule_cannot_be_there_twice(tmp_path: Path) -> None:
    write(tmp_path, watch_billing=GOOD)
    (tmp_path / "watch-billing.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match="keep one"):
        load_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder"):
        load_folder(tmp_path / "nowhere")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00bad")
    (tmp_path / "b.yaml").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(RuleError) as caught:
        load_folder(tmp_path)
    assert "not UTF-8" in str(caught.value)
    assert "larger than" in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "watch-billing.yaml").write_text(GOOD, encoding="utf-8-sig")
    assert load_folder(tmp_path)[0].id == "watch-billing"


def test_an_admins_rule_replaces_the_shipped_one_of_the_same_id(tmp_path: Path) -> None:
    write(tmp_path, brief_third_contact=GOOD.replace("watch-billing", "brief-third-contact"))
    rules = {rule.id: rule for rule in load_rules(tmp_path)}
    assert rules["brief-third-contact"].title == "Watch billing"
    assert set(rules) == {rule.id for rule in load_library()}


def test_an_admin_can_adjust_a_shipped_rule_without_writing_it_anew(tmp_path: Path) -> None:
    write(
        tmp_path,
        brief_third_contact="id: brief-third-contact\nenabled: false\n",
        alert_frustration_peak=(
            "id: alert-frustration-peak\napproval: required\nexpires_after: 1d\n"
            "cooldown: {per: person, for: 3d}\n"
        ),
    )
    shipped = {rule.id: rule for rule in load_library()}
    rules = {rule.id: rule for rule in load_rules(tmp_path)}
    assert rules["brief-third-contact"] == replace(shipped["brief-third-contact"], enabled=False)
    assert rules["alert-frustration-peak"] == replace(
        shipped["alert-frustration-peak"],
        approval=Approval.REQUIRED,
        expires_after=timedelta(days=1),
        cooldown=Cooldown(per=Per.PERSON, length=timedelta(days=3)),
    )


def test_settings_have_the_last_word(tmp_path: Path) -> None:
    write(tmp_path, watch_billing=GOOD)
    changes = {"watch-billing": {"enabled": False}, "thank-after-recovery": {"enabled": False}}
    on = [rule.id for rule in load_rules(tmp_path, changes) if rule.enabled]
    assert on == ["alert-frustration-peak", "brief-third-contact"]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("thank-after-recovry", {"enabled": False}, "did you mean 'thank-after-recovery'?"),
        ("thank-after-recovery", {"enabld": False}, "did you mean 'enabled'?"),
        ("thank-after-recovery", {"enabled": "no"}, "'enabled' is true or false"),
        ("thank-after-recovery", {"expires_after": "x"}, "write a duration"),
        ("thank-after-recovery", {"cooldown": {"for": "x", "per": "person"}}, "write a duration"),
        ("thank-after-recovery", {"actions": []}, "'actions:' is not known here"),
    ],
)
def test_a_wrong_setting_is_named(name: str, change: dict[str, object], says: str) -> None:
    with pytest.raises(RuleError) as caught:
        load_rules(None, {name: change})
    assert says in str(caught.value)
    assert f"settings for rule {name}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "duration", "said"),
    [
        ("30m", timedelta(minutes=30), "30 minutes"),
        ("1m", timedelta(minutes=1), "1 minute"),
        ("90m", timedelta(minutes=90), "1 hour"),
        ("12h", timedelta(hours=12), "12 hours"),
        ("1d", timedelta(days=1), "1 day"),
        ("36h", timedelta(hours=36), "36 hours"),
        ("2d", timedelta(days=2), "2 days"),
        ("4w", timedelta(weeks=4), "28 days"),
    ],
)
def test_durations_are_written_short_and_said_in_full(
    text: str, duration: timedelta, said: str
) -> None:
    assert parse_duration(text) == duration
    assert say_duration(duration) == said


@pytest.mark.parametrize(
    "text", ["", "2", "2 d", "-1d", "0d", "1y", "1.5h", "99999w", "2d4h", "٢d"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


def test_less_than_a_minute_is_said_so() -> None:
    assert say_duration(timedelta(seconds=59)) == "less than a minute"
    assert say_duration(timedelta(0)) == "less than a minute"
