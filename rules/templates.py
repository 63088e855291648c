"""Text with facts in it: ``Hello {{ contact.name | default: 'there' }}``.

Substitution and nothing else, on purpose: no loops, no conditions, no attribute access. So every
name and filter is checked when the rule is loaded, a note has a bounded size, and a customer's
words are inert whatever braces or line breaks they hold, because the result is never read again.
(A sandboxed Jinja would have to be cut down to this by walking its syntax tree, and would still
offer ``range``.)

Filters: ``default: 'text'`` stands in for an unknown fact, ``optional`` drops the whole line
instead, ``ordinal`` says 3 as "third", ``percent`` 0.82 as "82 %", ``shorten: 120`` cuts a text. An unknown fact with
neither ``default`` nor ``optional`` holds the action back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .catalogue import CATALOGUE, FactType
from .errors import did_you_mean
from .facts import Facts, KnownValue, Unknown, say

LONGEST_TEMPLATE = 4_000
LONGEST_TEXT = 6_000
_LONGEST_VALUE = 600
_LONGEST_BLOCK = 2_500

_SLOT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PART = re.compile(
    r"""\s*([a-z_]+(?:\.[a-z0-9_]+)*)\s*(?::\s*(?:'([^'\n]*)'|"([^"\n]*)"|([0-9]{1,4}))\s*)?"""
)
_FILTERS = ("default", "optional", "ordinal", "percent", "shorten")

#: Control characters, line separators, lone surrogates, and the signs that turn text direction
#: around and so can make a note read differently from what it says.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_BLANKS = re.compile(r"\s+")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


class TemplateError(ValueError):
    """A template cannot be used as it is written; the message says what to change."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One ``{{ ... }}``."""

    fact: str
    default: str | None = None
    optional: bool = False
    ordinal: bool = False
    percent: bool = False
    shorten: int | None = None


