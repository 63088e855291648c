"""The one way out: odd answers, limits, hosts and threads, over real HTTP."""

from __future__ import annotations

import gc
import logging
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import (
    ConnectorError,
    Gone,
    Misconfigured,
    NeedsReauth,
    RateLimited,
    Unavailable,
)
from connectors.http import Throttled
from connectors.pacing import InMemoryPacer
from connectors.records import RecordKind
from connectors.zendesk.emulator.faults import FaultKind
from connectors.zendesk.emulator.server import Emulator

ME = {"user": {"id": 1, "role": "admin", "name": "Us"}}
EMPTY = {"tickets": [], "users": [], "end_of_stream": True, "after_cursor": None}


@pytest.fixture
def lost(connect: Any, odd: Any) -> Any:
    """A connector that talks to the odd server."""
    return connect(base_url=odd.base_url)


def both_ways(connector: Any, time: Any) -> list[Callable[[], object]]:
    """A call zenpy makes and one httpx makes."""
    return [
        lambda: connector.pull(RecordKind.TICKET, None, since=time()),
        lambda: connector.fetch_ticket("42"),
    ]


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (401, {}, {"error": "Couldn't authenticate you"}, NeedsReauth),
        (403, {}, {"error": {"title": "Forbidden", "message": "m"}}, Misconfigured),
        (404, {}, {"error": "RecordNotFound", "description": "Not found"}, Gone),
        (404, {"Content_Type": "text/html"}, b"<html>no help desk here</html>", Misconfigured),
        (301, {"Location": "https://evil.example/"}, b"", Misconfigured),
        (429, {"Content_Type": "text/plain", "Retry_After": "90"}, b"Number of", RateLimited),
        (503, {"Retry_After": "600", "Content_Type": "text/html"}, b"<html>", RateLimited),
        (500, {"Content_Type": "text/html"}, b"<html>oops</html>", Unavailable),
        (200, {"Content_Type": "text/html"}, b"<html>a proxy</html>", Unavailable),
        (200, {}, b'{"ticket": {"id"', Unavailable),
        (200, {"Content_Length": "5000"}, b'{"ticket"', Unavailable),
        (200, {}, [], Unavailable),
        (400, {}, {"errors": [{"code": "InvalidPaginationDepth", "detail": "x"}]}, ConnectorError),
    ],
)
def test_every_odd_answer_becomes_one_of_our_errors(
    lost: Any,
    odd: Any,
    time: Any,
    way: int,
    status: int,
    headers: dict[str, str],
    body: Any,
    kind: type[ConnectorError],
) -> None:
    odd.say(status, body, **headers)
    with pytest.raises(kind):
        both_ways(lost, time)[way]()
    assert len(odd.seen) <= 2
    assert time.slept <= 20


@pytest.mark.parametrize("way", [0, 1])
def test_an_answer_that_never_comes_is_given_up(connect: Any, time: Any, way: int) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connector = connect(base_url=url, timeout=0.2)
        with pytest.raises(Unavailable):
            both_ways(connector, time)[way]()


