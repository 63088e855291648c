from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.pacing import InMemoryPacer, burst
from server.store import Database, NestedTransaction
from server.store.budgets import FORGET_AFTER, SqlPacer, forget_rested

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def pacer(database: Database, connection: str = "zd", clock: Any = None) -> SqlPacer:
    return SqlPacer(database, connection_id=connection, clock=clock or Clock())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.sampled_from([60.0, 100.0, 7.5]), st.integers(1, 4)),
        st.tuples(st.just("hand back"), st.sampled_from([60.0, 100.0]), st.integers(-3, -1)),
        st.tuples(st.just("pause"), st.floats(0, 30), st.just(0)),
        st.tuples(st.just("rest"), st.floats(0, 20), st.just(0)),
    ),
    max_size=12,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_it_answers_as_the_pacer_in_memory_does(
    database: Database, steps: list[tuple[str, float, int]]
) -> None:
    budget = uuid.uuid4().hex  # not drawn: every example needs one of its own
    clock = Clock()
    ours, theirs = pacer(database, clock=clock), InMemoryPacer(clock=clock)
    for what, value, cost in steps:
        if what == "pause":
            ours.pause(budget, seconds=value)
            theirs.pause(budget, seconds=value)
        elif what == "rest":
            clock.now += timedelta(seconds=value)
        else:
            found = ours.reserve(budget, per_minute=value, cost=cost)
            expected = theirs.reserve(budget, per_minute=value, cost=cost)
            if cost > 0:
                assert found == pytest.approx(expected, abs=1e-4)


def test_eight_threads_never_get_more_than_the_rate(database: Database) -> None:
    per_minute = 120.0
    pacers = [pacer(database) for _ in range(8)]
    slots: list[float] = []

    def work(mine: SqlPacer) -> None:
        slots.extend(mine.reserve("api", per_minute=per_minute) for _ in range(25))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in pacers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slots.sort()
    assert len(slots) == 200
    # The clock stands still, so the waiting times are the slots themselves.
    allowed = burst(per_minute)
    for start in slots:
        within = [slot for slot in slots if start <= slot < start + 60 - 1e-6]
        assert len(within) <= per_minute + allowed
    assert slots[-1] == pytest.approx((200 - allowed) * 60 / per_minute)


def test_connections_have_budgets_of_their_own(database: Database) -> None:
    for _ in range(50):
        pacer(database, "a").reserve("api", per_minute=60)
    assert pacer(database, "a").reserve("api", per_minute=60) > 0
    assert pacer(database, "b").reserve("api", per_minute=60) == 0
    assert pacer(database, "a").reserve("other", per_minute=60) == 0


def test_a_pause_holds_everybody_up_and_is_never_shortened(database: Database) -> None:
    clock = Clock()
    one, other = pacer(database, clock=clock), pacer(database, clock=clock)
    one.pause("api", seconds=30)
    other.pause("api", seconds=5)
    assert other.reserve("api", per_minute=60) == pytest.approx(30)
    clock.now += timedelta(seconds=31)
    assert other.reserve("api", per_minute=60) == 0


def test_a_booking_inside_a_transaction_is_an_error(database: Database) -> None:
    with database.write(), pytest.raises(NestedTransaction):
        pacer(database).reserve("api", per_minute=60)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_budget_of_nothing_is_refused(database: Database, rate: float) -> None:
    with pytest.raises(ValueError, match="more than zero"):
        pacer(database).reserve("api", per_minute=rate)


def test_budgets_at_rest_are_forgotten(database: Database) -> None:
    clock = Clock()
    mine = pacer(database, clock=clock)
    mine.reserve("ticket:1", per_minute=60)
    mine.pause("ticket:2", seconds=FORGET_AFTER)
    with database.write() as tx:
        assert forget_rested(tx, now=clock.now) == 0
        assert forget_rested(tx, now=clock.now + timedelta(seconds=FORGET_AFTER + 60)) == 1
    assert mine.reserve("ticket:2", per_minute=60) == pytest.approx(FORGET_AFTER)
