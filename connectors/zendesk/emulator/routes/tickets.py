"""Tickets one by one: list, read, make, change, delete, restore, merge."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from .. import problems, shapes, sideloads
from ..changes import Outcome, create_ticket, update_ticket
from ..indexes import Key, SortedIndex, iso
from ..jobs import count_ticket_update, enqueue
from ..metrics import metric_set
from ..paging import listing, small_list
from ..rows import Ticket
from ..shapes_admin import job as job_shape
from ..state import STATUSES
from ..ticket_acts import delete_ticket, restore_ticket
from ..web import (
    actor,
    answer,
    body,
    extra_headers,
    ids_given,
    needs,
    number,
    origin,
    spend,
    state,
    warn,
)

blueprint = Blueprint("zendesk_tickets", __name__, url_prefix="/api/v2")

_KEY_LIFE = timedelta(hours=2)


def living_ticket(ticket_id: object) -> Ticket:
    """Raises 404 for a ticket that is not there, or was deleted."""
    ticket = state().tickets.get(number(ticket_id))
    if ticket is None or ticket.deleted_at is not None:
        raise problems.not_found()
    return ticket


def shown(ticket: Ticket) -> dict[str, Any]:
    return shapes.ticket(state(), ticket, origin())


def _by_status() -> SortedIndex:
    rows = state().tickets.values()
    return SortedIndex((STATUSES.index(t.status), t.id) for t in rows if t.deleted_at is None)


def _row(key: Key) -> Ticket:
    return state().tickets[int(key[-1])]


@blueprint.get("/tickets")
def list_tickets() -> Response:
    most = state().options.limits.tickets_index
    spend("tickets-index", "", most, 60, header="zendesk-ratelimit-tickets-index")
    orders = {
        "id": lambda: state().tickets_order,
        "updated_at": lambda: state().tickets_updated,
        "created_at": lambda: state().tickets_order,
        "status": _by_status,
    }
    if "page[size]" in request.args:
        del orders["created_at"]
    page = listing("tickets", orders, lambda key: shown(_row(key)))
    rows = [state().tickets[ticket["id"]] for ticket in page["tickets"]]
    return answer({**page, **sideloads.for_tickets(rows)})


@blueprint.get("/tickets/count")
def count_tickets() -> Response:
    count = {"value": len(state().tickets_order), "refreshed_at": iso(state().now())}
    return answer({"count": count})


@blueprint.get("/tickets/show_many")
def show_many() -> Response:
    found = [state().tickets.get(number(each)) for each in ids_given()]
    rows = [ticket for ticket in found if ticket is not None and ticket.deleted_at is None]
    page = {"tickets": [shown(ticket) for ticket in rows]}
    more = {"next_page": None, "previous_page": None, "count": len(rows)}
    return answer({**page, **more, **sideloads.for_tickets(rows)})


@blueprint.get("/tickets/<int:ticket_id>")
def show(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    return answer({"ticket": shown(ticket), **sideloads.for_tickets([ticket])})


def _pair(outcome: Outcome) -> dict[str, Any]:
    ticket, audit = outcome.ticket, outcome.audit
    if audit is not None:
        told = shapes.audit(audit)
    else:
        # Nothing changed: answered all the same, with an audit without events.
        last = shapes.audit(ticket.audits[-1])
        told = {**last, "id": state().next_id(), "created_at": iso(state().now()), "events": []}
    return {"ticket": shown(ticket), "audit": told}


@blueprint.post("/tickets")
@needs("user")
def create() -> Response:
    given = body("ticket")
    known = _already_made(given)
    if known is not None:
        return known
    outcome = create_ticket(state(), given, actor())
    warn(outcome.unknown)
    place = f"{origin()}/api/v2/tickets/{outcome.ticket.id}.json"
    made = _pair(outcome)
    key = request.headers.get("Idempotency-Key")
    if key:
        state().idempotency[key] = (state().clock(), _digest(given), made, place)
    return answer(made, 201, Location=place)


def _already_made(given: dict[str, Any]) -> Response | None:
    """The answer to an ``Idempotency-Key`` used before. Raises 400 when it asks otherwise."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        return None
    if len(key) > 255:
        raise problems.bad_request("IdempotentRequestError", "Idempotency key is too long")
    known = state().idempotency.get(key)
    if known is None or state().clock() - known[0] > _KEY_LIFE:
        extra_headers()["x-idempotency-lookup"] = "miss"
        return None
    if known[1] != _digest(given):
        raise problems.bad_request(
            "IdempotentRequestError",
            "Request parameters don't match the given idempotency key",
        )
    extra_headers()["x-idempotency-lookup"] = "hit"
    return answer(known[2], 201, Location=known[3])


