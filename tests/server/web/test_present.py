"""What stored values become on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.cursors import BadCursor, read_mark, read_number, write_mark
from server.web.present import (
    AROUND_A_MARK,
    SHOWN_AT_ONCE,
    Mark,
    ago,
    outside,
    pieces,
    place,
    shorten,
    signed,
    value_words,
    words,
)
from server.web.story import felt

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


@given(
    text=st.text(max_size=400),
    spans=st.lists(st.tuples(st.integers(0, 420), st.integers(1, 60)), max_size=6),
)
def test_cutting_loses_no_letter_and_marks_only_what_is_marked(
    text: str, spans: list[tuple[int, int]]
) -> None:
    marks = [Mark(start=a, end=a + n, shows=f"{a}") for a, n in spans if a + n <= len(text)]
    made = pieces(text, marks)
    assert "".join(piece.text for piece in made) == text
    at = 0
    for piece in made:
        over = {mark.shows for mark in marks if mark.start <= at < mark.end}
        assert set(filter(None, piece.shows.split(", "))) == (over if piece.text else set())
        at += len(piece.text)


@given(length=st.integers(5_000, 200_000), at=st.floats(0, 1), span=st.integers(1, 5_000))
def test_a_long_text_is_shown_in_part_and_its_mark_is_among_it(
    length: int, at: float, span: int
) -> None:
    text = "abcdefghi " * (length // 10)
    start = int(at * (len(text) - 1))
    end = min(len(text), start + span)
    made = pieces(text, [Mark(start=start, end=end, shows="x")])
    shown = sum(len(piece.text) for piece in made)
    assert shown <= 2 * SHOWN_AT_ONCE + 2 * AROUND_A_MARK
    assert any(piece.shows == "x" for piece in made) or span > SHOWN_AT_ONCE
    assert any(piece.gap for piece in made)


def test_a_quote_is_marked_where_it_stands_or_not_at_all() -> None:
    text = "not now, not ever"
    assert place(text, start=9, end=12, quote="not", shows="x") == Mark(start=9, end=12, shows="x")
    # The stored text lost a NUL, so the places moved.
    assert place(text, start=10, end=13, quote="not", shows="x") == Mark(start=0, end=3, shows="x")
    assert place(text, start=0, end=3, quote="yes", shows="x") is None
    assert place(text, start=0, end=0, quote="", shows="x") is None
    assert place(text, start="0", end=None, quote=7, shows="x") is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil", "/local", "",
        None, "http://", "https:x", "http://[", "\tjavascript:alert(1)",
    ],
)  # fmt: skip
def test_only_web_addresses_are_linked_to(url: str | None) -> None:
    assert outside(url) is None


def test_a_web_address_is_linked_to() -> None:
    assert outside("https://acme.example/t/1?a=b") == "https://acme.example/t/1?a=b"


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=5), "just now"), (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=59), "59 min ago"), (timedelta(hours=23), "23 h ago"),
        (timedelta(days=6), "6 d ago"), (timedelta(days=8), "4 Mar 2026"),
        (timedelta(days=-1), "13 Mar 2026, 09:30 UTC"),
    ],
)  # fmt: skip
def test_times_are_said_as_people_say_them(back: timedelta, said: str) -> None:
    assert ago(NOW - back, NOW) == said


def test_small_words() -> None:
    assert words("frustration-peak") == "Frustration peak"
    assert words("") == ""
    assert [signed(value) for value in (12.4, -7.5, 0.2)] == ["+12", "−8", "0"]
    assert shorten("abcdef", 4) == "abc…"
    assert value_words(["frustration-peak", "delight"]) == "frustration-peak, delight"
    assert [value_words(value) for value in (None, "", [], True, 2.50)] == [
        "empty", "empty", "empty", "yes", "2.5",
    ]  # fmt: skip


def test_a_reading_that_was_not_made_says_why_and_nothing_else() -> None:
    told = felt({"model": "m", "language": None, "unknown": "too short"})
    assert told is not None
    assert (told.unsure, told.sentiment, told.labels, told.valence) == ("too short", None, (), None)
    assert felt(None) is None
    placed = felt({"model": "m", "labels": ["joy"], "valence": 0.4, "intensity": 0.5})
    assert placed is not None
    assert placed.unsure == "no sentiment stands out"


@given(id=st.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text))
def test_a_mark_comes_back_as_it_was(id: str) -> None:
    try:
        id.encode()
    except UnicodeEncodeError:
        return
    assert read_mark(write_mark(NOW, id)) == (NOW, id)


@given(value=st.text(max_size=60))
def test_no_cursor_of_others_makes_us_fail(value: str) -> None:
    for read in (read_mark, read_number):
        try:
            found: Any = read(value)
        except BadCursor:
            continue
        assert found is None or value
