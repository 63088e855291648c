"""Reading Zendesk in bulk, a page at a time, from a stored cursor.

The hard part is to neither miss rows nor read for ever: exports are ordered by a hidden stamp,
hold back the latest minute, refuse a start less than five minutes old, repeat rows, and go on
after their end with the same cursor. So a cursor is kept even at the end, a start is moved back
where it is too young, and a cursor that does not move while there is more stops the pull.

| kind    | how                                                   | budget   |
| ticket  | incremental export by cursor, deleted ones included   | export   |
| contact | incremental export by cursor                          | export   |
| account | incremental export by time (Zendesk has no cursor)    | export   |
| survey  | legacy ratings, then responses of the newer survey    | api      |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..base import Cursor, Page
from ..errors import Misconfigured, Unavailable
from ..records import AuthorRole, Interaction, Record, RecordKind, SurveyResponse
from . import mapping
from .calling import start_of, whole, with_ids
from .client import Client
from .fields import FieldMap
from .line import Unknown

Position = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class InteractionPage:
    """What was said on all tickets, a page of it; ``cursor`` works like a ``Page``'s."""

    interactions: tuple[Interaction, ...]
    cursor: Cursor
    has_more: bool


class Puller:
    """One thread's pulls; ``origin`` is where agents open tickets."""

    def __init__(self, client: Client, fields: FieldMap, *, origin: str) -> None:
        self._client = client
        self._fields = fields
        self._origin = origin
        self._roles: dict[str, AuthorRole] = {}

    def pull(
        self, kind: RecordKind, cursor: Cursor | None, *, since: datetime, now: datetime
    ) -> Page:
        position = _position(kind, cursor)
        match kind:
            case RecordKind.TICKET:
                return self._by_cursor("tickets", kind, position, since, now)
            case RecordKind.CONTACT:
                return self._by_cursor("users", kind, position, since, now)
            case RecordKind.ACCOUNT:
                return self._accounts(position, since, now)
            case RecordKind.SURVEY:
                return self._surveys(position, since)

    def _by_cursor(
        self, what: str, kind: RecordKind, position: Position, since: datetime, now: datetime
    ) -> Page:
        start = int(position.get("start") or start_of(since, now))
        at = position.get("cursor")
        body = self._client.export(what, start=start, cursor=at)
        after, has_more = body.get("after_cursor"), body.get("end_of_stream") is False
        if has_more and (after is None or after == at):
            raise _stuck(what)
        rows = with_ids(body[what])
        records: Iterable[Record]
        if kind is RecordKind.TICKET:
            records = (mapping.ticket(row, self._fields, origin=self._origin) for row in rows)
        else:
            records = (mapping.contact(row, self._fields) for row in rows)
        # An empty export may answer without a cursor: then the same start serves again.
        reached = {"cursor": after} if after or at is None else {"cursor": at}
        if reached["cursor"] is None:
            reached = {"start": start}
        return Page(records=tuple(records), cursor=_cursor(kind, reached), has_more=has_more)

    def _accounts(self, position: Position, since: datetime, now: datetime) -> Page:
        start = min(int(position.get("start") or start_of(since, now)), start_of(now, now))
        body = self._client.export_organizations(start=start)
        end, has_more = _time_page(body, start, now, "organizations")
        return Page(
            records=tuple(mapping.account(row) for row in with_ids(body["organizations"])),
            cursor=_cursor(RecordKind.ACCOUNT, {"start": end}),
            has_more=has_more,
        )

    def _surveys(self, position: Position, since: datetime) -> Page:
        start = int(position.get("start") or since.timestamp())
        newest = int(position.get("newest") or start)
        is_second = position.get("part") == "responses"
        rows, after = (
            self._responses(start, position.get("after"))
            if is_second
            else self._ratings(start, position.get("after"))
        )
        if after is not None and after == position.get("after"):
            raise _stuck("satisfaction ratings")
        newest = max([newest, *(int(row.created_at.timestamp()) for row in rows)])
        has_more = after is not None or not is_second
        if after is not None:
            reached = {**position, "start": start, "newest": newest, "after": after}
        elif has_more:
            reached = {"part": "responses", "start": start, "newest": newest}
        else:
            reached = {"start": newest}
        return Page(
            records=tuple(rows), cursor=_cursor(RecordKind.SURVEY, reached), has_more=has_more
        )

    def _ratings(self, start: int, after: str | None) -> tuple[list[SurveyResponse], str | None]:
        filters = {"score": "received", "start_time": str(start)}
        try:
            body = self._client.ratings(filters, after=after)
        except Unknown:
            return [], None
        found = [mapping.rating(row) for row in with_ids(body["satisfaction_ratings"])]
        return [row for row in found if row is not None], _after(body)

    def _responses(self, start: int, after: str | None) -> tuple[list[SurveyResponse], str | None]:
        filters = {"filter[created_at_start]": str(start * 1000)}
        try:
            body = self._client.survey_responses(filters, after=after)
        except (Unknown, Misconfigured):
            # Most accounts still have the legacy ratings only, or no right to the newer ones.
            return [], None
        found = [mapping.survey_response(row) for row in with_ids(body["survey_responses"])]
        return [row for row in found if row is not None], _after(body)

    def pull_interactions(
        self, cursor: Cursor | None, *, since: datetime, now: datetime
    ) -> InteractionPage:
        """Every comment of the account since a moment, from the export of ticket events: a
        thousand events a call, where asking ticket by ticket costs a call each."""
        position = _position("interaction", cursor)
        start = min(int(position.get("start") or start_of(since, now)), start_of(now, now))
        body = self._client.export_events(start=start)
        end, has_more = _time_page(body, start, now, "ticket events")
        said = [
            ({"created_at": event.get("created_at"), "via": event.get("via"), **child}, event)
            for event in with_ids(body["ticket_events"])
            for child in with_ids(event.get("child_events"))
            if child.get("event_type") == "Comment" and ("body" in child or "html_body" in child)
        ]
        self._learn_roles({mapping.id_or_none(row.get("author_id")) for row, _ in said})
        return InteractionPage(
            interactions=tuple(
                mapping.interaction(row, ticket_id=str(event.get("ticket_id")), roles=self._roles)
                for row, event in said
            ),
            cursor=_cursor("interaction", {"start": end}),
            has_more=has_more,
        )

    def _learn_roles(self, authors: set[str | None]) -> None:
        unknown = sorted(one for one in authors if one is not None and one not in self._roles)
        for first in range(0, len(unknown), 100):
            asked = unknown[first : first + 100]
            found = {str(row.get("id")): row for row in self._client.users(asked)}
            for one in asked:
                row = found.get(one)
                self._roles[one] = AuthorRole.SYSTEM if row is None else mapping.role_of(row)


