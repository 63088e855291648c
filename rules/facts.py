"""What a rule may know about an event, with "unknown" as a value of its own.

Unknown is neither true nor false, neither zero nor neutral: a comparison with it does not hold,
and the trace says so. ``Facts`` therefore answers for every name in the catalogue, and for
whatever nobody filled in the answer is ``UNKNOWN``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from .catalogue import CATALOGUE, FactSpec, FactType
from .errors import FactError, did_you_mean


@dataclass(frozen=True)
class Unknown:
    """Not known. ``reason`` (our words, never a customer's) is shown: ``unknown: too short``."""

    reason: str = ""

    def __str__(self) -> str:
        return f"unknown: {self.reason}" if self.reason else "unknown"

    def __bool__(self) -> bool:
        # ``if facts[name]`` would quietly treat unknown as no.
        raise TypeError("unknown is neither true nor false; compare with isinstance")


UNKNOWN = Unknown()

KnownValue = str | int | float | bool | datetime | tuple[str, ...]
FactValue = KnownValue | Unknown


class Facts(Mapping[str, FactValue]):
    """Immutable, total over the catalogue: every name has a value, known or ``UNKNOWN``.

    Takes a plain dict; None and absent names are unknown, lists and sets become tuples. Raises
    ``FactError`` for a name or a type the catalogue does not have. Its ``repr`` shows no value.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        checked: dict[str, FactValue] = {}
        for name, value in (values or {}).items():
            spec = CATALOGUE.get(name)
            if spec is None:
                raise FactError(f"there is no fact '{name}'{did_you_mean(name, CATALOGUE)}")
            checked[name] = _checked(spec, value)
        self._values = MappingProxyType(checked)

    def __getitem__(self, name: str) -> FactValue:
        if name not in CATALOGUE:
            raise KeyError(name)
        return self._values.get(name, UNKNOWN)

    def __iter__(self) -> Iterator[str]:
        return iter(CATALOGUE)

    def __len__(self) -> int:
        return len(CATALOGUE)

    def __repr__(self) -> str:
        return f"Facts({len(self.known())} known)"

    def known(self) -> dict[str, KnownValue]:
        """What is known, without the rest."""
        return {
            name: value for name, value in self._values.items() if not isinstance(value, Unknown)
        }


def _checked(spec: FactSpec, value: object) -> FactValue:
    if value is None:
        return UNKNOWN
    if isinstance(value, Unknown):
        return value
    match spec.type:
        case FactType.TEXT if isinstance(value, str):
            return str(value)
        case FactType.CHOICE | FactType.STEP if isinstance(value, str):
            if value not in spec.choices:
                raise FactError(f"fact {spec.name} is one of: {', '.join(spec.choices)}")
            return str(value)
        case FactType.FLAG if isinstance(value, bool):
            return value
        case FactType.NUMBER if isinstance(value, int | float) and not isinstance(value, bool):
            return _bounded(spec, value)
        case FactType.LABELS if isinstance(value, list | tuple | set | frozenset):
            return _labels(spec, value)
        case FactType.TIME if isinstance(value, datetime):
            if value.tzinfo is None:
                raise FactError(f"fact {spec.name} needs a time zone")
            return value.astimezone(UTC)
    raise FactError(f"fact {spec.name} is of type {spec.type}, not {type(value).__name__}")


def _bounded(spec: FactSpec, value: int | float) -> int | float:
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise FactError(f"fact {spec.name} needs a finite number")
    too_low = spec.least is not None and value < spec.least
    too_high = spec.most is not None and value > spec.most
    if too_low or too_high:
        raise FactError(f"fact {spec.name} ({spec.unit}) was given a value out of range")
    return value


def _labels(
    spec: FactSpec, value: list[object] | tuple[object, ...] | set[object] | frozenset[object]
) -> tuple[str, ...]:
    if not all(isinstance(label, str) for label in value):
        raise FactError(f"fact {spec.name} holds texts only")
    labels = [str(label) for label in value]
    if isinstance(value, set | frozenset):
        labels.sort()  # sets have no order, traces must
    if spec.choices and not set(labels) <= set(spec.choices):
        raise FactError(f"fact {spec.name} holds only: {', '.join(spec.choices)}")
    return tuple(dict.fromkeys(labels))


def say(value: FactValue | None) -> str:
    """A value in words, for traces and notes: at most two decimals, times to the minute in UTC."""
    match value:
        case None:
            return "nothing"
        case Unknown():
            return str(value)
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            # Two decimals; "-0.0" would read as if it were below zero.
            return str(round(value, 2) + 0.0)
        case datetime():
            return value.astimezone(UTC).strftime("%d %b %Y %H:%M UTC")
        case tuple():
            return ", ".join(value) if value else "none"
        case _:
            return value
