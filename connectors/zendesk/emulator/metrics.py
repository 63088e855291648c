"""Figures about a ticket, worked out from its audits when somebody asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .indexes import iso, iso_or_none
from .rows import Audit, Ticket
from .state import State


def metric_set(state: State, ticket: Ticket) -> dict[str, Any]:
    """The ``ticket_metric`` of one ticket. Business hours are taken to be all hours."""
    statuses = _moves(ticket, "status")
    assigned = _moves(ticket, "assignee_id")
    solved = [at for at, value, _ in statuses if value == "solved"]
    replies = [c for c in ticket.comments if c.public and _by_staff(state, c.author_id)]
    customer = [c.created_at for c in ticket.comments if not _by_staff(state, c.author_id)]
    waits = _time_in(statuses, state.now())
    reply = _minutes(ticket.created_at, replies[0].created_at if replies else None)
    return {
        "id": ticket.id,
        "ticket_id": ticket.id,
        "created_at": iso(ticket.created_at),
        "updated_at": iso(ticket.updated_at),
        "group_stations": len(_moves(ticket, "group_id")),
        "assignee_stations": len(assigned),
        "reopens": sum(
            1 for _, value, before in statuses if before == "solved" and value != "closed"
        ),
        "replies": len(replies),
        "assignee_updated_at": iso_or_none(assigned[-1][0] if assigned else None),
        "requester_updated_at": iso(customer[-1] if customer else ticket.created_at),
        "status_updated_at": iso(statuses[-1][0] if statuses else ticket.created_at),
        "custom_status_updated_at": iso(statuses[-1][0] if statuses else ticket.created_at),
        "initially_assigned_at": iso_or_none(assigned[0][0] if assigned else None),
        "assigned_at": iso_or_none(assigned[-1][0] if assigned else None),
        "solved_at": iso_or_none(solved[-1] if solved else None),
        "latest_comment_added_at": iso_or_none(
            ticket.comments[-1].created_at if ticket.comments else None
        ),
        "reply_time_in_minutes": _both(reply),
        "reply_time_in_seconds": {"calendar": None if reply is None else reply * 60},
        "first_resolution_time_in_minutes": _both(
            _minutes(ticket.created_at, solved[0] if solved else None)
        ),
        "full_resolution_time_in_minutes": _both(
            _minutes(ticket.created_at, solved[-1] if solved else None)
        ),
        "agent_wait_time_in_minutes": _both(waits["pending"]),
        "requester_wait_time_in_minutes": _both(waits["new"] + waits["open"] + waits["hold"]),
        "on_hold_time_in_minutes": _both(waits["hold"]),
    }


def _moves(ticket: Ticket, name: str) -> list[tuple[datetime, str | None, str | None]]:
    found = []
    for audit in ticket.audits:
        for event in audit.events:
            if event.body.get("field_name") == name:
                found.append(_move(audit, event.body))
    return found


def _move(audit: Audit, body: dict[str, Any]) -> tuple[datetime, str | None, str | None]:
    return audit.created_at, body.get("value"), body.get("previous_value")


def _time_in(moves: list[tuple[datetime, str | None, str | None]], now: datetime) -> dict[str, int]:
    spent = dict.fromkeys(("new", "open", "pending", "hold", "solved", "closed"), 0)
    for place, (at, value, _) in enumerate(moves):
        end = moves[place + 1][0] if place + 1 < len(moves) else now
        if value in spent:
            spent[value] += int((end - at).total_seconds() // 60)
    return spent


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else int((end - start).total_seconds() // 60)


def _both(minutes: int | None) -> dict[str, int | None]:
    return {"calendar": minutes, "business": minutes}


def _by_staff(state: State, user_id: int) -> bool:
    user = state.users.get(user_id)
    return user is None or user.is_staff
