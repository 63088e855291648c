"""What callers of the fold rely on: all at once is one by one, repeats change nothing, the state
stays small, the cost stays the same, and nothing breaks it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import AuthorRole, Priority
from enrichment.fold import advance
from enrichment.memory import remembered_feeling
from enrichment.moments import MomentKind, Turn
from enrichment.priors import PRIORS
from enrichment.state import PersonState, TicketState, UnknownStateVersion

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_LINES = [
    ("customer", "Where is my order #12345?", 0.0, ()),
    ("customer", "This is the third time I am asking. Still not here!", -0.7, ("annoyance",)),
    ("customer", "You are useless, fix it by tomorrow!", -0.9, ("anger", "disappointment")),
    ("customer", "It works now, thank you so much!", 0.8, ("gratitude", "joy")),
    ("customer", "Not bad.", 0.3, ("approval",)),
    ("customer", "no rush", None, ()),
    ("customer", "The site is down for everyone.", -0.4, ("disappointment",)),
    ("agent", "I'm so sorry, this should not have happened.", 0.0, ()),
    ("agent", "We have fixed it and added a free month.", 0.0, ()),
    ("agent", "Any news?", 0.0, ()),
]
_VECTORS = [[1.0, 0.1, 0.0], [0.0, 1.0, 0.1], [0.1, 0.0, 1.0]]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int, int]]:
    """(ticket, line, minutes since the last, agent), oldest first."""
    return draw(
        st.lists(
            st.tuples(
                st.sampled_from(["1", "2", "3"]),
                st.integers(0, len(_LINES) - 1),
                st.integers(1, 60 * 24 * 40),
                st.integers(1, 2),
            ),
            max_size=25,
        )
    )


def told(desk, history) -> list[Turn]:
    minutes, turns = 0, []
    for ticket, line, after, agent in history:
        minutes += after
        who, text, valence, labels = _LINES[line]
        hours = minutes / 60
        if who == "customer":
            turns.append(desk.customer(text, valence, labels, hours=hours, ticket=ticket))
        else:
            turns.append(desk.agent(text, hours=hours, ticket=ticket, who=f"a{agent}"))
    return turns


def opened(desk, ticket: str):
    """Tickets open in the order of their numbers, before anything is said on them."""
    return desk.record(ticket, days=-10 + int(ticket), subject="Order")


def open_all(desk) -> None:
    for ticket in ("1", "2", "3"):
        desk.fold(record=opened(desk, ticket), vector=_VECTORS[int(ticket) % 2])


# All at once is one by one


@given(histories())
@settings(max_examples=150)
def test_folding_a_ticket_at_once_or_one_by_one_gives_the_same_states(new_desk, history) -> None:
    history = [("1", line, after, agent) for _, line, after, agent in history]
    slow, fast = new_desk(), new_desk()
    turns = told(slow, history)
    record = opened(slow, "1")
    stood: dict[str, object] = {}
    for turn in turns:
        made = slow.fold(turn, record=record, vector=_VECTORS[0], now=turn.interaction.created_at)
        for gone in made.superseded:
            stood.pop(gone, None)
        stood |= {moment.id: moment.kind for moment in made.moments}
    made = fast.fold(*turns, record=record, vector=_VECTORS[0])
    assert fast.person == (slow.person if turns else made.person)
    assert fast.tickets["1"] == (slow.tickets["1"] if turns else made.ticket)
    assert {moment.id: moment.kind for moment in made.moments} == stood


@given(histories())
@settings(max_examples=100)
def test_a_batch_may_come_in_any_order(new_desk, history) -> None:
    history = [("1", line, after, agent) for _, line, after, agent in history]
    one, other = new_desk(), new_desk()
    turns = told(one, history)
    one.fold(*turns, record=opened(one, "1"))
    other.fold(*reversed(turns), record=opened(one, "1"))
    assert one.person == other.person
    assert one.tickets == other.tickets


@given(histories())
@settings(max_examples=100)
def test_what_was_folded_before_changes_nothing(new_desk, history) -> None:
    desk = new_desk()
    open_all(desk)
    turns = told(desk, history)
    for turn in turns:
        desk.fold(turn, record=opened(desk, turn.interaction.ticket_id))
    person, tickets = desk.person, dict(desk.tickets)
    for ticket in ("1", "2", "3"):
        again = [turn for turn in turns if turn.interaction.ticket_id == ticket]
        made = desk.fold(*again, record=opened(desk, ticket), vector=_VECTORS[int(ticket) % 2])
        assert made.moments == ()
        assert made.superseded == ()
    assert desk.person == person
    assert desk.tickets == tickets


@given(histories())
@settings(max_examples=100)
def test_states_survive_json_between_any_two_messages(new_desk, history) -> None:
    plain, kept = new_desk(), new_desk()
    for turn in told(plain, history):
        record = opened(plain, turn.interaction.ticket_id)
        plain.fold(turn, record=record)
        kept.fold(turn, record=record)
        kept.person = PersonState.from_json(json.loads(json.dumps(kept.person.to_json())))
        kept.tickets = {
            id: TicketState.from_json(json.loads(json.dumps(state.to_json())))
            for id, state in kept.tickets.items()
        }
    assert kept.person == plain.person
    assert kept.tickets == plain.tickets


@given(histories(), st.randoms())
@settings(max_examples=100)
def test_late_messages_never_break_it(new_desk, history, dice) -> None:
    desk = new_desk()
    turns = told(desk, history)
    dice.shuffle(turns)
    for turn in turns:
        made = desk.fold(turn, record=opened(desk, turn.interaction.ticket_id))
        peaks = [memory for memory in made.ticket.memories if memory.kind == "frustration-peak"]
        assert len(peaks) <= 1
    feeling = remembered_feeling(desk.person.memories, START + timedelta(days=999), PRIORS)
    assert feeling is None or -100 <= feeling.score <= 100


def test_late_words_do_not_replace_the_latest(desk) -> None:
    desk.fold(desk.customer("All fine.", 0.5, hours=5))
    made = desk.fold(desk.customer("Hm.", -0.5, hours=1))
    assert made.ticket.words.valence == 0.5
    assert made.ticket.last_customer_at == START + timedelta(hours=5)


@given(histories())
@settings(max_examples=60)
def test_another_ticket_nobody_could_read_changes_no_feeling(new_desk, history) -> None:
    without, with_it = new_desk(), new_desk()
    for turn in told(without, history):
        for desk in (without, with_it):
            desk.fold(turn, record=opened(desk, turn.interaction.ticket_id))
    with_it.fold(
        with_it.customer("Привет", None, ticket="9", days=2000),
        record=with_it.record("9", days=2000),
    )
    now = START + timedelta(days=2001)
    assert remembered_feeling(with_it.person.memories, now, PRIORS) == remembered_feeling(
        without.person.memories, now, PRIORS
    )


# Bounds


def test_after_ten_thousand_messages_the_state_is_small_and_a_message_costs_the_same(
    desk,
) -> None:
    def block(first: int, count: int) -> float:
        begun = time.perf_counter()
        for number in range(first, first + count):
            ticket = str(number // 50)
            who, text, valence, labels = _LINES[number % len(_LINES)]
            say = desk.customer if who == "customer" else desk.agent
            turn = (
                say(text, valence, labels, ticket=ticket, hours=number)
                if who == "customer"
                else say(text, ticket=ticket, hours=number)
            )
            vector = [((number // 50) * 37 % (place + 7)) / 7 for place in range(384)]
            record = desk.record(ticket, days=(number // 50) * 50 / 24)
            desk.tickets = {ticket: desk.tickets[ticket]} if ticket in desk.tickets else {}
            desk.fold(turn, record=record, vector=vector)
        return time.perf_counter() - begun

    block(0, 2000)
    early = min(block(2000, 500), block(2500, 500))
    block(3000, 6000)
    late = min(block(9000, 500), block(9500, 500))
    assert late < 3.0 * early
    person = len(json.dumps(desk.person.to_json()))
    ticket = max(len(json.dumps(state.to_json())) for state in desk.tickets.values())
    assert person < 64_000
    assert ticket < 32_000
    assert len(desk.person.memories) <= PRIORS.memories_kept
    assert len(desk.person.tickets) <= PRIORS.tickets_kept
    assert desk.person.tickets_total == 200


def test_a_ticket_of_two_thousand_messages_is_folded_once_however_often_it_is_given(desk) -> None:
    turns = [
        desk.customer("As I said, no.", -0.4, ["annoyance"], hours=n / 60) for n in range(2000)
    ]
    made = desk.fold(*turns)
    assert made.ticket.customer_turns == 2000
    assert len(made.ticket.seen.ids) == PRIORS.seen_kept
    assert len(made.ticket.memories) == PRIORS.ticket_memories_kept
    assert len(json.dumps(made.ticket.to_json())) < 32_000
    again = desk.fold(*turns)
    assert again.ticket == made.ticket
    assert again.person == made.person


# What counts


def test_counts_of_effort_are_taken_from_the_turns(desk) -> None:
    made = desk.fold(
        desk.customer("No sound.", -0.1, hours=0),
        desk.agent("Try this.", hours=1, who="a1"),
        desk.customer("No.", -0.1, hours=2, channel="chat"),
        desk.agent("Try that.", hours=3, who="a2"),
        desk.customer("As I said, there is no sound.", -0.1, hours=4, channel="chat"),
        desk.customer("Thank you, it works now.", 0.6, ["gratitude"], hours=5, channel="chat"),
    )
    state = made.ticket
    assert (state.transfers, state.channel_switches, state.told_you) == (1, 1, 1)
    assert (state.customer_turns, state.agent_turns, state.extra_turns) == (4, 2, 1)


def test_the_priority_others_gave_counts_towards_severity(desk) -> None:
    made = desk.fold(
        desk.customer("This is bad.", -0.6, ["anger"]), record=desk.record(priority=Priority.URGENT)
    )
    assert made.ticket.severity == pytest.approx(PRIORS.severity_priority_urgent)


def test_severity_signs_add_up_and_stay_under_one(desk) -> None:
    text = "The site is down for everyone, my lawyer says fix it by tomorrow, we are losing money"
    made = desk.fold(desk.customer(text, -0.6), record=desk.record(priority=Priority.URGENT))
    assert 0.9 < made.ticket.severity < 1.0


def test_a_later_stronger_turn_takes_the_peak_from_an_earlier_moment(desk) -> None:
    desk.fold(desk.customer("Not good.", -0.5, ["annoyance"], intensity=0.4))
    desk.fold(desk.agent("Fixed.", hours=1))
    made = desk.fold(desk.customer("Wonderful, thank you!", 0.9, ["joy"], hours=2, intensity=0.9))
    peaks = {memory.kind: memory.features.peak for memory in made.person.memories}
    assert peaks[MomentKind.FRUSTRATION_PEAK] == 0.0
    assert peaks[MomentKind.DELIGHT] == 1.0
    assert made.ticket.memories == made.person.memories


def test_telling_it_again_rehearses_the_bad_memories_of_the_theme(desk) -> None:
    desk.fold(desk.customer("Not good.", -0.5, ["annoyance"]))
    made = desk.fold(desk.customer("As I said: no.", -0.3, hours=48))
    peak = next(m for m in made.person.memories if m.kind is MomentKind.FRUSTRATION_PEAK)
    assert peak.features.rehearsals == 1
    assert peak.stretch > 1.0


def test_a_survey_is_folded_once_and_rehearses_the_ticket(desk) -> None:
    desk.fold(desk.customer("Not good.", -0.5, ["annoyance"]))
    survey = desk.survey(0.0, hours=48)
    made = desk.fold(surveys=[survey])
    assert made.person.memories[-1].features.rehearsals == 1
    again = desk.fold(surveys=[survey])
    assert again.person == made.person
    assert again.ticket == made.ticket


def test_system_messages_say_nothing(desk) -> None:
    agent = desk.agent("We have fixed it. Sorry!")
    said = replace(agent.interaction, author_role=AuthorRole.SYSTEM)
    made = desk.fold(Turn.of(said))
    assert made.ticket.agent_turns == 0
    assert made.moments == ()


def test_what_a_colleague_writes_counts_for_the_ticket_and_is_no_memory_of_the_person(
    desk,
) -> None:
    turn = desk.customer("Outrageous!", -0.9, ["anger"])
    said = replace(turn.interaction, author_id="somebody else")
    made = desk.fold(replace(turn, interaction=said))
    assert made.ticket.words.valence == -0.9
    assert MomentKind.FRUSTRATION_PEAK in made.ticket.tags
    assert made.person.memories == ()
    assert made.person.kinds == {}


# Themes


def test_the_same_number_makes_the_same_theme_whatever_the_words(desk) -> None:
    desk.fold(
        desk.customer("Hello", 0.0, ticket="1"),
        record=desk.record("1", subject="Invoice INV-20044"),
    )
    made = desk.fold(
        desk.customer("About INV-20044 again", 0.0, ticket="2", days=100),
        record=desk.record("2", days=100, subject="A question"),
    )
    assert made.ticket.theme == "1"
    assert made.person.contacts_on("1", START + timedelta(days=100), PRIORS) == 2


def test_other_words_and_half_a_year_make_another_theme(desk) -> None:
    for ticket, days, vector in (
        ("1", 0, _VECTORS[0]),
        ("2", 5, _VECTORS[1]),
        ("3", 200, _VECTORS[0]),
    ):
        desk.fold(
            desk.customer("Hello", 0.0, ticket=ticket, days=days),
            record=desk.record(ticket, days=days),
            vector=vector,
        )
    assert [past.theme for past in desk.person.tickets] == ["1", "2", "3"]


def test_tickets_of_two_connections_with_one_number_are_two_tickets(desk) -> None:
    for connection in ("zendesk", "hubspot"):
        desk.tickets["1"] = TicketState(ticket_id="1", connection=connection)
        desk.fold(desk.customer("Bad", -0.6, ["anger"], ticket="1"), record=desk.record("1"))
    assert desk.person.tickets_total == 2
    assert {past.theme for past in desk.person.tickets} == {"zendesk/1", "hubspot/1"}
    assert len(desk.tickets["1"].memories) == 1


def test_contacts_of_the_last_ninety_days_are_counted(desk) -> None:
    for number, days in enumerate((0, 100, 150, 180)):
        desk.fold(
            desk.customer("Hello", 0.0, ticket=str(number), days=days),
            record=desk.record(str(number), days=days),
        )
    assert desk.person.contacts_since(START + timedelta(days=180), 90) == 3


# Refusals


def test_records_of_another_ticket_are_refused(desk) -> None:
    with pytest.raises(ValueError, match="given records of ticket 7"):
        desk.fold(desk.customer("Hello", 0.0, ticket="7"), record=desk.record("42"))


def test_now_needs_a_time_zone(desk) -> None:
    with pytest.raises(ValueError, match="time zone"):
        desk.fold(now=START.replace(tzinfo=None))


def test_what_is_dated_in_the_future_is_taken_as_said_now(desk) -> None:
    made = desk.fold(desk.customer("Bad", -0.6, ["anger"], days=50), now=START)
    assert {moment.at for moment in made.moments} == {START}


def test_a_state_of_another_version_is_not_read() -> None:
    plain = PersonState(person_id="p").to_json() | {"version": 99}
    with pytest.raises(UnknownStateVersion, match="fold it again"):
        PersonState.from_json(plain)


def test_advancing_with_nothing_new_only_opens_the_ticket(desk) -> None:
    made = desk.fold(record=desk.record("42"))
    assert made.person.tickets_total == 1
    assert made.moments == ()
    assert desk.fold(record=desk.record("42")).person == made.person


def test_a_vector_that_comes_before_the_first_words_is_still_used(desk) -> None:
    desk.fold(desk.customer("a", 0.0, ticket="1"), record=desk.record("1"), vector=[1.0, 0.0])
    record = desk.record("2", days=1)
    desk.fold(record=record)
    assert desk.fold(record=record, vector=[1.0, 0.0]).ticket.theme == "1"


def test_the_function_takes_what_its_signature_says(desk) -> None:
    made = advance(
        person=PersonState(person_id="p"),
        ticket=TicketState(ticket_id="42"),
        record=desk.record("42"),
        turns=[desk.customer("Hello", 0.0)],
        now=START,
        priors=PRIORS,
    )
    assert made.ticket.customer_turns == 1