@pytest.mark.parametrize("way", [0, 1])
def test_a_machine_that_refuses_is_unavailable(connect: Any, time: Any, way: int) -> None:
    connector = connect(base_url="http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="refuses"):
        both_ways(connector, time)[way]()


@pytest.mark.parametrize("way", [0, 1])
def test_a_host_nobody_knows_is_a_wrong_setting(connect: Any, time: Any, way: int) -> None:
    connector = connect(base_url="http://no-such-host.invalid")
    try:
        socket.getaddrinfo("no-such-host.invalid", 80)
    except socket.gaierror as error:
        if error.errno != socket.EAI_NONAME:
            pytest.skip("no name service on this machine")
    with pytest.raises(Misconfigured, match="address"):
        both_ways(connector, time)[way]()


def test_an_error_says_what_to_do_and_quotes_neither_query_nor_words(
    lost: Any, odd: Any, time: Any
) -> None:
    odd.say(422, {"error": "RecordInvalid", "details": {"base": [{"description": "Ann's words"}]}})
    for way in both_ways(lost, time):
        with pytest.raises(ConnectorError) as met:
            way()
        assert "words" not in str(met.value)
        assert "?" not in str(met.value)


def test_a_link_to_another_host_is_not_followed(connect: Any, time: Any) -> None:
    client = connect()._client
    for url in ("https://evil.example/api/v2/users/me.json", "http://127.0.0.1:1/api/v2/x"):
        with pytest.raises(Misconfigured, match="another host"):
            client._session.get(url)


def test_two_accounts_at_different_hosts_live_in_one_process(time: Any, connect: Any) -> None:
    with Emulator(clock=time) as one, Emulator(clock=time) as two:
        for number, emulator in enumerate((one, two), start=1):
            emulator.people.new_ticket(text=f"Number {number}", email="a@b.example")
        time.pass_by(600)
        texts = []
        for emulator in (one, two):
            known = emulator.credentials
            secrets = {"kind": "api_token", "email": known.email, "token": known.api_token}
            connector = connect(base_url=emulator.base_url, secrets=secrets)
            [row] = connector.pull(RecordKind.TICKET, None, since=time() - timedelta(1)).records
            texts.append(connector.fetch_ticket(row.id).interactions[0].text)
        assert texts == ["Number 1", "Number 2"]


def test_each_thread_has_a_client_of_its_own(connector: Any) -> None:
    clients = [connector._client]
    thread = threading.Thread(target=lambda: clients.append(connector._client))
    thread.start()
    thread.join()
    assert clients[0] is not clients[1]
    assert clients[0] is connector._client


def test_a_thread_that_ends_takes_its_client_along(connector: Any) -> None:
    thread = threading.Thread(target=connector.check)
    thread.start()
    thread.join()
    gc.collect()
    assert len(connector._clients) == 0


def test_a_closed_connector_may_be_used_again(connector: Any) -> None:
    connector.check()
    connector.close()
    assert connector.check().ok


def test_cookies_are_not_kept(lost: Any, odd: Any, time: Any) -> None:
    odd.say(200, EMPTY, Set_Cookie="_zendesk_session=abc; Path=/")
    for _ in range(2):
        lost.pull(RecordKind.TICKET, None, since=time())
        with pytest.raises(Unavailable):
            lost.fetch_ticket("42")
    assert all("cookie" not in headers for _, _, headers in odd.seen)


def test_zenpy_prints_no_customers_words_even_at_debug_level(
    connector: Any, emulator: Emulator, time: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ticket_id = emulator.people.new_ticket(text="my secret sorrow", email="a@b.example")
    time.pass_by(600)
    connector.pull(RecordKind.TICKET, None, since=time() - timedelta(days=1))
    connector.fetch_ticket(str(ticket_id))
    assert "sorrow" not in caplog.text
    assert "Authorization" not in caplog.text


def test_a_cursor_with_odd_characters_arrives_as_it_is(lost: Any, odd: Any, time: Any) -> None:
    odd.say(200, EMPTY | {"end_of_stream": False, "after_cursor": "a+b/c=="})
    odd.say(200, EMPTY | {"after_cursor": "next"})
    page = lost.pull(RecordKind.TICKET, None, since=time())
    lost.pull(RecordKind.TICKET, page.cursor, since=time())
    assert odd.seen[-1][1].endswith("cursor=a%2Bb%2Fc%3D%3D")


def test_the_accounts_own_limit_is_learnt_and_a_share_left_to_others(
    connect: Any, odd: Any, time: Any
) -> None:
    rates: list[float] = []

    class Watched(InMemoryPacer):
        def reserve(self, budget: str, *, per_minute: float, **rest: Any) -> float:
            if budget == "api":
                rates.append(per_minute)
            return super().reserve(budget, per_minute=per_minute, **rest)

    odd.say(200, EMPTY, X_Rate_Limit="700", X_Rate_Limit_Remaining="650")
    connector = connect(base_url=odd.base_url, pacer=Watched(clock=time), quota_share=0.5)
    for _ in range(2):
        connector.pull(RecordKind.TICKET, None, since=time())
    assert rates == [100, 350]


def test_when_the_minute_is_nearly_used_up_everybody_waits_for_the_next(
    connect: Any, odd: Any, time: Any
) -> None:
    odd.say(200, EMPTY, X_Rate_Limit="700", X_Rate_Limit_Remaining="30", ratelimit_reset="41")
    pacer = InMemoryPacer(clock=time)
    connect(base_url=odd.base_url, pacer=pacer).pull(RecordKind.TICKET, None, since=time())
    with pytest.raises(Throttled) as spent:
        connect(base_url=odd.base_url, pacer=pacer).fetch_ticket("1")
    assert spent.value.retry_after == pytest.approx(41)
    assert spent.value.budget == "api"


def test_a_spent_export_budget_stops_exports_and_nothing_else(
    connect: Any, odd: Any, time: Any
) -> None:
    told = "total=10; remaining=0; resets=50"
    odd.say(200, EMPTY, Zendesk_RateLimit_Incremental_Exports=told)
    connector = connect(base_url=odd.base_url)
    connector.pull(RecordKind.TICKET, None, since=time())
    with pytest.raises(Throttled) as spent:
        connector.pull(RecordKind.CONTACT, None, since=time())
    assert spent.value.budget == "export"
    with pytest.raises(Unavailable):
        connector.fetch_ticket("1")


def test_the_webhook_apis_own_limit_is_not_taken_for_the_accounts(
    connector: Any, emulator: Emulator
) -> None:
    connector.plan((), webhook_url="https://x.example/hook")
    assert connector._client._line._limit == emulator.state.options.limits.account


def test_exports_keep_below_ten_a_minute(connector: Any, emulator: Emulator, time: Any) -> None:
    for _ in range(30):
        try:
            connector.pull(RecordKind.TICKET, None, since=time())
        except RateLimited as spent:
            time.pass_by(spent.retry_after)
    statuses = [seen.status for seen in emulator.state.requests if "incremental" in seen.path]
    assert set(statuses) == {200}


def test_a_short_storm_is_ridden_out(connector: Any, emulator: Emulator, time: Any) -> None:
    emulator.faults.on(FaultKind.RATE_LIMIT, retry_after=3, times=2)
    assert connector.check().ok
    assert 6 <= time.slept <= 20


def test_an_answer_of_a_hundred_megabytes_is_not_swallowed(lost: Any, odd: Any, time: Any) -> None:
    odd.say(200, b" " * (65 * 1024 * 1024))
    for way in both_ways(lost, time):
        with pytest.raises(Unavailable, match="too large"):
            way()
