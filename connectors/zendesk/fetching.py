"""One ticket whole, in two or three calls: the ticket with its people, then its comments.

The hard part is that side-loads are a courtesy: whoever is missing from them is asked for, at
most a hundred at once, and whoever is not there any more is left out (and counts as nobody).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Gone, Misconfigured, Skippable
from ..records import Account, Contact, SurveyResponse, TicketBundle, TicketStatus
from . import mapping
from .calling import with_ids
from .client import Client
from .fields import FieldMap

Row = Mapping[str, Any]


def fetch_ticket(client: Client, ticket_id: str, fields: FieldMap, *, origin: str) -> TicketBundle:
    """Raises ``Gone`` when the ticket was deleted, or merged into another."""
    body = client.ticket(ticket_id)
    row = body["ticket"]
    if mapping.status_of(row.get("status")) is TicketStatus.DELETED:
        raise Gone("The ticket was deleted.")
    if mapping.is_merged(row):
        raise Gone("The ticket was merged into another.")
    comments: list[Row] = []
    people = _by_id(body.get("users"))
    for page in client.comments(ticket_id):
        comments += with_ids(page["comments"])
        people |= _by_id(page.get("users"))
    authors = [mapping.id_or_none(comment.get("author_id")) for comment in comments]
    wanted = dict.fromkeys(
        one for one in (mapping.id_or_none(row.get("requester_id")), *authors) if one
    )
    people |= _missing(client, wanted, people)
    roles = {one: mapping.role_of(person) for one, person in people.items()}
    said = [mapping.interaction(one, ticket_id=str(row["id"]), roles=roles) for one in comments]
    return TicketBundle(
        ticket=mapping.ticket(row, fields, origin=origin),
        interactions=tuple(sorted(said, key=lambda one: one.created_at)),
        contacts=tuple(mapping.contact(people[one], fields) for one in wanted if one in people),
        account=_account(client, row, body),
        surveys=tuple(_surveys(client, row)),
    )


def fetch_contact(client: Client, contact_id: str, fields: FieldMap) -> Contact:
    """Raises ``Gone`` when the user was deleted for good. A softly deleted one is returned with
    ``deleted`` set."""
    return mapping.contact(client.user(contact_id), fields)


def _by_id(rows: object) -> dict[str, Row]:
    return {str(row["id"]): row for row in with_ids(rows)}


def _missing(client: Client, wanted: Iterable[str], known: Mapping[str, Row]) -> dict[str, Row]:
    ask = [one for one in wanted if one not in known]
    found: dict[str, Row] = {}
    for first in range(0, len(ask), 100):
        found |= _by_id(client.users(ask[first : first + 100]))
    return found


def _account(client: Client, row: Row, body: Row) -> Account | None:
    account_id = mapping.id_or_none(row.get("organization_id"))
    if account_id is None:
        return None
    known = _by_id(body.get("organizations"))
    try:
        return mapping.account(known.get(account_id) or client.organization(account_id))
    except Skippable:
        return None


def _surveys(client: Client, row: Row) -> list[SurveyResponse]:
    """An account rates in the legacy way or by the newer survey, and with the survey a rating may
    hang on the ticket as well: the survey's answer is then the one that counts."""
    inline = row.get("satisfaction_rating")
    score = str(inline.get("score") or "") if isinstance(inline, dict) else ""
    is_rated = score.startswith(("good", "bad"))
    is_solved = mapping.status_of(row.get("status")) in (TicketStatus.SOLVED, TicketStatus.CLOSED)
    found = _responses(client, str(row["id"])) if is_solved or is_rated else []
    if not found and is_rated:
        found = [_rating(client, row)]
    return [one for one in found if one is not None]


def _responses(client: Client, ticket_id: str) -> list[SurveyResponse | None]:
    if not client.has_surveys:
        return []
    try:
        body = client.survey_responses({"filter[subject_zrns]": f"zen:ticket:{ticket_id}"})
    except (Skippable, Misconfigured):
        # Accounts without the newer survey: asked once, not for every ticket.
        client.has_surveys = False
        return []
    return [mapping.survey_response(one) for one in with_ids(body["survey_responses"])]


def _rating(client: Client, row: Row) -> SurveyResponse | None:
    inline = row["satisfaction_rating"]
    try:
        # Asked for whole: the one on the ticket says neither when nor who.
        return mapping.rating(client.rating(str(inline.get("id"))))
    except (Skippable, Misconfigured):
        about = {"ticket_id": row["id"], "requester_id": row.get("requester_id")}
        return mapping.rating({**about, "updated_at": row.get("updated_at"), **inline})
