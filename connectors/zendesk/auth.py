"""Three ways to sign in to Zendesk, and how a sign-in is kept alive.

The hard part is refresh: Zendesk kills the old access *and* refresh token the moment it hands
out new ones, so two processes refreshing at once, or a new pair lost before it is stored, lock
the connection out. Hence every renewal goes through ``Tokens.rotate``: under the connection's
lock, looking first whether somebody else has renewed already, stored before anybody uses it.

What the secrets hold, by ``kind`` (all values are text):

``api_token``           ``email``, ``token`` (legacy: stops working on 2027-04-30)
``oauth``               ``client_id``, ``client_secret``, ``access_token``, ``refresh_token``,
                        ``expires_at`` (ISO-8601; empty when the token never ends), ``scope``
``client_credentials``  ``client_id``, ``client_secret``, ``scope``; ``access_token`` and
                        ``expires_at`` once the first token was fetched
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from ..base import Clock, Tokens
from ..errors import ConnectorError, Misconfigured, NeedsReauth, RateLimited, Unavailable
from ..http import DEFAULT_RETRY_AFTER, Answer, asks_to_wait, network_error, retry_after

#: Scopes the connector needs: it reads everything it pulls and writes fields, webhooks, notes.
SCOPE = "read write"
#: After this day no API token works any more, and from the first one on none can be made.
LAST_NEW_API_TOKEN = date(2026, 10, 27)
LAST_DAY_OF_API_TOKENS = date(2027, 4, 30)

#: A token this close to its end is renewed before it is used.
_MARGIN = timedelta(seconds=60)
_AGAIN = "Run `keepsake connect zendesk` again and authorise the connection anew."
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

#: A token endpoint: form fields in, its JSON out.
Grant = Callable[[Mapping[str, str]], Mapping[str, Any]]


def subdomain_of(text: str) -> str:
    """``acme`` from what people paste: ``acme``, ``acme.zendesk.com``, a whole URL.

    Raises ``Misconfigured``: the name becomes a host we send secrets to, so nothing else passes.
    """
    name = text.strip().lower()
    if "//" in name:
        name = urlsplit(name).hostname or ""
    name = name.rstrip("/").removesuffix(".zendesk.com")
    if not _SUBDOMAIN.fullmatch(name):
        raise Misconfigured("The subdomain is the word before .zendesk.com, for example acme.")
    return name


def origin_of(subdomain: str, base_url: str | None = None) -> str:
    """Where an account lives: ``https://acme.zendesk.com``, or ``base_url`` in its place."""
    return (base_url or f"https://{subdomain_of(subdomain)}.zendesk.com").rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Authorisation:
    """The first half of an authorisation: send the admin to ``url``, keep the rest (in their
    session) until they come back with ``code`` and the same ``state``."""

    url: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def begin(
    *,
    subdomain: str,
    client_id: str,
    redirect_uri: str,
    scope: str = SCOPE,
    base_url: str | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Authorisation:
    """The page where an admin grants access, with a ``state`` against forged returns and a PKCE
    challenge (S256) against stolen codes. A code lives 120 seconds."""
    state, verifier = _urlsafe(random(24)), _urlsafe(random(48))
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
    )
    url = f"{origin_of(subdomain, base_url)}/oauth/authorizations/new?{query}"
    return Authorisation(url=url, state=state, verifier=verifier)


def challenge_of(verifier: str) -> str:
    """The S256 challenge for a PKCE verifier (RFC 7636, section 4.2)."""
    return _urlsafe(hashlib.sha256(verifier.encode("ascii")).digest())


def exchange_code(
    grant: Grant,
    *,
    code: str,
    verifier: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    now: datetime,
    scope: str = SCOPE,
) -> dict[str, str]:
    """The second half: the secrets to store, from the code the admin came back with."""
    answer = grant(
        {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "code_verifier": verifier,
        }
    )
    known = {"kind": "oauth", "client_id": client_id, "client_secret": client_secret}
    return known | _tokens_of(answer, now=now)


