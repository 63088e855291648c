"""A state made again from the first message is the state that live folding made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment.priors import PRIORS
from enrichment.replay import History, replay
from enrichment.state import PersonState

NOW = datetime(2031, 1, 1, tzinfo=UTC)
_LINES = [
    ("Where is my order #12345?", 0.0, ()),
    ("This is the third time I am asking!", -0.7, ("annoyance",)),
    ("It works now, thank you so much!", 0.8, ("gratitude", "joy")),
    ("Useless.", -0.9, ("anger",)),
    ("We have fixed it, sorry.", None, ()),
]


@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.integers(0, 4), st.integers(1, 50_000)), max_size=25
    )
)
@settings(max_examples=100)
def test_replaying_all_tickets_gives_what_live_folding_gave(new_desk, told) -> None:
    desk = new_desk()
    minutes, turns, records, stood = 0, {}, {}, {}
    for ticket, line, after in told:
        minutes += after
        text, valence, labels = _LINES[line]
        if line == 4:
            turn = desk.agent(text, hours=minutes / 60, ticket=ticket)
        else:
            turn = desk.customer(text, valence, labels, hours=minutes / 60, ticket=ticket)
        records.setdefault(ticket, desk.record(ticket, days=minutes / 60 / 24))
        turns.setdefault(ticket, []).append(turn)
        made = desk.fold(turn, record=records[ticket], vector=[1.0, int(ticket) / 2])
        for gone in made.superseded:
            stood.pop(gone, None)
        stood |= {moment.id: moment.kind for moment in made.moments}
    again = replay(
        person=PersonState(person_id="p1"),
        histories=[
            History(
                record=records[ticket],
                turns=tuple(reversed(said)),
                theme_vector=[1.0, int(ticket) / 2],
            )
            for ticket, said in turns.items()
        ],
        now=NOW,
        priors=PRIORS,
    )
    assert again.person == desk.person
    assert {id: state for (_, id), state in again.tickets.items()} == desk.tickets
    assert {moment.id: moment.kind for moment in again.moments} == stood


def test_a_ticket_on_which_nothing_was_said_still_counts(desk) -> None:
    made = replay(
        person=PersonState(person_id="p1"),
        histories=[History(record=desk.record("1", days=1)), History(record=desk.record("2"))],
        now=NOW + timedelta(days=1),
        priors=PRIORS,
    )
    assert made.person.tickets_total == 2
    assert [past.id for past in made.person.tickets] == ["2", "1"]
