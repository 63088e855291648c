"""OAuth 2 as the helpdesk grants it: three grants, short lives, rotation without mercy.

A refresh kills the old pair before the new one is answered: whoever loses that answer has lost
the account and must ask a person again. Codes live two minutes and work once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from .problems import Problem
from .settings_rows import OAuthClient, OAuthCode, OAuthToken
from .state import State

CODE_LIFE = timedelta(seconds=120)
_SCOPE = re.compile(r"(read|write|impersonate|[a-z_]+:(read|write))")
#: Bounds in seconds, both excluded: the access token's life, and the refresh token's.
_ACCESS_BOUNDS = (300, 172_800)
_REFRESH_BOUNDS = (604_800, 7_776_000)


def refuse(error: str, description: str, status: int = 400) -> Problem:
    return Problem(status, {"error": error, "error_description": description})


def client_of(state: State, given: Mapping[str, Any]) -> OAuthClient:
    """Raises 401 invalid_client."""
    client = state.oauth_clients.get(str(given.get("client_id") or ""))
    if client is None:
        raise refuse("invalid_client", "Client authentication failed", 401)
    return client


def scopes_of(client: OAuthClient, text: str) -> list[str]:
    """None asked means all. Raises 400 invalid_scope."""
    scopes = text.split() or ["read", "write"]
    for scope in scopes:
        allowed = client.allowed_scopes is None or scope in client.allowed_scopes
        if not _SCOPE.fullmatch(scope) or not allowed:
            raise refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    return scopes


def check_redirect(client: OAuthClient, uri: str) -> str:
    """https, or http on the loopback; registered, when the client has registered any."""
    parts = urlsplit(uri)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    if not (parts.netloc and (parts.scheme == "https" or local)):
        raise refuse("invalid_request", "The redirect uri must be https")
    if client.redirect_uris and uri not in client.redirect_uris:
        raise refuse("invalid_request", "The redirect uri included is not valid.")
    return uri


def start_grant(state: State, given: Mapping[str, Any]) -> tuple[OAuthClient, list[str], str]:
    """What an authorization request asks for: by whom, how much, and where to go back to."""
    client = client_of(state, given)
    redirect = check_redirect(client, str(given.get("redirect_uri") or ""))
    if given.get("response_type") != "code":
        raise refuse("unsupported_response_type", "response_type must be code")
    challenge = given.get("code_challenge")
    if not client.confidential and not challenge:
        raise refuse("invalid_request", "Public clients must use PKCE")
    if challenge and given.get("code_challenge_method") != "S256":
        raise refuse("invalid_request", "code_challenge_method must be S256")
    return client, scopes_of(client, str(given.get("scope") or "")), redirect


def grant_code(state: State, given: Mapping[str, Any]) -> OAuthCode:
    """The person said yes: they are the account's integration user."""
    client, scopes, redirect = start_grant(state, given)
    code = OAuthCode(
        code=secrets.token_urlsafe(24),
        client_id=client.id,
        user_id=state.integration.id,
        redirect_uri=redirect,
        scopes=scopes,
        challenge=str(given["code_challenge"]) if given.get("code_challenge") else None,
        created_at=state.clock(),
    )
    state.oauth_codes[code.code] = code
    return code


def give_token(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of ``POST /oauth/tokens``. Raises 400 and 401 in OAuth's own form."""
    client = client_of(state, given)
    secret = str(given.get("client_secret") or "")
    if client.confidential and not hmac.compare_digest(secret.encode(), client.secret.encode()):
        raise refuse("invalid_client", "Client authentication failed", 401)
    grant = given.get("grant_type")
    if grant == "authorization_code":
        return _answer(state, _by_code(state, client, given))
    if grant == "refresh_token":
        return _answer(state, _by_refresh(state, client, given))
    if grant == "client_credentials":
        if not client.confidential:
            raise refuse("unauthorized_client", "Only confidential clients may do this")
        scopes = scopes_of(client, str(given.get("scope") or ""))
        token = _new_token(state, client, client.owner_id, scopes, given, refreshable=False)
        return _answer(state, token)
    raise refuse("unsupported_grant_type", "The authorization grant type is not supported")


def _by_code(state: State, client: OAuthClient, given: Mapping[str, Any]) -> OAuthToken:
    code = state.oauth_codes.pop(str(given.get("code") or ""), None)
    bad = refuse("invalid_grant", "The provided authorization grant is invalid or expired")
    if code is None or code.client_id != client.id:
        raise bad
    if (
        state.clock() - code.created_at > CODE_LIFE
        or given.get("redirect_uri") != code.redirect_uri
    ):
        raise bad
    if code.challenge is not None:
        verifier = str(given.get("code_verifier") or "")
        digest = hashlib.sha256(verifier.encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
            raise bad
    return _new_token(state, client, code.user_id, code.scopes, given)


def _by_refresh(state: State, client: OAuthClient, given: Mapping[str, Any]) -> OAuthToken:
    asked = str(given.get("refresh_token") or "")
    for token in state.oauth_tokens.values():
        held = token.refresh
        if held is None or not hmac.compare_digest(held.encode(), asked.encode()):
            continue
        late = token.refresh_expires_at is not None and state.clock() >= token.refresh_expires_at
        if token.client_id != client.id or late:
            break
        del state.oauth_tokens[token.id]
        return _new_token(state, client, token.user_id, token.scopes, given)
    raise refuse("invalid_grant", "The refresh token is invalid, expired or revoked")


def _life(given: Mapping[str, Any], name: str, default: timedelta, bounds: tuple[int, int]) -> int:
    if given.get(name) is None:
        return int(default.total_seconds())
    try:
        seconds = int(given[name])
    except (TypeError, ValueError):
        raise refuse("invalid_request", f"{name} must be a number of seconds") from None
    if not bounds[0] < seconds < bounds[1]:
        raise refuse("invalid_request", f"{name} is out of bounds")
    return seconds


def _new_token(
    state: State,
    client: OAuthClient,
    user_id: int,
    scopes: list[str],
    given: Mapping[str, Any],
    *,
    refreshable: bool = True,
) -> OAuthToken:
    options, now = state.options, state.clock()
    access = _life(given, "expires_in", options.access_life, _ACCESS_BOUNDS)
    refresh = _life(given, "refresh_token_expires_in", options.refresh_life, _REFRESH_BOUNDS)
    token = OAuthToken(
        id=state.next_id(),
        client_id=client.id,
        user_id=user_id,
        access=secrets.token_hex(32),
        refresh=secrets.token_hex(32) if refreshable else None,
        scopes=list(scopes),
        created_at=now,
        expires_at=now + timedelta(seconds=access),
        refresh_expires_at=now + timedelta(seconds=refresh) if refreshable else None,
    )
    state.oauth_tokens[token.id] = token
    return token


def _answer(state: State, token: OAuthToken) -> dict[str, Any]:
    now = state.clock()
    told: dict[str, Any] = {"access_token": token.access}
    if token.refresh is not None:
        told["refresh_token"] = token.refresh
    told |= {"token_type": "bearer", "scope": " ".join(token.scopes)}
    if token.expires_at is not None:
        told["expires_in"] = int((token.expires_at - now).total_seconds())
    if token.refresh_expires_at is not None:
        told["refresh_token_expires_in"] = int((token.refresh_expires_at - now).total_seconds())
    return told
