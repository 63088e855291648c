"""What agents see: plain pages of tickets and people, with the custom fields on the form.

For a person to look at in a demo, and to play both sides: no login, so for loopback only. The
forms carry a token of their own, or any page in the same browser could write here.
"""

from __future__ import annotations

import hmac
import re
from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from .. import problems
from ..field_values import CHOICE_TYPES
from ..people import People
from ..rows import Ticket, User
from ..settings_rows import Field
from ..state import STATUSES
from ..web import needs, room, state

blueprint = Blueprint("zendesk_agent", __name__, url_prefix="/agent")

_PER_PAGE = 50


@blueprint.get("")
@blueprint.get("/")
def home() -> AnyResponse:
    return redirect("/agent/tickets")


@blueprint.get("/tickets")
@needs("anyone")
def list_tickets() -> str:
    """Newest change first."""
    page = max(1, _number(request.args.get("page")))
    status = request.args.get("status", "")
    index = state().tickets_updated
    keys = index.slice(0, len(index), descending=True)
    rows = [state().tickets[int(key[1])] for key in keys]
    if status in STATUSES:
        rows = [row for row in rows if row.status == status]
    start = (page - 1) * _PER_PAGE
    return render_template(
        "zendesk/tickets.html",
        tickets=rows[start : start + _PER_PAGE],
        users=state().users,
        statuses=STATUSES,
        status=status,
        page=page,
        more=start + _PER_PAGE < len(rows),
        total=len(rows),
        account=_account(),
    )


def _account() -> str:
    world = room().world
    return world.company if world else state().options.subdomain


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _ticket(ticket_id: int) -> Ticket:
    ticket = state().tickets.get(ticket_id)
    if ticket is None or ticket.gone:
        raise problems.not_found()
    return ticket


@blueprint.get("/tickets/<int:ticket_id>")
@needs("anyone")
def show_ticket(ticket_id: int) -> str:
    ticket = _ticket(ticket_id)
    form = state().forms.get(ticket.ticket_form_id, state().default_form)
    on_form = (state().ticket_fields.get(each) for each in form.ticket_field_ids)
    fields = [field for field in on_form if field and field.removable and field.active]
    requester = state().users[ticket.requester_id]
    return render_template(
        "zendesk/ticket.html",
        ticket=ticket,
        requester=requester,
        users=state().users,
        organizations=state().organizations,
        groups=state().groups,
        fields=[_told(field, ticket.values.get(field.id)) for field in fields],
        person=_person_fields(requester),
        statuses=STATUSES[:-1],
        watch=request.args.get("watch") == "1",
        form_token=state().form_token,
        account=_account(),
    )


def _told(field: Field, value: Any) -> dict[str, Any]:
    """A field and its value in the words an agent reads."""
    names = {option.value: option.name for option in field.options}
    several = value if isinstance(value, list) else [] if value is None else [value]
    return {
        "id": field.id,
        "title": field.title,
        "type": field.type,
        "value": value,
        "options": field.options,
        "is_choice": field.type in CHOICE_TYPES,
        "texts": [names.get(str(each), str(each)) for each in several],
        "is_link": bool(re.match(r"https?://", str(value or ""))),
    }


def _person_fields(user: User) -> list[dict[str, Any]]:
    fields = [field for field in state().user_fields.values() if field.active]
    return [_told(field, user.values.get(str(field.key))) for field in fields]


@blueprint.get("/users/<int:user_id>")
@needs("anyone")
def show_user(user_id: int) -> str:
    user = state().users.get(user_id)
    if user is None:
        raise problems.not_found()
    ids = sorted(state().tickets_by_requester.get(user_id, ()), reverse=True)
    tickets = [state().tickets[each] for each in ids]
    return render_template(
        "zendesk/user.html",
        user=user,
        organizations=state().organizations,
        fields=_person_fields(user),
        tickets=[ticket for ticket in tickets if not ticket.gone],
        account=_account(),
    )


@blueprint.post("/tickets/<int:ticket_id>")
@needs("anyone")
def act(ticket_id: int) -> AnyResponse:
    """Write as the customer, answer as the agent, or edit a field."""
    given = request.form.get("form_token", "")
    if not hmac.compare_digest(given.encode(), state().form_token.encode()):
        raise problems.forbidden()
    ticket, people = _ticket(ticket_id), People(state())
    what, text = request.form.get("act", ""), request.form.get("text", "").strip()
    if what == "customer" and text:
        people.customer_comments(ticket.id, text)
    elif what in ("reply", "note") and text:
        people.agent_comments(ticket.id, text, public=what == "reply")
    elif what == "status":
        people.agent_edits(ticket.id, {"status": request.form.get("status", "open")})
    elif what == "field":
        values = [each for each in request.form.getlist("value") if each]
        field = state().ticket_fields.get(_number(request.form.get("field_id")))
        value: Any = values if field and field.type == "multiselect" else "".join(values)
        people.agent_edits_field(ticket.id, field.id if field else 0, value or None)
    return redirect(f"/agent/tickets/{ticket.id}")
