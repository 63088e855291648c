"""Bulk work that is done later: queued, then working, then completed.

A job moves one step at every look (``Options.job_polls`` of them) or is done once it is
``Options.job_seconds`` old, whichever comes first. Its items are worked off at that moment and
not before, so that people can change a record between the order and the deed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from . import problems
from .changes import create_ticket, update_ticket
from .coerce import id_of, objects_of
from .draft import Actor
from .organization_changes import create_organization, update_organization
from .rows import Ticket
from .settings_rows import Job
from .state import State
from .ticket_acts import delete_ticket, erase_ticket, merge_tickets
from .user_acts import delete_user
from .user_changes import create_user, update_user

Item = dict[str, Any]

_KEPT = timedelta(days=1)


def enqueue(state: State, kind: str, action: str, given: Sequence[Item], actor: Actor) -> Job:
    """Raises ``Problem`` 400 over a hundred items, 429 when too many jobs are under way."""
    items = objects_of("items", list(given))
    if len(items) > 100:
        raise problems.too_many_values(100)
    if not items:
        raise problems.bad_request("ParameterMissing", "The job has no items")
    under_way = list(state.jobs_under_way)
    if len(under_way) >= state.options.limits.jobs:
        raise problems.too_many_jobs(under_way)
    job = Job(
        id=f"V3-{secrets.token_hex(16)}",
        kind=kind,
        action=action,
        items=[dict(item) for item in items],
        actor_id=actor.user_id,
        client=actor.client,
        created_at=state.clock(),
    )
    state.jobs[job.id] = state.jobs_under_way[job.id] = job
    _forget_old(state)
    return job


def look(state: State, job: Job) -> None:
    """One poll: the job moves on."""
    if job.status not in ("queued", "working"):
        return
    job.polls += 1
    job.status = "working"
    if job.polls >= state.options.job_polls:
        _work_off(state, job)


def settle(state: State) -> None:
    """Finish what is old enough."""
    now = state.clock()
    for job in list(state.jobs_under_way.values()):
        if (now - job.created_at).total_seconds() >= state.options.job_seconds:
            _work_off(state, job)


def _forget_old(state: State) -> None:
    """Results are kept for a day; jobs lie in the order of their creation."""
    for job in list(state.jobs.values()):
        if state.clock() - job.created_at <= _KEPT:
            return
        del state.jobs[job.id]
        state.jobs_under_way.pop(job.id, None)


def _work_off(state: State, job: Job) -> None:
    del state.jobs_under_way[job.id]
    actor = Actor(user_id=job.actor_id, channel="api", client=job.client)
    work = _WORK[job.kind]
    results = []
    for index, item in enumerate(job.items):
        try:
            done = work(state, item, actor)
        except problems.Problem as problem:
            results.append(_failed(index, item, job.action, problem))
        else:
            results.append({"index": index, **done})
    job.results = results
    job.status = "completed"
    job.message = f"Completed at {_ruby_time(state.now())}"


def _ruby_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S +0000")


def _failed(index: int, item: Item, action: str, problem: problems.Problem) -> Item:
    body = problem.body if isinstance(problem.body, dict) else {}
    details = body.get("details") or {}
    said = [d["description"] for found in details.values() for d in found]
    return {
        "index": index,
        "id": item.get("id"),
        "action": action,
        "success": False,
        "status": "Failed",
        "error": body.get("error", "Unknown"),
        "details": " ".join(said) or body.get("description", ""),
    }


def _ticket(state: State, item: Item) -> Ticket:
    ticket = state.tickets.get(id_of(item.get("id")) or 0)
    if ticket is None or ticket.deleted_at is not None:
        raise problems.not_found()
    return ticket


def _updated(record_id: int) -> Item:
    return {"id": record_id, "action": "update", "success": True, "status": "Updated"}


def _update_ticket(state: State, item: Item, actor: Actor) -> Item:
    ticket = _ticket(state, item)
    count_ticket_update(state, ticket, actor)
    update_ticket(state, ticket, {k: v for k, v in item.items() if k != "id"}, actor)
    return _updated(ticket.id)


def count_ticket_update(state: State, ticket: Ticket, actor: Actor) -> str:
    """30 updates in 10 minutes, per user and ticket; bulk updates count too. Raises 429."""
    most = state.options.limits.ticket_updates
    taken = state.limiter.take("tickets-update", (actor.user_id, ticket.id), most, 600)
    if not taken.ok:
        raise problems.rate_limited(
            "ticket update API", taken.resets, {"zendesk-rate-limit-tickets-update": taken.header}
        )
    return taken.header


def _create_ticket(state: State, item: Item, actor: Actor) -> Item:
    made = create_ticket(state, item, actor).ticket
    return {"id": made.id, "account_id": state.options.account_id}


def _delete_ticket(state: State, item: Item, actor: Actor) -> Item:
    ticket = _ticket(state, item)
    delete_ticket(state, ticket, actor)
    return {"id": ticket.id, "action": "delete", "success": True, "status": "Deleted"}


def _erase_ticket(state: State, item: Item, actor: Actor) -> Item:
    ticket = state.tickets.get(id_of(item.get("id")) or 0)
    if ticket is None or ticket.deleted_at is None or ticket.gone:
        raise problems.not_found()
    erase_ticket(state, ticket, actor)
    return {"id": ticket.id, "action": "delete", "success": True, "status": "Deleted"}


def _merge_tickets(state: State, item: Item, actor: Actor) -> Item:
    source = _ticket(state, item)
    target = _ticket(state, {"id": item["target"]})
    merge_tickets(
        state,
        source,
        target,
        actor,
        source_note=item.get("source_comment"),
        target_note=item.get("target_comment"),
    )
    return {"id": source.id, "action": "merge", "success": True, "status": "Updated"}


def _update_user(state: State, item: Item, actor: Actor) -> Item:
    user = state.users.get(id_of(item.get("id")) or 0)
    if user is None or user.gone:
        raise problems.not_found()
    update_user(state, user, {k: v for k, v in item.items() if k != "id"}, actor)
    return _updated(user.id)


def create_or_update_user(state: State, item: Item, actor: Actor) -> tuple[int, bool]:
    """The user's id, and whether they were made; matched by external id or e-mail."""
    external = state.users_by_external_id.get(str(item.get("external_id") or ""))
    known = state.users.get(external or 0)
    if known is None and item.get("email"):
        known = state.user_by_email(str(item["email"]))
    if known is None:
        return create_user(state, item, actor).id, True
    update_user(state, known, item, actor)
    return known.id, False


