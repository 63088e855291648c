"""What every account has from its first day: our own user, a form with the system's fields, and
the OAuth clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from .rows import User
from .settings_rows import Field, Form, OAuthClient

if TYPE_CHECKING:
    from .state import State

AGE = timedelta(days=2 * 365)

#: type, title.
SYSTEM_FIELDS = (
    ("subject", "Subject"),
    ("description", "Description"),
    ("status", "Status"),
    ("tickettype", "Type"),
    ("priority", "Priority"),
    ("group", "Group"),
    ("assignee", "Assignee"),
)


def integration_user(state: State) -> User:
    """The administrator an integration acts as."""
    born = state.now() - AGE
    return state.add_user(
        User(
            id=state.next_id(),
            name="Keepsake",
            email=f"keepsake@{state.options.subdomain}.example",
            role="admin",
            created_at=born,
            updated_at=born,
            verified=True,
            default_group_id=state.default_group.id,
        )
    )


def default_form(state: State) -> Form:
    """The one form of the account; custom fields are not on it until somebody puts them there."""
    born = state.now() - AGE
    form = Form(state.next_id(), "Default Ticket Form", born, born, default=True)
    state.forms[form.id] = form
    for place, (kind, title) in enumerate(SYSTEM_FIELDS):
        made = Field(
            id=state.next_id(),
            type=kind,
            title=title,
            created_at=born,
            updated_at=born,
            position=place,
            removable=False,
        )
        state.ticket_fields[made.id] = made
        form.ticket_field_ids.append(made.id)
    return form


def oauth_clients(state: State, secrets: Mapping[str, str]) -> dict[str, OAuthClient]:
    """One for each secret; an empty secret makes a public client."""
    return {
        identifier: OAuthClient(
            id=state.next_id(),
            identifier=identifier,
            secret=secret,
            name="Keepsake",
            owner_id=state.integration.id,
            redirect_uris=[],
            confidential=bool(secret),
        )
        for identifier, secret in secrets.items()
    }
