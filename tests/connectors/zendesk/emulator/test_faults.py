"""Faults over HTTP: what they do to an answer, and to the work behind it."""

import httpx
import pytest

from connectors.zendesk.emulator import Fault, FaultKind, Faults


def get(emulator, path="/api/v2/users/me.json", **more):
    login = emulator.credentials
    auth = (f"{login.email}/token", login.api_token)
    return httpx.get(f"{login.base_url}{path}", auth=auth, trust_env=False, **more)


def test_a_storm_answers_429_as_long_as_it_lasts(account):
    account.faults.on("rate_limit", times=2, retry_after=7)
    storm = [account.api.get("/users/me.json") for _ in range(3)]
    assert [each.status_code for each in storm] == [429, 429, 200]
    assert storm[0].headers["Retry-After"] == "7"


def test_older_gateways_answer_429_in_plain_text(account):
    account.faults.on("rate_limit", times=1, plain=True)
    refused = account.api.get("/users/me.json")
    assert refused.text == "Number of allowed API requests per minute exceeded"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_does_nothing(account, status):
    account.faults.on("server_error", status=status, method="PUT", times=1)
    assert account.write(account.ids["parcel"], priority="low").status_code == status
    assert account.read(account.ids["parcel"])["priority"] == "high"


def test_planned_maintenance_says_when_to_come_back(account):
    account.faults.on("server_error", retry_after=30, plain=True)
    refused = account.api.get("/users/me.json")
    assert refused.headers["Retry-After"] == "30"
    assert refused.headers["Content-Type"].startswith("text/html")


def test_a_lost_answer_has_done_its_work(account):
    account.faults.on("lost_answer", status=504, method="PUT", times=1)
    assert account.write(account.ids["parcel"], priority="low").status_code == 504
    assert account.read(account.ids["parcel"])["priority"] == "low"


def test_credentials_can_be_refused_for_a_while(account):
    account.faults.on("unauthorized", times=1)
    assert account.api.get("/tickets.json").status_code == 401
    assert account.api.get("/tickets.json").status_code == 200


def test_a_fault_hits_only_what_it_names(account):
    account.faults.on("server_error", path=r"/incremental/", method="get")
    assert account.api.get("/tickets.json").status_code == 200
    assert account.api.get("/incremental/tickets/cursor.json?start_time=1").status_code == 503
    account.faults.off("server_error")
    assert account.api.get("/incremental/tickets/cursor.json?start_time=1").status_code == 200


def test_faults_can_skip_and_take_turns():
    faults = Faults()
    number = faults.on("latency", skip=1, every=3, times=2)
    drawn = [faults.draw(FaultKind.LATENCY, "/x") is not None for _ in range(9)]
    assert drawn == [False, True, False, False, True, False, False, False, False]
    assert faults.report()[0]["hits"] == 2
    faults.off(number)
    assert faults.report() == []


def test_senseless_faults_are_refused():
    for wrong in ({"every": 0}, {"times": 0}, {"path": "("}):
        with pytest.raises(Exception, match=r".+"):
            Fault(kind=FaultKind.LATENCY, **wrong)
    with pytest.raises(ValueError, match="earthquake"):
        Faults().on("earthquake")


def test_a_cut_body_breaks_the_connection_half_way(emulator):
    emulator.faults.on("cut_body", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        get(emulator)
    assert get(emulator).status_code == 200


def test_a_dropped_connection_answers_nothing(emulator):
    emulator.faults.on("dropped_connection", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        get(emulator)
    assert get(emulator).status_code == 200


def test_latency_makes_a_client_time_out(emulator):
    emulator.faults.on("latency", seconds=0.4, times=1)
    with pytest.raises(httpx.ReadTimeout):
        get(emulator, timeout=0.1)
    assert get(emulator, timeout=5).status_code == 200
