"""Zendesk's own JSON brought into the rows ``ticket_rows`` reads: ids become people.

Zendesk hands tickets out in several shapes: pages of the API (``tickets`` beside sideloaded
``users``, ``organizations``, ``groups``), a ticket with its comments (``{"ticket": ...,
"comments": [...]}``), and the account export with one ticket and all its people on each line.
https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .worldfile import rows_of


class Directory:
    """Who and what the ids in tickets stand for, gathered from every page of the file."""

    def __init__(self) -> None:
        self._users: dict[str, Mapping[str, Any]] = {}
        self._organizations: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._comments: dict[str, list[Any]] = {}

    @staticmethod
    def fits(page: Mapping[str, Any]) -> bool:
        """Whether the page holds nothing but people and the like, no ticket."""
        names = ("users", "organizations", "groups", "comments")
        return any(isinstance(page.get(name), list) for name in names) and not any(
            name in page for name in ("subject", "requester", "requester_id", "messages")
        )

    def learn(self, page: Mapping[str, Any]) -> None:
        for user in _objects(rows_of(page, "users")):
            self._users[str(user.get("id"))] = user
        for organization in _objects(rows_of(page, "organizations")):
            self._organizations[str(organization.get("id"))] = str(organization.get("name"))
        for group in _objects(rows_of(page, "groups")):
            self._groups[str(group.get("id"))] = str(group.get("name"))
        if "ticket" not in page:
            for comment in _objects(rows_of(page, "comments")):
                self._comments.setdefault(str(comment.get("ticket_id")), []).append(comment)

    def row(self, ticket: Mapping[str, Any]) -> dict[str, Any]:
        """The ticket with names where ids stood."""
        row = dict(ticket)
        for role in ("requester", "assignee"):
            row[role] = self._person(ticket.get(role), ticket.get(f"{role}_id"), ticket)
        row["group"] = _name(ticket.get("group")) or self._groups.get(str(ticket.get("group_id")))
        via = ticket.get("via")
        if isinstance(via, Mapping):
            row["channel"] = via.get("channel")
        comments = ticket.get("comments")
        if isinstance(comments, Mapping):
            comments = comments.get("comments")
        if comments is None:
            comments = self._comments.get(str(ticket.get("id")), [])
        if isinstance(comments, list):
            comments = [self._comment(comment, ticket) for comment in comments if _says(comment)]
        row["comments"] = comments
        row["satisfaction_rating"] = _rating(ticket)
        return row

    def _comment(self, comment: Any, ticket: Mapping[str, Any]) -> Any:
        if not isinstance(comment, Mapping):
            return comment
        row = dict(comment)
        row["author"] = self._person(comment.get("author"), comment.get("author_id"), ticket)
        return row

    def _person(self, given: Any, number: Any, ticket: Mapping[str, Any]) -> Any:
        embedded = given if isinstance(given, Mapping) else {}
        if number is None:
            number = embedded.get("id")
        person = dict(embedded) | dict(self._users.get(str(number), {}))
        if not person:
            # Nothing but an id is known of them, or the file says something odd: see read_row.
            return given if number is None else {"id": number, "name": f"User {number}"}
        company = _name(embedded.get("organization")) or self._organization(person)
        if company is None and number is not None and number == _requester_id(ticket):
            company = _name(ticket.get("organization")) or self._organization(ticket)
        return person | {"id": number, "organization": company}

    def _organization(self, row: Mapping[str, Any]) -> str | None:
        return self._organizations.get(str(row.get("organization_id")))


def is_zendesk(ticket: Mapping[str, Any]) -> bool:
    return any(name in ticket for name in ("requester_id", "via", "raw_subject", "submitter_id"))


def _requester_id(ticket: Mapping[str, Any]) -> Any:
    requester = ticket.get("requester")
    embedded = requester.get("id") if isinstance(requester, Mapping) else None
    return ticket.get("requester_id", embedded)


def _objects(rows: list[Any]) -> Iterable[Mapping[str, Any]]:
    return (row for row in rows if isinstance(row, Mapping))


def _name(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("name")
    return value if isinstance(value, str) else None


def _says(comment: Any) -> bool:
    """A comment that is nothing but an attachment has no words to read."""
    if not isinstance(comment, Mapping):
        return True
    words = comment.get("plain_body") or comment.get("body")
    return not isinstance(words, str) or bool(words.strip())


def _rating(ticket: Mapping[str, Any]) -> dict[str, Any] | None:
    rating = ticket.get("satisfaction_rating")
    if not isinstance(rating, Mapping):
        return None
    score = str(rating.get("score"))
    # "offered" and "unoffered": nobody has rated.
    if not score.startswith(("good", "bad")):
        return None
    at = rating.get("created_at") or ticket.get("updated_at")
    return {"score": score, "comment": rating.get("comment"), "at": at}