def _create_or_update_user(state: State, item: Item, actor: Actor) -> Item:
    user_id, made = create_or_update_user(state, item, actor)
    return {**_updated(user_id), **({"action": "create", "status": "Created"} if made else {})}


def _create_user(state: State, item: Item, actor: Actor) -> Item:
    return {"id": create_user(state, item, actor).id, "status": "Created", "success": True}


def _delete_user(state: State, item: Item, actor: Actor) -> Item:
    user = state.users.get(id_of(item.get("id")) or 0)
    if user is None or not user.active:
        raise problems.not_found()
    delete_user(state, user, actor)
    return {"id": user.id, "action": "delete", "success": True, "status": "Deleted"}


def _update_organization(state: State, item: Item, actor: Actor) -> Item:
    row = state.organizations.get(id_of(item.get("id")) or 0)
    if row is None or row.deleted_at is not None:
        raise problems.not_found()
    update_organization(state, row, {k: v for k, v in item.items() if k != "id"}, actor)
    return _updated(row.id)


def _create_organization(state: State, item: Item, actor: Actor) -> Item:
    made = create_organization(state, item, actor)
    return {"id": made.id, "status": "Created", "success": True}


_WORK: Mapping[str, Callable[[State, Item, Actor], Item]] = {
    "ticket_update": _update_ticket,
    "ticket_create": _create_ticket,
    "ticket_delete": _delete_ticket,
    "ticket_erase": _erase_ticket,
    "ticket_merge": _merge_tickets,
    "user_update": _update_user,
    "user_create": _create_user,
    "user_create_or_update": _create_or_update_user,
    "user_delete": _delete_user,
    "organization_update": _update_organization,
    "organization_create": _create_organization,
}
