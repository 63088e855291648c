"""Statuses become our errors, and calls wait for their turn within bounds."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import errors
from connectors.http import (
    LONGEST_RETRY_AFTER,
    Answer,
    Budget,
    Throttled,
    Turnstile,
    error_for,
    network_error,
    retry_after,
)
from connectors.pacing import InMemoryPacer

NOW = datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
API = Budget(name="api", per_minute=600)


class Time:
    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def answer(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=b"{}")


def turnstile(time: Time, *, max_wait: float = 20) -> Turnstile:
    pacer = InMemoryPacer(clock=time)
    return Turnstile(system="It", pacer=pacer, clock=time, sleep=time.sleep, max_wait=max_wait)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.Misconfigured),
        (400, errors.Skippable),
        (401, errors.NeedsReauth),
        (403, errors.Misconfigured),
        (404, errors.Gone),
        (409, errors.Conflict),
        (410, errors.Gone),
        (422, errors.Skippable),
        (500, errors.Unavailable),
        (502, errors.Unavailable),
        (504, errors.Unavailable),
    ],
)
def test_a_status_says_what_to_do(status: int, kind: type[errors.ConnectorError]) -> None:
    error = error_for(answer(status), system="It", call="GET /x")
    assert type(error) is kind
    assert "GET /x" in str(error)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_no_error(status: int) -> None:
    assert error_for(answer(status), system="It", call="GET /x") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("37", 37.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("99999999", LONGEST_RETRY_AFTER),
        ("inf", LONGEST_RETRY_AFTER),
        ("Sun, 01 Mar 2026 10:21:00 GMT", 30.0),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, now=NOW) == seconds


@given(st.text())
def test_no_retry_after_header_breaks_us(text: str) -> None:
    seconds = retry_after({"retry-after": text}, now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


def test_a_short_wait_is_sat_out_and_the_call_made_again() -> None:
    time = Time()
    answers = [answer(429, retry_after="5"), answer(200)]
    assert turnstile(time).pass_through(lambda: answers.pop(0), [API]).status == 200
    assert sum(time.slept) == pytest.approx(5)


def test_a_storm_of_refusals_ends_within_the_wait_we_allow() -> None:
    time, calls = Time(), []

    def refuse() -> Answer:
        calls.append(time.now)
        return answer(429, retry_after="4")

    with pytest.raises(Throttled) as spent:
        turnstile(time, max_wait=20).pass_through(refuse, [API])
    assert sum(time.slept) <= 20
    assert len(calls) <= 6
    assert spent.value.retry_after == 4
    assert spent.value.budget == "api"


def test_a_refusal_that_asks_for_nothing_cannot_make_us_spin() -> None:
    time, calls = Time(), []

    def refuse() -> Answer:
        calls.append(1)
        return answer(429, retry_after="0")

    with pytest.raises(Throttled):
        turnstile(time, max_wait=10).pass_through(refuse, [API])
    assert len(calls) <= 11


def test_a_refusal_pauses_everybody_who_shares_the_budget() -> None:
    time = Time()
    pacer = InMemoryPacer(clock=time)

    def another() -> Turnstile:
        return Turnstile(system="It", pacer=pacer, clock=time, sleep=time.sleep, max_wait=1)

    with pytest.raises(Throttled):
        another().pass_through(lambda: answer(429, retry_after="30"), [API])
    with pytest.raises(Throttled) as spent:
        another().pass_through(lambda: answer(200), [API])
    assert spent.value.retry_after == pytest.approx(30)


def test_a_refusal_with_account_budget_left_blames_the_special_budget() -> None:
    time = Time()
    ticket = Budget(name="ticket:1", per_minute=3)
    with pytest.raises(Throttled) as spent:
        turnstile(time).pass_through(
            lambda: answer(429, retry_after="60", x_rate_limit_remaining="12"), [API, ticket]
        )
    assert spent.value.budget == "ticket:1"


def test_refused_callers_do_not_push_the_queue_further_out() -> None:
    time = Time()
    pacer = InMemoryPacer(clock=time)
    gate = Turnstile(system="It", pacer=pacer, clock=time, sleep=time.sleep, max_wait=1)
    slow = Budget(name="export", per_minute=6)
    waits = []
    for _ in range(100):
        try:
            gate.wait([slow])
        except Throttled as spent:
            waits.append(spent.retry_after)
    assert waits
    assert max(waits) <= 10


def test_a_name_nobody_knows_is_a_setting_and_other_trouble_passes() -> None:
    unknown = RuntimeError("outer")
    unknown.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert type(network_error(unknown, system="It", host="h")) is errors.Misconfigured
    flaky = RuntimeError("outer", socket.gaierror(socket.EAI_AGAIN, "Try again"))
    assert type(network_error(flaky, system="It", host="h")) is errors.Unavailable
    assert type(network_error(TimeoutError(), system="It", host="h")) is errors.Unavailable
