"""How a ticket changes: one door for the API, for people's acts, for rules and for the fill.

``create_ticket`` and ``update_ticket`` take the inner object of the API's request, check it,
write it, and leave behind exactly one audit and one ``Happening``. A refused change leaves
nothing behind. Callers hold ``State.lock``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from . import problems
from .coerce import id_of, ids_of, pairs_of, text_or_none
from .comment_writing import answer_reopens, bodies, comment_of, say
from .draft import Actor, Draft
from .field_values import accept, couple
from .indexes import parse_time, whole_second
from .rows import Audit, Ticket, User
from .state import STATUSES, State
from .user_changes import create_user
from .words import clean_tags

PRIORITIES = ("urgent", "high", "normal", "low")
TYPES = ("problem", "incident", "question", "task")

#: What a ticket write may hold. Read-only names are swallowed, all others earn a warning.
_WRITABLE_NAMES = """
subject raw_subject comment type priority status custom_status_id requester_id requester
submitter_id assignee_id assignee_email organization_id group_id brand_id ticket_form_id
problem_id collaborator_ids collaborators additional_collaborators follower_ids followers
email_ccs email_cc_ids tags additional_tags remove_tags custom_fields fields external_id due_at
metadata safe_update updated_stamp recipient description via via_id macro_id macro_ids
via_followup_source_id
"""
_WRITABLE = frozenset(_WRITABLE_NAMES.split())
_READ_ONLY_NAMES = """
id url created_at updated_at generated_timestamp is_public has_incidents allow_channelback
allow_attachments from_messaging_channel satisfaction_rating followup_ids forum_topic_id
sharing_agreement_ids encoded_id result_type
"""
_READ_ONLY = frozenset(_READ_ONLY_NAMES.split())


@dataclass(frozen=True, slots=True)
class Outcome:
    """``audit`` is None when nothing changed. ``unknown`` are the keys that were ignored."""

    ticket: Ticket
    audit: Audit | None
    unknown: tuple[str, ...] = ()


def _unknown(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"ticket.{key}" for key in body if key not in _WRITABLE and key not in _READ_ONLY)


@contextmanager
def _rolled_back(draft: Draft) -> Iterator[None]:
    """Drafts only rebind attributes, so the shallow copy they keep undoes them."""
    try:
        yield
    except problems.Problem:
        for each in fields(Ticket):
            setattr(draft.ticket, each.name, getattr(draft.before, each.name))
        raise


def create_ticket(
    state: State, body: Mapping[str, Any], actor: Actor, *, at: datetime | None = None
) -> Outcome:
    """A new ticket with its first comment. Raises ``Problem`` 422."""
    at = whole_second(at) if at else state.now()
    comment = comment_of(body) or comment_of({"comment": body.get("description")})
    if comment is None:
        raise problems.record_invalid("description", "Description: cannot be blank", "BlankValue")
    requester = _requester(state, body, actor, at)
    submitter = state.users.get(id_of(body.get("submitter_id")) or 0)
    if submitter is None:
        submitter = state.users.get(actor.user_id, requester)
    author_id = id_of(comment.get("author_id")) or submitter.id
    if body.get("via_followup_source_id"):
        source = state.tickets.get(id_of(body["via_followup_source_id"]) or 0)
        if source is None or source.status != "closed":
            raise problems.record_invalid("base", "Follow-up source: is invalid", "InvalidValue")
    ticket = Ticket(
        id=state.next_id("ticket"),
        subject=str(body.get("subject") or ""),
        status="new",
        requester_id=requester.id,
        submitter_id=submitter.id,
        created_at=at,
        updated_at=at,
        generated_at=at,
        via=actor.via(state, requester),
        brand_id=state.brand_id,
        ticket_form_id=state.default_form.id,
        organization_id=requester.organization_id,
        custom_status_id=state.custom_status_ids["new"],
    )
    draft = Draft(state, ticket, actor, at, creating=True)
    text, markup = bodies(comment)
    ticket.subject = ticket.subject or text[:150]
    ticket.description = text
    draft.say(author_id, text, markup, public=comment.get("public") is not False)
    # What the customer and their company are tagged with is copied to their new tickets.
    copied = list(requester.tags)
    if requester.organization_id in state.organizations:
        copied += state.organizations[requester.organization_id].tags
    rest = {k: v for k, v in body.items() if k not in ("requester_id", "subject", "tags")}
    _apply(state, draft, {**rest, "tags": [*clean_tags(body.get("tags", [])), *copied]}, actor)
    draft.note_birth()
    state.add_ticket(ticket)
    return Outcome(ticket, draft.commit(_metadata(body)), _unknown(body))


def update_ticket(
    state: State,
    ticket: Ticket,
    body: Mapping[str, Any],
    actor: Actor,
    *,
    at: datetime | None = None,
    even_closed: bool = False,
) -> Outcome:
    """Change a ticket. Raises ``Problem`` 409 (safe update) or 422 (closed, bad values)."""
    at = whole_second(at) if at else state.now()
    if ticket.status == "closed" and not even_closed:
        raise problems.closed_ticket()
    _guard(ticket, body)
    draft = Draft(state, ticket, actor, at, creating=False)
    with _rolled_back(draft):
        comment = comment_of(body)
        if comment is not None:
            say(state, draft, comment, actor)
        _apply(state, draft, body, actor)
        if comment is not None and "status" not in body:
            answer_reopens(draft)
        _require_fields(state, draft)
        return Outcome(ticket, draft.commit(_metadata(body)), _unknown(body))


def _guard(ticket: Ticket, body: Mapping[str, Any]) -> None:
    """Safe update compares whole seconds: two edits in one second are not told apart."""
    if body.get("safe_update") not in (True, "true"):
        return
    stamp = body.get("updated_stamp")
    try:
        seen = whole_second(parse_time(str(stamp)))
    except ValueError:
        raise problems.bad_request(
            "InvalidParameter", "updated_stamp must be given with safe_update"
        ) from None
    if seen != ticket.updated_at:
        raise problems.update_conflict()


def _requester(state: State, body: Mapping[str, Any], actor: Actor, at: datetime) -> User:
    if body.get("requester_id"):
        found = state.users.get(id_of(body["requester_id"]) or 0)
        if found is None or not found.active:
            raise problems.record_invalid("requester", "Requester: is invalid", "InvalidValue")
        return found
    given = body.get("requester")
    if isinstance(given, Mapping) and given.get("email"):
        known = state.user_by_email(str(given["email"]))
        return known or create_user(state, {"name": given["email"], **given}, actor, at=at)
    found = state.users.get(actor.user_id)
    if found is None:
        raise problems.record_invalid("requester", "Requester: cannot be blank", "BlankValue")
    return found


def _apply(state: State, draft: Draft, body: Mapping[str, Any], actor: Actor) -> None:
    """Everything but the comment. ``requester`` was settled by the caller on creation."""
    ticket = draft.ticket
    if body.get("subject"):
        draft.put("subject", str(body["subject"]))
    for name, known in (("priority", PRIORITIES), ("type", TYPES)):
        if body.get(name):
            if body[name] not in known:
                raise problems.record_invalid(name, f"{name.title()}: is invalid", "InvalidValue")
            draft.put(name, body[name])
    if not draft.creating and ("requester_id" in body or "requester" in body):
        requester = _requester(state, body, actor, draft.at)
        draft.put("requester_id", requester.id)
    if "organization_id" in body:
        company = id_of(body["organization_id"])
        if company is not None and company not in state.organizations:
            raise problems.record_invalid(
                "organization", "Organization: is invalid", "InvalidValue"
            )
        draft.put("organization_id", company)
    _assign(state, draft, body)
    for name in ("external_id", "due_at", "recipient"):
        if name in body:
            draft.put(name, text_or_none(body[name]))
    for name in ("problem_id", "brand_id", "ticket_form_id"):
        if name in body:
            draft.put(name, id_of(body[name]) or getattr(draft.before, name))
    for name in ("follower_ids", "email_cc_ids", "collaborator_ids"):
        if name in body:
            draft.put(name, ids_of(body[name]))
    _tags_and_fields(state, draft, body)
    status = body.get("status") or _status_of(state, body.get("custom_status_id"))
    if status:
        if status not in STATUSES:
            raise problems.record_invalid("status", "Status: is invalid", "InvalidValue")
        if status == "new" and ticket.assignee_id is not None and not draft.creating:
            status = "open"
        if status == "solved" and ticket.assignee_id is None and actor.user_id in state.users:
            draft.put("assignee_id", actor.user_id)
        draft.put_status(status)
    elif ticket.status == "new" and ticket.assignee_id is not None:
        draft.put_status("open")


def _status_of(state: State, custom_status_id: Any) -> str | None:
    """Accounts with one custom status for each category may write that instead."""
    wanted = id_of(custom_status_id)
    return next((name for name, known in state.custom_status_ids.items() if known == wanted), None)


def _assign(state: State, draft: Draft, body: Mapping[str, Any]) -> None:
    assignee_id = id_of(body.get("assignee_id"))
    if body.get("assignee_email"):
        found = state.user_by_email(str(body["assignee_email"]))
        assignee_id = found.id if found else None
    if assignee_id is not None:
        assignee = state.users.get(assignee_id)
        if assignee is None or not assignee.is_staff:
            raise problems.record_invalid("assignee", "Assignee: is invalid", "InvalidValue")
        draft.put("assignee_id", assignee.id)
        if draft.ticket.group_id is None and "group_id" not in body:
            draft.put("group_id", assignee.default_group_id or state.default_group.id)
    elif "assignee_id" in body:
        draft.put("assignee_id", None)
    if "group_id" in body:
        group_id = id_of(body["group_id"])
        if group_id is not None and group_id not in state.groups:
            raise problems.record_invalid("group", "Group: is invalid", "InvalidValue")
        draft.put("group_id", group_id)


def _tags_and_fields(state: State, draft: Draft, body: Mapping[str, Any]) -> None:
    ticket = draft.ticket
    writes: dict[int, Any] = {}
    for name in ("fields", "custom_fields"):
        for field_id, value in pairs_of(body.get(name)):
            field = state.ticket_fields.get(id_of(field_id) or 0)
            if field is not None and field.removable and field.active:
                writes[field.id] = accept(field, value)
    new_tags: set[str] | None = None
    if "tags" in body:
        new_tags = set(clean_tags(body["tags"]))
    if "additional_tags" in body or "remove_tags" in body:
        new_tags = (new_tags if new_tags is not None else set(ticket.tags)) | set(
            clean_tags(body.get("additional_tags", []))
        )
        new_tags -= set(clean_tags(body.get("remove_tags", [])))
    if not writes and new_tags is None:
        return
    tags, values = couple(state.ticket_fields, ticket.tags, ticket.values, writes, new_tags)
    for field_id in ticket.values.keys() | values.keys():
        draft.put_field(state.ticket_fields[field_id], values.get(field_id))
    draft.put("tags", tags)


def _require_fields(state: State, draft: Draft) -> None:
    """Solving asks for the required fields of the ticket's form."""
    ticket = draft.ticket
    if ticket.status != "solved" or draft.before.status == "solved":
        return
    form = state.forms.get(ticket.ticket_form_id, state.default_form)
    for field_id in form.ticket_field_ids:
        field = state.ticket_fields.get(field_id)
        if field and field.required and field.removable and field_id not in ticket.values:
            raise problems.record_invalid(
                "base",
                f"{field.title}: needed",
                "BlankValue",
                ticket_field_id=field.id,
                ticket_field_type="FieldTagger" if field.type == "tagger" else "FieldText",
            )


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("metadata")
    return dict(given) if isinstance(given, Mapping) else {}
