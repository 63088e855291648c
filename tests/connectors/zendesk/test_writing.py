"""Our fields and notes get there, and nothing of anybody else's is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import FieldUpdate, WriteOutcome
from connectors.errors import Conflict, Unavailable
from connectors.pacing import InMemoryPacer
from connectors.records import RecordKind, RecordRef
from connectors.zendesk import notes
from connectors.zendesk.connector import ZendeskConnector
from connectors.zendesk.emulator.faults import FaultKind
from connectors.zendesk.emulator.server import Emulator
from connectors.zendesk.emulator.state import Options


def ticket(ticket_id: int) -> RecordRef:
    return RecordRef(kind=RecordKind.TICKET, id=str(ticket_id))


def person(user_id: int) -> RecordRef:
    return RecordRef(kind=RecordKind.CONTACT, id=str(user_id))


def update(record: RecordRef, *, version: str | None = None, **values: Any) -> FieldUpdate:
    return FieldUpdate(record=record, values=values, version=version)


@pytest.fixture
def ticket_id(emulator: Emulator, installed: ZendeskConnector) -> int:
    return emulator.people.new_ticket(text="Hello", email="ann@b.example", name="Ann")


def test_tags_and_fields_of_others_survive_our_writing(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    theirs = installed._client.create_ticket_field({"type": "text", "title": "Order number"})
    change = {"tags": ["vip"], "custom_fields": [{"id": theirs["id"], "value": "A-17"}]}
    emulator.people.agent_edits(ticket_id, change)
    installed.write([update(ticket(ticket_id), sentiment="neutral")])
    installed.write([update(ticket(ticket_id), sentiment="very_negative")])
    row = emulator.state.tickets[ticket_id]
    assert set(row.tags) == {"vip", "keepsake_sentiment_very_negative"}
    assert row.values[int(theirs["id"])] == "A-17"


def test_user_fields_of_others_survive_our_writing(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    installed._client.create_user_field({"key": "plan", "type": "text", "title": "Plan"})
    user_id = emulator.state.tickets[ticket_id].requester_id
    emulator.people.agent_edits_user(user_id, {"user_fields": {"plan": "gold"}})
    [result] = installed.write([update(person(user_id), churn_risk=40)])
    assert result.outcome is WriteOutcome.WRITTEN
    kept = installed._client.user(str(user_id))["user_fields"]
    assert kept["plan"] == "gold"
    assert kept["keepsake_churn_risk"] in ("40", 40)


def test_our_audits_carry_our_mark(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    installed.write([update(ticket(ticket_id), sentiment="neutral")])
    *_, last = installed._client.audits(str(ticket_id))
    assert last["metadata"]["custom"] == {"keepsake": {"wrote": "fields"}}


def test_updates_of_one_ticket_travel_as_one(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    before = len(emulator.state.requests)
    results = installed.write(
        [
            update(ticket(ticket_id), sentiment="neutral", memory_impact=1),
            update(ticket(ticket_id), sentiment="very_negative"),
            update(ticket(ticket_id), brief="Three lines."),
        ]
    )
    assert [one.outcome for one in results] == [WriteOutcome.WRITTEN] * 3
    assert len(emulator.state.requests) - before == 1
    fields = installed.fetch_ticket(str(ticket_id)).ticket.fields
    assert (fields["sentiment"], fields["memory_impact"]) == ("very_negative", 1)


def test_a_busy_ticket_never_meets_zendesks_own_limit(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    outcomes = []
    for number in range(120):
        [result] = installed.write([update(ticket(ticket_id), memory_impact=number)])
        outcomes.append(result.outcome)
        time.pass_by(5)
    assert set(outcomes) <= {WriteOutcome.WRITTEN, WriteOutcome.FAILED}
    assert outcomes.count(WriteOutcome.WRITTEN) >= 30
    assert 429 not in {seen.status for seen in emulator.state.requests}


def test_a_ticket_over_zendesks_limit_waits_while_others_are_written(
    emulator: Emulator, connect: Any, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    # Somebody with our sign-in has used up the ticket's thirty updates; our pacer cannot know.
    other = emulator.people.new_ticket(text="Other", email="o@b.example")
    fresh = InMemoryPacer(clock=time)
    for number in range(30):
        again = connect(installation=installed.installation, pacer=InMemoryPacer(clock=time))
        again.write([update(ticket(ticket_id), memory_impact=number)])
        time.pass_by(1)
    mine = connect(installation=installed.installation, pacer=fresh)
    [full] = mine.write([update(ticket(ticket_id), memory_impact=99)])
    assert (full.outcome, "again" in full.reason) == (WriteOutcome.FAILED, True)
    [fine] = mine.write([update(ticket(other), memory_impact=99)])
    assert fine.outcome is WriteOutcome.WRITTEN


def test_many_people_are_written_in_one_job(
    emulator: Emulator, installed: ZendeskConnector
) -> None:
    ids = []
    for number in range(30):
        made = emulator.people.new_ticket(text="x", email=f"p{number}@b.example")
        ids.append(emulator.state.tickets[made].requester_id)
    before = len(emulator.state.requests)
    results = installed.write([update(person(one), churn_risk=7) for one in ids])
    assert {one.outcome for one in results} == {WriteOutcome.WRITTEN}
    assert len(emulator.state.requests) - before <= 6


def test_an_option_deleted_over_there_is_noticed(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    field = emulator.state.ticket_fields[int(installed.installation.made["field:ticket:sentiment"])]
    field.options = [one for one in field.options if not one.value.endswith("neutral")]
    [result] = installed.write([update(ticket(ticket_id), sentiment="neutral")])
    assert result.outcome is WriteOutcome.FAILED
    assert "apply" in result.reason or "refuse" in result.reason


def test_a_value_that_does_not_fit_spoils_no_other(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    other = emulator.people.new_ticket(text="Other", email="o@b.example")
    odd, fine, wide = installed.write(
        [
            update(ticket(ticket_id), memory_impact="high"),
            update(ticket(other), memory_impact=1),
            update(RecordRef(kind=RecordKind.ACCOUNT, id="1"), memory_impact=1),
        ]
    )
    assert [one.outcome for one in (odd, fine, wide)] == [
        WriteOutcome.FAILED,
        WriteOutcome.WRITTEN,
        WriteOutcome.FAILED,
    ]
    assert "number" in odd.reason


def test_an_agent_who_edits_while_a_job_waits_is_not_overwritten(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    other = emulator.people.new_ticket(text="Other", email="o@b.example")
    version = installed.fetch_ticket(str(ticket_id)).ticket.version
    field_id = int(installed.installation.made["field:ticket:memory_impact"])
    time.pass_by(5)

    def edit_once(seconds: float) -> None:
        time.sleep(seconds)
        if emulator.state.tickets[ticket_id].values.get(field_id) is None:
            emulator.people.agent_edits_field(ticket_id, field_id, "-50")

    installed._sleep = edit_once
    results = installed.write(
        [
            update(ticket(ticket_id), version=version, memory_impact=10),
            update(ticket(other), memory_impact=10),
        ]
    )
    assert [one.outcome for one in results] == [WriteOutcome.CONFLICT, WriteOutcome.WRITTEN]
    assert installed.fetch_ticket(str(ticket_id)).ticket.fields["memory_impact"] == -50


@pytest.fixture
def sluggish(time: Any) -> Iterator[Emulator]:
    """An account whose jobs take for ever."""
    options = Options(job_polls=10_000, job_seconds=1e9)
    with Emulator(clock=time, options=options) as running:
        yield running


def test_a_job_that_never_ends_is_waited_for_within_bounds(
    sluggish: Emulator, connect: Any, time: Any, fields: Any
) -> None:
    known = sluggish.credentials
    secrets = {"kind": "api_token", "email": known.email, "token": known.api_token}
    connector = connect(base_url=sluggish.base_url, secrets=secrets)
    connector.apply(fields, webhook_url=None, keep=lambda _: None)
    ids = [sluggish.people.new_ticket(text="x", email="a@b.example") for _ in range(2)]
    before = time.slept
    results = connector.write([update(ticket(one), memory_impact=1) for one in ids])
    assert {one.outcome for one in results} == {WriteOutcome.FAILED}
    assert all("still working" in one.reason for one in results)
    assert time.slept - before <= 60


def test_a_write_whose_answer_was_lost_may_be_repeated(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    version = installed.fetch_ticket(str(ticket_id)).ticket.version
    emulator.faults.on(FaultKind.LOST_ANSWER, method="PUT", times=1, status=502)
    with pytest.raises(Unavailable):
        installed.write([update(ticket(ticket_id), sentiment="neutral", version=version)])
    fresh = installed.fetch_ticket(str(ticket_id)).ticket
    assert fresh.fields["sentiment"] == "neutral"


def test_long_words_of_all_scripts_arrive(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int
) -> None:
    brief = "Ärger über Lieferung · 三日待った · 🙁\n" * 40
    [result] = installed.write([update(ticket(ticket_id), brief=brief.strip())])
    assert result.outcome is WriteOutcome.WRITTEN
    got = installed.fetch_ticket(str(ticket_id)).ticket.fields["brief"]
    assert isinstance(got, str)
    assert got.split() == brief.split()


# Notes.


def test_a_note_waits_for_the_second_to_pass(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    # Changed in this very second: a stamp of whole seconds could not tell two posts apart.
    emulator.people.agent_comments(ticket_id, "Just now")
    before = time.slept
    installed.add_note(str(ticket_id), "A note", key="k")
    assert time.slept > before
    time.pass_by(100)
    before = time.slept
    installed.add_note(str(ticket_id), "Another", key="k2")
    assert time.slept == before


def test_a_ticket_that_never_rests_gets_no_note(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    class Restless:
        """Somebody writes on the ticket between our look and our post, each time."""

        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def audits(self, ticket_id: str) -> Any:
            rows = list(self._client.audits(ticket_id))
            time.pass_by(30)
            emulator.people.customer_comments(int(ticket_id), "And another thing!")
            return rows

    client: Any = Restless(installed._client)
    with pytest.raises(Conflict, match="keeps changing"):
        notes.add_note(client, str(ticket_id), "A note", key="k", sleep=time.sleep)
    ours = emulator.state.integration.id
    said = emulator.state.tickets[ticket_id].comments
    assert [comment for comment in said if comment.author_id == ours] == []


def test_a_note_is_found_behind_hundreds_of_audits(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    time.pass_by(10)
    first = installed.add_note(str(ticket_id), "A note", key="k")
    for number in range(150):
        time.pass_by(1)
        emulator.people.agent_comments(ticket_id, f"Answer {number}")
    time.pass_by(600)
    assert installed.add_note(str(ticket_id), "A note", key="k") == first


def test_a_note_is_internal_even_where_the_first_comment_was_public(
    emulator: Emulator, installed: ZendeskConnector, ticket_id: int, time: Any
) -> None:
    time.pass_by(10)
    note_id = installed.add_note(str(ticket_id), "<b>Not</b> for the customer", key="k")
    [note] = [
        one for one in installed.fetch_ticket(str(ticket_id)).interactions if one.id == note_id
    ]
    assert not note.public
    assert note.text == "<b>Not</b> for the customer"
