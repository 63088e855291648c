"""Three short lines, every clause with its source, nothing invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import TicketStatus
from enrichment.brief import LONGEST, Clause, brief
from enrichment.priors import PRIORS
from enrichment.state import PersonState, TicketState

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def shown(desk, ticket: str = "42") -> str:
    return brief(desk.person, desk.tickets[ticket], NOW, PRIORS).text


def test_where_nothing_is_known_nothing_is_said() -> None:
    made = brief(PersonState(person_id="p"), TicketState(ticket_id="1"), NOW, PRIORS)
    assert made.text == ""
    assert made.clauses == ()


def test_a_clause_without_a_source_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="source"):
        Clause(text="They like tea.", sources=())


def test_a_first_calm_ticket_has_one_line(desk) -> None:
    desk.fold(desk.customer("Where are my invoices?", 0.0))
    assert shown(desk) == "First ticket on record."


def test_an_angry_ticket_says_who_what_and_what_to_do(desk) -> None:
    desk.fold(
        desk.customer(
            "Where is #12345? The third time I ask! I need it by Friday.", -0.8, ["anger"]
        )
    )
    assert shown(desk).splitlines() == [
        "First ticket on record. Likely to remember us badly, mostly for having to repeat "
        "themselves on 2 Mar 2026.",
        'High urgency, deadline: "by Friday". Most upset on 2 Mar 2026: "Where is #12345? The third time I '
        'ask! I need it by Friday." Problem open since 2 Mar 2026, not answered yet.',
        "Do not ask for the story again: read the earlier messages first. Name the problem and "
        "own it before asking for anything.",
    ]


@pytest.mark.parametrize(
    ("answer", "state", "advice"),
    [
        ("Which browser?", "answered, but not acknowledged", "own it"),
        ("I'm sorry about that.", "acknowledged, not fixed", "what happens next"),
        ("Sorry, I will look into it.", "acknowledged with a promise", "Keep the promise"),
        ("We have fixed it.", "the customer has not confirmed", "whether it works now"),
    ],
)
def test_the_advice_follows_the_arc(desk, answer: str, state: str, advice: str) -> None:
    desk.fold(desk.customer("The door is stuck.", -0.7, ["annoyance"]), desk.agent(answer, hours=1))
    assert state in shown(desk)
    assert advice in shown(desk).splitlines()[2]


def test_a_recovered_ticket_is_left_well(desk) -> None:
    desk.fold(
        desk.customer("As I said, the door is stuck.", -0.7, ["annoyance"]),
        desk.agent("So sorry. We have fixed it.", hours=1),
        desk.customer("It works now, thank you!", 0.8, ["gratitude"], hours=2),
    )
    assert "confirmed by the customer" in shown(desk)
    assert "Leave it well" in shown(desk)
    assert "Do not ask" not in shown(desk)


def test_a_theme_that_came_back_and_another_open_problem_are_named(desk) -> None:
    desk.fold(
        desk.customer("Order #55555 is late.", -0.6, ["annoyance"], ticket="1"),
        record=desk.record("1"),
    )
    desk.fold(
        desk.customer("Order #55555 is late.", -0.6, ["annoyance"], ticket="2", days=9),
        record=desk.record("2", days=9),
    )
    text = shown(desk, "2")
    assert "2nd contact about this since 2 Mar 2026." in text
    assert "Another problem is still open: ticket 1." in text


def test_a_closed_ticket_is_not_called_open(desk) -> None:
    turn = desk.customer("The door is stuck.", -0.7, ["annoyance"])
    solved = replace(desk.record(), status=TicketStatus.SOLVED)
    desk.fold(turn, record=solved)
    assert "closed without the customer's word" in shown(desk)
    assert "Name the problem" not in shown(desk)
    desk.fold(desk.customer("Hello", 0.0, ticket="2", days=9), record=desk.record("2", days=9))
    assert "Another problem" not in shown(desk, "2")
    desk.fold(record=desk.record())
    assert "Another problem is still open: ticket 42." in shown(desk, "2")


def test_every_source_is_something_the_states_know(desk) -> None:
    desk.fold(
        desk.customer("As I said: it is down, fix it ASAP!", -0.8, ["anger"]),
        desk.agent("Sorry!", hours=1),
    )
    made = brief(desk.person, desk.tickets["42"], NOW, PRIORS)
    known = {"contact", "ticket:42", "interaction:i1", "interaction:i2"}
    known |= {f"moment:{memory.moment_id}" for memory in desk.person.memories}
    assert {source for clause in made.clauses for source in clause.sources} <= known


def test_the_text_does_not_change_because_a_day_passed(desk) -> None:
    desk.fold(desk.customer("The door is stuck.", -0.3, ["annoyance"], intensity=0.3))
    ticket = desk.tickets["42"]
    later = NOW.replace(day=25)
    assert brief(desk.person, ticket, NOW, PRIORS) == brief(desk.person, ticket, later, PRIORS)


@given(
    st.lists(
        st.tuples(
            st.text(max_size=300) | st.sampled_from(["As I said, it is down. ASAP! " * 9]),
            st.floats(-1, 1),
            st.sampled_from(["anger", "joy", "gratitude", "annoyance"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=150)
def test_it_is_never_longer_than_promised(new_desk, told) -> None:
    desk = new_desk()
    for hours, (text, valence, label, is_customer) in enumerate(told):
        if is_customer:
            turn = desk.customer(text, valence, [label], hours=hours, ticket=str(hours % 3))
        else:
            turn = desk.agent(text, hours=hours, ticket=str(hours % 3))
        made = desk.fold(turn, vector=[1.0, 0.5])
        short = brief(made.person, made.ticket, NOW, PRIORS)
        assert len(short.text) <= LONGEST
        assert len(short.text.splitlines()) <= 3
