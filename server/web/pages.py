"""The pages people look at: today, moments, interventions, people and one customer's timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.store import connections
from server.store import people as stored_people
from server.store.views import (
    interventions_seen,
    moments_seen,
    moments_since,
    people_seen,
    person_seen,
    pulse,
    ticket_place,
    tickets_seen,
)

from .access import caller_or_none, local_path
from .cursors import BadCursor, read_mark, read_number, write_mark
from .deciding import decide
from .errors import Refusal
from .present import INTERVENTION_STATES
from .services import services
from .story import by_message, curve, feeling_of, tell

pages = Blueprint("pages", __name__)

LATEST = 12
PAGE = 30
TICKETS = 10
WEEK = timedelta(days=7)
LONGEST_NAME = 200
#: What is said after a decision was made.
SAID = {
    "approve": "Approved. It goes out in a moment.",
    "decline": "Declined. Nothing goes out.",
    "replay": "Whatever did not arrive is tried again in a moment.",
}


@pages.app_context_processor
def everywhere() -> dict[str, Any]:
    """What every template may use."""
    return {"me": caller_or_none(), "now": services().clock()}


@pages.get("/")
def today() -> str:
    our = services()
    now = our.clock()
    with our.database.read() as tx:
        beat = pulse(tx)
        waiting = [
            one for one in interventions_seen(tx, limit=LATEST, states=["proposed"])
            if one.waits(now)
        ]  # fmt: skip
        seen = {one.id for one in waiting}
        latest = interventions_seen(tx, limit=LATEST + len(seen))
        shown = connections.find(tx)
        context = {
            "connections": shown,
            "counts": connections.counts(tx),
            "moments": by_message(moments_seen(tx, limit=LATEST)),
            "waiting": waiting,
            "interventions": [one for one in latest if one.id not in seen][:LATEST],
            "this_week": moments_since(tx, now - WEEK),
        }
    fresh = now - our.settings.heartbeat_fresh
    alive = any(at >= fresh for at in beat.heartbeats)
    return render_template("today.html", pulse=beat, worker_alive=alive, **context)


@pages.get("/moments")
def moments() -> str:
    kind = request.args.get("kind") or None
    before = _mark(request.args.get("before"))
    with services().database.read() as tx:
        found = moments_seen(tx, limit=PAGE + 1, before=before, kind=kind)
    more = len(found) > PAGE
    found = found[:PAGE]
    older = write_mark(found[-1].at, found[-1].id) if more else None
    return render_template("moments.html", moments=by_message(found), kind=kind, older=older)


@pages.get("/interventions")
def interventions() -> str:
    state = request.args.get("state") or None
    if state is not None and state not in INTERVENTION_STATES:
        raise Refusal(400, "bad_request", "there is no such state of an intervention")
    try:
        before = read_number(request.args.get("before"))
    except BadCursor as error:
        raise Refusal(400, "bad_request", str(error)) from None
    with services().database.read() as tx:
        found = interventions_seen(
            tx, limit=PAGE + 1, before=before, states=[state] if state else ()
        )
    more = len(found) > PAGE
    found = found[:PAGE]
    older = found[-1].id if more else None
    return render_template("interventions.html", interventions=found, state=state, older=older)


@pages.post("/interventions/<id:id>")
def decide_one(id: int) -> Response:
    """Approve, decline or try again; a decision that came too late is told, not made."""
    decision = request.form.get("decision", "")
    if decision not in SAID:
        raise Refusal(400, "bad_request", "the decision is to approve, to decline or to replay")
    try:
        decide(id, decision)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        flash(f"{refusal.message[:1].upper()}{refusal.message[1:]}.")
    else:
        flash(SAID[decision])
    return redirect(local_path(request.form.get("next")), code=303)


@pages.get("/people")
def people() -> str:
    named = request.args.get("q", "").strip()[:LONGEST_NAME]
    with services().database.read() as tx:
        found = people_seen(tx, limit=PAGE, named=named or None)
    return render_template("people.html", people=found, named=named, most=PAGE)


@pages.get("/people/<id:id>")
def person(id: int) -> str:
    our = services()
    now = our.clock()
    before = _mark(request.args.get("before"))
    with our.database.read() as tx:
        seen = person_seen(tx, id)
        if seen is None or seen.erased_at is not None:
            raise Refusal(404, "not_found", "There is nobody here; perhaps they were erased.")
        tickets = tickets_seen(tx, id, limit=TICKETS + 1, before=before)
        acted = interventions_seen(tx, limit=LATEST, person_id=id)
    more = len(tickets) > TICKETS
    tickets = tickets[:TICKETS]
    last = tickets[-1] if more else None
    told = [tell(ticket) for ticket in tickets]
    return render_template(
        "person.html",
        person=seen,
        tickets=told,
        curve=curve(told),
        feeling=feeling_of(seen.state, now, our.priors),
        interventions=acted,
        older=write_mark(last.created_at, f"{last.connection_id}/{last.id}") if last else None,
        newest=url_for("pages.person", id=id) if before else None,
    )


@pages.get("/tickets/<connection_id>/<path:id>")
def ticket(connection_id: str, id: str) -> Response:
    """The memory map of a ticket: its customer's timeline, from this ticket on. The address
    stays good when the customer is joined to another."""
    with services().database.read() as tx:
        found = ticket_place(tx, connection_id=connection_id, id=id)
    if found is None:
        raise Refusal(404, "not_found", "This ticket is not known here, or is nobody's.")
    person_id, at = found
    # The mark lies just behind the ticket, so that the page begins with it.
    start = write_mark(at, f"{connection_id}/{id}\uffff")
    return redirect(url_for("pages.person", id=person_id, before=start))


@pages.get("/contacts/<connection_id>/<path:id>")
def contact(connection_id: str, id: str) -> Response:
    """The memory map of a contact: the timeline of the person they are."""
    with services().database.read() as tx:
        found = stored_people.of_contact(tx, connection_id=connection_id, contact_id=id)
    if found is None:
        raise Refusal(404, "not_found", "This contact is not known here.")
    return redirect(url_for("pages.person", id=found))


def _mark(value: str | None) -> tuple[datetime, str] | None:
    try:
        return read_mark(value)
    except BadCursor as error:
        raise Refusal(400, "bad_request", str(error)) from None
