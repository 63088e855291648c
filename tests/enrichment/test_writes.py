"""Only differences are written, and a person's edit stands: the truth table, then anything goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from enrichment.writes import LastWritten, decide_writes, same

AT = datetime(2026, 3, 2, tzinfo=UTC)
NEVER = LastWritten()
OURS = LastWritten(written="negative")
SENT = LastWritten(written="negative", intended=("neutral",))
EDITED = LastWritten(written="negative", edited=True, person_value="positive")
EMPTIED = LastWritten(written="negative", edited=True, person_value=None)


def decide(there, wanted, last):
    return decide_writes({"k": there}, {"k": wanted}, {"k": last})


@pytest.mark.parametrize(
    ("there", "wanted", "last", "written"),
    [
        # nothing there yet
        (None, "neutral", NEVER, True),
        (None, None, NEVER, False),
        # our own value there
        ("negative", "neutral", OURS, True),
        ("negative", "negative", OURS, False),
        ("negative", None, OURS, True),
        # the crash window: sent, and nobody knows whether it arrived
        ("neutral", "neutral", SENT, False),
        ("neutral", "positive", SENT, True),
        ("negative", "neutral", SENT, True),
        ("negative", "negative", SENT, False),
        (None, "neutral", LastWritten(intended=("neutral",)), True),
        # we emptied it ourselves
        (None, "neutral", LastWritten(written=None), True),
        (None, None, LastWritten(written="negative", intended=(None,)), False),
    ],
)
def test_what_is_ours_is_written_only_when_it_differs(there, wanted, last, written) -> None:
    made = decide(there, wanted, last)
    assert dict(made.writes) == ({"k": wanted} if written else {})
    assert not made.kept
    assert not made.corrections
    assert not made.last["k"].edited


@pytest.mark.parametrize(
    ("there", "wanted", "last"),
    [
        ("positive", "neutral", NEVER),
        ("neutral", "neutral", NEVER),
        ("positive", "neutral", OURS),
        ("positive", "positive", OURS),
        ("positive", None, OURS),
        ("positive", "neutral", SENT),
        (None, "neutral", OURS),
        (None, None, OURS),
        (None, "neutral", SENT),
    ],
)
def test_what_is_not_ours_is_a_persons_edit_and_is_kept(there, wanted, last) -> None:
    made = decide(there, wanted, last)
    assert not made.writes
    assert dict(made.kept) == {"k": there}
    assert dict(made.corrections) == {"k": there}
    assert made.last["k"].edited
    assert made.last["k"].person_value == there


@pytest.mark.parametrize("wanted", ["negative", "neutral", "positive", None])
@pytest.mark.parametrize(
    ("there", "last", "is_new"),
    [
        ("positive", EDITED, False),
        ("neutral", EDITED, True),
        ("negative", EDITED, True),
        (None, EDITED, True),
        (None, EMPTIED, False),
        ("negative", EMPTIED, True),
    ],
)
def test_an_edit_stands_for_ever_and_is_reported_once(there, last, is_new, wanted) -> None:
    made = decide(there, wanted, last)
    assert not made.writes
    assert dict(made.kept) == {"k": there}
    assert dict(made.corrections) == ({"k": there} if is_new else {})
    assert made.last["k"].edited


def test_a_field_the_record_does_not_show_is_left_alone() -> None:
    made = decide_writes({}, {"k": "neutral"}, {"k": OURS})
    assert not made.writes
    assert not made.kept
    assert made.unseen == ("k",)
    assert made.last["k"] == OURS
    kept = decide_writes({}, {"k": "neutral"}, {"k": EDITED})
    assert dict(kept.kept) == {"k": "positive"}


def test_a_stale_reading_of_our_older_value_is_not_an_edit() -> None:
    last = LastWritten(written="negative").sending("neutral").confirmed("neutral", AT)
    stale = decide_writes({"k": "negative"}, {"k": "positive"}, {"k": last}, read_at=AT)
    assert stale.unseen == ("k",)
    assert not stale.kept
    later = AT + timedelta(seconds=1)
    fresh = decide_writes({"k": "negative"}, {"k": "positive"}, {"k": last}, read_at=later)
    assert dict(fresh.corrections) == {"k": "negative"}


def test_fields_nobody_wants_are_not_touched() -> None:
    made = decide_writes({"a": "x", "b": "y"}, {"a": "z"}, {"b": OURS})
    assert "b" not in made.writes
    assert "b" not in made.kept
    assert made.last["b"] == OURS


def test_one_edited_field_holds_up_no_other() -> None:
    made = decide_writes({"a": "positive", "b": None}, {"a": "neutral", "b": "high"}, {"a": EDITED})
    assert dict(made.writes) == {"b": "high"}
    assert dict(made.kept) == {"a": "positive"}


def test_a_value_surely_refused_is_no_longer_ours() -> None:
    assert not SENT.refused("neutral").owns("neutral")
    assert SENT.refused("neutral").owns("negative")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (41, 41.0), (41, "41"), ("41.00", 41), (-0.0, 0), ("-41.0", -41), (0.333, 0.33),
        (("a", "b"), ("b", "a")), ((), None), ("", None), ("  ", None),
        ("one\r\ntwo", "one\ntwo"), ("text \n", "text"), ("one  \ntwo", "one\ntwo"),
    ],
)  # fmt: skip
def test_spelling_is_no_difference(one, other) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (41, 42), ("a", "b"), (("a",), ("a", "b")), (None, 0), (None, "a"), (True, 1),
        ("nan", 1), ("a b", "ab"), ("A", "a"), (0, ""), ("0", ()),
    ],
)  # fmt: skip
def test_meaning_is_a_difference(one, other) -> None:
    assert not same(one, other)
    assert not same(other, one)


values = st.one_of(
    st.none(),
    st.integers(-100, 100),
    st.floats(-100, 100),
    st.text(max_size=8),
    st.sampled_from(["nan", "inf", "1e5", "٣"]),
    st.lists(st.sampled_from("abc"), unique=True).map(tuple),
)


@given(values)
def test_a_value_is_the_same_as_itself(value) -> None:
    assert same(value, value)


@given(values, values, values, values)
def test_deciding_again_decides_the_same_and_json_keeps_what_is_known(
    there, wanted, written, sent
) -> None:
    last = LastWritten(written=written, written_at=AT).sending(sent)
    first = decide_writes({"k": there}, {"k": wanted}, {"k": last})
    kept = LastWritten.from_json(first.last["k"].to_json())
    assert kept == first.last["k"]
    second = decide_writes({"k": there}, {"k": wanted}, {"k": kept})
    assert second.writes == first.writes
    assert second.kept == first.kept
    assert not second.corrections


@given(values, values)
def test_after_a_confirmed_write_there_is_nothing_left_to_write(there, wanted) -> None:
    last = LastWritten(written=there)
    made = decide_writes({"k": there}, {"k": wanted}, {"k": last})
    for key, value in made.writes.items():
        again = decide_writes({key: value}, {"k": wanted}, {key: made.last[key].confirmed(value)})
        assert not again.writes
        assert not again.kept


class AFieldOverThere(RuleBasedStateMachine):
    """We write, crash at any point and are answered or not; a person edits when they like."""

    options = st.sampled_from(["a", "b", "c", None])

    def __init__(self) -> None:
        super().__init__()
        self.there: str | None = None
        self.last = LastWritten()
        self.edited = False
        self.noticed = False

    @rule(value=options)
    def a_person_edits(self, value) -> None:
        # A person who sets what we ourselves put there cannot be told from us.
        if not self.last.owns(value) or self.last.edited:
            self.there = value
            self.edited = True
        elif not self.edited:
            self.there = value

    @rule(wanted=options, fate=st.sampled_from(["taken", "lost", "unanswered", "crashed"]))
    def we_decide_and_write(self, wanted, fate) -> None:
        before = self.there
        made = decide_writes({"k": self.there}, {"k": wanted}, {"k": self.last})
        self.last = LastWritten.from_json(made.last["k"].to_json())
        if self.edited:
            assert not made.writes
            assert made.kept["k"] == before
            self.noticed = True
            return
        assert not made.kept
        for value in made.writes.values():
            if fate in ("taken", "unanswered"):
                self.there = value
            if fate == "taken":
                self.last = self.last.confirmed(value)

    @invariant()
    def what_a_person_set_is_known_to_be_theirs(self) -> None:
        assert self.last.edited == self.noticed


AFieldOverThereTest = AFieldOverThere.TestCase


def test_many_unanswered_writes_are_remembered_up_to_a_bound() -> None:
    last = LastWritten()
    for number in range(100):
        last = last.sending(number)
    assert last.owns(99)
    assert len(replace(last).intended) <= 8
