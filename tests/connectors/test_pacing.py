"""The rate budget in memory."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pacing import InMemoryPacer, burst

START = datetime(2026, 3, 1, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@given(
    per_minute=st.floats(min_value=1, max_value=1000),
    gaps=st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=150),
)
def test_no_minute_holds_more_calls_than_the_rate_and_one_burst(
    per_minute: float, gaps: list[float]
) -> None:
    time, made = Time(), []
    pacer = InMemoryPacer(clock=time)
    for gap in gaps:
        time.sleep(gap)
        time.sleep(pacer.reserve("api", per_minute=per_minute))
        made.append(time.now)
    for first in made:
        within = [at for at in made if first <= at < first + timedelta(minutes=1)]
        assert len(within) <= per_minute + burst(per_minute) + 1


def test_budgets_do_not_know_each_other() -> None:
    pacer = InMemoryPacer(clock=Time())
    for _ in range(10):
        pacer.reserve("ticket:1", per_minute=2)
    assert pacer.reserve("ticket:1", per_minute=2) > 60
    assert pacer.reserve("ticket:2", per_minute=2) == 0


def test_a_booking_handed_back_leaves_no_trace() -> None:
    pacer = InMemoryPacer(clock=Time())
    for _ in range(20):
        pacer.reserve("api", per_minute=60)
    before = pacer.reserve("api", per_minute=60)
    pacer.reserve("api", per_minute=60, cost=-1)
    for _ in range(50):
        pacer.reserve("api", per_minute=60)
        pacer.reserve("api", per_minute=60, cost=-1)
    assert pacer.reserve("api", per_minute=60) == pytest.approx(before)


def test_a_pause_stops_everyone_and_ends() -> None:
    time = Time()
    pacer = InMemoryPacer(clock=time)
    pacer.pause("api", seconds=30)
    pacer.pause("api", seconds=5)
    assert pacer.reserve("api", per_minute=600) == pytest.approx(30)
    time.sleep(31)
    assert pacer.reserve("api", per_minute=600) == 0


def test_a_budget_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        InMemoryPacer(clock=Time()).reserve("api", per_minute=0)
