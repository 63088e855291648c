"""Sentences, clauses where the message turns, and windows that fit the model."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.reader import prepare
from enrichment.reader.sentences import MOST_UNITS, Role, units


def parts(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in units(text, prepare(text))]


def roles(text: str) -> list[Role]:
    return [unit.role for unit in units(text, prepare(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It broke. I called. Nobody answered!", ["It broke.", "I called.", "Nobody answered!"]),
        (
            "We met at 5 p.m. on Monday, e.g. by phone.",
            ["We met at 5 p.m. on Monday, e.g. by phone."],
        ),
        ("Version 4.2 fails.", ["Version 4.2 fails."]),
        ("Really?! Again...", ["Really?!", "Again..."]),
        ("it was slow... very slow", ["it was slow... very slow"]),
        ("- the door is broken\n- the lamp too", ["- the door is broken", "- the lamp too"]),
        (
            "A line that the mail program wrapped somewhere in its middle because it\nwas long.",
            ["A line that the mail program wrapped somewhere in its middle because it\nwas long."],
        ),
    ],
)
def test_sentences_end_where_people_end_them(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was okay, but the delay ruined it.", ["It was okay,", "but the delay ruined it."]),
        (
            "The food was fine however the wait was long.",
            ["The food was fine", "however the wait was long."],
        ),
        (
            "Although the agent was kind, it still fails.",
            ["Although the agent was kind,", "it still fails."],
        ),
        (
            "It still fails although the agent was kind.",
            ["It still fails", "although the agent was kind."],
        ),
    ],
)
def test_a_sentence_that_turns_is_read_in_two_parts(text: str, expected: list[str]) -> None:
    assert parts(text) == expected
    assert Role.CONCESSION in roles(text)


@pytest.mark.parametrize(
    "text",
    ["We had nothing but trouble with it.", "Last but not least it is slow.", "But the delay ruined it.",
     "Not only the door but also the lamp is broken."],
)  # fmt: skip
def test_other_uses_of_but_do_not_turn(text: str) -> None:
    assert parts(text) == [text]


def test_thanks_in_advance_is_a_formula_unless_it_is_all() -> None:
    assert parts("Where is my order? Thanks in advance for your help.") == ["Where is my order?"]
    assert parts("Many thanks in advance!") == ["Many thanks in advance!"]


def test_a_sentence_without_end_is_read_in_windows() -> None:
    text = "word " * 500
    found = parts(text)
    assert len(found) > 5
    assert all(len(part.split()) <= 60 for part in found)
    assert sum(len(part.split()) for part in found) == 500


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_units_lie_inside_the_text_and_in_order(text: str) -> None:
    at = 0
    for unit in units(text, prepare(text)):
        assert at <= unit.start < unit.end <= len(text)
        at = unit.end


@pytest.mark.parametrize("hostile", ["a. ", "a", "but a ", "\n", "- a\n", "although a b c, "])
def test_the_number_of_units_is_bounded(hostile: str) -> None:
    text = hostile * (2_000_000 // len(hostile))
    began = time.perf_counter()
    assert len(units(text, prepare(text))) <= MOST_UNITS
    assert time.perf_counter() - began < 3.0
