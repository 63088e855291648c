"""Every kind of story the demo and the quality tests rely on is really in the world."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from connectors.records import TicketStatus
from connectors.sandbox.build import Making
from connectors.sandbox.stories import read_wait
from connectors.sandbox.truth import TAGS, customer_truths, live_truths, ticket_truths
from connectors.sandbox.world import LiveKind, World, WorldTicket

STORIES = {
    "an escalation that is recovered": "marta-alarm",
    "a third contact about the same time-out": "elif-timeout-3",
    "a surprise gesture": "sofia-fair",
    "a churn threat": "dana-leaving",
    "an anniversary": "fergus-anniversary",
    "a regular who goes silent": "beatriz-7",
    "a newcomer": "noor-first",
    "a broken promise": "imogen-invoice",
    "a double failure": "callum-replacement",
    "understatement": "alistair-boiler",
    "sarcasm": "greg-monday",
    "anxiety before a deadline": "thandiwe-audit",
    "a German writer": "annegret-alarm",
    "a French writer": "camille-livraison",
    "very short messages": "kenji-batteries",
    "a quoted reply and a signature": "eleanor-bonded",
    "text like HTML, and emoji": "mateo-embed",
    "a shared mailbox": "pinecrest-kitchen",
    "angry internal notes": "zsofia-loan",
    "a deleted ticket": "spam-1",
    "a reopened ticket": "rosalind-orchids",
    "a polite ticket with a bad rating": "warren-report",
    "mixed feelings": "abena-move",
    "thanks in advance": "lucille-forms",
}


@pytest.fixture(scope="module")
def tickets(world: World) -> dict[str, WorldTicket]:
    return {ticket.key: ticket for ticket in world.tickets}


@pytest.mark.parametrize("key", STORIES.values(), ids=list(STORIES))
def test_the_world_tells_of(key: str, tickets: dict[str, WorldTicket]) -> None:
    assert key in tickets
    assert key in ticket_truths()


def test_every_story_has_one_to_seven_tickets_and_enough_words(making: Making) -> None:
    assert len(making.stories) >= 20
    for story in making.stories:
        assert 1 <= len(story.tickets) <= 7
        assert story.about.endswith(".")
    assert sum(len(t.messages) for s in making.stories for t in s.tickets) >= 250


def test_ravi_has_written_twice_about_the_time_out_and_writes_again_live(world: World) -> None:
    before = [t for t in world.tickets if t.customer == "ravi" and "timeout" in t.tags]
    again = [s for s in world.live if s.kind is LiveKind.NEW_TICKET and s.author == "ravi"]
    assert len(before) == 2
    assert [step.ticket for step in again] == ["ravi-timeout-3"]
    assert all("/v2/exports" in (ticket.subject) for ticket in before)
    assert "/v2/exports" in (again[0].subject or "")


def test_nobody_else_writes_about_time_outs(world: World) -> None:
    for ticket in world.tickets:
        if ticket.key.startswith("t-"):
            said = " ".join([ticket.subject, *(m.text for m in ticket.messages)]).lower()
            assert "timeout" not in said
            assert "time-out" not in said


def test_the_escalated_ticket_waits_for_its_live_ending(
    world: World, tickets: dict[str, WorldTicket]
) -> None:
    ticket = tickets["jonas-audit"]
    assert ticket.status is TicketStatus.OPEN
    assert ticket.group == "Escalations"
    kinds = [step.kind for step in world.live if step.ticket == "jonas-audit"]
    assert kinds == [LiveKind.COMMENT, LiveKind.COMMENT, LiveKind.STATUS, LiveKind.RATING]


def test_the_silent_regular_has_a_rhythm_and_breaks_it(world: World) -> None:
    opened = [t.created_at for t in world.tickets if t.customer == "beatriz"]
    gaps = [later - earlier for earlier, later in pairwise(opened)]
    assert max(gaps) <= timedelta(days=22)
    assert world.now - opened[-1] > 4 * max(gaps)
    said = max(m.at for t in world.tickets for m in t.messages if m.author == "beatriz")
    quiet_since = customer_truths()["beatriz"].quiet_since
    assert quiet_since is not None
    assert said.date() == quiet_since.date()


def test_the_anniversary_falls_on_the_last_days(
    world: World, tickets: dict[str, WorldTicket]
) -> None:
    fergus = next(c for c in world.customers if c.key == "fergus")
    written = tickets["fergus-anniversary"].created_at
    assert (fergus.created_at.month, fergus.created_at.day) == (written.month, written.day)
    assert world.now - written < timedelta(days=7)


@pytest.mark.parametrize("key", ["noor-first", "ravi-hello"])
def test_a_first_contact_is_the_first(key: str, world: World) -> None:
    customer = next(t.customer for t in world.tickets if t.key == key)
    assert next(t.key for t in world.tickets if t.customer == customer) == key


def test_the_live_newcomer_has_never_written(world: World) -> None:
    assert not [t for t in world.tickets if t.customer == "theo"]


def test_a_reopened_ticket_was_solved_more_than_once(tickets: dict[str, WorldTicket]) -> None:
    statuses = [change.status for change in tickets["rosalind-orchids"].history]
    assert statuses.count(TicketStatus.SOLVED) == 3
    assert statuses.count(TicketStatus.OPEN) >= 3


def test_every_story_ticket_has_its_truth(making: Making) -> None:
    told = {ticket.key for story in making.stories for ticket in story.tickets}
    assert set(ticket_truths()) == told


def test_feelings_are_expected_of_customers_only(world: World) -> None:
    customers = {customer.key for customer in world.customers}
    tickets = {ticket.key: ticket for ticket in world.tickets}
    for key, truth in ticket_truths().items():
        for place in [*truth.feels, *truth.hard]:
            assert tickets[key].messages[place].author in customers, (key, place)


def test_live_feelings_point_at_what_customers_say_live(world: World) -> None:
    customers = {customer.key for customer in world.customers}
    for key, truth in live_truths().items():
        authors = [m.author for t in world.tickets if t.key == key for m in t.messages]
        authors += [s.author for s in world.live if s.ticket == key and s.text and s.good is None]
        assert truth.feels
        for place in truth.feels:
            assert authors[place] in customers, (key, place)


def test_every_moment_but_the_survey_answer_is_expected_somewhere() -> None:
    truths = [*ticket_truths().values(), *live_truths().values()]
    expected = {tag for truth in truths for tag in truth.tags}
    expected |= {tag for truth in customer_truths().values() for tag in truth.tags}
    assert TAGS - expected == {"standout"}


@pytest.mark.parametrize("text", ["", "soon", "5", "m5", "1h1d"])
def test_a_wait_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a wait looks like"):
        read_wait(text)
