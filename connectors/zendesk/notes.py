"""An internal note on a ticket, once for each key, whatever dies in between.

The hard part: Zendesk has no idempotency key for updates, and a note given twice is seen by
agents. What makes it once: each note carries its key in the audit's metadata, and is posted with
the ticket's ``updated_stamp``, read *before* the audits are searched. A note that arrived before
the stamp was read is found by the search; one that arrives later moves the stamp, and the post is
refused (409). Stamps count whole seconds, so a ticket changed in the very second of the post
would let two pass: then we wait until Zendesk's own clock has left that second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..base import Sleep
from ..errors import Conflict, Gone, Unavailable
from . import mapping
from .calling import Json, with_ids
from .client import Client
from .fields import NAMESPACE

#: A ticket this busy is better left for a later try.
_TRIES = 5


def add_note(client: Client, ticket_id: str, text: str, *, key: str, sleep: Sleep) -> str:
    """Returns the comment's id. Raises ``Gone``, ``Locked``, ``Conflict`` (a very busy ticket) or
    whatever the connection runs into; calling again with the same key is always safe."""
    for _ in range(_TRIES):
        row = client.ticket(ticket_id)["ticket"]
        server_time = _date(client)
        if (note := _find(client, ticket_id, key)) is not None:
            return note
        if mapping.is_merged(row) or mapping.status_of(row.get("status")) == "deleted":
            raise Gone("The ticket was deleted or merged into another.")
        stamp = mapping.time_of(row.get("updated_at"))
        if stamp is None:
            raise Unavailable("Zendesk's answer holds no updated_at; try again.")
        if server_time is not None and server_time <= stamp:
            sleep((stamp - server_time).total_seconds() + 1.1)
            continue
        try:
            client.update_ticket(_change(ticket_id, row["updated_at"], text, key))
        except Conflict:
            continue
        except Unavailable:
            # It may have arrived all the same.
            if (note := _find(client, ticket_id, key)) is not None:
                return note
            raise
        note = _note_of(client.last.json().get("audit"), key) or _find(client, ticket_id, key)
        if note is None:
            raise Unavailable("Zendesk does not show the note that was just posted; look again.")
        return note
    raise Conflict("The ticket keeps changing; the note was not posted. Try again later.")


def _change(ticket_id: str, stamp: str, text: str, key: str) -> Json:
    return {
        "id": int(ticket_id),
        # Never left out: without it the note follows the ticket's first comment, and may go public.
        "comment": {"body": text, "public": False},
        "metadata": {NAMESPACE: {"note": key}},
        "safe_update": True,
        "updated_stamp": stamp,
    }


def _find(client: Client, ticket_id: str, key: str) -> str | None:
    for audit in client.audits(ticket_id):
        if (note := _note_of(audit, key)) is not None:
            return note
    return None


def _note_of(audit: object, key: str) -> str | None:
    """The id of the comment an audit of ours made, when it carries this key."""
    if not isinstance(audit, dict):
        return None
    metadata = audit.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    ours = custom.get(NAMESPACE) if isinstance(custom, dict) else None
    if not isinstance(ours, dict) or ours.get("note") != key:
        return None
    events = with_ids(audit.get("events"))
    comments = (str(event["id"]) for event in events if event.get("type") == "Comment")
    return next(comments, str(audit.get("id")))


def _date(client: Client) -> datetime | None:
    """The moment of the latest answer by Zendesk's own clock, in whole seconds."""
    try:
        date = parsedate_to_datetime(client.last.headers.get("date", ""))
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
