"""Column types that mean the same on SQLite and on PostgreSQL.

The traps they close: a time must be *converted* to UTC on PostgreSQL and gets UTC *attached* on
SQLite, which keeps no zone; PostgreSQL refuses NUL in text and neither driver can encode half a
surrogate pair, and both arrive in customers' messages; only INTEGER counts up by itself on SQLite.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. A naive one is refused: nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def storable(text: str) -> str:
    """``text`` without NUL, and with U+FFFD where half a surrogate pair stood."""
    text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class CleanText(TypeDecorator[str]):
    """Text from anywhere, made storable in both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def to_json(value: Any) -> str:
    """JSON text both databases take: readable where possible, escaped where UTF-8 cannot say it.

    NaN and infinity are refused, because PostgreSQL would refuse them and SQLite would not.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


#: JSON values; ``None`` is NULL. JSON, not JSONB, on PostgreSQL: the order of keys is kept, and
#: nothing is searched inside.
Json = JSON(none_as_null=True)
#: 64 bits, counting up by itself where it is the primary key.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Blob = LargeBinary
