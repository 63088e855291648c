"""Rows as the API shows them. ``origin`` makes every url absolute, on our own address."""

from __future__ import annotations

from typing import Any

from .field_values import shown
from .indexes import iso, iso_or_none, unix
from .rows import (
    Audit,
    AuditEvent,
    Comment,
    Group,
    Identity,
    Organization,
    Rating,
    Ticket,
    User,
)
from .state import State

Json = dict[str, Any]

_LOCALE_IDS = {"en-US": 1, "de": 8, "fr": 16, "es": 2, "nl": 1005}


def ticket(state: State, row: Ticket, origin: str, *, exported: bool = False) -> Json:
    as_text = state.options.integers_as_text
    custom = [
        {"id": f.id, "value": shown(f, row.values.get(f.id), integers_as_text=as_text)}
        for f in state.ticket_fields.values()
        if f.removable and f.active
    ]
    deleted = row.deleted_at is not None
    stamp = {"generated_timestamp": unix(row.generated_at)} if exported else {}
    return {
        "url": f"{origin}/api/v2/tickets/{row.id}.json",
        "id": row.id,
        "external_id": row.external_id,
        "via": row.via,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        **stamp,
        "type": row.type,
        "subject": row.subject,
        "raw_subject": row.subject,
        "description": row.description,
        "priority": row.priority,
        "status": "deleted" if deleted else row.status,
        "recipient": row.recipient,
        "requester_id": row.requester_id,
        "submitter_id": row.submitter_id,
        "assignee_id": row.assignee_id,
        "organization_id": row.organization_id,
        "group_id": row.group_id,
        "collaborator_ids": row.collaborator_ids,
        "follower_ids": row.follower_ids,
        "email_cc_ids": row.email_cc_ids,
        "forum_topic_id": None,
        "problem_id": row.problem_id,
        "has_incidents": False,
        "is_public": row.is_public,
        "due_at": row.due_at,
        "tags": row.tags,
        "custom_fields": custom,
        "satisfaction_rating": _rating_in_ticket(state, row),
        "sharing_agreement_ids": [],
        "custom_status_id": row.custom_status_id,
        "fields": custom,
        "followup_ids": [],
        "ticket_form_id": row.ticket_form_id,
        "brand_id": row.brand_id,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def _rating_in_ticket(state: State, row: Ticket) -> Json:
    if row.rating is None or state.options.csat != "legacy":
        return {"score": "unoffered"}
    answer: Json = {"id": row.rating.id, "score": row.rating.score}
    if row.rating.comment:
        answer["comment"] = row.rating.comment
    return answer


def comment(state: State, row: Comment) -> Json:
    audit = state.audits.get(row.audit_id)
    return {
        "id": row.id,
        "type": "Comment",
        "author_id": row.author_id,
        "body": row.body,
        "html_body": row.html_body,
        "plain_body": row.body,
        "public": row.public,
        "attachments": [],
        "audit_id": row.audit_id,
        "via": row.via,
        "created_at": iso(row.created_at),
        "metadata": {
            "system": {"client": audit.client if audit else "", "ip_address": "203.0.113.7"},
            "custom": audit.custom if audit else {},
        },
    }


def audit_event(row: AuditEvent) -> Json:
    if row.comment is not None:
        said = row.comment
        return {
            "id": row.id,
            "type": row.type,
            "author_id": said.author_id,
            "body": said.body,
            "html_body": said.html_body,
            "plain_body": said.body,
            "public": said.public,
            "attachments": [],
            "audit_id": said.audit_id,
        }
    return {"id": row.id, "type": row.type, **row.body}


def audit(row: Audit) -> Json:
    return {
        "id": row.id,
        "ticket_id": row.ticket_id,
        "created_at": iso(row.created_at),
        "author_id": row.author_id,
        "metadata": {"system": {"client": row.client}, "custom": row.custom},
        "via": row.via,
        "events": [audit_event(event) for event in row.events],
    }


def ticket_event(row: Audit, *, with_comments: bool) -> Json:
    """A row of the ticket_events export."""
    return {
        "id": row.id,
        "ticket_id": row.ticket_id,
        "timestamp": unix(row.created_at),
        "created_at": iso(row.created_at),
        "updater_id": row.author_id,
        "via": {"api": "Web service", "email": "Mail", "web": "Web form", "rule": "Rule"}.get(
            row.via["channel"], row.via["channel"]
        ),
        "system": {"client": row.client},
        "metadata": {"system": {"client": row.client}, "custom": row.custom},
        "event_type": "Audit",
        "child_events": [_child(row, event, with_comments) for event in row.events],
    }


def _child(row: Audit, event: AuditEvent, with_comments: bool) -> Json:
    child: Json = {
        "id": event.id,
        "via": row.via["channel"],
        "via_reference_id": None,
        "event_type": event.type,
    }
    said = event.comment
    if said is not None:
        child |= {"comment_present": True, "comment_public": said.public}
        if with_comments:
            child |= {**audit_event(event), "created_at": iso(said.created_at)}
            child |= {"ticket_id": row.ticket_id}
    elif "field_name" in event.body:
        child[event.body["field_name"]] = event.body["value"]
        if "previous_value" in event.body:
            child["previous_value"] = event.body["previous_value"]
    else:
        child |= event.body
    return child


def user(state: State, row: User, origin: str) -> Json:
    as_text = state.options.integers_as_text
    return {
        "id": row.id,
        "url": f"{origin}/api/v2/users/{row.id}.json",
        "name": row.name,
        "email": row.email,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "time_zone": row.time_zone,
        "iana_time_zone": row.time_zone,
        "phone": row.phone,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": _LOCALE_IDS.get(row.locale, 1),
        "locale": row.locale,
        "organization_id": row.organization_id,
        "role": row.role,
        "verified": row.verified,
        "external_id": row.external_id,
        "tags": row.tags,
        "alias": row.alias,
        "active": row.active,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": None,
        "signature": None,
        "details": row.details,
        "notes": row.notes,
        "role_type": None,
        "custom_role_id": None,
        "moderator": row.is_staff,
        "ticket_restriction": None if row.is_staff else "requested",
        "only_private_comments": False,
        "restricted_agent": not row.is_staff,
        "suspended": row.suspended,
        "default_group_id": row.default_group_id,
        "report_csv": False,
        "user_fields": {
            str(f.key): shown(f, row.values.get(str(f.key)), integers_as_text=as_text)
            for f in state.user_fields.values()
            if f.active
        },
    }


def anonymous() -> Json:
    """The trap: bad credentials can still be answered with 200."""
    return {
        "id": None,
        "url": None,
        "name": "Anonymous user",
        "email": "invalid@example.com",
        "role": "end-user",
        "verified": False,
        "active": False,
    }


def organization(state: State, row: Organization, origin: str) -> Json:
    as_text = state.options.integers_as_text
    body: Json = {
        "url": f"{origin}/api/v2/organizations/{row.id}.json",
        "id": row.id,
        "name": row.name,
        "shared_tickets": row.shared_tickets,
        "shared_comments": row.shared_comments,
        "external_id": row.external_id,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "domain_names": row.domain_names,
        "details": row.details,
        "notes": row.notes,
        "group_id": row.group_id,
        "tags": row.tags,
        "organization_fields": {
            str(f.key): shown(f, row.values.get(str(f.key)), integers_as_text=as_text)
            for f in state.organization_fields.values()
            if f.active
        },
    }
    if row.deleted_at is not None:
        body["deleted_at"] = iso_or_none(row.deleted_at)
    return body


def group(row: Group, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/groups/{row.id}.json",
        "id": row.id,
        "name": row.name,
        "is_public": True,
        "default": False,
        "deleted": False,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.created_at),
    }


def identity(owner: User, row: Identity, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/users/{owner.id}/identities/{row.id}.json",
        "id": row.id,
        "user_id": owner.id,
        "type": "email",
        "value": row.value,
        "verified": row.verified,
        "primary": row.primary,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.created_at),
        "undeliverable_count": 0,
        "deliverable_state": "deliverable",
    }


def rating(row: Rating, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/satisfaction_ratings/{row.id}.json",
        "id": row.id,
        "assignee_id": row.assignee_id,
        "group_id": row.group_id,
        "requester_id": row.requester_id,
        "ticket_id": row.ticket_id,
        "score": row.score,
        "comment": row.comment,
        "reason": None,
        "reason_id": None,
        "reason_code": None,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }
