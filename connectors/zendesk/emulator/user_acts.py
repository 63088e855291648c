"""What happens to people besides being edited: deletion, erasure, merging."""

from __future__ import annotations

from . import problems
from .draft import Actor
from .events import text_id
from .keyed_values import tell
from .rows import User
from .state import State


def delete_user(state: State, user: User, actor: Actor) -> None:
    """Soft: the user stays with ``active`` false. Raises 422 while tickets are open."""
    open_tickets = [
        ticket_id
        for ticket_id in state.tickets_by_requester.get(user.id, ())
        if state.tickets[ticket_id].status not in ("solved", "closed")
        and state.tickets[ticket_id].deleted_at is None
    ]
    if open_tickets:
        raise problems.record_invalid(
            "base", "User is requester on tickets that are not closed", "InvalidValue"
        )
    _retire(state, user)
    tell(state, ("user", user.id), actor, state.now(), [("user.deleted", {})])


def _retire(state: State, user: User) -> None:
    user.active = False
    for identity in user.identities:
        state.users_by_email.pop(identity.value, None)
    if user.external_id:
        state.users_by_external_id.pop(user.external_id, None)
    state.touch_user(user, state.now())


def erase_user(state: State, user: User) -> None:
    """For good: what is left is a number."""
    user.gone = True
    user.name = "Permanently Deleted User"
    user.email = user.phone = user.external_id = user.details = user.notes = user.alias = None
    user.tags, user.values, user.identities = [], {}, []
    state.touch_user(user, state.now())


def merge_users(state: State, source: User, target: User, actor: Actor) -> None:
    """The source's tickets and addresses go to the target."""
    for ticket_id in list(state.tickets_by_requester.get(source.id, ())):
        ticket = state.tickets[ticket_id]
        state.change_requester(ticket, target.id)
        state.touch_ticket(ticket, state.now())
    moved, source.identities = source.identities, []
    source_external = source.external_id
    _retire(state, source)
    for identity in moved:
        identity.primary = False
        target.identities.append(identity)
        state.users_by_email[identity.value] = target.id
    if source_external and not target.external_id:
        target.external_id = source_external
        state.users_by_external_id[source_external] = target.id
    state.touch_user(target, state.now())
    event = {"user": {"id": text_id(target.id)}}
    tell(state, ("user", source.id), actor, state.now(), [("user.merged", event)])
