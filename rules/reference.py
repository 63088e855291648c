"""The tables of docs/rules.md, made from the catalogues so that they cannot fall behind.

``python -m rules.reference docs/rules.md`` writes them anew between their markers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from .actions import ACTIONS
from .catalogue import CATALOGUE, FOUND_KINDS, FactSpec, FactType
from .operators import OPERATORS

_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MOST_CHOICES = 8


def tables() -> dict[str, str]:
    """Name -> Markdown table."""
    return {
        "facts": _table(
            ("Fact", "Type", "Meaning", "Example"), (_fact(spec) for spec in CATALOGUE.values())
        ),
        "operators": _table(
            ("Operator", "Takes", "Works on", "Holds when"),
            (
                (f"`{spec.name}`", spec.takes, _types(spec.types), spec.description)
                for spec in OPERATORS.values()
            ),
        ),
        "actions": _table(
            ("Action", "Parameter", "What to write"),
            (
                (f"`{spec.kind}`", f"`{name}`", what)
                for spec in ACTIONS.values()
                for name, what in spec.parameters.items()
            ),
        ),
        "moments": ", ".join(f"`{kind}`" for kind in FOUND_KINDS) + ".\n",
    }


def updated(text: str) -> str:
    """The document with every marked table made anew."""
    made = tables()
    return _MARKED.sub(lambda match: f"{match[1]}{made[match[2]]}{match[3]}", text)


def _fact(spec: FactSpec) -> tuple[str, str, str, str]:
    kind = spec.type.value
    if spec.type is FactType.NUMBER:
        kind = f"number, {spec.unit}"
    meaning = spec.description
    if spec.choices and len(spec.choices) <= _MOST_CHOICES:
        meaning += f": {', '.join(spec.choices)}"
    if spec.personal:
        meaning += " (personal)"
    return f"`{spec.name}`", kind, meaning, spec.example


def _types(types: tuple[FactType, ...]) -> str:
    return "all" if len(types) == len(FactType) else ", ".join(kind.value for kind in types)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(updated(path.read_text("utf-8")), encoding="utf-8")
