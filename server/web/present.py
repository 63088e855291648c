"""From stored values to words and shapes a page shows. Pure; the date is an argument.

Whatever a customer wrote or is called is hostile here: templates escape it, links may only lead
to http(s), and evidence is marked only where the quoted words really stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from enrichment.fields import FIELDS
from rules.trace import Trace

#: Of a long message the beginning and the surroundings of every mark are shown.
SHOWN_AT_ONCE = 2000
AROUND_A_MARK = 240

_BAD = ("frustration-peak", "anxiety", "told-you-already", "broken-promise", "churn-threat")
_GOOD = ("delight", "gratitude", "empathy-win", "surprise-gesture", "recovery",
         "escalation-recovery")  # fmt: skip

INTERVENTION_STATES = {
    "proposed": "Waits for a decision",
    "approved": "Approved, goes out next",
    "due": "On its way",
    "delivered": "Delivered",
    "held_back": "Held back",
    "failed": "Failed",
    "expired": "Expired, nobody decided",
    "declined": "Declined",
}

CONNECTION_STATES = {
    "new": ("Not set up", "Look at its plan, then apply it; until then nothing is read."),
    "ready": ("Ready", "Everything is in place over there. Start it to begin reading."),
    "live": ("Live", ""),
    "needs_person": ("Needs a person", "Check the connection; the reason is in the log."),
    "removed": ("Removed", "Nothing of ours is left over there."),
}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Words that show something: where they stand and what they show."""

    start: int
    end: int
    shows: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A run of text. ``shows``: what it is evidence of, empty for none. ``gap``: text left out."""

    text: str = ""
    shows: str = ""
    gap: bool = False


def place(text: str, *, start: object, end: object, quote: object, shows: str) -> Mark | None:
    """Where the quote stands: at its place, else at its first occurrence, else nowhere."""
    if not isinstance(quote, str) or not quote:
        return None
    if isinstance(start, int) and isinstance(end, int) and text[start:end] == quote:
        return Mark(start=start, end=end, shows=shows)
    found = text.find(quote)
    return None if found < 0 else Mark(start=found, end=found + len(quote), shows=shows)


def pieces(text: str, marks: Iterable[Mark]) -> list[Piece]:
    """The text cut where marks begin and end, shortened when it is long."""
    marks = sorted(marks, key=lambda mark: (mark.start, mark.end))
    shown = _windows(len(text), marks)
    edges = {edge for mark in marks for edge in (mark.start, mark.end)}
    edges.update(edge for window in shown for edge in window)
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(text))
    made: list[Piece] = []
    for start, end in pairwise(cuts):
        if not any(a <= start and end <= b for a, b in shown):
            made.append(Piece(gap=True))
            continue
        over = [mark.shows for mark in marks if mark.start <= start and end <= mark.end]
        made.append(Piece(text=text[start:end], shows=", ".join(dict.fromkeys(over))))
    if shown and shown[-1][1] < len(text):
        made.append(Piece(gap=True))
    return made


def _windows(length: int, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    if length <= SHOWN_AT_ONCE + AROUND_A_MARK:
        return [(0, length)]
    wanted = [(0, SHOWN_AT_ONCE)]
    for mark in marks:
        # A mark as long as the message must not bring all of it back.
        end = min(mark.end, mark.start + SHOWN_AT_ONCE)
        wanted.append((max(0, mark.start - AROUND_A_MARK), min(length, end + AROUND_A_MARK)))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(wanted):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def words(name: str) -> str:
    """``frustration-peak`` -> ``Frustration peak``."""
    said = name.replace("_", " ").replace("-", " ").strip()
    return said[:1].upper() + said[1:]


def tone(kind: str) -> str:
    """How a kind of moment is coloured: bad, good or calm."""
    return "bad" if kind in _BAD else "good" if kind in _GOOD else "calm"


def evidence(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = data.get("evidence")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def outside(url: str | None) -> str | None:
    """``url`` when it may be linked to: http or https, nothing that runs."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def ago(at: datetime, now: datetime) -> str:
    """``5 min ago``; the date when it is longer ago than a week."""
    seconds = (now - at).total_seconds()
    if seconds < -60:
        return stamp(at)
    if seconds < 60:
        return "just now"
    for size, unit, most in ((60, "min", 60), (3600, "h", 24), (86400, "d", 7)):
        if seconds < size * most:
            return f"{int(seconds // size)} {unit} ago"
    return f"{at.astimezone(UTC):%-d %b %Y}"


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def signed(value: float) -> str:
    """``+12``, ``−7``, ``0``: with a real minus sign, read aloud as one."""
    rounded = round(value)
    return "0" if rounded == 0 else f"{'+' if rounded > 0 else '−'}{abs(rounded)}"


def feeling_word(score: float) -> str:
    for below, said in ((-60, "very bad"), (-20, "bad"), (20, "mixed"), (60, "good")):
        if score < below:
            return said
    return "very good"


def trace_of(data: Mapping[str, Any] | None) -> Trace | None:
    """The trace as it was judged; None when there is none that can be read."""
    if not data:
        return None
    try:
        return Trace.from_json(data)
    except ValueError:
        return None


def value_words(value: Any) -> str:
    """A field's value for people."""
    if value is None or value in ("", []):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(value_words(each) for each in value)
    return str(value)


#: Our fields over there by key: how they are called, and their options.
FIELD_NAMES = {spec.key: spec.label for spec in FIELDS}
_OPTIONS = {spec.key: {option.value: option.label for option in spec.options} for spec in FIELDS}


def field_words(value: Any, key: str) -> str:
    """What stands in a field, as people read it over there."""
    options = _OPTIONS.get(key, {})
    listed = value if isinstance(value, list) else [value]
    if options and all(isinstance(each, str) for each in listed):
        value = [options.get(each, each) for each in listed]
    return value_words(value)


def teach(app: Flask) -> None:
    """Give the templates these words."""
    env = app.jinja_env
    for function in (
        words,
        tone,
        outside,
        ago,
        stamp,
        signed,
        shorten,
        value_words,
        feeling_word,
        field_words,
    ):
        env.filters[function.__name__] = function
    env.filters["trace_of"] = trace_of
    env.globals["field_names"] = FIELD_NAMES
    env.globals["intervention_states"] = INTERVENTION_STATES
    env.globals["connection_states"] = CONNECTION_STATES
