"""A world as JSON and back, exactly: what ``dump_world`` writes, ``read_dump`` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from .world import LiveKind, World
from .worldfile import WorldError

#: The key that marks the format; its value is the format's version.
MARK = "keepsake_world"
VERSION = 1
_ADAPTER = TypeAdapter(World)
T = TypeVar("T")


def dump_world(world: World) -> str:
    """The world as JSON text: readable, in a fixed order, the same for the same world."""
    data = {MARK: VERSION} | _ADAPTER.dump_python(world, mode="json")
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def read_dump(data: Mapping[str, Any]) -> World:
    """The world that was dumped. Raises ``WorldError``, also when it contradicts itself."""
    if data.get(MARK) != VERSION:
        raise WorldError(f'"{MARK}" must be {VERSION}: the file is of another version')
    try:
        world = _ADAPTER.validate_python({k: v for k, v in data.items() if k != MARK})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise WorldError(f"{place}: {first['msg']}") from None
    world = _in_utc(world, "world")
    check(world)
    return world


def check(world: World) -> None:
    """Refuse a world in which somebody or something is named that does not exist."""
    agents = _keys("agents", (agent.key for agent in world.agents))
    companies = _keys("companies", (company.key for company in world.companies))
    customers = _keys("customers", (customer.key for customer in world.customers))
    tickets = _keys("tickets", (ticket.key for ticket in world.tickets))
    if agents & customers:
        raise WorldError(f"{min(agents & customers)!r} is the key of an agent and of a customer")
    for customer in world.customers:
        _known(customer.company, companies, f"customer {customer.key}, company")
    for ticket in world.tickets:
        where = f"ticket {ticket.key}"
        _known(ticket.customer, customers, f"{where}, customer")
        _known(ticket.assignee, agents, f"{where}, assignee")
        for number, message in enumerate(ticket.messages, start=1):
            _known(message.author, agents | customers, f"{where}, message {number}, author")
        for change in ticket.history:
            _known(change.by, agents | customers, f"{where}, history, by")
    for number, step in enumerate(world.live, start=1):
        _known(step.author, agents | customers, f"live step {number}, author")
        if step.kind is LiveKind.NEW_TICKET:
            tickets.add(step.ticket)
        _known(step.ticket, tickets, f"live step {number}, ticket")


def _keys(name: str, keys: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise WorldError(f"{name}: the key {key!r} is there twice, give each its own")
        seen.add(key)
    return seen


def _known(key: str | None, keys: set[str], where: str) -> None:
    if key is not None and key not in keys:
        raise WorldError(f"{where}: nothing in the file has the key {key!r}")


def _in_utc(value: T, where: str) -> T:
    """The same value with every time in UTC."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise WorldError(f"{where}: a time needs a zone, for example a Z at its end")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise WorldError(f"{where}: a time lies too far off") from None
    if isinstance(value, tuple):
        return tuple(_in_utc(item, where) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _in_utc(getattr(value, f.name), f.name) for f in fields(value)}
        return replace(value, **changes)
    return value
