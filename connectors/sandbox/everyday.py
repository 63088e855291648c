"""Which everyday tickets there are: whose, when, about what, in what mood. ``scribe`` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .datafiles import read_all
from .deck import Decks
from .hours import at_work
from .people import Cast
from .world import Customer

#: In a hundred everyday tickets. The stories hold more than their share of strong feelings.
MOODS = {"plain": 58, "negative": 13, "positive": 12, "confused": 7, "anxious": 5, "mixed": 5}
SPAN = timedelta(days=545)
RECENT = timedelta(days=6)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What an everyday ticket is going to be, before its words are chosen.

    ``words``: which of the case's openings are meant (a mood, or ``terse``).
    """

    customer: Customer
    voice: str
    problem: Mapping[str, Any]
    case: Mapping[str, Any]
    words: str
    mood: str
    opens: datetime


def draw_plots(cast: Cast, dice: Random, decks: Decks, count: int) -> list[Plot]:
    """``count`` plots, oldest first; one in twenty of them from the last days."""
    moods = [mood for mood, share in MOODS.items() for _ in range(round(share * count / 100))]
    moods = (moods + ["plain"] * count)[:count]
    dice.shuffle(moods)
    cases = [
        ({"name": name, **problem}, {"number": number, **case})
        for name, problem in read_all("everyday")
        for number, case in enumerate(problem["cases"])
    ]
    plots = [
        _draw(cast, dice, decks, cases, mood, recent=number % 20 == 0)
        for number, mood in enumerate(moods)
    ]
    return sorted(plots, key=lambda plot: (plot.opens, plot.customer.key, plot.problem["name"]))


def _draw(
    cast: Cast,
    dice: Random,
    decks: Decks,
    cases: list[tuple[dict[str, Any], dict[str, Any]]],
    mood: str,
    *,
    recent: bool,
) -> Plot:
    plain = mood == "plain"
    # People of a story (weight 1) stay plain here: nothing contradicts what their story tells.
    hat = [
        customer
        for customer in cast.customers
        for _ in range(cast.weights[customer.key] if plain else cast.weights[customer.key] // 2)
    ]
    customer = decks.deal(("customer", plain), hat)
    # A good mood may show at the end only: two in five begin like any other ticket.
    words = "plain" if mood == "positive" and dice.random() < 0.4 else mood
    fitting = [
        (problem, case)
        for problem, case in cases
        if words in case and customer.key not in problem.get("not_for", ())
    ]
    problem, case = decks.deal(("case", words, len(fitting)), fitting)
    if words == "plain" and "terse" in case and cast.voices[customer.key] == "terse":
        words = "terse"
    earliest = max(customer.created_at, cast.now - (RECENT if recent else SPAN))
    opens = (earliest + (cast.now - earliest) * dice.random()).replace(microsecond=0)
    opens = at_work(opens, customer.time_zone, dice)
    if opens >= cast.now:
        opens = at_work(max(earliest, opens - timedelta(days=3)), customer.time_zone, dice)
    return Plot(
        customer=customer,
        voice=cast.voices[customer.key],
        problem=problem,
        case=case,
        words=words,
        mood=mood,
        opens=opens,
    )
