"""The make-believe company: as large as promised, the same everywhere, and sane in time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.records import Priority, TicketStatus
from connectors.sandbox.build import Making, build_world, make_world
from connectors.sandbox.hours import OFFSETS
from connectors.sandbox.people import ADMIN, TEAM_LEAD
from connectors.sandbox.world import LiveKind, World, WorldTicket
from connectors.sandbox.world_json import check, dump_world

ROOT = Path(__file__).parents[3]


def digest(world: World) -> str:
    return hashlib.sha256(dump_world(world).encode()).hexdigest()


def test_the_world_has_the_promised_size(world: World) -> None:
    assert 55 <= len(world.customers) <= 65
    assert 18 <= len(world.companies) <= 24
    assert 6 <= len(world.agents) <= 8
    assert 235 <= len(world.tickets) <= 265
    assert 930 <= sum(len(ticket.messages) for ticket in world.tickets) <= 1080


def test_the_world_spans_eighteen_months(world: World) -> None:
    first = min(ticket.created_at for ticket in world.tickets)
    assert timedelta(days=520) < world.now - first < timedelta(days=550)
    months = Counter((t.created_at.year, t.created_at.month) for t in world.tickets)
    assert len(months) >= 18
    assert min(months[m] for m in sorted(months)[1:-1]) >= 4


def test_two_builds_are_one_world() -> None:
    assert build_world() == build_world()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_hash_seed_changes_nothing(world: World, hash_seed: str) -> None:
    code = (
        "import hashlib; from connectors.sandbox.build import build_world; "
        "from connectors.sandbox.world_json import dump_world; "
        "print(hashlib.sha256(dump_world(build_world()).encode()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": "Pacific/Auckland"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == digest(world)


def test_another_seed_is_another_world_with_the_same_stories(making: Making) -> None:
    other = make_world(8)
    assert digest(other.world) != digest(making.world)
    assert other.stories == making.stories
    check(other.world)


def test_the_world_is_built_quickly() -> None:
    build_world()
    started = time.perf_counter()
    build_world()
    # 0.05 s on a laptop; the bound leaves room for a busy machine.
    assert time.perf_counter() - started < 0.3


def test_everybody_who_is_named_exists(world: World) -> None:
    check(world)


@pytest.mark.parametrize("seed", [7, 1, 99])
def test_time_runs_forward_on_every_ticket(seed: int) -> None:
    world = build_world(seed)
    born = {customer.key: customer.created_at for customer in world.customers}
    for ticket in world.tickets:
        times = [message.at for message in ticket.messages]
        assert times == sorted(times), ticket.key
        assert len(set(times)) == len(times), ticket.key
        assert times[0] == ticket.created_at, ticket.key
        changes = [change.at for change in ticket.history]
        assert changes == sorted(changes), ticket.key
        for message in ticket.messages:
            assert message.at >= born.get(message.author, message.at), ticket.key
        last = max(times + changes + ([ticket.rating.at] if ticket.rating else []))
        assert last < world.now, ticket.key
        assert all(at.tzinfo is UTC for at in times), ticket.key


def test_customers_do_not_precede_their_company(world: World) -> None:
    opened = {company.key: company.created_at for company in world.companies}
    for customer in world.customers:
        assert customer.created_at < world.now
        if customer.company:
            assert customer.created_at.date() >= opened[customer.company].date(), customer.key


def test_a_ticket_ends_where_its_history_ends(world: World) -> None:
    for ticket in world.tickets:
        assert ticket.status is _last(ticket, "status", TicketStatus.NEW), ticket.key
        assert ticket.priority is _last(ticket, "priority", ticket.priority), ticket.key
        assert ticket.group == _last(ticket, "group", ticket.group), ticket.key


def _last(ticket: WorldTicket, name: str, start: object) -> object:
    values = [getattr(change, name) for change in ticket.history]
    return next((value for value in reversed(values) if value is not None), start)


def test_every_address_belongs_to_nobody(world: World) -> None:
    addresses = [agent.email for agent in world.agents] + [c.email for c in world.customers]
    addresses += [company.domain for company in world.companies]
    assert all(address.endswith(".example") for address in addresses)
    assert len(set(addresses)) == len(addresses)
    for customer in world.customers:
        assert customer.phone is None or re.fullmatch(r"\+1 202 555 01\d\d", customer.phone)
    words = "\n".join(message.text for t in world.tickets for message in t.messages)
    words += "\n".join(step.text or "" for step in world.live)
    for host in re.findall(r"(?:https?://|@)([\w.-]+)", words):
        assert host.rstrip(".").endswith(".example"), host


def test_zones_are_ones_the_office_hours_know(world: World) -> None:
    assert {customer.time_zone for customer in world.customers} <= set(OFFSETS)


def test_most_customers_write_in_their_own_office_hours(world: World) -> None:
    zone = {customer.key: customer.time_zone for customer in world.customers}
    said = [
        (message.at + timedelta(hours=OFFSETS[zone[message.author]]))
        for ticket in world.tickets
        for message in ticket.messages
        if message.author in zone
    ]
    inside = [at for at in said if at.weekday() < 5 and 7 <= at.hour < 19]
    assert len(inside) / len(said) > 0.85


def test_statuses_priorities_channels_and_ratings_vary(world: World) -> None:
    assert {ticket.status for ticket in world.tickets} == set(TicketStatus)
    assert {ticket.priority for ticket in world.tickets} == {*Priority, None}
    assert {ticket.channel for ticket in world.tickets} == {"email", "web", "chat", "api"}
    assert {ticket.group for ticket in world.tickets} == {
        "Support",
        "API",
        "Billing",
        "Logistics",
        "Escalations",
    }
    ratings = [ticket.rating for ticket in world.tickets if ticket.rating]
    assert 60 <= len(ratings) <= 110
    assert 10 <= sum(not rating.good for rating in ratings) <= len(ratings) / 3
    assert sum(rating.comment is not None for rating in ratings) >= 30
    assert sum(not m.public for t in world.tickets for m in t.messages) >= 15


def test_moods_are_spread_as_in_real_support(making: Making) -> None:
    moods = Counter(making.moods.values())
    share = {mood: count / len(making.moods) for mood, count in moods.items()}
    assert 0.48 <= share["plain"] <= 0.62
    assert 0.12 <= share["negative"] <= 0.22
    assert 0.09 <= share["positive"] <= 0.16
    assert {"confused", "anxious", "mixed"} <= set(share)


def test_nobody_says_the_same_long_thing_all_the_time(world: World) -> None:
    said = Counter(
        re.sub(r"\d+", "#", sentence.strip())
        for ticket in world.tickets
        for message in ticket.messages
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", message.text)
        if len(sentence) > 45
    )
    assert [sentence for sentence, count in said.items() if count > 6] == []
    assert sum(1 for count in said.values() if count > 3) < 0.03 * len(said)


def test_no_two_customers_open_with_the_same_words(world: World) -> None:
    openings = Counter(
        ticket.messages[0].text for ticket in world.tickets if len(ticket.messages[0].text) > 40
    )
    assert [text for text, count in openings.items() if count > 2] == []


def test_no_slot_is_left_unfilled(world: World) -> None:
    for ticket in world.tickets:
        if ticket.key.startswith("t-"):
            for text in (ticket.subject, *(message.text for message in ticket.messages)):
                assert "{" not in text
                assert text == text.strip()
                assert text


def test_stories_are_under_way_when_the_world_ends(world: World) -> None:
    waiting = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING)
    young = [t for t in world.tickets if world.now - t.created_at < timedelta(days=14)]
    assert sum(ticket.status in waiting for ticket in young) >= 10
    assert all(
        world.now - ticket.created_at < timedelta(days=30)
        for ticket in world.tickets
        if ticket.status in waiting
    )


def test_a_shifted_world_ends_now(world: World) -> None:
    now = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
    moved = world.shifted(now)
    assert moved.now == now
    assert moved.shifted(world.now) == world


def test_there_is_a_team_lead_and_one_admin(world: World) -> None:
    agents = {agent.key: agent for agent in world.agents}
    assert agents[TEAM_LEAD].group == "Escalations"
    assert [agent.key for agent in world.agents if agent.is_admin] == [ADMIN]


def test_the_live_steps_play_what_the_demo_needs(world: World) -> None:
    assert 8 <= len(world.live) <= 12
    assert all(4 <= step.after <= 8 for step in world.live)
    assert {step.kind for step in world.live} == set(LiveKind)
    known = {ticket.key for ticket in world.tickets}
    for step in world.live:
        match step.kind:
            case LiveKind.NEW_TICKET:
                assert step.ticket not in known
                assert step.subject
                assert step.text
                known.add(step.ticket)
            case LiveKind.COMMENT:
                assert step.text
            case LiveKind.STATUS:
                assert step.status is not None
            case LiveKind.RATING:
                assert step.good is not None
        assert step.ticket in known
