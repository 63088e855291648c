"""What can go wrong with rules, sorted by who must act.

ValueError
├── RuleError      a person must change a rule file; one ``Problem`` each, with file and line
└── FactError      our own code handed over a fact that the catalogue does not know

Judging raises neither: a rule that was accepted always gives a verdict.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to put right. ``line`` counts from 1; None when no line is to blame."""

    source: str
    line: int | None
    message: str

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{where}: {self.message}"


class RuleError(ValueError):
    """One or more rules cannot be used as they are written. ``problems`` is never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("a RuleError needs at least one problem")
        lines = [str(problem) for problem in self.problems[:_MOST_SHOWN]]
        if len(self.problems) > _MOST_SHOWN:
            lines.append(f"and {len(self.problems) - _MOST_SHOWN} more")
        super().__init__("\n".join(lines))


class FactError(ValueError):
    """A fact has no such name or holds a value of the wrong type. Never names the value."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the nearest known word, or an empty text."""
    names = list(known)
    near = difflib.get_close_matches(word[:100], names, n=1, cutoff=0.6)
    if not near:
        # "sentiment" is nearer to "ticket.sentiment" than letters alone can tell.
        near = [name for name in names if word and name.rpartition(".")[2] == word][:1]
    return f"; did you mean '{near[0]}'?" if near else ""
