"""The words of the world, as they lie in ``data/``: read once, handed out as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

# The C loader reads the same YAML ten times faster; a build without libyaml still works.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def read(name: str) -> Any:
    """The YAML file ``data/<name>.yaml``. Shared between callers: do not change what it holds."""
    text = files(__package__).joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506


@cache
def names(folder: str) -> tuple[str, ...]:
    """The files of ``data/<folder>``, by name without ending, in alphabetical order."""
    entries = files(__package__).joinpath("data", folder).iterdir()
    return tuple(sorted(e.name[: -len(".yaml")] for e in entries if e.name.endswith(".yaml")))


def read_all(folder: str) -> Iterator[tuple[str, Any]]:
    for name in names(folder):
        yield name, read(f"{folder}/{name}")


def instant(text: str) -> datetime:
    """``2025-11-04`` or ``2025-11-04 09:30``, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
