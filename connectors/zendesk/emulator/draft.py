"""One audit in the making: collects what changes on a ticket, then writes it down once."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from .events import Happening, text_id, upper
from .indexes import unix
from .rows import SYSTEM_ID, Audit, AuditEvent, Comment, Ticket, User
from .settings_rows import Field
from .state import State

#: Which webhook event an attribute's change is told by.
_NEWS = {
    "status": "ticket.status_changed",
    "priority": "ticket.priority_changed",
    "type": "ticket.type_changed",
    "subject": "ticket.subject_changed",
    "requester_id": "ticket.requester_changed",
    "assignee_id": "ticket.agent_assignment_changed",
    "group_id": "ticket.group_assignment_changed",
    "organization_id": "ticket.organization_changed",
    "brand_id": "ticket.brand_changed",
    "ticket_form_id": "ticket.form_changed",
    "external_id": "ticket.external_id_changed",
    "custom_status_id": "ticket.custom_status_changed",
    "due_at": "ticket.task_due_at_changed",
    "problem_id": "ticket.problem_link_changed",
}
_LISTS = {
    "follower_ids": "ticket.followers_changed",
    "email_cc_ids": "ticket.email_ccs_changed",
}
_BORN_WITH = (
    "subject",
    "status",
    "priority",
    "type",
    "requester_id",
    "assignee_id",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "tags",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it and by which way. ``client`` is the User-Agent, for ``metadata.system``."""

    user_id: int
    channel: str = "api"
    client: str = ""

    @classmethod
    def system(cls) -> Self:
        return cls(user_id=SYSTEM_ID, channel="rule")

    def via(self, state: State, user: User | None = None) -> dict[str, Any]:
        source: dict[str, Any] = {"from": {}, "to": {}, "rel": None}
        if self.channel == "email" and user is not None:
            source["from"] = {"address": user.email, "name": user.name}
            source["to"] = {
                "address": f"support@{state.options.subdomain}.example",
                "name": state.options.subdomain.title(),
            }
        return {"channel": self.channel, "source": source}


