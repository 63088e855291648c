"""Pulling goes through everything, once more rather than once too few, and ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Cursor
from connectors.errors import ConnectorError, Misconfigured, RateLimited, Unavailable
from connectors.pacing import InMemoryPacer
from connectors.records import AuthorRole, RecordKind, SurveyKind
from connectors.zendesk.connector import ZendeskConnector
from connectors.zendesk.emulator.limits import Limits
from connectors.zendesk.emulator.server import Emulator
from connectors.zendesk.emulator.state import Options


@pytest.fixture
def small(time: Any) -> Iterator[Emulator]:
    """An account whose exports have five rows a page."""
    options = Options(export_page=5, limits=Limits.unlimited())
    with Emulator(clock=time, options=options) as running:
        yield running


def to(connect: Any, emulator: Emulator, **changes: Any) -> ZendeskConnector:
    known = emulator.credentials
    secrets = {"kind": "api_token", "email": known.email, "token": known.api_token}
    made: ZendeskConnector = connect(base_url=emulator.base_url, secrets=secrets, **changes)
    return made


def every(pull: Callable[[Cursor | None], Any], time: Any) -> tuple[list[Any], int]:
    """All pages, waiting as told when the exports' budget is spent."""
    pages, cursor = [], None
    for _ in range(200):
        try:
            page = pull(cursor)
        except RateLimited as spent:
            time.pass_by(spent.retry_after)
            continue
        pages.append(page)
        cursor = page.cursor
        if not page.has_more:
            return pages, len(pages)
    raise AssertionError("the pull does not end")


def test_many_pages_hold_every_ticket(connect: Any, small: Emulator, time: Any) -> None:
    ids = set()
    for number in range(23):
        ids.add(str(small.people.new_ticket(text="x", email=f"p{number}@b.example")))
        time.pass_by(1)
    time.pass_by(600)
    connector, since = to(connect, small), time() - timedelta(days=1)
    for kind, wanted in ((RecordKind.TICKET, 23), (RecordKind.CONTACT, 23)):
        pages, count = every(lambda at, kind=kind: connector.pull(kind, at, since=since), time)  # type: ignore[misc]
        assert count >= 5
        assert len({row.id for page in pages for row in page.records}) >= wanted
    pages, _ = every(lambda at: connector.pull(RecordKind.TICKET, at, since=since), time)
    assert {row.id for page in pages for row in page.records} == ids


def test_accounts_are_pulled_by_time_with_their_domains(
    connect: Any, small: Emulator, time: Any
) -> None:
    connector = to(connect, small)
    for number in range(12):
        connector._client.call(
            "POST",
            "/api/v2/organizations.json",
            json={
                "organization": {"name": f"Org {number}", "domain_names": [f"o{number}.example"]}
            },
        )
        time.pass_by(2)
    time.pass_by(900)
    since = time() - timedelta(days=1)
    pages, count = every(lambda at: connector.pull(RecordKind.ACCOUNT, at, since=since), time)
    assert count > 1
    assert {row.name for page in pages for row in page.records} == {f"Org {n}" for n in range(12)}
    again = connector.pull(RecordKind.ACCOUNT, pages[-1].cursor, since=since)
    assert not again.has_more


def test_every_comment_of_the_account_comes_in_bulk_with_who_said_it(
    connect: Any, small: Emulator, time: Any
) -> None:
    people = small.people
    ids = []
    for number in range(6):
        ticket_id = people.new_ticket(text=f"Ask {number}", email=f"p{number}@b.example")
        ids.append(ticket_id)
        time.pass_by(5)
        people.agent_comments(ticket_id, f"Answer {number}")
        people.agent_comments(ticket_id, f"Note {number}", public=False)
        time.pass_by(5)
    time.pass_by(900)
    connector, since = to(connect, small), time() - timedelta(days=1)
    before = sum(small.state.request_counts.values())
    pages, _ = every(lambda at: connector.pull_interactions(at, since=since), time)
    calls = sum(small.state.request_counts.values()) - before
    said = {one.id: one for page in pages for one in page.interactions}
    assert len(said) == 18
    assert calls < len(pages) * 2 + 2
    for ticket_id in ids:
        whole = to(connect, small).fetch_ticket(str(ticket_id)).interactions
        assert [said[one.id] for one in whole] == list(whole)
    roles = [said[one].author_role for one in sorted(said, key=int)]
    assert roles.count(AuthorRole.CUSTOMER) == 6
    assert roles.count(AuthorRole.AGENT) == 12


