"""Which of our fields to write: only what differs, and never over a person's edit.

The hard part is whose value stands over there. It is ours when it is what we last wrote, or one
we meant to write and never heard back about (the crash window: keep ``FieldDecision.last``
before sending). Anything else was put there by a person: it is kept, reported once as a
correction, and this field of this record is never written again. An emptied field is an edit
like any other. A field that the record does not show at all is left alone: nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from connectors.records import FieldValue

from .codec import from_plain, to_plain

_INTENDED_AT_MOST = 8
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,12})?")


@dataclass(frozen=True, kw_only=True)
class LastWritten:
    """What we know of one field of one record. ``written``: our value, confirmed at
    ``written_at`` (None: we left it empty). ``intended``: values sent whose fate is unknown.
    ``edited``: a person's ``person_value`` stands, for ever."""

    written: FieldValue = None
    written_at: datetime | None = None
    intended: tuple[FieldValue, ...] = ()
    edited: bool = False
    person_value: FieldValue = None

    def sending(self, value: FieldValue) -> Self:
        """Keep this before the value is sent."""
        if any(same(value, other) for other in self.intended):
            return self
        return replace(self, intended=(*self.intended, value)[-_INTENDED_AT_MOST:])

    def confirmed(self, value: FieldValue, at: datetime | None = None) -> Self:
        """The source system took the value, ``at`` by our clock."""
        return replace(self, written=value, written_at=at or self.written_at, intended=())

    def refused(self, value: FieldValue) -> Self:
        """The source system surely did not take the value (skipped, conflict)."""
        left = tuple(other for other in self.intended if not same(value, other))
        return replace(self, intended=left)

    def owns(self, value: FieldValue) -> bool:
        """Whether a value found over there is one of ours."""
        return any(same(value, ours) for ours in (self.written, *self.intended))

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        return from_plain(cls, plain)


@dataclass(frozen=True, kw_only=True)
class FieldDecision:
    """``writes``: set these. ``kept``: fields a person's value stands in, with that value.
    ``corrections``: those of ``kept`` found or changed just now (keep them as labels).
    ``unseen``: fields the record did not show, or not freshly enough: read it again. ``last``:
    keep it before sending ``writes``."""

    writes: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    kept: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    corrections: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    unseen: tuple[str, ...] = ()
    last: Mapping[str, LastWritten] = field(default_factory=lambda: MappingProxyType({}))


def decide_writes(
    current: Mapping[str, FieldValue],
    wanted: Mapping[str, FieldValue],
    last: Mapping[str, LastWritten],
    *,
    read_at: datetime | None = None,
) -> FieldDecision:
    """Compare what stands over there with what we want and what we know we wrote. Keys that are
    not ``wanted`` are not touched; a wanted None empties a field that is ours.

    ``read_at``: when we asked for ``current``. A reading older than our last confirmed write
    would show our own older value and look like a person's edit; such a field is ``unseen``.
    """
    writes: dict[str, FieldValue] = {}
    kept: dict[str, FieldValue] = {}
    corrections: dict[str, FieldValue] = {}
    unseen: list[str] = []
    after: dict[str, LastWritten] = dict(last)
    for key, value in wanted.items():
        known = last.get(key, LastWritten())
        is_stale = read_at and known.written_at and read_at <= known.written_at
        if key not in current or is_stale:
            if known.edited:
                kept[key] = known.person_value
            else:
                unseen.append(key)
            continue
        there = current[key]
        if known.edited:
            if not same(there, known.person_value):
                corrections[key] = there
                after[key] = replace(known, person_value=there)
            kept[key] = there
        elif not known.owns(there):
            kept[key] = corrections[key] = there
            after[key] = replace(known, edited=True, person_value=there, intended=())
        elif same(there, value):
            after[key] = known.confirmed(there)
        else:
            writes[key] = value
            after[key] = replace(known, written=there).sending(value)
    return FieldDecision(
        writes=MappingProxyType(writes),
        kept=MappingProxyType(kept),
        corrections=MappingProxyType(corrections),
        unseen=tuple(unseen),
        last=MappingProxyType(after),
    )


def same(one: FieldValue, other: FieldValue) -> bool:
    """Whether two values mean the same over there: numbers whatever their spelling, options in
    any order, texts but for line endings and blanks around them, and nothing is nothing."""
    return _plain(one) == _plain(other)


def _plain(value: FieldValue) -> object:
    if isinstance(value, bool):
        return ("yes or no", value)
    if isinstance(value, int | float):
        return round(float(value), 2) + 0.0
    if isinstance(value, tuple):
        return frozenset(value) or None
    if isinstance(value, str):
        text = "\n".join(line.rstrip() for line in value.splitlines()).strip()
        if _NUMBER.fullmatch(text):
            return round(float(text), 2) + 0.0
        return text or None
    return None
