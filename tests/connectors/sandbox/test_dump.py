"""A world written down and read again is the same world."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Priority, TicketStatus
from connectors.sandbox.loader import WorldError, dump_world, load_world
from connectors.sandbox.world import (
    Agent,
    Company,
    Customer,
    LiveKind,
    LiveStep,
    Message,
    Rating,
    StatusChange,
    World,
    WorldTicket,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
times = st.datetimes(datetime(2001, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
people = st.sampled_from(["ann", "bob"])


def tickets(key: str) -> st.SearchStrategy[WorldTicket]:
    return st.builds(
        WorldTicket,
        key=st.just(key),
        subject=texts,
        customer=st.just("bob"),
        assignee=st.sampled_from(["ann", None]),
        status=st.sampled_from(TicketStatus),
        priority=st.sampled_from([*Priority, None]),
        created_at=times,
        messages=st.lists(
            st.builds(Message, author=people, text=texts, at=times, public=st.booleans()),
            max_size=3,
        ).map(tuple),
        channel=texts,
        group=texts,
        tags=st.lists(texts, max_size=2).map(tuple),
        history=st.lists(
            st.builds(
                StatusChange,
                at=times,
                by=people,
                status=st.sampled_from([*TicketStatus, None]),
                priority=st.sampled_from([*Priority, None]),
                group=st.none() | texts,
            ),
            max_size=2,
        ).map(tuple),
        rating=st.none() | st.builds(Rating, at=times, good=st.booleans(), comment=texts),
    )


worlds = st.builds(
    World,
    company=texts,
    now=times,
    agents=st.builds(
        Agent, key=st.just("ann"), name=texts, email=texts, group=texts, is_admin=st.booleans()
    ).map(lambda agent: (agent,)),
    companies=st.builds(
        Company, key=st.just("mill"), name=texts, domain=texts, created_at=times
    ).map(lambda company: (company,)),
    customers=st.builds(
        Customer,
        key=st.just("bob"),
        name=texts,
        email=texts,
        company=st.sampled_from(["mill", None]),
        created_at=times,
        phone=st.none() | texts,
        time_zone=texts,
        locale=texts,
        tags=st.lists(texts, max_size=2).map(tuple),
    ).map(lambda customer: (customer,)),
    tickets=st.tuples(tickets("t-1"), tickets("t-2")),
    live=st.lists(
        st.builds(
            LiveStep,
            after=st.floats(0, 100),
            kind=st.sampled_from(LiveKind),
            ticket=st.just("t-1"),
            author=people,
            text=st.none() | texts,
            subject=st.none() | texts,
            status=st.sampled_from([*TicketStatus, None]),
            good=st.sampled_from([True, False, None]),
        ),
        max_size=2,
    ).map(tuple),
)


@given(worlds)
@settings(max_examples=60, deadline=None)
def test_any_world_survives_being_written_down(world: World) -> None:
    assert load_world(dump_world(world)) == world


def test_the_company_survives_being_written_down(world: World, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(dump_world(world), encoding="utf-8")
    assert load_world(path) == world
    assert load_world(str(path)) == world


def test_what_is_written_is_readable_and_says_what_it_is(world: World) -> None:
    text = dump_world(world)
    data = json.loads(text)
    assert data["keepsake_world"] == 1
    assert data["now"] == "2026-03-02T09:00:00Z"
    assert data["tickets"][0]["status"] == "closed"
    assert "Thandiwe Mokoena" in text
    assert "🎉" in text


def test_a_time_in_another_zone_becomes_utc(world: World) -> None:
    data = json.loads(dump_world(world))
    data["now"] = "2026-03-02T11:00:00+02:00"
    loaded = load_world(json.dumps(data))
    assert loaded.now == world.now
    assert loaded.now.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("keepsake_world",), 2, "of another version"),
        (("now",), "yesterday", "now: "),
        (("now",), "2026-03-02T09:00:00", "needs a zone"),
        (("now",), "0001-01-01T00:00:00+09:00", "too far off"),
        (("tickets", 0, "customer"), "nobody", "nothing in the file has the key 'nobody'"),
        (("tickets", 0, "assignee"), "nobody", "assignee: nothing in the file"),
        (("tickets", 0, "messages", 0, "author"), "nobody", "message 1, author"),
        (("tickets", 0, "history", 0, "by"), "nobody", "history, by"),
        (("tickets", 0, "status"), "asleep", "tickets.0.status: "),
        (("tickets", 1, "key"), "t-001", "is there twice"),
        (("customers", 0, "company"), "nowhere", "customer ravi, company"),
        (("agents", 0, "key"), "ravi", "of an agent and of a customer"),
        (("live", 0, "ticket"), "nowhere", "live step 1, ticket"),
        (("live", 0, "author"), "nobody", "live step 1, author"),
        (("agents",), None, "agents: "),
    ],
)
def test_a_world_that_contradicts_itself_is_refused(
    world: World, path: tuple[str | int, ...], value: object, says: str
) -> None:
    data = json.loads(dump_world(world))
    data["tickets"].sort(key=lambda ticket: ticket["key"], reverse=True)
    data["tickets"].sort(key=lambda ticket: ticket["key"] != "t-001")
    part = data
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(WorldError, match=says):
        load_world(json.dumps(data))
