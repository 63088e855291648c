"""Sentences, and clauses where a message turns: "it was okay, but the delay ruined it".

Read whole, such a sentence averages out to nothing; read by clauses, the one after "but" says
what the customer means. A unit also has to fit the model: long ones are cut into windows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .prepare import Kept

#: Units read of one message; the last ones are kept when there are more, for the end counts most.
MOST_UNITS = 160
_LONGEST_WORDS = 56  # about 75 word pieces of English prose
_LONGEST_CHARACTERS = 480


class Role(StrEnum):
    """What a unit does in its sentence: only the turn and the concession are weighed otherwise."""

    PLAIN = "plain"
    CONCESSION = "concession"
    TURN = "turn"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One sentence, clause or window, by its place in the original text."""

    start: int
    end: int
    role: Role = Role.PLAIN


_END = re.compile(r"(?:[.!?…]{1,20}[\"'”’)\]]{0,3}|[。！？]{1,20})(?=\s|$)|\n\s{0,20}\n|\n")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|prof|no|nr|inc|ltd|co|corp|approx|dept|est|fig|jan|feb|mar"
    r"|apr|jun|jul|aug|sep|sept|oct|nov|dec|st|ave|a\.m|p\.m|u\.s|u\.k|[a-z])\.$",
    re.IGNORECASE,
)
_LIST_ITEM = re.compile(r"\s*(?:[-*•·]|\d{1,3}[.)])\s")
_TURN = re.compile(
    r"[,;:]?\s(?:-{1,2}\s|[–—]\s?)?(?P<turn>but|however|yet|except that|only to)\b(?!\s+(?:for|also))",
    re.IGNORECASE,
)
_NOT_A_TURN = re.compile(
    r"\b(?:nothing|anything|everything|all|none|no one|nobody|can't|cannot|couldn't|not|last|not only"
    r"|as)\s*$|\bnot only\b",
    re.IGNORECASE,
)
_CONCEDES = re.compile(
    r"^(?:although|though|even though|while|despite|in spite of)\b[^,]{3,300},\s", re.IGNORECASE
)
_CONCEDES_LATER = re.compile(r",?\s(?P<turn>although|even though|though)\s", re.IGNORECASE)
_WORD = re.compile(r"\S+")
_SOMETHING = re.compile(r"[^\W_]|[\u2600-\u27bf\u2b50\U0001f300-\U0001faff]|[:;]-?[()]")
_THANKS_AHEAD = re.compile(
    r"(?:many |so )?(?:thanks|thank you|thx)(?: \w{2,8}){0,2} in advance\b.{0,60}", re.IGNORECASE
)


def units(text: str, kept: Iterable[Kept]) -> list[Unit]:
    """All units of the kept stretches, in order, at most ``MOST_UNITS``."""
    found: list[Unit] = []
    for stretch in kept:
        for start, end in _sentences(text, stretch.start, stretch.end):
            for clause in _clauses(text, start, end):
                found += _windows(text, clause)
    found = [unit for unit in found if _SOMETHING.search(text, unit.start, unit.end)]
    # "Thanks in advance" is a way to end a mail; alone it is all that was said, and is read.
    sincere = [unit for unit in found if not _is_formula(text, unit)]
    return (sincere or found)[-MOST_UNITS:]


def _is_formula(text: str, unit: Unit) -> bool:
    return unit.end - unit.start < 100 and bool(_THANKS_AHEAD.fullmatch(text, unit.start, unit.end))


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for found in _END.finditer(text, start, end):
        if not _ends_sentence(text, at, found, end):
            continue
        yield from _trimmed(text, at, found.end())
        at = found.end()
    yield from _trimmed(text, at, end)


def _ends_sentence(text: str, at: int, found: re.Match[str], end: int) -> bool:
    mark = found.group()
    if mark.startswith("\n"):
        if mark.count("\n") > 1 or _LIST_ITEM.match(text, found.end(), end):
            return True
        # Mail programs wrap at some 72 characters: a short line ends because its writer ended it.
        line = text[max(at, found.start() - 100) : found.start()].rsplit("\n", 1)[-1]
        following = text[found.end() : found.end() + 1]
        return len(line) < 50 and not following.islower()
    if mark == ".":
        before = text[max(at, found.start() - 12) : found.end()]
        following = text[found.end() : found.end() + 40].lstrip()[:1]
        if _ABBREVIATION.search(before) and not (following.isupper() and len(before) > 8):
            return False
        return not (following.islower() and text[found.end() : found.end() + 1] == "\n")
    if mark.startswith(("...", "…")):
        return not text[found.end() : found.end() + 20].lstrip()[:1].islower()
    return True


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _clauses(text: str, start: int, end: int) -> Iterator[Unit]:
    if end - start > 4 * _LONGEST_CHARACTERS:
        yield Unit(start=start, end=end)
        return
    if concession := _CONCEDES.match(text[start:end]):
        middle = start + concession.end()
        if _is_long_enough(text, middle, end):
            yield from _unit(text, start, middle, Role.CONCESSION)
            yield from _unit(text, middle, end, Role.TURN)
            return
    for pattern, roles in (
        (_TURN, (Role.CONCESSION, Role.TURN)),
        (_CONCEDES_LATER, (Role.PLAIN, Role.CONCESSION)),
    ):
        for found in pattern.finditer(text, start, end):
            middle = found.start("turn")
            if (
                _is_long_enough(text, start, middle)
                and _is_long_enough(text, middle, end, least=3)
                and not _NOT_A_TURN.search(text, max(start, middle - 40), found.start())
            ):
                yield from _unit(text, start, middle, roles[0])
                yield from _unit(text, middle, end, roles[1])
                return
    yield Unit(start=start, end=end)


def _is_long_enough(text: str, start: int, end: int, *, least: int = 2) -> bool:
    return (
        sum(1 for _ in zip(range(least), _WORD.finditer(text, start, end), strict=False)) >= least
    )


def _unit(text: str, start: int, end: int, role: Role) -> Iterator[Unit]:
    for first, last in _trimmed(text, start, end):
        yield Unit(start=first, end=last, role=role)


def _windows(text: str, unit: Unit) -> Iterator[Unit]:
    """The unit itself, or cut into stretches the model can take in one look."""
    if unit.end - unit.start <= _LONGEST_CHARACTERS:
        yield unit
        return
    start = unit.start
    words = 0
    last = unit.start
    for word in _WORD.finditer(text, unit.start, unit.end):
        words += 1
        if words > _LONGEST_WORDS or word.end() - start > _LONGEST_CHARACTERS:
            if last > start:
                yield Unit(start=start, end=last, role=unit.role)
                start = word.start()
            words = 1
        last = min(word.end(), start + 4 * _LONGEST_CHARACTERS)
    yield Unit(start=start, end=max(last, start + 1), role=unit.role)
