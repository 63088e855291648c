"""Signing in to Zendesk: three ways, and keeping it alive without locking ourselves out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    NeedsReauth,
    RateLimited,
    Unavailable,
)
from connectors.zendesk import auth
from connectors.zendesk.emulator.faults import FaultKind
from connectors.zendesk.emulator.server import Emulator

REDIRECT = "http://localhost:8080/callback"


@pytest.fixture
def http() -> Any:
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        yield client


@pytest.fixture
def grant(emulator: Emulator, http: httpx.Client, time: Any) -> auth.Grant:
    return auth.token_endpoint(
        emulator.subdomain, http=http, clock=time, base_url=emulator.base_url
    )


@pytest.fixture
def authorise(
    emulator: Emulator, http: httpx.Client, grant: auth.Grant, time: Any
) -> Callable[[], dict[str, str]]:
    """An admin says yes in the browser; the secrets that follow."""

    def go() -> dict[str, str]:
        known = emulator.credentials
        begun = auth.begin(
            subdomain=emulator.subdomain,
            client_id=known.oauth_client_id,
            redirect_uri=REDIRECT,
            base_url=emulator.base_url,
        )
        asked = {key: value for key, [value] in parse_qs(urlsplit(begun.url).query).items()}
        back = http.post(
            f"{emulator.base_url}/oauth/authorizations", data=asked | {"decision": "allow"}
        )
        told = parse_qs(urlsplit(back.headers["Location"]).query)
        assert told["state"] == [begun.state]
        return auth.exchange_code(
            grant,
            code=told["code"][0],
            verifier=begun.verifier,
            client_id=known.oauth_client_id,
            client_secret=known.oauth_client_secret,
            redirect_uri=REDIRECT,
            now=time(),
        )

    return go


def expire(secrets: Mapping[str, str], time: Any) -> dict[str, str]:
    return {**secrets, "expires_at": (time() - timedelta(seconds=1)).isoformat()}


@pytest.mark.parametrize(
    "text",
    ["acme", "ACME", "acme.zendesk.com", "https://acme.zendesk.com/agent/home", " acme "],
)
def test_a_subdomain_is_found_in_what_people_paste(text: str) -> None:
    assert auth.subdomain_of(text) == "acme"


@pytest.mark.parametrize(
    "text",
    ["", "acme.evil.com", "https://evil.com", "acme/../x", "a b", "acme:80", "-acme", "acme@evil"],
)
def test_what_is_no_subdomain_never_becomes_a_host(text: str) -> None:
    with pytest.raises(Misconfigured):
        auth.subdomain_of(text)


def test_the_challenge_follows_the_standards_own_example() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert auth.challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_state_and_verifier_are_new_each_time_and_not_in_the_log() -> None:
    made = [auth.begin(subdomain="acme", client_id="c", redirect_uri=REDIRECT) for _ in range(2)]
    assert made[0].state != made[1].state
    assert made[0].verifier != made[1].verifier
    assert made[0].verifier not in repr(made[0]) + made[0].url
    assert made[0].url.startswith("https://acme.zendesk.com/oauth/authorizations/new?")


def test_an_authorised_connection_works(connect: Any, authorise: Any) -> None:
    secrets = authorise()
    assert secrets["kind"] == "oauth"
    assert connect(secrets=secrets).check().ok


def test_a_code_serves_once_and_only_with_its_verifier(
    authorise: Any, grant: auth.Grant, emulator: Emulator, time: Any
) -> None:
    known = emulator.credentials
    with pytest.raises(NeedsReauth):
        auth.exchange_code(
            grant,
            code="made-up",
            verifier="x" * 43,
            client_id=known.oauth_client_id,
            client_secret=known.oauth_client_secret,
            redirect_uri=REDIRECT,
            now=time(),
        )


def test_a_token_about_to_end_is_renewed_before_it_is_used(
    connect: Any, authorise: Any, time: Any, emulator: Emulator
) -> None:
    connector = connect(secrets=authorise())
    connector.check()
    time.pass_by(29 * 60 + 30)
    connector.check()
    assert [seen.status for seen in emulator.state.requests if seen.status == 401] == []
    time.pass_by(10 * 24 * 3600)
    assert connector.check().ok


def test_the_new_pair_is_stored_before_it_is_used(
    connect: Any, kept_tokens: Any, authorise: Any, time: Any
) -> None:
    tokens = kept_tokens(expire(authorise(), time))
    connector = connect(tokens=tokens)
    connector.check()
    assert len(tokens.rotations) == 1
    # The process dies now; the next one finds the pair that works.
    assert connect(tokens=tokens).check().ok
    assert len(tokens.rotations) == 1


def test_a_token_refused_early_is_renewed_once_and_the_call_made_again(
    connect: Any, kept_tokens: Any, authorise: Any, emulator: Emulator
) -> None:
    tokens = kept_tokens(authorise())
    connector = connect(tokens=tokens)
    connector.check()
    for token in emulator.state.oauth_tokens.values():
        token.expires_at = emulator.state.clock() - timedelta(seconds=1)
    assert connector.check().ok
    assert len(tokens.rotations) == 1


def test_two_threads_that_refresh_at_once_rotate_once(
    connect: Any, kept_tokens: Any, authorise: Any, time: Any, emulator: Emulator
) -> None:
    tokens = kept_tokens(expire(authorise(), time))
    shared = connect(tokens=tokens)
    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(lambda _: shared.check(), range(4)))
    assert all(report.ok for report in reports)
    assert len(tokens.rotations) == 1
    asked = [seen for seen in emulator.state.requests if seen.path == "/oauth/tokens"]
    assert [seen.status for seen in asked] == [200, 200]  # the code, then one refresh


def test_another_processs_rotation_is_noticed(
    connect: Any, kept_tokens: Any, authorise: Any, time: Any
) -> None:
    tokens = kept_tokens(authorise())
    slow, quick = connect(tokens=tokens), connect(tokens=tokens)
    slow.check()
    quick.check()
    time.pass_by(31 * 60)
    quick.check()
    slow.check()
    assert len(tokens.rotations) == 1


def test_a_revoked_authorisation_asks_for_a_person_without_a_storm(
    connect: Any, authorise: Any, emulator: Emulator
) -> None:
    connector = connect(secrets=authorise())
    connector.check()
    emulator.state.oauth_tokens.clear()
    before = len(emulator.state.requests)
    for _ in range(2):
        with pytest.raises(NeedsReauth, match="authorise"):
            connector.check()
    assert len(emulator.state.requests) - before <= 6


def test_client_credentials_fetch_their_own_token_and_the_next(
    connect: Any, kept_tokens: Any, emulator: Emulator, time: Any
) -> None:
    known = emulator.credentials
    tokens = kept_tokens(
        {
            "kind": "client_credentials",
            "client_id": known.oauth_client_id,
            "client_secret": known.oauth_client_secret,
        }
    )
    connector = connect(tokens=tokens)
    assert connector.check().ok
    time.pass_by(3600)
    assert connector.check().ok
    emulator.state.oauth_tokens.clear()
    assert connector.check().ok
    assert len(tokens.rotations) == 3


def test_a_rotated_client_secret_is_named(connect: Any, emulator: Emulator) -> None:
    secrets = {
        "kind": "client_credentials",
        "client_id": emulator.credentials.oauth_client_id,
        "client_secret": "old",
    }
    with pytest.raises(NeedsReauth, match="secret"):
        connect(secrets=secrets).check()


def test_a_new_api_token_is_picked_up_without_a_restart(
    connect: Any, kept_tokens: Any, api_token: dict[str, str]
) -> None:
    tokens = kept_tokens(api_token | {"token": "old"})
    connector = connect(tokens=tokens)
    with pytest.raises(NeedsReauth):
        connector.check()
    tokens.secrets["token"] = api_token["token"]
    assert connector.check().ok


def test_a_password_in_place_of_a_token_is_a_stranger(connect: Any, emulator: Emulator) -> None:
    # Zendesk answers 200 and "Anonymous user" to whom it does not know.
    connector = connect(secrets={"kind": "oauth", "access_token": ""})
    with pytest.raises(NeedsReauth):
        connector.check()


def test_a_connection_without_secrets_asks_for_a_person(connect: Any) -> None:
    with pytest.raises(NeedsReauth, match="no sign-in yet"):
        connect(secrets={"kind": ""}).check()


def test_a_token_with_scopes_too_small_may_not_write(
    connect: Any, authorise: Any, emulator: Emulator
) -> None:
    connector = connect(secrets=authorise())
    for token in emulator.state.oauth_tokens.values():
        token.scopes = ["read"]
    report = connector.check()
    assert [item.name for item in report.items if not item.ok] == ["token"]
    assert "read write" in next(item.advice for item in report.items if not item.ok)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant"}, NeedsReauth),
        (401, {"error": "invalid_client"}, NeedsReauth),
        (400, {"error": "invalid_scope"}, NeedsReauth),
        (422, {"error": "else"}, NeedsReauth),
        (403, None, NeedsReauth),
        (404, None, Misconfigured),
        (302, None, Misconfigured),
        (429, {}, RateLimited),
        (500, None, Unavailable),
        (200, {}, Unavailable),
        (200, [], Unavailable),
    ],
)
def test_every_refusal_of_a_token_says_what_to_do(
    status: int, body: Any, kind: type[ConnectorError], time: Any
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        if body is None:
            return httpx.Response(status, html="<html>no</html>")
        return httpx.Response(status, json=body)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        endpoint = auth.token_endpoint("acme", http=http, clock=time)
        with pytest.raises(kind) as met:
            endpoint({"grant_type": "refresh_token", "refresh_token": "s3cret"})
    assert "s3cret" not in str(met.value)


def test_a_token_endpoint_that_breaks_keeps_the_old_pair(
    connect: Any, kept_tokens: Any, authorise: Any, time: Any, emulator: Emulator
) -> None:
    tokens = kept_tokens(expire(authorise(), time))
    emulator.faults.on(FaultKind.SERVER_ERROR, path="/oauth/tokens", status=503)
    with pytest.raises(Unavailable):
        connect(tokens=tokens).check()
    assert tokens.rotations == []
    emulator.faults.off()
    assert connect(tokens=tokens).check().ok


def test_a_token_without_an_end_is_never_renewed(time: Any) -> None:
    def never(_: Mapping[str, str]) -> Mapping[str, Any]:
        raise AssertionError("asked for a token")

    class Tokens:
        def read(self) -> Mapping[str, str]:
            return {
                "kind": "oauth",
                "access_token": "at",
                "refresh_token": "rt",
                "expires_at": "",
            }

        def rotate(self, change: object) -> Mapping[str, str]:
            raise AssertionError("rotated")

    class Clock:
        def __call__(self) -> datetime:
            return time()  # type: ignore[no-any-return]

    assert auth.SignIn(tokens=Tokens(), grant=never, clock=Clock()).header() == "Bearer at"
