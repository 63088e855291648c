"""The part of the search language that integrations use.

``type:ticket status<solved tags:vip updated>2026-01-01 "whole phrase" custom_field_360001:neg``.
Unlike the real index, this one is never late; do not lean on that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from . import problems
from .indexes import parse_time
from .rows import Organization, Ticket, User
from .state import STATUSES, State

_TERM = re.compile(r'(-?)(?:([\w.]+)(:|<=|>=|<|>))?("[^"]*"|\S+)')
_PRIORITIES = ("low", "normal", "high", "urgent")
Found = Ticket | User | Organization


@dataclass(frozen=True, slots=True)
class Term:
    key: str
    sign: str
    value: str
    negated: bool


def parse(query: str) -> list[Term]:
    return [
        Term(found[2] or "", found[3] or ":", found[4].strip('"').lower(), bool(found[1]))
        for found in _TERM.finditer(query)
    ]


def search(state: State, query: str, *, only: str | None = None) -> Iterator[Found]:
    """Everything that matches, in no order. Raises ``Problem`` 422 for a broken time."""
    terms = parse(query)
    kinds = {term.value for term in terms if term.key == "type"} or ({only} if only else set())
    rest = [term for term in terms if term.key not in ("type", "order_by", "sort")]
    if not kinds or "ticket" in kinds:
        for ticket in state.tickets.values():
            if ticket.deleted_at is None and all(
                _hits(term, _ticket(state, ticket, term)) for term in rest
            ):
                yield ticket
    if not kinds or "user" in kinds:
        for user in state.users.values():
            if user.active and all(_hits(term, _user(user, term)) for term in rest):
                yield user
    if not kinds or "organization" in kinds:
        for row in state.organizations.values():
            if row.deleted_at is None and all(
                _hits(term, _organization(row, term)) for term in rest
            ):
                yield row


def _hits(term: Term, answer: bool) -> bool:
    return answer != term.negated


def _compare(term: Term, found: Any, wanted: Any) -> bool:
    if found is None:
        return False
    tests: dict[str, Callable[[], bool]] = {
        ":": lambda: bool(found == wanted),
        "<": lambda: bool(found < wanted),
        ">": lambda: bool(found > wanted),
        "<=": lambda: bool(found <= wanted),
        ">=": lambda: bool(found >= wanted),
    }
    return tests[term.sign]()


def _time(term: Term, row: Found) -> bool | None:
    names = {"created": "created_at", "updated": "updated_at"}
    if term.key not in names:
        return None
    try:
        wanted = parse_time(term.value.upper())
    except ValueError:
        raise problems.Problem(
            422, {"error": "invalid", "description": "Invalid search: invalid date"}
        ) from None
    found = getattr(row, names[term.key])
    if term.sign == ":" and len(term.value) <= 10:
        return bool(wanted <= found < wanted + timedelta(days=1))
    return _compare(term, found, wanted)


def _ranked(term: Term, found: str | None, order: tuple[str, ...]) -> bool:
    if found is None or term.value not in order:
        return False
    return _compare(term, order.index(found), order.index(term.value))


def _ticket(state: State, row: Ticket, term: Term) -> bool:
    by_time = _time(term, row)
    if by_time is not None:
        return by_time
    if term.key == "":
        said = (row.subject, row.description, str(row.id))
        return any(term.value in text.lower() for text in said)
    if term.key == "status":
        return _ranked(term, row.status, STATUSES)
    if term.key == "priority":
        return _ranked(term, row.priority, _PRIORITIES)
    if term.key in ("requester", "assignee", "submitter"):
        user = state.users.get(getattr(row, f"{term.key}_id") or 0)
        return _names_user(user, term.value)
    if term.key == "organization":
        company = state.organizations.get(row.organization_id or 0)
        names = (str(company.id), company.name.lower()) if company else ("none",)
        return term.value in names
    if term.key == "fieldvalue":
        return any(_holds(value, term.value) for value in row.values.values())
    if term.key.startswith("custom_field_"):
        return _holds(row.values.get(int(term.key.rpartition("_")[2])), term.value)
    if term.key == "subject":
        return term.value in row.subject.lower()
    texts = {"ticket_type": row.type, "external_id": row.external_id, "via": row.via["channel"]}
    if term.key in ("tags", "tag"):
        return term.value in row.tags
    return str(texts.get(term.key) or "").lower() == term.value


def _holds(value: Any, wanted: str) -> bool:
    if wanted == "none":
        return value is None
    values = value if isinstance(value, list) else [value]
    return any(str(each).lower() == wanted for each in values if each is not None)


def _names_user(user: User | None, wanted: str) -> bool:
    if user is None:
        return wanted == "none"
    return wanted in (str(user.id), (user.email or "").lower(), user.name.lower())


def _user(row: User, term: Term) -> bool:
    by_time = _time(term, row)
    if by_time is not None:
        return by_time
    if term.key == "":
        return term.value in row.name.lower() or term.value in (row.email or "").lower()
    if term.key in ("tags", "tag"):
        return term.value in row.tags
    if term.key in ("email", "name", "external_id", "phone", "role"):
        return str(getattr(row, term.key) or "").lower() == term.value
    return _holds(row.values.get(term.key), term.value) if term.key in row.values else False


def _organization(row: Organization, term: Term) -> bool:
    by_time = _time(term, row)
    if by_time is not None:
        return by_time
    if term.key in ("", "name"):
        return term.value in row.name.lower()
    if term.key in ("tags", "tag"):
        return term.value in row.tags
    return term.key == "external_id" and str(row.external_id or "").lower() == term.value
