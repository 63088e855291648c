"""Why a rule fired or did not: one line for every check, in words a manager can read.

    escalate-souring-ticket: does not fire
      yes  ticket.valence below -0.4 (was -0.7)
       no  ticket.trend below 0.0 (was 0.3)
       no  ticket.priority is high (was unknown)

Traces are stored and may be logged, so what a customer said or is called is not in them unless
the caller asks for it by name (``show_personal``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

WITHHELD = "withheld"


class Truth(StrEnum):
    """Three values: what cannot be known is not the same as what is not so."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def all_of(truths: Sequence[Truth]) -> Truth:
    """NO if one is NO, else UNKNOWN if one is UNKNOWN, else YES (also for none at all)."""
    if Truth.NO in truths:
        return Truth.NO
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.YES


def any_of(truths: Sequence[Truth]) -> Truth:
    """YES if one is YES, else UNKNOWN if one is UNKNOWN, else NO."""
    if Truth.YES in truths:
        return Truth.YES
    return Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.NO


class CheckKind(StrEnum):
    LIMIT = "limit"
    CONDITION = "condition"
    GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line. ``was``: what was found, None for a group or when a personal value is withheld."""

    kind: CheckKind
    says: str
    truth: Truth
    fact: str | None = None
    was: str | None = None
    personal: bool = False
    parts: tuple[Check, ...] = ()

    def line(self, *, show_personal: bool = False) -> str:
        """``ticket.valence below -0.4 (was -0.7)``."""
        if self.kind is CheckKind.GROUP:
            return self.says
        was = self.was
        if self.personal and not (show_personal and was is not None):
            was = WITHHELD
        return self.says if was is None else f"{self.says} (was {was})"

    def to_json(self, *, show_personal: bool = False) -> dict[str, Json]:
        return {
            "kind": self.kind.value,
            "says": self.says,
            "truth": self.truth.value,
            "fact": self.fact,
            "was": None if self.personal and not show_personal else self.was,
            "personal": self.personal,
            "parts": [part.to_json(show_personal=show_personal) for part in self.parts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Check:
        parts = data.get("parts") or ()
        if not isinstance(parts, Sequence) or isinstance(parts, str):
            raise ValueError("the parts of a check are a list")
        return cls(
            kind=CheckKind(_text(data, "kind")),
            says=_text(data, "says"),
            truth=Truth(_text(data, "truth")),
            fact=_text_or_none(data, "fact"),
            was=_text_or_none(data, "was"),
            personal=data.get("personal") is True,
            parts=tuple(cls.from_json(_mapping(part)) for part in parts),
        )


@dataclass(frozen=True, kw_only=True)
class Trace:
    """All checks of one verdict: the limits first, then the conditions as the rule has them."""

    rule_id: str
    fires: bool
    checks: tuple[Check, ...]

    @property
    def truth(self) -> Truth:
        """UNKNOWN: nothing speaks against firing except that too little is known."""
        return all_of([check.truth for check in self.checks])

    def unknown_facts(self) -> tuple[str, ...]:
        """The facts whose absence left a condition open, each once, in order."""
        names = (
            check.fact
            for check in _leaves(self.checks)
            if check.truth is Truth.UNKNOWN and check.fact is not None
        )
        return tuple(dict.fromkeys(names))

    def reasons(self) -> tuple[str, ...]:
        """The conditions that held, one line each, without personal values."""
        return tuple(
            check.line()
            for check in _leaves(self.checks)
            if check.truth is Truth.YES and check.kind is CheckKind.CONDITION
        )

    def render(self, *, show_personal: bool = False, everything: bool = False) -> str:
        """The text form. Limits that were kept are left out unless ``everything`` is asked for."""
        lines = [f"{self.rule_id}: {'fires' if self.fires else 'does not fire'}"]
        for check in self.checks:
            if everything or check.kind is not CheckKind.LIMIT or check.truth is not Truth.YES:
                lines += _render(check, "", show_personal)
        return "\n".join(lines)

    def to_json(self, *, show_personal: bool = False) -> dict[str, Json]:
        """Plain JSON values; personal values are null unless asked for."""
        return {
            "rule": self.rule_id,
            "fires": self.fires,
            "checks": [check.to_json(show_personal=show_personal) for check in self.checks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Trace:
        """The reverse of ``to_json``; raises ``ValueError`` for anything else."""
        checks = data.get("checks")
        if not isinstance(checks, Sequence) or isinstance(checks, str):
            raise ValueError("a trace has a list of checks")
        return cls(
            rule_id=_text(data, "rule"),
            fires=data.get("fires") is True,
            checks=tuple(Check.from_json(_mapping(check)) for check in checks),
        )


def _render(check: Check, indent: str, show_personal: bool) -> list[str]:
    # What is unknown does not hold; "(was unknown)" says why.
    mark = "yes" if check.truth is Truth.YES else "no"
    lines = [f"{indent}{mark:>5}  {check.line(show_personal=show_personal)}"]
    for part in check.parts:
        lines += _render(part, indent + "     ", show_personal)
    return lines


def _leaves(checks: Sequence[Check]) -> list[Check]:
    leaves: list[Check] = []
    for check in checks:
        leaves += _leaves(check.parts) if check.parts else [check]
    return leaves


def _text(data: Mapping[str, Json], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise ValueError(f"a trace needs '{key}' as a text")
    return value


def _text_or_none(data: Mapping[str, Json], key: str) -> str | None:
    return None if data.get(key) is None else _text(data, key)


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise ValueError("a check is a mapping")
    return value
