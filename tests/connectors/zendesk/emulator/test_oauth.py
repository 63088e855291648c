"""OAuth: consent, codes, short lives, rotation, scopes."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

BACK = "http://localhost:9000/callback"


def ask(account, **more):
    query = {"response_type": "code", "client_id": "keepsake", "redirect_uri": BACK, "state": "s1"}
    with account.anonymous() as browser:
        return browser.get("/oauth/authorizations/new", params={**query, **more})


def allow(account, decision="allow", **more):
    form = {"response_type": "code", "client_id": "keepsake", "redirect_uri": BACK, "state": "s1"}
    with account.anonymous() as browser:
        return browser.post("/oauth/authorizations", data={**form, "decision": decision, **more})


def answer_of(response):
    assert response.status_code == 302, response.text
    place = urlsplit(response.headers["Location"])
    return {key: values[0] for key, values in parse_qs(place.query).items()}


def tokens(account, **body):
    secret = account.state.oauth_clients["keepsake"].secret
    given = {"client_id": "keepsake", "client_secret": secret, **body}
    with account.anonymous() as client:
        return client.post("/oauth/tokens", json=given)


def granted(account, scope="read write", **more):
    code = answer_of(allow(account, scope=scope))["code"]
    return tokens(account, grant_type="authorization_code", code=code, redirect_uri=BACK, **more)


def test_a_person_is_asked_and_can_say_no(account):
    page = ask(account, scope="read")
    assert page.status_code == 200
    assert "Allow Keepsake in?" in page.text
    assert answer_of(allow(account, decision="deny"))["error"] == "access_denied"


def test_an_account_may_be_set_to_agree_at_once(open_account):
    account = open_account(auto_consent=True)
    told = answer_of(ask(account))
    assert told["state"] == "s1"
    assert told["code"]


def test_a_code_buys_a_pair_of_tokens_once(account):
    code = answer_of(allow(account, scope="read write"))["code"]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    first = tokens(account, **body)
    assert first.status_code == 200
    pair = first.json()
    assert (pair["token_type"], pair["scope"]) == ("bearer", "read write")
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (1800, 2592000)
    again = tokens(account, **body)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    with account.bearer(pair["access_token"]) as client:
        me = client.get("/api/v2/users/me.json").json()["user"]
        assert me["id"] == account.state.integration.id
        current = client.get("/api/v2/oauth/tokens/current.json").json()["token"]
        assert current["expires_at"] == "2026-03-01T12:30:00Z"


def test_a_code_lives_two_minutes(account):
    code = answer_of(allow(account))["code"]
    account.clock.turn(121)
    late = tokens(account, grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert late.json()["error"] == "invalid_grant"


def test_an_access_token_dies_by_the_clock(account):
    pair = granted(account).json()
    with account.bearer(pair["access_token"]) as client:
        account.clock.turn(1799)
        assert client.get("/api/v2/tickets.json").status_code == 200
        account.clock.turn(1)
        refused = client.get("/api/v2/tickets.json")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


def test_a_refresh_kills_both_old_tokens_at_once(account):
    old = granted(account).json()
    new = tokens(account, grant_type="refresh_token", refresh_token=old["refresh_token"]).json()
    with account.bearer(old["access_token"]) as client:
        assert client.get("/api/v2/tickets.json").status_code == 401
    with account.bearer(new["access_token"]) as client:
        assert client.get("/api/v2/tickets.json").status_code == 200
    again = tokens(account, grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_lost_answer_to_a_refresh_locks_the_client_out(account):
    old = granted(account).json()
    account.faults.on("lost_answer", path="/oauth/tokens", times=1)
    refresh = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    assert tokens(account, **refresh).status_code == 503
    assert tokens(account, **refresh).json()["error"] == "invalid_grant"


def test_machines_get_a_token_without_refresh(account):
    pair = tokens(account, grant_type="client_credentials", scope="read").json()
    assert "refresh_token" not in pair
    with account.bearer(pair["access_token"]) as client:
        assert client.get("/api/v2/users/me.json").json()["user"]["email"] == account.email


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/tickets.json", 200),
        ("read", "PUT", "/tickets/{parcel}.json", 403),
        ("tickets:read", "GET", "/tickets.json", 200),
        ("tickets:read", "GET", "/incremental/tickets/cursor.json?start_time=1", 200),
        ("tickets:read", "GET", "/users.json", 403),
        ("tickets:write", "PUT", "/tickets/{parcel}.json", 200),
        ("users:read", "GET", "/users/me.json", 200),
    ],
)
def test_scopes_are_kept(account, scope, method, path, status):
    pair = granted(account, scope=scope).json()
    place = path.format(parcel=account.ids["parcel"])
    body = {"ticket": {"priority": "low"}} if method == "PUT" else None
    with account.bearer(pair["access_token"]) as client:
        answer = client.request(method, f"/api/v2{place}", json=body)
    assert answer.status_code == status


def test_a_senseless_scope_is_refused(account):
    assert ask(account, scope="everything").json()["error"] == "invalid_scope"


def test_a_revoked_token_is_worthless(account):
    pair = granted(account).json()
    with account.bearer(pair["access_token"]) as client:
        token = client.get("/api/v2/oauth/tokens/current.json").json()["token"]
        assert client.delete(f"/api/v2/oauth/tokens/{token['id']}.json").status_code == 204
        assert client.get("/api/v2/tickets.json").status_code == 401


@pytest.mark.parametrize("seconds", [300, 172_800])
def test_lives_out_of_bounds_are_refused(account, seconds):
    assert granted(account, expires_in=seconds).json()["error"] == "invalid_request"


@pytest.mark.parametrize("place", ["http://evil.example/back", "javascript:alert(1)", ""])
def test_a_way_back_must_be_safe(account, place):
    assert ask(account, redirect_uri=place).json()["error"] == "invalid_request"


def test_a_wrong_secret_is_refused(account):
    refused = tokens(account, grant_type="client_credentials", client_secret="wrong")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_public_clients_prove_themselves_with_a_verifier(account):
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    public = {"client_id": "keepsake_public"}
    assert ask(account, **public).json()["error"] == "invalid_request"
    proof = {**public, "code_challenge": challenge, "code_challenge_method": "S256"}
    for given, status in ((verifier, 200), ("x" * 50, 400)):
        code = answer_of(allow(account, **proof))["code"]
        done = tokens(
            account,
            client_id="keepsake_public",
            grant_type="authorization_code",
            code=code,
            redirect_uri=BACK,
            code_verifier=given,
        )
        assert done.status_code == status
