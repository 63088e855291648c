"""What a bench found: a figure, the bar it is held against, and what else is worth knowing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """``at_least``: whether more is better. ``bar`` None: shown, not judged."""

    name: str
    value: float
    unit: str = "x"
    bar: float | None = None
    at_least: bool = True
    notes: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool | None:
        """None when there is no bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def lines(self) -> list[str]:
        sign = ">=" if self.at_least else "<="
        verdict = {True: "met   ", False: "MISSED", None: "shown "}[self.is_met]
        bar = "" if self.bar is None else f"  (bar {sign} {self.bar:g})"
        first = f"{verdict}  {self.name}: {self.value:.3g} {self.unit}{bar}"
        return [first, *(f"        {note}" for note in self.notes)]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "bar": self.bar,
            "at_least": self.at_least,
            "met": self.is_met,
            "notes": list(self.notes),
            "figures": self.figures,
        }