def _digest(given: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()


@blueprint.put("/tickets/<int:ticket_id>")
def update(ticket_id: int) -> Response:
    ticket = living_ticket(ticket_id)
    limits = state().options.limits
    left = count_ticket_update(state(), ticket, actor())
    extra_headers()["zendesk-rate-limit-tickets-update"] = left
    spend("tickets-update-account", "", limits.ticket_updates_account, 60)
    outcome = update_ticket(state(), ticket, body("ticket"), actor())
    warn(outcome.unknown)
    return answer(_pair(outcome))


@blueprint.delete("/tickets/<int:ticket_id>")
def delete(ticket_id: int) -> Response:
    spend("tickets-delete", "", state().options.limits.ticket_deletes, 60)
    delete_ticket(state(), living_ticket(ticket_id), actor())
    return Response(status=204)


@blueprint.get("/tickets/<int:ticket_id>/metrics")
def metrics(ticket_id: int) -> Response:
    return answer({"ticket_metric": metric_set(state(), living_ticket(ticket_id))})


@blueprint.get("/ticket_metrics")
def all_metrics() -> Response:
    orders = {"id": lambda: state().tickets_order}
    return answer(listing("ticket_metrics", orders, lambda key: metric_set(state(), _row(key))))


@blueprint.post("/tickets/<int:ticket_id>/merge")
def merge(ticket_id: int) -> Response:
    target = living_ticket(ticket_id)
    given = body()
    notes = {k: given.get(k) for k in ("source_comment", "target_comment")}
    items = [{"id": each, "target": target.id, **notes} for each in given.get("ids", [])]
    job = enqueue(state(), "ticket_merge", "merge", items, actor())
    return answer({"job_status": job_shape(job, origin())})


@blueprint.get("/users/<int:user_id>/tickets/requested")
def requested(user_id: int) -> Response:
    if user_id not in state().users:
        raise problems.not_found()
    ids = state().tickets_by_requester.get(user_id, set())
    rows = [t for each in ids if (t := state().tickets[each]).deleted_at is None]
    page = small_list("tickets", rows, shown)
    return answer({**page, **sideloads.for_tickets(rows)})


@blueprint.get("/organizations/<int:organization_id>/tickets")
def of_organization(organization_id: int) -> Response:
    if organization_id not in state().organizations:
        raise problems.not_found()
    rows = [
        ticket
        for ticket in state().tickets.values()
        if ticket.organization_id == organization_id and ticket.deleted_at is None
    ]
    return answer(small_list("tickets", rows, shown))


def _deleted(ticket_id: int) -> Ticket:
    ticket = state().tickets.get(ticket_id)
    if ticket is None or ticket.deleted_at is None or ticket.gone:
        raise problems.not_found()
    return ticket


@blueprint.get("/deleted_tickets")
def list_deleted() -> Response:
    rows = [t for t in state().tickets.values() if t.deleted_at is not None and not t.gone]

    def deleted(ticket: Ticket) -> dict[str, Any]:
        by = state().users.get(ticket.deleted_by or 0)
        return {
            "id": ticket.id,
            "subject": ticket.subject,
            "actor": {"id": ticket.deleted_by, "name": by.name if by else "System"},
            "deleted_at": iso(ticket.deleted_at) if ticket.deleted_at else None,
            "previous_state": ticket.status,
        }

    return answer(small_list("deleted_tickets", rows, deleted))


@blueprint.put("/deleted_tickets/<int:ticket_id>/restore")
def restore(ticket_id: int) -> Response:
    restore_ticket(state(), _deleted(ticket_id), actor())
    return answer({})


@blueprint.put("/deleted_tickets/restore_many")
def restore_many() -> Response:
    for each in ids_given():
        restore_ticket(state(), _deleted(number(each)), actor())
    return answer({})


@blueprint.delete("/deleted_tickets/<int:ticket_id>")
def erase(ticket_id: int) -> Response:
    items = [{"id": _deleted(ticket_id).id}]
    job = enqueue(state(), "ticket_erase", "delete", items, actor())
    return answer({"job_status": job_shape(job, origin())})


@blueprint.delete("/deleted_tickets/destroy_many")
def erase_many() -> Response:
    items = [{"id": _deleted(number(each)).id} for each in ids_given()]
    job = enqueue(state(), "ticket_erase", "delete", items, actor())
    return answer({"job_status": job_shape(job, origin())})
