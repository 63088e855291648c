"""Who people and programs are, from what the store keeps of them."""

from __future__ import annotations

import threading
from typing import cast

from flask import current_app

from connectors.base import Clock
from server.security import passwords, tokens
from server.store import Database, api_tokens, audit, users
from server.store.api_tokens import ApiToken
from server.store.users import UnknownUser, User

from .throttle import Throttle, TooManyTries

#: Where the app keeps its logins.
EXTENSION = "keepsake-logins"
#: Comparing a password takes some 32 MB and a tenth of a second, on purpose. Webhooks need the
#: other threads.
AT_ONCE, PATIENCE = 2, 5.0


class WrongLogin(Exception):
    """No such login, or not its password; nobody is told which."""


class Logins:
    """Safe to share between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._throttle = Throttle()
        self._comparing = threading.BoundedSemaphore(AT_ONCE)

    def log_in(self, login: str, password: str, *, address: str) -> User:
        """The user whose password this is. Raises ``WrongLogin`` or ``TooManyTries``."""
        key = login.strip().casefold()
        self._throttle.count(key, address, now=self._clock())
        with self._database.read() as tx:
            user = users.by_login(tx, login)
        stored = user.password_hash if user is not None and user.is_active else None
        if not self._comparing.acquire(timeout=PATIENCE):
            raise TooManyTries(retry_after=PATIENCE)
        try:
            if not passwords.matches(password, stored) or user is None:
                raise WrongLogin
        finally:
            self._comparing.release()
        self._throttle.forgive(key, address)
        now = self._clock()
        with self._database.write() as tx:
            who = f"user:{user.login}"
            audit.note(tx, actor=who, action="session.open", subject=who, now=now)
            return users.logged_in(tx, user.id, now=now)

    def user(self, id: int) -> User | None:
        """The user as they stand now, or None when they may no longer come in."""
        try:
            with self._database.read() as tx:
                found = users.get(tx, id)
        except UnknownUser:
            return None
        return found if found.is_active else None

    def token(self, value: str) -> ApiToken | None:
        """The valid token of this value; None when it is unknown, expired or revoked."""
        now = self._clock()
        with self._database.read() as tx:
            found = api_tokens.by_digest(tx, tokens.digest(value), now=now)
        if found is not None and found.wants_note(now):
            with self._database.write() as tx:
                api_tokens.used(tx, found.id, now=now)
        return found


def logins() -> Logins:
    """Those of the app that answers this request."""
    return cast(Logins, current_app.extensions[EXTENSION])
