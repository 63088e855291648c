"""Frozen dataclasses to plain JSON values and back, driven by their annotations.

What stands at its default is left out, so that a small state stays small. Handles what states
are made of: dataclasses, StrEnums, aware datetimes, tuples of one type, string mappings, ``X |
None``, field values and the JSON scalars. Anything else raises ``TypeError``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        kept: dict[str, Any] = {}
        for item in dataclasses.fields(value):
            own = getattr(value, item.name)
            if own != _default(item):
                kept[item.name] = to_plain(own)
        return kept
    raise TypeError(f"cannot keep a {type(value).__name__} in a state")


def from_plain(kind: type[T], plain: object) -> T:
    """The value ``to_plain`` was given. Unknown keys are an error: they mean another version."""
    found: T = _restore(kind, plain)
    return found


def _default(item: dataclasses.Field[Any]) -> object:
    if item.default is not dataclasses.MISSING:
        return item.default
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return dataclasses.MISSING


@lru_cache(maxsize=128)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _restore(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if plain is None:
            return None
        arms = [arm for arm in get_args(kind) if arm is not NoneType]
        if len(arms) == 1:
            return _restore(arms[0], plain)
        return tuple(plain) if isinstance(plain, list) else plain
    if origin is tuple:
        inner = get_args(kind)[0]
        return tuple(_restore(inner, item) for item in plain)
    if origin is not None and issubclass(origin, Mapping):
        inner = get_args(kind)[1]
        return MappingProxyType({key: _restore(inner, item) for key, item in plain.items()})
    if dataclasses.is_dataclass(kind):
        make: Any = kind
        hints = _hints(make)
        return make(**{key: _restore(hints[key], item) for key, item in plain.items()})
    if kind is datetime:
        return datetime.fromisoformat(plain)
    if kind is float:
        return float(plain)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(plain)
    return plain
