"""Rows that come along with ``include=``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request

from . import shapes
from .metrics import metric_set
from .rows import Ticket
from .web import origin, state


def asked() -> set[str]:
    return {each.strip() for each in request.args.get("include", "").split(",") if each.strip()}


def users(ids: Iterable[int | None]) -> list[dict[str, Any]]:
    found = sorted({each for each in ids if each is not None and each in state().users})
    return [shapes.user(state(), state().users[each], origin()) for each in found]


def organizations(ids: Iterable[int | None]) -> list[dict[str, Any]]:
    rows = state().organizations
    found = sorted({each for each in ids if each is not None and each in rows})
    return [shapes.organization(state(), rows[each], origin()) for each in found]


def groups(ids: Iterable[int | None]) -> list[dict[str, Any]]:
    rows = state().groups
    found = sorted({each for each in ids if each is not None and each in rows})
    return [shapes.group(rows[each], origin()) for each in found]


def for_tickets(tickets: Iterable[Ticket]) -> dict[str, Any]:
    """Users, groups, organizations and metric sets of these tickets, as far as asked for."""
    wanted, rows = asked(), list(tickets)
    more: dict[str, Any] = {}
    if "users" in wanted:
        people = [(t.requester_id, t.submitter_id, t.assignee_id) for t in rows]
        more["users"] = users(each for three in people for each in three)
    if "groups" in wanted:
        more["groups"] = groups(t.group_id for t in rows)
    if "organizations" in wanted:
        more["organizations"] = organizations(t.organization_id for t in rows)
    if "metric_sets" in wanted:
        more["metric_sets"] = [metric_set(state(), t) for t in rows]
    return more