@dataclass(frozen=True, kw_only=True)
class Filled:
    """``text``, or the facts that were missing for it (then ``text`` is empty)."""

    text: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    """A checked template. ``source`` is what the rule says, ``lines`` what is filled in."""

    source: str
    lines: tuple[tuple[str | Slot, ...], ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts named anywhere in it, each once."""
        slots = (part for line in self.lines for part in line if isinstance(part, Slot))
        return tuple(dict.fromkeys(slot.fact for slot in slots))

    def fill(self, facts: Facts) -> Filled:
        """The text for these facts, plain and at most ``LONGEST_TEXT`` characters long."""
        missing: dict[str, None] = {}
        lines: list[str] = []
        for line in self.lines:
            filled = _fill_line(line, facts, missing)
            if filled is not None:
                lines.append(filled.rstrip())
        if missing:
            return Filled(text="", missing=tuple(missing))
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        return Filled(text=_cut(text, LONGEST_TEXT))


def parse(source: str) -> Template:
    """Check a template. Raises ``TemplateError``."""
    if len(source) > LONGEST_TEMPLATE:
        raise TemplateError(f"a template has at most {LONGEST_TEMPLATE} characters")
    if not source.strip():
        raise TemplateError("the text is empty")
    if "{%" in source or "{#" in source:
        raise TemplateError("only {{ fact }} is understood here, no {% %} or {# #}")
    return Template(source=source, lines=tuple(_parse_line(line) for line in source.split("\n")))


def _parse_line(line: str) -> tuple[str | Slot, ...]:
    pieces = _SLOT.split(line)
    parts: list[str | Slot] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            parts.append(_parse_slot(piece))
        elif "{{" in piece or "}}" in piece:
            raise TemplateError("'{{' and '}}' belong together, on one line")
        elif piece:
            parts.append(piece)
    return tuple(parts)


def _parse_slot(inside: str) -> Slot:
    words: list[tuple[str, str | None]] = []
    at = 0
    while True:
        match = _PART.match(inside, at)
        if match is None:
            raise TemplateError(
                "write {{ fact }} or {{ fact | filter }}, such as {{ contact.name | default: 'the customer' }}"
            )
        words.append((match[1], next((one for one in match.groups()[1:] if one is not None), None)))
        at = match.end()
        if at == len(inside):
            break
        if inside[at] != "|":
            raise TemplateError("between a fact and its filters stands '|'")
        at += 1
    (fact, argument), *filters = words
    if argument is not None:
        raise TemplateError(f"after the fact '{fact}' comes '|' and then a filter")
    if fact not in CATALOGUE:
        raise TemplateError(f"there is no fact '{fact}'{did_you_mean(fact, CATALOGUE)}")
    return _with_filters(fact, filters)


def _with_filters(fact: str, filters: list[tuple[str, str | None]]) -> Slot:
    default: str | None = None
    shorten: int | None = None
    names = [name for name, _ in filters]
    for name, argument in filters:
        match name:
            case "default" if argument is not None:
                default = argument
            case "shorten" if argument is not None and argument.isascii() and argument.isdigit():
                shorten = int(argument)
                if shorten < 10:
                    raise TemplateError("'shorten' needs at least 10 characters to keep")
            case "optional" | "ordinal" | "percent" if argument is None:
                pass
            case "default" | "shorten":
                raise TemplateError(f"write default: 'a text' or shorten: 120, not only '{name}'")
            case "optional" | "ordinal" | "percent":
                raise TemplateError(f"'{name}' takes no argument")
            case _:
                raise TemplateError(f"there is no filter '{name}'{did_you_mean(name, _FILTERS)}")
    if len(set(names)) < len(names) or {"default", "optional"} <= set(names):
        raise TemplateError("a fact has each filter once, and either 'default' or 'optional'")
    spec = CATALOGUE[fact]
    if "ordinal" in names and spec.type is not FactType.NUMBER:
        raise TemplateError(f"'ordinal' needs a number; {fact} is of type {spec.type}")
    if "percent" in names and (spec.least, spec.most) != (0.0, 1.0):
        raise TemplateError(f"'percent' needs a fact from 0 to 1; {fact} is none")
    return Slot(
        fact=fact,
        default=default,
        optional="optional" in names,
        ordinal="ordinal" in names,
        percent="percent" in names,
        shorten=shorten,
    )


def _fill_line(line: tuple[str | Slot, ...], facts: Facts, missing: dict[str, None]) -> str | None:
    """The line, or None when it is to be left out; notes in ``missing`` what holds all back."""
    text: list[str] = []
    drop = False
    for part in line:
        if isinstance(part, str):
            text.append(part)
            continue
        value = facts[part.fact]
        # A name or quote of blanks says as little as none at all.
        if isinstance(value, Unknown) or not in_words(part.fact, value):
            if part.optional:
                drop = True
            elif part.default is None:
                missing[part.fact] = None
            else:
                text.append(part.default)
            continue
        text.append(_said(part, value))
    return None if drop else "".join(text)


def _said(slot: Slot, value: KnownValue) -> str:
    if slot.ordinal:
        return _ordinal(value)
    if slot.percent and isinstance(value, int | float):
        return f"{round(100 * value)} %"
    words = in_words(slot.fact, value)
    return _cut(words, slot.shorten) if slot.shorten else words


def in_words(fact: str, value: KnownValue) -> str:
    """A value as it stands in a note: one clean line, or several for the facts that have them."""
    spec = CATALOGUE[fact]
    if spec.type in (FactType.CHOICE, FactType.STEP, FactType.LABELS):
        return say(value).replace("_", " ").replace("-", " ") if spec.choices else clean(say(value))
    if spec.type is not FactType.TEXT:
        return say(value)
    return clean(say(value), several_lines=spec.several_lines)


def clean(text: str, *, several_lines: bool = False) -> str:
    """Without invisible signs, bounded; one line unless several are allowed."""
    if several_lines:
        lines = (_BLANKS.sub(" ", _UNSEEN.sub(" ", line)).strip() for line in text.splitlines())
        return _cut("\n".join(line for line in lines if line), _LONGEST_BLOCK)
    return _cut(_BLANKS.sub(" ", _UNSEEN.sub(" ", text)).strip(), _LONGEST_VALUE)


def _ordinal(value: KnownValue) -> str:
    if not isinstance(value, int | float) or value != int(value) or value < 1:
        return say(value)
    number = int(value)
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
