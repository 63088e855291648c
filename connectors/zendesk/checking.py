"""Is this connection fit for work? Looked at before it is saved, and whenever a person asks.

The hard part is that Zendesk answers 200 to a stranger on ``/users/me``: only an id proves who
we are. Every other item is one cheap call, and says what to do when it is refused.
"""

from __future__ import annotations

from datetime import datetime

from ..base import CheckItem, CheckReport
from ..errors import ConnectorError, Gone, Misconfigured, NeedsReauth, Skippable
from .auth import LAST_DAY_OF_API_TOKENS, LAST_NEW_API_TOKEN, SCOPE
from .calling import Json, start_of
from .client import Client

_TOKENS_PAGE = "Admin Center > Apps and integrations > APIs > OAuth clients"
_ADMIN = "Give the user the Administrator role in Admin Center > People > Team members."


def check(client: Client, *, now: datetime) -> CheckReport:
    """Raises ``NeedsReauth`` when nobody is signed in, ``Misconfigured`` for a wrong address."""
    me = client.me()
    limit = client.last.headers.get("x-rate-limit")
    items = [
        CheckItem(name="sign-in", ok=True, detail=f"user {me['id']}, role {me.get('role')}"),
        _role(me),
        _token(client, now),
        _may_list(client, "ticket fields", "/api/v2/ticket_fields.json"),
        _may_list(client, "user fields", "/api/v2/user_fields.json"),
        _may_list(client, "webhooks", "/api/v2/webhooks"),
        _exports(client, now),
        CheckItem(
            name="rate limit",
            ok=True,
            detail=f"{limit} calls a minute" if limit else "not told; a small plan is assumed",
        ),
    ]
    return CheckReport(identity=str(me["id"]), items=tuple(items))


def _role(me: Json) -> CheckItem:
    role = str(me.get("role"))
    return CheckItem(
        name="administrator",
        ok=role == "admin",
        detail=f"the role is {role}",
        advice="" if role == "admin" else f"Fields and webhooks need an administrator. {_ADMIN}",
    )


def _token(client: Client, now: datetime) -> CheckItem:
    name = "token"
    if client.sign_in_kind == "api_token":
        day = now.date()
        if day > LAST_DAY_OF_API_TOKENS:
            return CheckItem(
                name=name,
                ok=False,
                detail=f"API tokens ended on {LAST_DAY_OF_API_TOKENS}",
                advice=f"Make an OAuth client in {_TOKENS_PAGE} and connect again.",
            )
        left = (LAST_DAY_OF_API_TOKENS - day).days
        return CheckItem(
            name=name,
            ok=True,
            detail=f"API token: works until {LAST_DAY_OF_API_TOKENS} ({left} days); none can be"
            f" made from {LAST_NEW_API_TOKEN} on",
            advice=f"Change to OAuth in time: make a client in {_TOKENS_PAGE} and connect again.",
        )
    try:
        token = client.current_token()
    except Gone:
        return CheckItem(name=name, ok=True, detail="OAuth; Zendesk does not tell its scopes")
    except (Misconfigured, Skippable):
        return CheckItem(name=name, ok=True, detail="OAuth; the token may not look at itself")
    told = token.get("scopes")
    scopes = [str(scope) for scope in told] if isinstance(told, list) else []
    missing = [one for one in SCOPE.split() if scopes and not _allows(scopes, one)]
    ends = token.get("expires_at") or "never"
    return CheckItem(
        name=name,
        ok=not missing,
        detail=f"OAuth, scopes {' '.join(scopes) or 'not told'}, ends {ends}",
        advice=f"Authorise again with the scopes {SCOPE!r}." if missing else "",
    )


def _allows(scopes: list[str], wanted: str) -> bool:
    """Full scopes, or granular ones of the same kind (whose reach the other items show)."""
    return any(scope == wanted or scope.endswith(f":{wanted}") for scope in scopes)


def _may_list(client: Client, what: str, path: str) -> CheckItem:
    try:
        client.probe(path)
    except NeedsReauth:
        raise
    except (Misconfigured, Skippable) as error:
        return CheckItem(
            name=what,
            ok=False,
            detail=str(error),
            advice=f"Let the user and the token manage {what}. {_ADMIN}",
        )
    return CheckItem(name=what, ok=True, detail="may be listed")


def _exports(client: Client, now: datetime) -> CheckItem:
    name = "incremental exports"
    try:
        client.export_probe(start=start_of(now, now))
    except NeedsReauth:
        raise
    except (Misconfigured, Skippable) as error:
        return CheckItem(
            name=name,
            ok=False,
            detail=str(error),
            advice=f"Reading tickets and people in bulk needs an administrator. {_ADMIN}",
        )
    except ConnectorError as error:
        # A spent export budget says nothing about permission.
        return CheckItem(name=name, ok=True, detail=f"not looked at: {error}")
    return CheckItem(name=name, ok=True, detail="allowed")
