"""What a condition may ask of a fact, for which types of facts, and what the answer is.

The check happens when a rule is loaded, so that judging can never meet a value it cannot
compare. ``matches`` knows one wildcard and no regular expressions: a pattern written by hand
must not be able to keep a worker busy for minutes over a customer's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .catalogue import FactSpec, FactType
from .errors import did_you_mean
from .facts import KnownValue

Scalar = str | int | float | bool
Expected = Scalar | tuple[str, ...]

_MOST_VALUES = 100
_LONGEST_VALUE = 200


class Takes(StrEnum):
    ONE = "one value"
    SEVERAL = "a list of values"
    TRUE = "true"


@dataclass(frozen=True, kw_only=True)
class OperatorSpec:
    """``says`` is how the trace puts it; ``holds`` is only asked about known values."""

    name: str
    says: str
    takes: Takes
    types: tuple[FactType, ...]
    description: str
    holds: Callable[[FactSpec, KnownValue, Expected], bool]


def _folded(text: object) -> str:
    return str(text).strip().casefold()


def _equal(_: FactSpec, value: KnownValue, expected: Expected) -> bool:
    if isinstance(value, str):
        return _folded(value) == _folded(expected)
    return value == expected


def _rank(spec: FactSpec, value: object) -> float:
    """Steps are compared by their place, numbers as they are."""
    if spec.type is FactType.STEP:
        return spec.choices.index(str(value))
    if isinstance(value, int | float):
        return value
    raise TypeError(f"{spec.name} has no order")


def _one_of(_: FactSpec, value: KnownValue, expected: Expected) -> bool:
    return _folded(value) in _set(expected)


def _set(values: object) -> set[str]:
    return {_folded(one) for one in values} if isinstance(values, tuple) else {_folded(values)}


def _contains(_: FactSpec, value: KnownValue, expected: Expected) -> bool:
    if isinstance(value, tuple):
        return bool(_set(value) & _set(expected))
    return any(part in _folded(value) for part in _set(expected))


def _contains_all(_: FactSpec, value: KnownValue, expected: Expected) -> bool:
    if isinstance(value, tuple):
        return _set(expected) <= _set(value)
    return all(part in _folded(value) for part in _set(expected))


def _matches(_: FactSpec, value: KnownValue, expected: Expected) -> bool:
    """``*`` stands for any text. Linear: every piece is looked for once, left to right."""
    text = _folded(value)
    first, *rest = _folded(expected).split("*")
    if not rest:
        return text == first
    *middle, last = rest
    if len(text) < len(first) + len(last):
        return False
    if not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _never(_: FactSpec, __: KnownValue, ___: Expected) -> bool:
    return False


def _always(_: FactSpec, __: KnownValue, ___: Expected) -> bool:
    return True


_ALL = tuple(FactType)
_SINGLE = (FactType.TEXT, FactType.NUMBER, FactType.FLAG, FactType.CHOICE, FactType.STEP)
_WORDS = (FactType.TEXT, FactType.CHOICE, FactType.STEP)
_ORDERED = (FactType.NUMBER, FactType.STEP)
_HOLDING = (FactType.LABELS, FactType.TEXT)

_SPECS = (
    OperatorSpec(
        name="is", says="is", takes=Takes.ONE, types=_SINGLE, holds=_equal,
        description="The fact equals the value; upper and lower case are the same",
    ),
    OperatorSpec(
        name="is_not", says="is not", takes=Takes.ONE, types=_SINGLE,
        holds=lambda spec, value, expected: not _equal(spec, value, expected),
        description="The fact is known and differs from the value",
    ),
    OperatorSpec(
        name="above", says="above", takes=Takes.ONE, types=_ORDERED,
        holds=lambda spec, value, expected: _rank(spec, value) > _rank(spec, expected),
        description="Greater than the value, or a later step",
    ),
    OperatorSpec(
        name="below", says="below", takes=Takes.ONE, types=_ORDERED,
        holds=lambda spec, value, expected: _rank(spec, value) < _rank(spec, expected),
        description="Less than the value, or an earlier step",
    ),
    OperatorSpec(
        name="at_least", says="at least", takes=Takes.ONE, types=_ORDERED,
        holds=lambda spec, value, expected: _rank(spec, value) >= _rank(spec, expected),
        description="The value or more, or that step or a later one",
    ),
    OperatorSpec(
        name="at_most", says="at most", takes=Takes.ONE, types=_ORDERED,
        holds=lambda spec, value, expected: _rank(spec, value) <= _rank(spec, expected),
        description="The value or less, or that step or an earlier one",
    ),
    OperatorSpec(
        name="one_of", says="is one of", takes=Takes.SEVERAL, types=_WORDS, holds=_one_of,
        description="The fact equals one value of the list",
    ),
    OperatorSpec(
        name="none_of", says="is none of", takes=Takes.SEVERAL, types=_WORDS,
        holds=lambda spec, value, expected: not _one_of(spec, value, expected),
        description="The fact is known and equals no value of the list",
    ),
    OperatorSpec(
        name="contains", says="contains", takes=Takes.ONE, types=_HOLDING, holds=_contains,
        description="The labels hold the value, or the text has it somewhere",
    ),
    OperatorSpec(
        name="contains_any", says="contains any of", takes=Takes.SEVERAL, types=_HOLDING,
        holds=_contains, description="At least one value of the list is contained",
    ),
    OperatorSpec(
        name="contains_all", says="contains all of", takes=Takes.SEVERAL, types=_HOLDING,
        holds=_contains_all, description="Every value of the list is contained",
    ),
    OperatorSpec(
        name="contains_none", says="contains none of", takes=Takes.SEVERAL, types=_HOLDING,
        holds=lambda spec, value, expected: not _contains(spec, value, expected),
        description="The fact is known and contains no value of the list",
    ),
    OperatorSpec(
        name="matches", says="matches", takes=Takes.ONE, types=(FactType.TEXT,), holds=_matches,
        description="The whole text fits the pattern, where `*` stands for any text",
    ),
    OperatorSpec(
        name="is_known", says="is known", takes=Takes.TRUE, types=_ALL, holds=_always,
        description="The fact has a value",
    ),
    OperatorSpec(
        name="is_unknown", says="is unknown", takes=Takes.TRUE, types=_ALL, holds=_never,
        description="The fact has no value",
    ),
)  # fmt: skip

#: Name -> operator, in the order the documentation lists them.
OPERATORS: Mapping[str, OperatorSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})

#: The two that have an answer for unknown, and it is their point.
ABOUT_UNKNOWN = frozenset({"is_known", "is_unknown"})


def accept(spec: FactSpec, operator: str, value: object) -> Expected:
    """The value as a condition keeps it. Raises ``ValueError`` saying what to write instead."""
    how = OPERATORS.get(operator)
    if how is None:
        raise ValueError(f"there is no operator '{operator}'{did_you_mean(operator, OPERATORS)}")
    if spec.type not in how.types:
        fitting = ", ".join(one.name for one in OPERATORS.values() if spec.type in one.types)
        raise ValueError(
            f"'{operator}' does not work on {spec.name}, which is of type {spec.type}; use one of: {fitting}"
        )
    if how.takes is Takes.TRUE:
        if value is not True:
            raise ValueError(
                f"write '{operator}: true'; to ask the opposite use the other of is_known and is_unknown"
            )
        return True
    if how.takes is Takes.ONE:
        return _one(spec, operator, value)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"'{operator}' takes a list of values, such as [a, b]")
    if len(value) > _MOST_VALUES:
        raise ValueError(f"'{operator}' takes at most {_MOST_VALUES} values")
    return tuple(str(_one(spec, operator, one)) for one in value)


def _one(spec: FactSpec, operator: str, value: object) -> Scalar:
    if spec.type is FactType.NUMBER:
        return _number(spec, value)
    if spec.type is FactType.FLAG:
        if not isinstance(value, bool):
            raise ValueError(f"{spec.name} is yes or no; write true or false")
        return value
    if isinstance(value, bool):
        raise ValueError(
            f"{spec.name} is a text, but YAML reads yes, no, on, off, true and false without "
            "quotes as yes or no; put the value in quotes"
        )
    if not isinstance(value, str):
        raise ValueError(f"{spec.name} is a text; put the value in quotes")
    if not value.strip():
        raise ValueError(f"'{operator}' needs a value; to ask for absence use 'is_unknown: true'")
    if len(value) > _LONGEST_VALUE:
        raise ValueError(f"a value has at most {_LONGEST_VALUE} characters")
    if spec.choices and value not in spec.choices:
        near = did_you_mean(value, spec.choices)
        known = "" if near else f"; it is one of: {', '.join(spec.choices)}"
        raise ValueError(f"{spec.name} is never '{value}'{near}{known}")
    return value


def _number(spec: FactSpec, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{spec.name} is a number ({spec.unit}); write the value without quotes")
    low, high = spec.least, spec.most
    # Written so that "not a number", which compares as false with everything, is refused too.
    if (low is None or value >= low) and (high is None or value <= high) and abs(value) < 1e12:
        return value
    scale = "is never below 0" if high is None else f"goes from {spec.unit}"
    raise ValueError(f"{spec.name} {scale}; choose a value within")