def _position(kind: str, cursor: Cursor | None) -> Position:
    if cursor is None:
        return {}
    try:
        position = json.loads(cursor)
    except ValueError:
        position = None
    if not isinstance(position, dict) or position.get("kind") != kind:
        raise Misconfigured(f"The stored cursor for {kind}s cannot be read: backfill them anew.")
    return position


def _cursor(kind: str, position: Mapping[str, Any]) -> Cursor:
    return Cursor(json.dumps({**position, "kind": str(kind)}, sort_keys=True))


def _time_page(body: Mapping[str, Any], start: int, now: datetime, what: str) -> tuple[int, bool]:
    """Where the next page starts, and whether to ask for it now: not for the last minutes, which
    are refused as a start and so would be read over and over."""
    end = whole(body.get("end_time"))
    reached = start if end is None else end
    has_more = body.get("end_of_stream") is False and reached < start_of(now, now)
    if has_more and reached <= start:
        raise _stuck(what)
    return max(reached, start), has_more


def _stuck(what: str) -> Unavailable:
    return Unavailable(f"Zendesk's list of {what} does not move on; try again later.")


def _after(body: Mapping[str, Any]) -> str | None:
    meta = body.get("meta")
    if not isinstance(meta, dict) or not meta.get("has_more"):
        return None
    after = meta.get("after_cursor")
    return str(after) if after else None