class Draft:
    """Rebinds attributes of the ticket at once (never mutates them), files them on ``commit``."""

    def __init__(
        self, state: State, ticket: Ticket, actor: Actor, at: datetime, *, creating: bool
    ) -> None:
        self.state = state
        self.ticket = ticket
        self.actor = actor
        self.at = at
        self.creating = creating
        self.before = copy(ticket)
        self.audit_id = state.next_id()
        self.comment: Comment | None = None
        self.rel: str | None = None
        self._events: list[AuditEvent] = []
        self._news: list[tuple[str, dict[str, Any]]] = []
        self._moved: dict[str, Any] = {}

    # -- what changes ----------------------------------------------------------------------

    def put(self, name: str, value: Any) -> None:
        """Set an attribute; equal values leave no trace."""
        previous = getattr(self.ticket, name)
        if previous == value:
            return
        setattr(self.ticket, name, value)
        self._moved[name] = previous
        if self.creating:
            return
        self.note("Change", name, value, previous)
        if name == "tags":
            self.tell(
                "ticket.tags_changed",
                tags_added=sorted(set(value) - set(previous)),
                tags_removed=sorted(set(previous) - set(value)),
            )
        elif name in _LISTS:
            self.tell(
                _LISTS[name],
                users_added=[str(i) for i in value if i not in previous],
                users_removed=[str(i) for i in previous if i not in value],
            )
        elif name in _NEWS:
            self.tell(_NEWS[name], current=_told(name, value), previous=_told(name, previous))

    def put_status(self, status: str) -> None:
        self.put("status", status)
        self.put("custom_status_id", self.state.custom_status_ids[status])

    def put_field(self, field: Field, value: Any) -> None:
        previous = self.ticket.values.get(field.id)
        if previous == value:
            return
        rest = {k: v for k, v in self.ticket.values.items() if k != field.id}
        self.ticket.values = rest if value is None else {**rest, field.id: value}
        self._moved[str(field.id)] = previous
        if self.creating:
            return
        self.note("Change", str(field.id), value, previous)
        self.tell(
            "ticket.custom_field_changed",
            current={"value": value},
            previous={"value": previous},
            custom_field={"id": str(field.id), "title": field.title, "type": field.type},
        )

    def say(self, author_id: int, text: str, markup: str, *, public: bool) -> Comment:
        author = self.state.users.get(author_id)
        comment = Comment(
            id=self.state.next_id(),
            ticket_id=self.ticket.id,
            audit_id=self.audit_id,
            author_id=author_id,
            body=text,
            html_body=markup,
            public=public,
            via=self.actor.via(self.state, author),
            created_at=self.at,
        )
        self.comment = comment
        self.ticket.comments = [*self.ticket.comments, comment]
        self._events.append(AuditEvent(comment.id, "Comment", {}, comment))
        told = {
            "id": str(comment.id),
            "body": text,
            "is_public": public,
            "author": {
                "id": str(author_id),
                "is_staff": author is None or author.is_staff,
                "name": author.name if author else "System",
            },
        }
        self.tell("ticket.comment_added", comment=told)
        return comment

    def note(self, kind: str, name: str, value: Any, previous: Any = None, **more: Any) -> None:
        """An entry of the audit; scalar ids become strings there."""
        body: dict[str, Any] = {"field_name": name, "value": _filed(value), **more}
        if kind == "Change":
            body["previous_value"] = _filed(previous)
        self._events.append(AuditEvent(self.state.next_id(), kind, body))

    def add(self, kind: str, **body: Any) -> None:
        """An audit entry of another shape than name and value."""
        self._events.append(AuditEvent(self.state.next_id(), kind, body))

    def note_birth(self) -> None:
        """The Create entries of a new ticket, and its ``ticket.created``."""
        for name in _BORN_WITH:
            value = getattr(self.ticket, name)
            if value not in (None, []):
                self.note("Create", name, value)
        for field_id, value in self.ticket.values.items():
            self.note("Create", str(field_id), value)
        self._news.insert(0, ("ticket.created", {}))

    def tell(self, news: str, **event: Any) -> None:
        self._news.append((news, event))

    # -- the end ---------------------------------------------------------------------------

    def commit(self, custom: dict[str, Any] | None = None) -> Audit | None:
        """File the audit, move the ticket in every index, tell the listeners."""
        if not self._events and not self._news:
            return None
        state, ticket = self.state, self.ticket
        via = self.actor.via(state, state.users.get(self.actor.user_id))
        via["source"]["rel"] = self.rel
        audit = Audit(
            id=self.audit_id,
            ticket_id=ticket.id,
            author_id=self.actor.user_id,
            created_at=self.at,
            via=via,
            client=self.actor.client,
            events=self._events,
            custom=custom or {},
        )
        ticket.audits.append(audit)
        state.audits[audit.id] = audit
        state.audits_order.add((unix(self.at), audit.id))
        if self.comment is not None:
            state.comments[self.comment.id] = self.comment
        if ticket.requester_id != self.before.requester_id:
            new, ticket.requester_id = ticket.requester_id, self.before.requester_id
            state.change_requester(ticket, new)
        state.touch_ticket(ticket, self.at)
        state.tell(
            Happening(
                kind="ticket",
                record_id=ticket.id,
                actor_id=self.actor.user_id,
                at=self.at,
                events=tuple(self._news),
                created=self.creating,
                comment=self.comment,
                channel=self.actor.channel,
                moved=self._moved,
            )
        )
        return audit


def _told(name: str, value: Any) -> Any:
    if name in ("status", "priority", "type"):
        return upper(value)
    if name.endswith("_id") and name != "external_id":
        return text_id(value)
    return value


def _filed(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, list):
        return value
    return str(value)
