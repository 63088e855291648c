"""What clients send, brought to the shape we keep. Nonsense becomes nothing, or a 422."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import problems


def id_of(value: Any) -> int | None:
    """Ids come as numbers or as numeric text; whatever is neither is no id."""
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def ids_of(value: Any) -> list[int]:
    if not isinstance(value, (list, tuple)):
        return []
    return [found for each in value if (found := id_of(each)) is not None]


def text_or_none(value: Any) -> str | None:
    return None if value in (None, "", [], {}) else str(value)


def pairs_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Custom field writes: ``[{"id": 1, "value": 2}]``, or an object by id."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        for each in value:
            if isinstance(each, Mapping) and "id" in each and "value" in each:
                yield each["id"], each["value"]


def texts_of(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else []


def objects_of(name: str, value: Any) -> list[dict[str, Any]]:
    """A list of objects. Raises ``Problem`` 422."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise problems.record_invalid(name, f"{name}: is invalid", "InvalidValue")
    return value
