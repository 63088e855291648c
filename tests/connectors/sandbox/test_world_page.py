"""The page about the world says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connectors.sandbox.build import Making
from connectors.sandbox.loader import load_world
from connectors.sandbox.ticket_rows import TicketRow
from connectors.sandbox.world import World

PAGE = (Path(__file__).parents[3] / "docs" / "world.md").read_text(encoding="utf-8")


def test_every_story_ticket_is_on_the_page(making: Making) -> None:
    for story in making.stories:
        first = story.tickets[0].key
        assert f"`{first}`" in PAGE, first


def test_no_ticket_on_the_page_is_missing_from_the_world(world: World) -> None:
    known = {ticket.key for ticket in world.tickets} | {step.ticket for step in world.live}
    section = PAGE.split("## The stories")[1].split("`connectors.sandbox.truth`")[0]
    named = re.findall(r"`([a-z][a-z0-9-]+)`", section)
    assert named
    assert set(named) <= known


def test_the_figures_on_the_page_are_right(making: Making) -> None:
    world = making.world
    assert f"{len(world.agents)} agents" in PAGE
    assert f"{len(world.companies)} companies" in PAGE
    assert f"{len(world.customers)} customers" in PAGE
    assert f"{len({customer.time_zone for customer in world.customers})} time zones" in PAGE
    told = sum(len(story.tickets) for story in making.stories)
    assert f"{len(making.stories)} written by hand, {told} tickets" in PAGE
    assert f"the other {len(world.tickets) - told} are" in PAGE


def test_the_example_on_the_page_is_read_as_described() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.S)
    world = load_world(example)
    (ticket,) = world.tickets
    assert [message.author for message in ticket.messages] == ["ada-byron", "bo-lind", "bo-lind"]
    assert world.company == json.loads(example)["company"]
    assert ticket.rating is not None
    assert ticket.rating.good


@pytest.mark.parametrize("name", TicketRow.model_fields)
def test_every_field_a_ticket_may_have_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE
