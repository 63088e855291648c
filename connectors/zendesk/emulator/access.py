"""Who asks and whether they may: API tokens, bearer tokens, scopes and roles.

The trap worth knowing: wrong or missing credentials are answered with 200 and "Anonymous user"
on ``/users/me``. Only a wrong *token* is a 401 there.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from flask import Request

from . import problems
from .rows import User
from .settings_rows import OAuthToken
from .state import State
from .web import Principal

#: Path heads whose scope is named otherwise.
_RESOURCES = {
    "deleted_tickets": "tickets",
    "deleted_users": "users",
    "comment_redactions": "tickets",
    "ticket_audits": "tickets",
    "user_fields": "users",
    "organization_fields": "organizations",
    "ticket_forms": "ticket_fields",
    "guide": "satisfaction_ratings",
    "job_statuses": "job_statuses",
}


def authenticate(state: State, request: Request) -> Principal | None:
    """None for nobody (no credentials, or a password). Raises the 401s."""
    header = request.headers.get("Authorization", "")
    kind, _, value = header.partition(" ")
    if kind.lower() == "basic":
        return _by_api_token(state, value.strip())
    if kind.lower() == "bearer":
        token = find_token(state, value.strip())
        if token is None:
            raise problems.invalid_token()
        token.used_at = state.now()
        user = _living(state.users.get(token.user_id))
        return Principal(user, frozenset(token.scopes), token.id)
    return None


def _by_api_token(state: State, value: str) -> Principal | None:
    try:
        pair = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise problems.unauthenticated() from None
    name, _, secret = pair.partition(":")
    if not name.endswith("/token"):
        return None
    if not hmac.compare_digest(secret.encode(), state.api_token.encode()):
        raise problems.unauthenticated()
    return Principal(_living(state.user_by_email(name.removesuffix("/token"))), None)


def _living(user: User | None) -> User:
    if user is None or not user.active or user.suspended:
        raise problems.unauthenticated()
    return user


def find_token(state: State, access: str) -> OAuthToken | None:
    """The token, unless it has expired or was replaced."""
    now = state.clock()
    for token in state.oauth_tokens.values():
        if hmac.compare_digest(token.access.encode(), access.encode()):
            return token if token.expires_at is None or now < token.expires_at else None
    return None


def require(principal: Principal | None, role: str, path: str, method: str) -> None:
    """Raises 401 for nobody, 403 when the role or the scopes are too small."""
    if role == "anyone":
        return
    if principal is None:
        raise problems.unauthenticated()
    if not _scopes_allow(principal.scopes, path, method):
        raise problems.forbidden()
    if role == "admin" and principal.user.role != "admin":
        raise problems.forbidden()
    if role == "agent" and not principal.user.is_staff:
        raise problems.forbidden()


def resource_of(path: str) -> str:
    """``/api/v2/incremental/users/cursor`` -> ``users``."""
    parts = path.removeprefix("/api/v2/").split("/")
    head = parts[1] if parts[0] == "incremental" and len(parts) > 1 else parts[0]
    if head == "ticket_events":
        return "tickets"
    return _RESOURCES.get(head, head)


def _scopes_allow(scopes: frozenset[str] | None, path: str, method: str) -> bool:
    if scopes is None or path.startswith("/api/v2/oauth/"):
        return True
    verb = "read" if method in ("GET", "HEAD") else "write"
    return verb in scopes or f"{resource_of(path)}:{verb}" in scopes
