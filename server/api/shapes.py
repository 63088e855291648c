"""Stored values as the JSON of the API. ``openapi`` describes exactly these; a test compares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enrichment.priors import Priors
from server.store.connections import Connection, ConnectionCounts
from server.store.views import (
    FieldSeen,
    InterventionSeen,
    MessageSeen,
    MomentSeen,
    PersonListed,
    PersonSeen,
    SurveySeen,
    TicketSeen,
    VerdictSeen,
)
from server.web.story import feeling_of


def connection(one: Connection, counts: ConnectionCounts) -> dict[str, Any]:
    """Its settings stay inside: they are for admins, on the machine itself."""
    return {
        "id": one.id,
        "system": one.system,
        "name": one.name,
        "state": one.state.value,
        "state_reason": one.state_reason,
        "waiting": counts.waiting,
        "failed": counts.failed,
        "last_received_at": _time(counts.last_received_at),
    }


def moment(one: MomentSeen) -> dict[str, Any]:
    return {
        "id": one.id,
        "connection": one.connection_id,
        "kind": one.kind,
        "at": _time(one.at),
        "person": one.person_id,
        "who": one.who,
        "ticket": one.ticket_id,
        "ticket_subject": one.ticket_subject,
        "ticket_url": one.ticket_url,
        "interaction": one.interaction_id,
        "evidence": list(one.data.get("evidence", ())),
        "reason": one.data.get("reason"),
        "confidence": one.data.get("confidence"),
    }


def intervention(one: InterventionSeen) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule": one.rule,
        "rule_title": one.rule_title,
        "rule_version": one.rule_version,
        "subject": one.subject,
        "connection": one.connection_id,
        "person": one.person_id,
        "who": one.who,
        "ticket": one.ticket_id,
        "ticket_subject": one.ticket_subject,
        "ticket_url": one.ticket_url,
        "state": one.state,
        "state_reason": one.state_reason,
        "needs_approval": one.needs_approval,
        "actions": [dict(action) for action in one.actions],
        "reasons": list(one.reasons),
        "trace": None if one.trace is None else dict(one.trace),
        "receipt": None if one.receipt is None else dict(one.receipt),
        "result": None if one.result is None else dict(one.result),
        "tries": [
            {
                "action": each.action_index,
                "attempt": each.attempt,
                "outcome": each.outcome,
                "status_code": each.status_code,
                "error": each.error,
                "started_at": _time(each.started_at),
                "next_at": _time(each.next_at),
                "dead": each.dead,
            }
            for each in one.tries
        ],
        "created_at": _time(one.created_at),
        "due_at": _time(one.due_at),
        "expires_at": _time(one.expires_at),
        "decided_by": one.decided_by,
        "decided_at": _time(one.decided_at),
    }


def verdict(one: VerdictSeen) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule": one.rule,
        "rule_version": one.rule_version,
        "subject": one.subject,
        "connection": one.connection_id,
        "ticket": one.ticket_id,
        "person": one.person_id,
        "fires": one.fires,
        "trace": dict(one.trace),
        "at": _time(one.at),
    }


def person_listed(one: PersonListed) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "feeling": one.feeling,
        "churn_risk": one.churn_risk,
        "last_moment_at": _time(one.last_moment_at),
    }


def person(one: PersonSeen, now: datetime, priors: Priors) -> dict[str, Any]:
    """``remembered_feeling`` is null when it is unknown; unknown is not neutral."""
    feeling = feeling_of(one.state, now, priors)
    return {
        "id": one.id,
        "name": one.name,
        "since": _time(one.since),
        "paused_at": _time(one.paused_at),
        "contacts": [
            {
                "connection": each.connection_id,
                "system": each.system,
                "id": each.id,
                "name": each.name,
                "email": each.email,
                "company": each.company,
            }
            for each in one.contacts
        ],
        "remembered_feeling": None
        if feeling is None
        else {
            "score": feeling.points,
            "factors": [
                {
                    "moment": factor.moment_id,
                    "kind": factor.kind.value,
                    "at": _time(factor.at),
                    "ticket": factor.ticket_id,
                    "quote": factor.quote,
                    "points": round(factor.points, 1),
                }
                for factor in feeling.factors
            ],
        },
        "churn_risk": one.churn_risk,
        "fields": [_field(each) for each in one.fields],
    }


def ticket(one: TicketSeen) -> dict[str, Any]:
    return {
        "connection": one.connection_id,
        "id": one.id,
        "subject": one.subject,
        "status": one.status,
        "priority": one.priority,
        "channel": one.channel,
        "url": one.url,
        "created_at": _time(one.created_at),
        "updated_at": _time(one.updated_at),
        "messages": [_message(each) for each in one.messages],
        "earlier_messages": one.earlier,
        "moments": [moment(each) for each in one.moments if not each.superseded],
        "surveys": [_survey(each) for each in one.surveys],
        "fields": [_field(each) for each in one.fields],
    }


def _message(one: MessageSeen) -> dict[str, Any]:
    return {
        "id": one.id,
        "author": one.author,
        "author_role": one.author_role,
        "text": one.text,
        "public": one.public,
        "channel": one.channel,
        "at": _time(one.at),
        "reading": None if one.reading is None else dict(one.reading),
    }


def _survey(one: SurveySeen) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "score": one.score,
        "comment": one.comment,
        "at": _time(one.at),
    }


def _field(one: FieldSeen) -> dict[str, Any]:
    return {
        "key": one.key,
        "written": one.written,
        "written_at": _time(one.written_at),
        "person_value": one.person_value,
        "kept": one.kept,
        "due": one.due,
        "error": one.error,
        "receipt": None if one.receipt is None else dict(one.receipt),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