def test_the_newer_survey_is_pulled_where_the_account_has_it(connect: Any, time: Any) -> None:
    with Emulator(clock=time, options=Options(csat="survey")) as emulator:
        connector = to(connect, emulator)
        since = time() - timedelta(hours=1)
        ticket_id = emulator.people.new_ticket(text="x", email="a@b.example")
        emulator.people.solve(ticket_id)
        emulator.people.rate(ticket_id, good=False, comment="slow")
        time.pass_by(600)
        pages, _ = every(lambda at: connector.pull(RecordKind.SURVEY, at, since=since), time)
        [found] = [row for page in pages for row in page.records]
        assert (found.kind, found.ticket_id, found.score < 0) == (
            SurveyKind.CSAT,
            str(ticket_id),
            True,
        )
        [inline] = connector.fetch_ticket(str(ticket_id)).surveys
        assert inline == found


@pytest.mark.parametrize("kind", [RecordKind.TICKET, RecordKind.CONTACT])
def test_a_cursor_that_does_not_move_stops_the_pull(kind: RecordKind, connect: Any) -> None:
    from connectors.zendesk.fields import FieldMap
    from connectors.zendesk.pulling import Puller

    class Stuck:
        def export(self, what: str, **_: Any) -> dict[str, Any]:
            return {what: [], "after_cursor": "same", "end_of_stream": False}

    connector = connect()
    puller = Puller(Stuck(), FieldMap(connector.installation), origin="https://x")  # type: ignore[arg-type]
    now = connector._clock()
    page = puller.pull(kind, None, since=now, now=now)
    with pytest.raises(Unavailable, match="does not move on"):
        puller.pull(kind, page.cursor, since=now, now=now)


def test_a_time_export_in_the_last_minutes_ends_instead_of_repeating(
    connect: Any, small: Emulator, time: Any
) -> None:
    connector = to(connect, small)
    for number in range(30):
        connector._client.call(
            "POST", "/api/v2/organizations.json", json={"organization": {"name": f"O{number}"}}
        )
    time.pass_by(90)
    pages, _ = every(
        lambda at: connector.pull(RecordKind.ACCOUNT, at, since=time() - timedelta(days=1)), time
    )
    assert len(pages) < 10


@pytest.mark.parametrize("text", ["", "x", "[]", '{"kind": "contact"}', "null"])
def test_a_cursor_that_is_not_ours_is_refused(connector: Any, time: Any, text: str) -> None:
    with pytest.raises(Misconfigured, match="cursor"):
        connector.pull(RecordKind.TICKET, Cursor(text), since=time())


def test_a_cursor_is_one_line_of_text(connector: Any, time: Any) -> None:
    for kind in RecordKind:
        cursor = connector.pull(kind, None, since=time() - timedelta(days=1)).cursor
        assert "\n" not in cursor
        assert json.loads(cursor)["kind"] == kind.value


def test_a_backfill_waits_its_turn_and_loses_nothing(connect: Any, time: Any) -> None:
    options = Options(export_page=5)
    with Emulator(clock=time, options=options) as emulator:
        for number in range(60):
            emulator.people.new_ticket(text="x", email=f"p{number}@b.example")
            time.pass_by(1)
        time.pass_by(600)
        pacer = InMemoryPacer(clock=time)
        connector = to(connect, emulator, pacer=pacer, max_wait=5.0)
        since = time() - timedelta(days=1)
        pages, _ = every(lambda at: connector.pull(RecordKind.TICKET, at, since=since), time)
        assert len({row.id for page in pages for row in page.records}) == 60
        statuses = {seen.status for seen in emulator.state.requests}
        assert statuses == {200}


def test_a_fetch_takes_two_calls_and_three_for_a_crowd(
    connect: Any, emulator: Emulator, time: Any
) -> None:
    ticket_id = emulator.people.new_ticket(text="x", email="a@b.example")
    for number in range(5):
        emulator.people.agent_comments(ticket_id, f"Answer {number}")
    connector = connect()
    before = sum(emulator.state.request_counts.values())
    connector.fetch_ticket(str(ticket_id))
    assert sum(emulator.state.request_counts.values()) - before == 2


def test_a_ticket_with_hundreds_of_comments_is_fetched_whole(
    connect: Any, emulator: Emulator, time: Any
) -> None:
    ticket_id = emulator.people.new_ticket(text="Word 0", email="a@b.example")
    for number in range(1, 250):
        time.pass_by(1)
        emulator.people.customer_comments(ticket_id, f"Word {number}")
    bundle = connect().fetch_ticket(str(ticket_id))
    assert [one.text for one in bundle.interactions] == [f"Word {n}" for n in range(250)]


def test_every_failure_is_one_of_ours(connector: Any) -> None:
    for bad in ("../users/me", "1/../2", "", "٣", "1e5", "-1"):
        with pytest.raises(ConnectorError):
            connector.fetch_ticket(bad)
