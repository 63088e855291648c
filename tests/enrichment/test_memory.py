"""The arithmetic of docs/memory-model.md, figure by figure, and what must hold for all figures."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.memory import (
    Memory,
    affect,
    distinctiveness,
    effort,
    encoding,
    episode_quality,
    forecast,
    half_life,
    memory_impact,
    quality_after,
    recall,
    recovery_credit,
    rehearsed,
    remembered_feeling,
    remind_at,
    retention,
    strongest,
)
from enrichment.moments import Features, MomentKind
from enrichment.priors import PRIORS

AT = datetime(2026, 3, 2, tzinfo=UTC)
STRONGEST = Features(
    arousal=1.0, valence=-1.0, distinctiveness=1.0, severity=1.0, effort=1.0, peak=1.0
)

part = st.floats(0.0, 1.0)
signed = st.floats(-1.0, 1.0)
days = st.floats(0.0, 2000.0)


@st.composite
def features(draw: st.DrawFn, *, known: bool | None = None) -> Features:
    read = draw(st.booleans()) if known is None else known
    return Features(
        arousal=draw(part) if read else None,
        valence=draw(signed) if read else None,
        distinctiveness=draw(part),
        severity=draw(part),
        effort=draw(part),
        peak=draw(st.sampled_from([0.0, 1.0])),
    )


@st.composite
def memories(draw: st.DrawFn, *, known: bool | None = None) -> Memory:
    number = draw(st.integers(0, 10**9))
    return Memory(
        moment_id=f"m{number}",
        kind=draw(st.sampled_from(MomentKind)),
        at=AT + timedelta(days=draw(st.floats(-900, 0))),
        ticket_id=f"t{number % 7}",
        interaction_id=f"i{number}",
        features=draw(features(known=known)),
        stretch=draw(st.floats(1.0, 50.0)),
        resolved=draw(st.booleans()),
        repeat=draw(st.booleans()),
    )


lists = st.lists(memories(), max_size=12, unique_by=lambda memory: memory.moment_id)


def memory(days_ago: float = 0.0, **changed: object) -> Memory:
    made = Memory(
        moment_id="m1",
        kind=MomentKind.FRUSTRATION_PEAK,
        at=AT - timedelta(days=days_ago),
        ticket_id="42",
        features=Features(arousal=0.5, valence=-0.8),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


# The figures of the page


def test_a_routine_exchange_is_encoded_at_17_and_half_gone_after_two_days() -> None:
    assert encoding(Features(), PRIORS) == pytest.approx(0.17, abs=0.005)
    assert half_life(Features(), PRIORS) == 2.0


def test_the_strongest_moment_is_encoded_at_94_and_half_gone_after_147_days() -> None:
    assert encoding(STRONGEST, PRIORS) == pytest.approx(0.94, abs=0.005)
    assert half_life(STRONGEST, PRIORS) == pytest.approx(147, abs=0.5)


@pytest.mark.parametrize(
    ("half_life_days", "after_7", "after_30", "after_365"),
    [
        (2, 0.41, 0.33, 0.23),
        (7, 0.50, 0.40, 0.28),
        (30, 0.62, 0.50, 0.34),
        (90, 0.72, 0.59, 0.41),
        (365, 0.85, 0.72, 0.50),
    ],
)
def test_the_forgetting_table_stands(
    half_life_days: float, after_7: float, after_30: float, after_365: float
) -> None:
    for day, left in ((7, after_7), (30, after_30), (365, after_365)):
        assert retention(day, half_life_days, 0.15) == pytest.approx(left, abs=0.005)


def test_encoding_follows_its_formula_term_by_term() -> None:
    f = Features(arousal=0.9, valence=-0.5, distinctiveness=0.4, severity=0.3, effort=0.2, peak=1.0)
    x = -1.6 + 1.2 * 0.4 + 1.2 * 0.3 + 0.8 * 0.5 + 0.6 * 0.2 + 0.5
    assert encoding(f, PRIORS) == pytest.approx(1 / (1 + math.exp(-x)))


def test_half_life_follows_its_formula_term_by_term() -> None:
    f = Features(arousal=0.9, valence=0.5, distinctiveness=0.4, severity=0.3, peak=1.0)
    assert half_life(f, PRIORS) == pytest.approx(
        2 * math.exp(2.1 * 0.9 + 1.1 * 0.4 + 0.7 * 0.3 + 0.4)
    )


def test_arousal_does_not_change_encoding() -> None:
    calm, hot = (Features(arousal=a, valence=-0.5) for a in (0.0, 1.0))
    assert encoding(calm, PRIORS) == encoding(hot, PRIORS)


def test_distinctiveness_follows_its_formula() -> None:
    p = (2 + 20 * 0.06) / (10 + 20)
    assert distinctiveness(2, 10, 0.06, PRIORS) == pytest.approx(1 - math.exp(math.log(p) / 3))


def test_effort_follows_its_formula() -> None:
    e = effort(transfers=1, reopens=2, channel_switches=1, told_you=1, extra=3, priors=PRIORS)
    assert e == pytest.approx(1 - math.exp(-(0.5 + 1.2 + 0.4 + 0.7 + 0.9)))
    assert (
        effort(transfers=0, reopens=0, channel_switches=0, told_you=0, extra=0, priors=PRIORS) == 0
    )


@pytest.mark.parametrize(
    ("valence", "resolved", "phi"), [(0.8, False, 0.10), (-0.8, True, 0.25), (-0.8, False, 0.10)]
)
def test_affect_fades_by_sign_and_by_whether_it_was_put_right(
    valence: float, resolved: bool, phi: float
) -> None:
    felt = memory(30, features=Features(arousal=0.5, valence=valence), resolved=resolved)
    assert affect(felt, AT, PRIORS) == pytest.approx(valence * 0.5 * (1 + 30 / 7) ** -phi)


def test_the_episode_formula_counts_a_negative_peak_twice() -> None:
    assert episode_quality(peak=0.5, end=0.2, mean=0.1, trough=-0.1, priors=PRIORS) == (
        pytest.approx(0.4 * 0.5 + 0.15 * 0.2 + 0.35 * 0.1 - 0.1 * 0.1)
    )
    assert episode_quality(peak=-0.5, end=0.2, mean=0.1, trough=-0.5, priors=PRIORS) == (
        pytest.approx(-2 * 0.4 * 0.5 + 0.15 * 0.2 + 0.35 * 0.1 - 0.1 * 0.5)
    )


def test_the_recovery_credit_follows_its_formula() -> None:
    assert recovery_credit(
        fixed=True, fast=False, owned=True, confirmed=True, priors=PRIORS
    ) == pytest.approx(0.8)
    after = quality_after(-0.4, 0.8, failures=1, priors=PRIORS)
    assert after == pytest.approx(-0.4 + 0.8 * (0.4 + 0.1))


def test_the_recovery_paradox_needs_a_first_mild_failure_and_an_excellent_recovery() -> None:
    bonus = quality_after(-0.4, 1.0, failures=1, priors=PRIORS)
    assert bonus == pytest.approx(0.1)
    assert quality_after(-0.4, 1.0, failures=2, priors=PRIORS) == pytest.approx(0.0)
    assert quality_after(-0.9, 1.0, failures=1, priors=PRIORS) == pytest.approx(0.0)
    assert quality_after(-0.4, 0.6, failures=1, priors=PRIORS) == pytest.approx(-0.4 + 0.24)


def test_the_remembered_feeling_of_one_memory_is_worked_out_by_hand() -> None:
    one = memory(30)
    r, f = recall(one, AT, PRIORS), affect(one, AT, PRIORS)
    feeling = remembered_feeling([one], AT, PRIORS)
    assert f is not None
    assert feeling is not None
    assert feeling.score == pytest.approx(100 * (r * 2 * f) / (1 + r * 2))


def test_a_second_failure_on_a_theme_weighs_half_again_as_much() -> None:
    first, again = memory(), memory(repeat=True)
    r, f = recall(first, AT, PRIORS), affect(first, AT, PRIORS)
    feeling = remembered_feeling([again], AT, PRIORS)
    assert f is not None
    assert feeling is not None
    assert feeling.score == pytest.approx(100 * (r * 3 * f) / (1 + r * 3))


def test_bad_outweighs_equally_strong_good() -> None:
    bad = memory(moment_id="bad", interaction_id="i1")
    good = memory(
        moment_id="good", interaction_id="i2", features=Features(arousal=0.5, valence=0.8)
    )
    feeling = remembered_feeling([bad, good], AT, PRIORS)
    assert feeling is not None
    assert feeling.score < 0


def test_the_forecast_shows_a_band_around_each_figure() -> None:
    shown = forecast(memory(features=STRONGEST), PRIORS)
    assert [one.days for one in shown] == [7, 30, 365]
    assert all(one.low <= one.recall <= one.high for one in shown)
    assert shown[2].low < shown[2].recall < shown[2].high


def test_a_reminder_is_due_when_two_fifths_of_the_memory_are_gone() -> None:
    good = memory(features=Features(arousal=0.9, valence=0.9, distinctiveness=0.5))
    left = recall(good, remind_at(good, PRIORS), PRIORS) / encoding(good.features, PRIORS)
    assert left == pytest.approx(0.6)


def test_a_rehearsal_helps_more_when_more_is_gone() -> None:
    fresh, old = memory(1), memory(100)
    assert rehearsed(fresh, AT, PRIORS).stretch < rehearsed(old, AT, PRIORS).stretch <= 2.0
    assert rehearsed(old, AT, PRIORS).features.rehearsals == 1


def test_rehearsals_never_pass_five_years() -> None:
    kept = memory(2000)
    for _ in range(200):
        kept = rehearsed(kept, AT, PRIORS)
    assert half_life(kept.features, PRIORS, kept.stretch) == pytest.approx(5 * 365.25)


def test_a_memory_is_not_rehearsed_by_what_came_before_it() -> None:
    assert rehearsed(memory(-1), AT, PRIORS) == memory(-1)


# Silence


def test_no_feeling_is_not_a_neutral_feeling() -> None:
    unread = memory(features=Features(distinctiveness=1.0, severity=1.0))
    assert remembered_feeling([], AT, PRIORS) is None
    assert remembered_feeling([unread], AT, PRIORS) is None
    assert memory_impact([unread], PRIORS) is None
    neutral = remembered_feeling([memory(features=Features(arousal=0.5, valence=0.0))], AT, PRIORS)
    assert neutral is not None
    assert neutral.score == 0


@given(lists, memories(known=False))
def test_what_could_not_be_read_changes_no_feeling(all_of: list[Memory], unread: Memory) -> None:
    unread = replace(unread, moment_id="unread")
    assert remembered_feeling([*all_of, unread], AT, PRIORS) == remembered_feeling(
        all_of, AT, PRIORS
    )
    assert memory_impact([*all_of, unread], PRIORS) == memory_impact(all_of, PRIORS)


# What must hold for all figures


@given(features(), st.floats(1.0, 5000.0))
def test_encoding_and_half_life_stay_in_range(f: Features, stretch: float) -> None:
    assert 0.0 < encoding(f, PRIORS) < 1.0
    assert 2.0 <= half_life(f, PRIORS, stretch) <= PRIORS.half_life_longest_days


@given(days, st.floats(1.0, 2000.0), st.floats(0.01, 500.0))
def test_a_longer_half_life_leaves_more(after: float, h: float, more: float) -> None:
    assert retention(after, h + more, 0.15) >= retention(after, h, 0.15)


@given(days, st.floats(0.1, 100.0), st.floats(1.0, 2000.0), st.floats(0.08, 0.5))
def test_forgetting_never_turns_back(after: float, later: float, h: float, psi: float) -> None:
    left = retention(after, h, psi)
    assert 0.0 < retention(after + later, h, psi) <= left <= 1.0


@given(st.floats(1.0, 2000.0), st.floats(0.08, 0.5))
def test_a_half_life_halves_whatever_the_shape(h: float, psi: float) -> None:
    assert retention(h, h, psi) == pytest.approx(0.5)


@given(memories(known=True))
def test_affect_keeps_its_sign_and_only_fades(felt: Memory) -> None:
    now, later = affect(felt, AT, PRIORS), affect(felt, AT + timedelta(days=50), PRIORS)
    assert now is not None
    assert later is not None
    assert abs(later) <= abs(now) <= 1.0
    assert now * later >= 0


@given(memories(known=True))
def test_putting_it_right_never_makes_a_memory_worse(felt: Memory) -> None:
    right = affect(replace(felt, resolved=True), AT, PRIORS)
    wrong = affect(replace(felt, resolved=False), AT, PRIORS)
    assert right is not None
    assert wrong is not None
    assert right >= wrong


@given(lists, st.randoms())
def test_a_feeling_is_within_range_and_the_order_of_memories_means_nothing(
    all_of: list[Memory], dice: random.Random
) -> None:
    feeling = remembered_feeling(all_of, AT, PRIORS)
    mixed = list(all_of)
    dice.shuffle(mixed)
    assert remembered_feeling(mixed, AT, PRIORS) == feeling
    if feeling:
        assert -100 <= feeling.score <= 100
        assert 1 <= len(feeling.factors) <= 3
        shares = [abs(factor.points) for factor in feeling.factors]
        assert shares == sorted(shares, reverse=True)


@given(st.lists(memories(known=True), min_size=1, max_size=3, unique_by=lambda m: m.moment_id))
def test_the_points_of_all_factors_make_the_score(all_of: list[Memory]) -> None:
    feeling = remembered_feeling(all_of, AT, PRIORS)
    assert feeling is not None
    assert sum(factor.points for factor in feeling.factors) == pytest.approx(feeling.score)


@given(memories(known=True))
def test_a_turn_is_felt_once_however_many_moments_it_made(felt: Memory) -> None:
    twin = replace(felt, moment_id="twin", kind=MomentKind.DELIGHT)
    one = remembered_feeling([felt], AT, PRIORS)
    both = remembered_feeling([felt, twin], AT, PRIORS)
    assert one is not None
    assert both is not None
    assert both.score == pytest.approx(one.score)


@given(signed, signed, signed, signed)
def test_an_episode_stays_in_range(peak: float, end: float, mean: float, trough: float) -> None:
    q = episode_quality(peak=peak, end=end, mean=mean, trough=trough, priors=PRIORS)
    assert -1.0 <= q <= 1.0


@given(signed, part, st.integers(1, 5))
def test_a_recovery_never_lowers_what_the_failure_left(q: float, rho: float, failures: int) -> None:
    assert q - 1e-9 <= quality_after(q, rho, failures=failures, priors=PRIORS) <= 1.0


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.001, 1.0))
def test_the_rarer_the_more_distinct(seen: int, more: int, share: float) -> None:
    of = seen + more
    d = distinctiveness(seen, of, share, PRIORS)
    assert 0.0 <= d < 1.0
    assert distinctiveness(seen, of + 1, share, PRIORS) >= d
    assert distinctiveness(seen + 1, of + 1, share, PRIORS) <= d + 1e-9


@given(lists, st.integers(1, 12))
def test_what_is_let_go_is_what_is_least_recalled(all_of: list[Memory], kept: int) -> None:
    left = strongest(all_of, kept, AT, PRIORS)
    assert len(left) == min(kept, len(all_of))
    gone = [one for one in all_of if one not in left]
    if gone:
        most = max(recall(one, AT, PRIORS) for one in gone)
        assert most <= min(recall(one, AT, PRIORS) for one in left)
    assert list(left) == sorted(left, key=lambda one: (one.at, one.moment_id))
