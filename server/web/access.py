"""Who asks, and whether they may. Closed by default: what is not in ``OPEN`` wants a login.

People come with a session cookie, programs with ``Authorization: Bearer ks_...``; a token opens
the API and the metrics, never a page. A session ends when its time is over, when the user is
switched off, or when the user's epoch was raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from server.security.roles import Role
from server.security.tokens import from_header
from server.store.users import User

from .errors import FOR_PROGRAMS, Refusal
from .logins import logins
from .services import services

#: What anybody may ask. Webhooks prove themselves by their signature.
OPEN = frozenset(
    {
        "webhooks.receive",
        "health.alive",
        "health.ready",
        "sessions.show",
        "sessions.enter",
        "static",
    }
)
#: Endpoints of these blueprints take API tokens.
TAKE_TOKENS = ("api", "health")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whoever asks. ``by`` names them in what they decide; ``user`` is None for a program."""

    by: str
    name: str
    role: Role
    user: User | None = None

    @property
    def decides(self) -> bool:
        """Whether they may approve, decline and let go out again."""
        return self.role.allows(Role.MANAGER)


def guard(app: Flask) -> None:
    """Let nobody in who has not shown who they are."""

    @app.before_request
    def only_those_we_know() -> Response | None:
        if request.endpoint is None or request.endpoint in OPEN:
            return None
        g.caller = _identify()
        if g.caller is not None:
            return None
        if request.path.startswith(FOR_PROGRAMS):
            raise Refusal(401, "not_logged_in", "send an API token as Authorization: Bearer ks_...")
        if request.method != "GET":
            return redirect(url_for("sessions.show"), code=303)
        return redirect(f"{url_for('sessions.show')}?next={quote(_here())}")


def caller() -> Caller:
    """Who asks, behind the guard."""
    found: Caller | None = g.get("caller")
    if found is None:
        raise Refusal(401, "not_logged_in", "log in first")
    return found


def caller_or_none() -> Caller | None:
    """Who asks, also on a page anybody may see."""
    found: Caller | None = g.get("caller")
    return found


def only_who_decides() -> Caller:
    """The caller, if their role may decide."""
    who = caller()
    if not who.decides:
        raise Refusal(403, "not_allowed", "only managers and admins decide")
    return who


def open_session(user: User) -> None:
    """Begin a login session. Whatever stood in the cookie before is gone."""
    session.clear()
    session["user"] = user.id
    session["epoch"] = user.session_epoch
    session["since"] = int(services().clock().timestamp())
    session.permanent = True


def close_session() -> None:
    session.clear()


def local_path(wanted: str | None) -> str:
    """``wanted`` if it is a path on this server, else the first page."""
    home = url_for("pages.today")
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return home
    # Browsers read a backslash as a slash and drop tabs and line ends: "/\t/elsewhere" leaves us.
    if "\\" in wanted or any(ord(sign) < 32 or ord(sign) == 127 for sign in wanted):
        return home
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return home
    return home if parts.scheme or parts.netloc else wanted


def _here() -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{request.script_root}{request.path}{'?' + query if query else ''}"


def _identify() -> Caller | None:
    header = request.headers.get("Authorization", "")
    if request.blueprint in TAKE_TOKENS and header.lower().startswith("bearer"):
        # Whoever sends a token means it: a bad one is not made good by a cookie beside it.
        return _by_token(header)
    # Other schemes are between the browser and a proxy in front of us.
    return _by_session(dict(session))


def _by_token(header: str) -> Caller | None:
    value = from_header(header)
    found = None if value is None else logins().token(value)
    if found is None:
        return None
    return Caller(by=f"token:{found.id}", name=found.name, role=found.role)


def _by_session(kept: dict[str, Any]) -> Caller | None:
    id, epoch, since = kept.get("user"), kept.get("epoch"), kept.get("since")
    if not isinstance(id, int) or not isinstance(since, int):
        return None
    our = services()
    began = datetime.fromtimestamp(since, UTC)
    if our.clock() - began >= our.settings.session_lifetime:
        return None
    user = logins().user(id)
    if user is None or user.session_epoch != epoch:
        return None
    return Caller(by=f"user:{user.login}", name=user.name or user.login, role=user.role, user=user)
