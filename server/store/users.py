"""Users of Keepsake: the people who may log in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import Row, func, select, update

from server.security.roles import Role

from .statements import insert
from .tables import app_user


class UnknownUser(LookupError):
    """There is no user of that name or number."""


class LoginTaken(ValueError):
    """Somebody else has this login name."""


@dataclass(frozen=True, kw_only=True)
class User:
    """``session_epoch`` is part of a login session: when it grows, older sessions end."""

    id: int
    login: str
    name: str
    password_hash: str = field(repr=False)
    role: Role
    is_active: bool
    session_epoch: int
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None


def create(
    tx: Transaction, *, login: str, name: str, password_hash: str, role: Role, now: datetime
) -> User:
    """Raises ``LoginTaken``. Login names do not tell capital from small letters."""
    login = _folded(login)
    if not login:
        raise ValueError("a user needs a login name")
    statement = (
        insert(tx, app_user)
        .values(
            login=login,
            name=name.strip() or login,
            password_hash=password_hash,
            role=role,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["login"])
        .returning(app_user)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise LoginTaken(f"there is a user {login} already")
    return _value(row)


def by_login(tx: Transaction, login: str) -> User | None:
    """The user of that login name, active or not."""
    row = tx.execute(select(app_user).where(app_user.c.login == _folded(login))).one_or_none()
    return None if row is None else _value(row)


def get(tx: Transaction, id: int) -> User:
    """Raises ``UnknownUser``."""
    row = tx.execute(select(app_user).where(app_user.c.id == id)).one_or_none()
    if row is None:
        raise UnknownUser(f"there is no user {id}")
    return _value(row)


def find(tx: Transaction) -> list[User]:
    """Everybody, by login name."""
    return [_value(row) for row in tx.execute(select(app_user).order_by(app_user.c.login))]


def change(
    tx: Transaction,
    id: int,
    *,
    name: str | None = None,
    role: Role | None = None,
    is_active: bool | None = None,
    password_hash: str | None = None,
    now: datetime,
) -> User:
    """Set what is given. A new password, a new role or a lock ends the user's sessions. Raises
    ``UnknownUser``."""
    given = {"name": name, "role": role, "active": is_active, "password_hash": password_hash}
    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if values.keys() & {"role", "active", "password_hash"}:
        values["session_epoch"] = app_user.c.session_epoch + 1
    return _update(tx, id, {**values, "updated_at": now})


def end_sessions(tx: Transaction, id: int, *, now: datetime) -> User:
    """Log the user out everywhere. Raises ``UnknownUser``."""
    return _update(tx, id, {"session_epoch": app_user.c.session_epoch + 1, "updated_at": now})


def logged_in(tx: Transaction, id: int, *, now: datetime) -> User:
    """Note a login. Raises ``UnknownUser``."""
    return _update(tx, id, {"last_login_at": now})


def count(tx: Transaction) -> int:
    """How many users there are; with none, the first one is made at the command line."""
    return tx.scalar(select(func.count()).select_from(app_user)) or 0


def _folded(login: str) -> str:
    return login.strip().casefold()


def _update(tx: Transaction, id: int, values: Mapping[str, Any]) -> User:
    statement = update(app_user).where(app_user.c.id == id).values(**values).returning(app_user)
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise UnknownUser(f"there is no user {id}")
    return _value(row)


def _value(row: Row[Any]) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        password_hash=row.password_hash,
        role=Role(row.role),
        is_active=row.active,
        session_epoch=row.session_epoch,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_login_at=row.last_login_at,
    )
