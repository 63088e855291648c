"""What people do in the helpdesk, without the API: customers write, agents answer and edit.

Every act goes through the same door as an API change and so leaves the same audits and wakes
the same webhooks. An agent who is not named is the ticket's assignee, or any human agent; never
the integration's own user, whose changes the connector must be able to tell apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.world import LiveKind, LiveStep

from .changes import create_ticket, update_ticket
from .draft import Actor
from .rows import Ticket, User
from .state import State
from .ticket_acts import delete_ticket, merge_tickets, rate_ticket
from .user_changes import create_user, update_user


class People:
    """Each act takes effect at once, at the time of the state's clock. Ids in, ids out.

    Raises ``KeyError`` for ids that are not there, and the API's ``Problem`` for what the
    helpdesk refuses.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    # -- customers -------------------------------------------------------------------------

    def new_ticket(
        self,
        *,
        text: str,
        subject: str = "",
        requester_id: int | None = None,
        email: str | None = None,
        name: str | None = None,
        channel: str = "email",
    ) -> int:
        """A customer writes in; one who is not known yet (``email``) becomes known."""
        with self._state.lock:
            if requester_id is None:
                requester_id = self._customer(email or "someone@customer.example", name).id
            body = {"subject": subject, "comment": {"body": text}, "requester_id": requester_id}
            return create_ticket(self._state, body, Actor(requester_id, channel)).ticket.id

    def customer_comments(
        self, ticket_id: int, text: str, *, author_id: int | None = None, channel: str = ""
    ) -> int:
        """The requester (or another customer) answers; the comment's id."""
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            who = author_id or ticket.requester_id
            actor = Actor(who, channel or ticket.via["channel"])
            return self._say(ticket, text, actor, public=True)

    def rate(self, ticket_id: int, *, good: bool, comment: str | None = None) -> int:
        """The requester rates the ticket; the rating's id."""
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            actor = Actor(ticket.requester_id, "web")
            return rate_ticket(self._state, ticket, good=good, comment=comment, actor=actor).id

    # -- agents ----------------------------------------------------------------------------

    def agent_comments(
        self, ticket_id: int, text: str, *, public: bool = True, agent_id: int | None = None
    ) -> int:
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            return self._say(ticket, text, self._agent(ticket, agent_id), public=public)

    def agent_edits(
        self, ticket_id: int, changes: Mapping[str, Any], *, agent_id: int | None = None
    ) -> None:
        """Change attributes, by the names the API uses for them."""
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            update_ticket(self._state, ticket, changes, self._agent(ticket, agent_id))

    def agent_edits_field(
        self, ticket_id: int, field_id: int, value: Any, *, agent_id: int | None = None
    ) -> None:
        change = {"custom_fields": [{"id": field_id, "value": value}]}
        self.agent_edits(ticket_id, change, agent_id=agent_id)

    def agent_edits_user(
        self, user_id: int, changes: Mapping[str, Any], *, agent_id: int | None = None
    ) -> None:
        with self._state.lock:
            actor = self._agent(None, agent_id)
            update_user(self._state, self._state.users[user_id], changes, actor)

    def solve(self, ticket_id: int, *, agent_id: int | None = None) -> None:
        self.agent_edits(ticket_id, {"status": "solved"}, agent_id=agent_id)

    def close(self, ticket_id: int) -> None:
        """As the automation does it, some days after solving."""
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            update_ticket(self._state, ticket, {"status": "closed"}, Actor.system())

    def merge(self, source_id: int, into_id: int, *, agent_id: int | None = None) -> None:
        with self._state.lock:
            source, target = self._state.tickets[source_id], self._state.tickets[into_id]
            merge_tickets(self._state, source, target, self._agent(source, agent_id))

    def delete(self, ticket_id: int, *, agent_id: int | None = None) -> None:
        with self._state.lock:
            ticket = self._state.tickets[ticket_id]
            delete_ticket(self._state, ticket, self._agent(ticket, agent_id))

    # -- a script --------------------------------------------------------------------------

    def play(
        self,
        steps: Sequence[LiveStep],
        *,
        pace: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Act out a world's live steps; waits are multiplied by ``pace`` (0: no waiting)."""
        for step in steps:
            if step.after * pace > 0:
                sleep(step.after * pace)
            self._act(step)

    def _act(self, step: LiveStep) -> None:
        names = self._state.names
        if step.kind is LiveKind.NEW_TICKET:
            names.tickets[step.ticket] = self.new_ticket(
                text=step.text or "",
                subject=step.subject or "",
                requester_id=names.person(step.author),
            )
            return
        ticket_id = names.tickets[step.ticket]
        if step.kind is LiveKind.RATING:
            self.rate(ticket_id, good=bool(step.good), comment=step.text)
            return
        who = names.person(step.author)
        if step.kind is LiveKind.COMMENT and step.author in names.customers:
            self.customer_comments(ticket_id, step.text or "", author_id=who)
        elif step.kind is LiveKind.COMMENT:
            self.agent_comments(ticket_id, step.text or "", agent_id=who)
        elif step.status is not None:
            self.agent_edits(ticket_id, {"status": step.status.value}, agent_id=who)

    # -- who -------------------------------------------------------------------------------

    def _say(self, ticket: Ticket, text: str, actor: Actor, *, public: bool) -> int:
        update_ticket(self._state, ticket, {"comment": {"body": text, "public": public}}, actor)
        return ticket.comments[-1].id

    def _customer(self, email: str, name: str | None) -> User:
        known = self._state.user_by_email(email)
        shown = name or email.partition("@")[0].replace(".", " ").title()
        body = {"name": shown, "email": email, "verified": True}
        return known or create_user(self._state, body, Actor.system())

    def _agent(self, ticket: Ticket | None, agent_id: int | None) -> Actor:
        if agent_id is not None:
            return Actor(self._state.users[agent_id].id, "web")
        if ticket is not None and ticket.assignee_id not in (None, self._state.integration.id):
            return Actor(ticket.assignee_id or 0, "web")
        for user in self._state.users.values():
            if user.is_staff and user.active and user.id != self._state.integration.id:
                return Actor(user.id, "web")
        body = {
            "name": "Robin Reyes",
            "email": f"robin@{self._state.options.subdomain}.example",
            "role": "agent",
            "verified": True,
        }
        return Actor(create_user(self._state, body, Actor.system()).id, "web")
