"""Zendesk's rows -> our records. Pure; lenient about what is missing or new.

The hard part is not to keep too much and not to believe too much: comments carry IP addresses
and places of customers (never read here), plain bodies hold text the customer never saw, a
merged ticket looks like a closed one, and whoever is not known as an end user or an agent is
nobody: ``AuthorRole.SYSTEM``, whose words are read by no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ..plaintext import plain_text, tidy
from ..records import (
    Account,
    AuthorRole,
    Contact,
    Interaction,
    Priority,
    SurveyKind,
    SurveyResponse,
    Ticket,
    TicketStatus,
)
from .fields import FieldMap

Row = Mapping[str, Any]

#: Zendesk puts this tag on the ticket that was merged into another.
MERGED_TAG = "closed_by_merge"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STATUSES = MappingProxyType(
    {
        "new": TicketStatus.NEW,
        "open": TicketStatus.OPEN,
        "pending": TicketStatus.PENDING,
        "hold": TicketStatus.PENDING,
        "solved": TicketStatus.SOLVED,
        "closed": TicketStatus.CLOSED,
        "deleted": TicketStatus.DELETED,
    }
)
_ROLES = MappingProxyType(
    {"end-user": AuthorRole.CUSTOMER, "agent": AuthorRole.AGENT, "admin": AuthorRole.AGENT}
)
_CHANNELS = MappingProxyType(
    {
        "email": "email",
        "mail": "email",
        "web": "web",
        "web form": "web",
        "web_form": "web",
        "web_widget": "web",
        "web service": "api",
        "mobile": "web",
        "mobile_sdk": "web",
        "help_center": "web",
        "chat": "chat",
        "messaging": "messaging",
        "native_messaging": "messaging",
        "whatsapp": "messaging",
        "line": "messaging",
        "telegram": "messaging",
        "viber": "messaging",
        "wechat": "messaging",
        "instagram_dm": "messaging",
        "facebook_messenger": "messaging",
        "sms": "sms",
        "voice": "phone",
        "phone": "phone",
        "api": "api",
        "twitter": "social",
        "twitter_dm": "social",
        "facebook": "social",
        "any_channel": "social",
    }
)


def agent_origin(subdomain: str) -> str:
    """Where agents work, whatever address the API is called at."""
    return f"https://{subdomain}.zendesk.com"


def status_of(value: object) -> TicketStatus:
    """Webhooks write statuses in capitals; an unknown one counts as open."""
    return _STATUSES.get(str(value or "").lower(), TicketStatus.OPEN)


def channel_of(via: object) -> str:
    """``email``, ``web``, ``chat``, ``messaging``, ``sms``, ``phone``, ``social``, ``api`` or
    ``other``, from a ``via`` object or, in exports of events, its name."""
    name = via.get("channel") if isinstance(via, Mapping) else via
    return _CHANNELS.get(str(name or "").lower(), "other")


def is_merged(row: Row) -> bool:
    return status_of(row.get("status")) is TicketStatus.CLOSED and MERGED_TAG in tags_of(row)


def ticket(row: Row, fields: FieldMap, *, origin: str) -> Ticket:
    created, updated = _times(row)
    ticket_id = str(row["id"])
    return Ticket(
        id=ticket_id,
        subject=str(row.get("subject") or row.get("raw_subject") or ""),
        status=status_of(row.get("status")),
        priority=_priority(row.get("priority")),
        contact_id=id_or_none(row.get("requester_id")),
        account_id=id_or_none(row.get("organization_id")),
        assignee_id=id_or_none(row.get("assignee_id")),
        group_id=id_or_none(row.get("group_id")),
        channel=channel_of(row.get("via")),
        url=f"{origin}/agent/tickets/{ticket_id}",
        tags=tags_of(row),
        fields=fields.of_ticket(row.get("custom_fields")),
        version=_text(row.get("updated_at")),
        created_at=created,
        updated_at=updated,
    )


def contact(row: Row, fields: FieldMap) -> Contact:
    created, updated = _times(row)
    return Contact(
        id=str(row["id"]),
        name=str(row.get("name") or ""),
        email=_text(row.get("email")),
        email_verified=row.get("verified") is True,
        phone=_text(row.get("phone")),
        role=role_of(row),
        account_id=id_or_none(row.get("organization_id")),
        external_id=_text(row.get("external_id")),
        time_zone=_text(row.get("iana_time_zone")) or _text(row.get("time_zone")),
        locale=_text(row.get("locale")),
        tags=tags_of(row),
        fields=fields.of_contact(row.get("user_fields")),
        created_at=created,
        updated_at=updated,
        deleted=row.get("active") is False,
    )


def role_of(row: Row) -> AuthorRole:
    return _ROLES.get(str(row.get("role") or ""), AuthorRole.SYSTEM)


def account(row: Row) -> Account:
    created, updated = _times(row)
    domains = row.get("domain_names")
    return Account(
        id=str(row["id"]),
        name=str(row.get("name") or ""),
        domains=tuple(str(name) for name in domains) if isinstance(domains, list) else (),
        external_id=_text(row.get("external_id")),
        created_at=created,
        updated_at=updated,
        deleted=bool(row.get("deleted_at")),
    )


def interaction(row: Row, *, ticket_id: str, roles: Mapping[str, AuthorRole]) -> Interaction:
    """One comment. ``roles``: what the authors are; -1 is the system, unknown ones count so."""
    author = id_or_none(row.get("author_id"))
    created, _ = _times(row)
    return Interaction(
        id=str(row["id"]),
        ticket_id=ticket_id,
        author_id=author,
        author_role=roles.get(author or "", AuthorRole.SYSTEM),
        text=_words(row),
        # A comment is public only when the answer says so: a private one shown is the worse slip.
        public=row.get("public") is True,
        channel=channel_of(row.get("via")),
        created_at=created,
    )


def rating(row: Row) -> SurveyResponse | None:
    """A legacy satisfaction rating, or None while it is only offered."""
    score = str(row.get("score") or "").lower()
    value = {"good": 1.0, "bad": -1.0}.get(score.removesuffix("_with_comment").split("_")[0])
    if value is None or row.get("id") is None:
        return None
    _, updated = _times(row)
    return SurveyResponse(
        id=str(row["id"]),
        kind=SurveyKind.CSAT,
        ticket_id=id_or_none(row.get("ticket_id")),
        contact_id=id_or_none(row.get("requester_id")),
        score=value,
        comment=_text(row.get("comment")),
        created_at=updated,
    )


def survey_response(row: Row) -> SurveyResponse | None:
    """An answer to the newer CSAT survey, or None when it holds no rating."""
    answers = _rows(row.get("answers"))
    rated = next((one for one in answers if one.get("type") == "rating_scale"), None)
    if rated is None or (score := _scale(rated)) is None:
        return None
    said = next((one.get("value") for one in answers if one.get("type") == "open_ended"), None)
    about = _rows(row.get("subjects"))
    tickets = [one.get("id") for one in about if one.get("type") == "ticket"]
    _, updated = _times(rated)
    return SurveyResponse(
        id=str(row["id"]),
        kind=SurveyKind.CSAT,
        ticket_id=id_or_none(tickets[0]) if tickets else None,
        contact_id=id_or_none(row.get("responder_id")),
        score=score,
        comment=_text(said),
        created_at=updated,
    )


def _rows(value: object) -> list[Row]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _scale(rated: Row) -> float | None:
    """1..5 becomes -1..1; where number and category disagree (other scales), the category wins."""
    side = {"good": 1.0, "neutral": 0.0, "bad": -1.0}.get(str(rated.get("rating_category")).lower())
    number = rated.get("rating")
    if isinstance(number, int | float) and 1 <= number <= 5:
        score = (float(number) - 3.0) / 2.0
        if side is None or score * side > 0 or (side == 0.0 and score == 0.0):
            return score
    return side


def _words(row: Row) -> str:
    html = row.get("html_body")
    if isinstance(html, str) and html:
        # Not ``plain_body``: that one holds what the HTML hides.
        return plain_text(html)
    return tidy(str(row.get("plain_body") or row.get("body") or ""))


def time_of(value: object) -> datetime | None:
    """An ISO time as aware UTC, or None."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _times(row: Row) -> tuple[datetime, datetime]:
    created, updated = time_of(row.get("created_at")), time_of(row.get("updated_at"))
    return created or updated or _EPOCH, updated or created or _EPOCH


def _priority(value: object) -> Priority | None:
    name = str(value or "").lower()
    return Priority(name) if name in set(Priority) else None


def tags_of(row: Row) -> tuple[str, ...]:
    """A list as a rule; some webhooks were met with one text, blanks between."""
    tags = row.get("tags")
    if isinstance(tags, str):
        return tuple(tags.split())
    return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


def id_or_none(value: object) -> str | None:
    """An id as text; events write "0" and "" for nobody, the system is -1."""
    text = str(value) if value is not None else ""
    return None if text in ("", "0", "-1") else text


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