def token_endpoint(
    subdomain: str, *, http: httpx.Client, clock: Clock, base_url: str | None = None
) -> Grant:
    """The account's ``/oauth/tokens``, answering with JSON or raising ``ConnectorError``."""
    origin = origin_of(subdomain, base_url)

    def grant(form: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            response = http.post(
                f"{origin}/oauth/tokens",
                json={name: value for name, value in form.items() if value},
                headers={"Accept": "application/json"},
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            host = urlsplit(origin).hostname or origin
            raise network_error(error, system="Zendesk", host=host) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(status=response.status_code, headers=headers, body=response.content)
        if answer.status == 200:
            body = answer.json()
            if isinstance(body, dict) and body.get("access_token"):
                return body
            raise Unavailable("Zendesk's token answer holds no token; try again.")
        raise _refusal(answer, now=clock(), origin=origin)

    return grant


def _refusal(answer: Answer, *, now: datetime, origin: str) -> ConnectorError:
    if asks_to_wait(answer):
        seconds = retry_after(answer.headers, now=now)
        return RateLimited(
            "Zendesk wants fewer sign-ins; wait and try again.",
            retry_after=DEFAULT_RETRY_AFTER if seconds is None else seconds,
        )
    if answer.status >= 500:
        return Unavailable(f"Zendesk answered {answer.status} to a token request; try again.")
    match _error_word(answer):
        case "invalid_grant":
            return NeedsReauth(
                f"Zendesk no longer accepts this authorisation: revoked or ended. {_AGAIN}"
            )
        case "invalid_client" | "unauthorized_client":
            return NeedsReauth(
                "Zendesk does not know this OAuth client, or its secret was changed. Check both in"
                f" Admin Center > Apps and integrations > APIs > OAuth clients. {_AGAIN}"
            )
        case "invalid_scope":
            return NeedsReauth(
                f"The OAuth client may not be given the scopes {SCOPE!r}. Allow them on the client"
                f" in Admin Center > Apps and integrations > APIs > OAuth clients. {_AGAIN}"
            )
    if answer.status == 404 or 300 <= answer.status < 400:
        return Misconfigured(f"There is no Zendesk account at {origin}. Check the subdomain.")
    return NeedsReauth(f"Zendesk refused to sign in ({answer.status}). {_AGAIN}")


def _error_word(answer: Answer) -> str:
    if not answer.is_json:
        return ""
    body = answer.json()
    word = body.get("error") if isinstance(body, dict) else None
    return word if isinstance(word, str) else ""


class SignIn:
    """The ``Authorization`` header of one connection, renewed before it ends or once refused."""

    def __init__(self, *, tokens: Tokens, grant: Grant, clock: Clock) -> None:
        self._tokens = tokens
        self._grant = grant
        self._clock = clock
        self._secrets: Mapping[str, str] = {}

    @property
    def kind(self) -> str:
        return self._newest().get("kind", "")

    def header(self) -> str:
        """The header to send now. Raises ``NeedsReauth``, or what a renewal runs into."""
        known = self._newest()
        if _is_renewable(known) and not self._is_good(known):
            known = self._rotate(refused=None)
        return _header_of(known)

    def renew(self, refused: str) -> str:
        """Another header after ``refused`` met a 401. Raises ``NeedsReauth`` when there is none."""
        self._secrets = self._tokens.read()
        if (header := _header_of(self._secrets)) != refused:
            return header
        if not _is_renewable(self._secrets):
            raise NeedsReauth(f"Zendesk no longer accepts this sign-in. {_AGAIN}")
        return _header_of(self._rotate(refused=refused))

    def _newest(self) -> Mapping[str, str]:
        if not self._secrets:
            self._secrets = self._tokens.read()
        return self._secrets

    def _rotate(self, *, refused: str | None) -> Mapping[str, str]:
        def change(newest: Mapping[str, str]) -> Mapping[str, str]:
            if self._is_good(newest) and (refused is None or _header_of(newest) != refused):
                return newest
            return {**newest, **_tokens_of(self._grant(_renewal_form(newest)), now=self._clock())}

        self._secrets = self._tokens.rotate(change)
        return self._secrets

    def _is_good(self, known: Mapping[str, str]) -> bool:
        if not known.get("access_token"):
            return False
        ends = _instant(known.get("expires_at", ""))
        return ends is None or self._clock() < ends - _MARGIN


def _is_renewable(known: Mapping[str, str]) -> bool:
    return known.get("kind") == "client_credentials" or bool(known.get("refresh_token"))


def _header_of(known: Mapping[str, str]) -> str:
    match known.get("kind"):
        case "api_token":
            pair = f"{known.get('email', '')}/token:{known.get('token', '')}"
            return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
        case "oauth" | "client_credentials":
            return f"Bearer {known.get('access_token', '')}"
        case _:
            raise NeedsReauth(f"This connection has no sign-in yet. {_AGAIN}")


def _renewal_form(known: Mapping[str, str]) -> dict[str, str]:
    form = {
        "client_id": known.get("client_id", ""),
        "client_secret": known.get("client_secret", ""),
    }
    if known.get("kind") == "client_credentials":
        return {"grant_type": "client_credentials", "scope": known.get("scope") or SCOPE} | form
    return {"grant_type": "refresh_token", "refresh_token": known["refresh_token"]} | form


def _tokens_of(answer: Mapping[str, Any], *, now: datetime) -> dict[str, str]:
    life = answer.get("expires_in")
    ends = (now + timedelta(seconds=life)).isoformat() if isinstance(life, int) and life else ""
    tokens = {"access_token": str(answer["access_token"]), "expires_at": ends}
    for name in ("refresh_token", "scope"):
        if answer.get(name):
            tokens[name] = str(answer[name])
    return tokens


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _urlsafe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
