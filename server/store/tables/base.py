"""What all table modules share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData

from ..types import BigId, CleanText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def counted_id() -> Column[int]:
    """A number the database hands out."""
    return Column("id", BigId, primary_key=True, autoincrement=True)


def of_connection(**options: Any) -> Column[str]:
    """The connection a row came through; rows go when it is deleted."""
    options.setdefault("nullable", False)
    return Column(
        "connection_id", CleanText, ForeignKey("connection.id", ondelete="CASCADE"), **options
    )


def of_person(**options: Any) -> Column[int]:
    """The person a row is about."""
    return Column("person_id", BigId, ForeignKey("person.id"), **options)


def text(name: str, **options: Any) -> Column[str]:
    """Text that must be there, unless ``nullable=True``."""
    options.setdefault("nullable", False)
    return Column(name, CleanText, **options)


def time(name: str, **options: Any) -> Column[Any]:
    """An aware time that must be there, unless ``nullable=True``."""
    options.setdefault("nullable", False)
    return Column(name, UtcDateTime, **options)
