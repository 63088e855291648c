"""What every connector promises, as one suite of tests each connector's tests inherit.

How to use it: subclass ``ConnectorContract`` as ``TestSomething`` and provide one fixture,
``stage``: a ``Stage`` over that system's emulator, through which the tests act as customers,
agents and bad luck. Nothing of the connector is patched; time is the stage's.

    class TestZendesk(ConnectorContract):
        @pytest.fixture
        def stage(self, ...) -> Iterator[Stage]: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest

from connectors.base import (
    Connector,
    Cursor,
    FieldOption,
    FieldSpec,
    FieldType,
    FieldUpdate,
    Installation,
    StepKind,
    WebhookRequest,
    WriteOutcome,
)
from connectors.errors import (
    ConnectorError,
    Gone,
    Locked,
    Misconfigured,
    NeedsReauth,
    RateLimited,
    Retryable,
    Unavailable,
    WebhookRejected,
)
from connectors.records import AuthorRole, Record, RecordKind, RecordRef, TicketStatus


class Stage(Protocol):
    """One tenant of the system under test, and the people in it."""

    #: Where the system is told to send webhooks; what arrives is in ``delivered``.
    webhook_url: str

    def connect(
        self, *, installation: Installation | None = None, secrets: str = "good"
    ) -> Connector:
        """A connector of its own. ``secrets``: "good", "wrong", "weak" (signed in, but may not
        install) or "elsewhere" (an account that does not exist)."""

    def now(self) -> datetime: ...

    def pass_by(self, seconds: float) -> None:
        """Time goes by over there and here."""

    def slept(self) -> float:
        """Seconds the connectors have asked to sleep so far."""

    def calls(self) -> int:
        """Requests the system has seen so far."""

    def new_ticket(self, text: str) -> tuple[str, str]:
        """A customer writes in: the ticket's and the customer's id."""

    def customer_says(self, ticket_id: str, text: str) -> None: ...

    def agent_says(self, ticket_id: str, text: str, *, public: bool) -> None: ...

    def agent_sets(self, ticket_id: str, field_id: str, value: Any) -> None:
        """An agent edits a custom field by hand."""

    def rate(self, ticket_id: str, *, good: bool) -> None: ...

    def close_ticket(self, ticket_id: str) -> None: ...

    def delete_ticket(self, ticket_id: str) -> None: ...

    def merge_ticket(self, ticket_id: str, into: str) -> None: ...

    def delete_field(self, field_id: str) -> None:
        """An admin deletes one of our ticket fields."""

    def things(self) -> Mapping[str, int]:
        """How many of each installable kind of thing exist: {"ticket fields": 7, ...}."""

    def notes(self, ticket_id: str) -> Sequence[tuple[str, bool]]:
        """Text and publicness of everything our own user said on a ticket."""

    def delivered(self) -> Sequence[WebhookRequest]:
        """Webhooks sent so far, waiting for those under way."""

    def misbehave(self, how: str) -> None:
        """From now on, until "well": "busy" (429 for ever), "down" (500), "cut" (half bodies),
        "silent" (drops the socket, work done), "revoked" (401), "lost" (the work is done, the
        answer to the next change is lost)."""


TICKET_CHOICE = FieldSpec(
    key="sentiment",
    record=RecordKind.TICKET,
    type=FieldType.CHOICE,
    label="Sentiment",
    description="How the customer feels; empty when unsure.",
    options=(
        FieldOption(value="very_negative", label="Very negative"),
        FieldOption(value="neutral", label="Neutral"),
        FieldOption(value="very_positive", label="Very positive"),
    ),
)
FIELDS = (
    TICKET_CHOICE,
    FieldSpec(
        key="memory_tags",
        record=RecordKind.TICKET,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What the customer will remember.",
        options=(
            FieldOption(value="delight", label="Delight"),
            FieldOption(value="told-you-already", label="Told you already"),
        ),
    ),
    FieldSpec(
        key="memory_impact",
        record=RecordKind.TICKET,
        type=FieldType.NUMBER,
        label="Memory impact",
        description="From -100 to 100.",
    ),
    FieldSpec(
        key="brief",
        record=RecordKind.TICKET,
        type=FieldType.LONG_TEXT,
        label="What to know",
        description="Three lines.",
    ),
    FieldSpec(
        key="prefers",
        record=RecordKind.TICKET,
        type=FieldType.TEXT,
        label="Prefers",
        description="How to write.",
    ),
    FieldSpec(
        key="memory_map",
        record=RecordKind.TICKET,
        type=FieldType.URL,
        label="Memory map",
        description="A link.",
    ),
    FieldSpec(
        key="churn_risk",
        record=RecordKind.CONTACT,
        type=FieldType.NUMBER,
        label="Churn risk",
        description="From 0 to 100.",
    ),
    FieldSpec(
        key="memory_tags",
        record=RecordKind.CONTACT,
        type=FieldType.CHOICES,
        label="Memory tags",
        description="What this person remembers.",
        options=(FieldOption(value="delight", label="Delight"),),
    ),
)
TICKET_VALUES: dict[str, Any] = {
    "sentiment": "very_negative",
    "memory_tags": ("delight", "told-you-already"),
    "memory_impact": -12.5,
    "brief": "Waited three days.\nWas promised a refund.",
    "prefers": "short, formal",
    "memory_map": "https://keepsake.example/people/1",
}


def ticket_ref(ticket_id: str) -> RecordRef:
    return RecordRef(kind=RecordKind.TICKET, id=ticket_id)


def update(ticket_id: str, **values: Any) -> FieldUpdate:
    return FieldUpdate(record=ticket_ref(ticket_id), values=values or TICKET_VALUES)


def forget(_: Installation) -> None:
    """For those who need nothing kept."""


def pull_all(
    connector: Connector, kind: RecordKind, cursor: Cursor | None, since: datetime
) -> tuple[list[Record], Cursor | None]:
    records: list[Record] = []
    for _ in range(100):
        page = connector.pull(kind, cursor, since=since)
        records += page.records
        cursor = page.cursor
        if not page.has_more:
            return records, cursor
    raise AssertionError("the pull does not end")


class Crash(Exception):
    """The process dies here."""


class ConnectorContract:
    """Inherit, provide ``stage``, and a connector is held to everything below."""

    @pytest.fixture
    def connector(self, stage: Stage) -> Connector:
        return stage.connect()

    @pytest.fixture
    def installed(self, stage: Stage) -> Connector:
        connector = stage.connect()
        made = connector.apply(FIELDS, webhook_url=None, keep=forget)
        return stage.connect(installation=made)

    # Looking at the connection.

    def test_a_check_says_who_we_are_and_that_all_is_well(self, connector: Connector) -> None:
        report = connector.check()
        assert report.identity
        assert report.ok, [item for item in report.items if not item.ok]

    def test_wrong_credentials_ask_for_a_person_at_once(self, stage: Stage) -> None:
        before = stage.calls()
        with pytest.raises(NeedsReauth):
            stage.connect(secrets="wrong").check()
        assert stage.calls() - before <= 3
        assert stage.slept() == 0

    def test_a_check_names_what_a_weak_sign_in_may_not_do(self, stage: Stage) -> None:
        report = stage.connect(secrets="weak").check()
        assert not report.ok
        assert all(item.advice for item in report.items if not item.ok)

    def test_an_account_that_does_not_exist_is_a_wrong_setting(self, stage: Stage) -> None:
        with pytest.raises(Misconfigured):
            stage.connect(secrets="elsewhere").check()

    # Pulling.

    def test_a_pull_gives_what_is_there(self, stage: Stage, connector: Connector) -> None:
        ticket_id, customer_id = stage.new_ticket("Where is my parcel?")
        stage.pass_by(900)
        since = stage.now() - timedelta(days=1)
        tickets, _ = pull_all(connector, RecordKind.TICKET, None, since)
        assert ticket_id in {record.id for record in tickets}
        people, _ = pull_all(connector, RecordKind.CONTACT, None, since)
        assert customer_id in {record.id for record in people}
        pull_all(connector, RecordKind.ACCOUNT, None, since)

    def test_a_cursor_goes_on_where_it_stopped_also_in_another_process(
        self, stage: Stage, connector: Connector
    ) -> None:
        stage.new_ticket("One")
        stage.pass_by(900)
        _, cursor = pull_all(connector, RecordKind.TICKET, None, stage.now() - timedelta(days=1))
        second, _ = stage.new_ticket("Two")
        stage.pass_by(900)
        assert cursor is not None
        seen, again = pull_all(stage.connect(), RecordKind.TICKET, Cursor(str(cursor)), stage.now())
        assert second in {record.id for record in seen}
        assert again is not None

    def test_a_pull_repeated_from_the_same_cursor_gives_the_same(
        self, stage: Stage, connector: Connector
    ) -> None:
        stage.new_ticket("One")
        stage.pass_by(900)
        since = stage.now() - timedelta(days=1)
        one, two = (connector.pull(RecordKind.TICKET, None, since=since) for _ in range(2))
        assert one.records == two.records

    def test_a_pull_of_nothing_ends_with_a_cursor_that_finds_what_comes(
        self, stage: Stage, connector: Connector
    ) -> None:
        since = stage.now() - timedelta(hours=1)
        nothing, cursor = pull_all(connector, RecordKind.TICKET, None, since)
        assert nothing == []
        ticket_id, _ = stage.new_ticket("Now")
        stage.pass_by(900)
        found, _ = pull_all(connector, RecordKind.TICKET, cursor, since)
        assert ticket_id in {record.id for record in found}

    def test_a_deleted_ticket_is_pulled_as_deleted(
        self, stage: Stage, connector: Connector
    ) -> None:
        ticket_id, _ = stage.new_ticket("Soon gone")
        stage.delete_ticket(ticket_id)
        stage.pass_by(900)
        records, _ = pull_all(connector, RecordKind.TICKET, None, stage.now() - timedelta(days=1))
        states = {record.id: getattr(record, "status", None) for record in records}
        assert states[ticket_id] is TicketStatus.DELETED

    def test_ratings_are_pulled(self, stage: Stage, connector: Connector) -> None:
        ticket_id, customer_id = stage.new_ticket("Rate me")
        since = stage.now() - timedelta(hours=1)
        stage.rate(ticket_id, good=False)
        stage.pass_by(900)
        found, cursor = pull_all(connector, RecordKind.SURVEY, None, since)
        assert [(r.ticket_id, r.contact_id, r.score < 0) for r in found] == [  # type: ignore[union-attr]
            (ticket_id, customer_id, True)
        ]
        pull_all(connector, RecordKind.SURVEY, cursor, since)

    # One record whole.

    def test_a_ticket_is_fetched_whole_and_oldest_first(
        self, stage: Stage, connector: Connector
    ) -> None:
        ticket_id, customer_id = stage.new_ticket("It broke.")
        stage.pass_by(60)
        stage.agent_says(ticket_id, "We are on it.", public=True)
        stage.pass_by(60)
        stage.agent_says(ticket_id, "Spare part ordered.", public=False)
        stage.pass_by(60)
        stage.customer_says(ticket_id, "Thank you!")
        bundle = connector.fetch_ticket(ticket_id)
        assert bundle.ticket.id == ticket_id
        assert bundle.ticket.contact_id == customer_id
        assert [(one.text, one.author_role, one.public) for one in bundle.interactions] == [
            ("It broke.", AuthorRole.CUSTOMER, True),
            ("We are on it.", AuthorRole.AGENT, True),
            ("Spare part ordered.", AuthorRole.AGENT, False),
            ("Thank you!", AuthorRole.CUSTOMER, True),
        ]
        people = {one.id for one in bundle.contacts}
        assert {customer_id} | {one.author_id for one in bundle.interactions} <= people
        assert bundle.ticket.version

    def test_a_rated_ticket_brings_its_rating(self, stage: Stage, connector: Connector) -> None:
        ticket_id, customer_id = stage.new_ticket("Rate me")
        stage.rate(ticket_id, good=True)
        [survey] = connector.fetch_ticket(ticket_id).surveys
        assert (survey.ticket_id, survey.contact_id, survey.score) == (ticket_id, customer_id, 1.0)

    def test_a_contact_is_fetched(self, stage: Stage, connector: Connector) -> None:
        _, customer_id = stage.new_ticket("Hello")
        contact = connector.fetch_contact(customer_id)
        assert contact.id == customer_id
        assert contact.role is AuthorRole.CUSTOMER

    def test_what_is_not_there_is_gone(self, stage: Stage, connector: Connector) -> None:
        deleted, _ = stage.new_ticket("Soon gone")
        stage.delete_ticket(deleted)
        merged, _ = stage.new_ticket("Twice")
        target, _ = stage.new_ticket("Once")
        stage.merge_ticket(merged, into=target)
        for ticket_id in (deleted, merged, "999999999", "no-such-id"):
            with pytest.raises(Gone):
                connector.fetch_ticket(ticket_id)
        for contact_id in ("999999999", "no-such-id"):
            with pytest.raises(Gone):
                connector.fetch_contact(contact_id)

    # Installing.

    def test_a_plan_changes_nothing_and_says_everything(
        self, stage: Stage, connector: Connector
    ) -> None:
        before = stage.things()
        plan = connector.plan(FIELDS, webhook_url=stage.webhook_url)
        assert stage.things() == before
        assert not plan.is_empty
        assert len({step.id for step in plan.steps}) == len(plan.steps)
        created = [step for step in plan.steps if step.kind is StepKind.CREATE]
        assert len(created) >= len(FIELDS)

    def test_after_apply_nothing_is_left_to_do(self, stage: Stage, connector: Connector) -> None:
        made = connector.apply(FIELDS, webhook_url=stage.webhook_url, keep=forget)
        again = stage.connect(installation=made)
        assert again.plan(FIELDS, webhook_url=stage.webhook_url).is_empty
        before = stage.things()
        assert again.apply(FIELDS, webhook_url=stage.webhook_url, keep=forget) == made
        assert stage.things() == before

    def test_an_apply_that_dies_anywhere_is_resumed_and_makes_nothing_twice(
        self, stage: Stage
    ) -> None:
        clean = stage.things()
        whole = stage.connect().apply(FIELDS, webhook_url=stage.webhook_url, keep=forget)
        expected = stage.things()
        stage.connect(installation=whole).remove(keep=forget)
        assert stage.things() == clean
        for survives in range(len(whole.made) + 3):
            # Dies between making a thing and writing it down, one thing later each time.
            kept, count = [Installation()], 0

            def keep(
                new: Installation, kept: list[Installation] = kept, limit: int = survives
            ) -> None:
                nonlocal count
                if count == limit:
                    raise Crash
                count += 1
                kept.append(new)

            with suppress(Crash):
                stage.connect().apply(FIELDS, webhook_url=stage.webhook_url, keep=keep)
            stage.pass_by(600)
            resumed = stage.connect(installation=kept[-1])
            made = resumed.apply(FIELDS, webhook_url=stage.webhook_url, keep=forget)
            assert stage.things() == expected
            assert set(made.made) == set(whole.made)
            stage.connect(installation=made).remove(keep=forget)
            assert stage.things() == clean
            stage.pass_by(600)

    def test_removal_leaves_nothing_and_may_be_repeated(self, stage: Stage) -> None:
        before = stage.things()
        made = stage.connect().apply(FIELDS, webhook_url=stage.webhook_url, keep=forget)
        kept: list[Installation] = [made]
        steps = stage.connect(installation=made).remove(keep=kept.append)
        assert {step.id for step in steps} == set(made.made)
        assert stage.things() == before
        assert kept[-1].made == {}
        assert kept[-1].webhook_secret is None
        # The old record of what was made, again: everything is gone already, and that is fine.
        stage.pass_by(600)
        stage.connect(installation=made).remove(keep=forget)
        assert stage.things() == before

    def test_a_weak_sign_in_installs_nothing(self, stage: Stage) -> None:
        before = stage.things()
        with pytest.raises(Misconfigured):
            stage.connect(secrets="weak").apply(FIELDS, webhook_url=None, keep=forget)
        assert stage.things() == before

    # Writing.

    def test_every_type_of_field_reads_back_as_it_was_written(
        self, stage: Stage, installed: Connector
    ) -> None:
        ticket_id, customer_id = stage.new_ticket("Hello")
        person = RecordRef(kind=RecordKind.CONTACT, id=customer_id)
        theirs: dict[str, Any] = {"churn_risk": 40, "memory_tags": ("delight",)}
        results = installed.write([update(ticket_id), FieldUpdate(record=person, values=theirs)])
        assert [one.outcome for one in results] == [WriteOutcome.WRITTEN] * 2
        fields = installed.fetch_ticket(ticket_id).ticket.fields
        assert {key: fields[key] for key in TICKET_VALUES} == TICKET_VALUES
        assert installed.fetch_contact(customer_id).fields == theirs

    def test_none_empties_a_field_and_leaves_the_others(
        self, stage: Stage, installed: Connector
    ) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        installed.write([update(ticket_id)])
        emptied = dict.fromkeys(key for key in TICKET_VALUES if key != "brief")
        [result] = installed.write([update(ticket_id, **emptied)])
        assert result.outcome is WriteOutcome.WRITTEN
        fields = installed.fetch_ticket(ticket_id).ticket.fields
        assert {key for key, value in fields.items() if value is not None} == {"brief"}

    def test_writing_twice_is_harmless(self, stage: Stage, installed: Connector) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        for _ in range(2):
            [result] = installed.write([update(ticket_id)])
            assert result.outcome is WriteOutcome.WRITTEN

    def test_one_bad_record_spoils_no_other(self, stage: Stage, installed: Connector) -> None:
        good, _ = stage.new_ticket("Good")
        gone, _ = stage.new_ticket("Gone")
        stage.delete_ticket(gone)
        closed, _ = stage.new_ticket("Closed")
        stage.close_ticket(closed)
        stale, _ = stage.new_ticket("Stale")
        version = installed.fetch_ticket(stale).ticket.version
        stage.pass_by(5)
        stage.agent_says(stale, "Changed meanwhile", public=True)
        updates = [
            update(gone),
            update(good),
            update(closed),
            FieldUpdate(record=ticket_ref(stale), values=TICKET_VALUES, version=version),
            update("no-such-id"),
            update(good, sentiment="neutral"),
            FieldUpdate(record=ticket_ref(good), values={"no_such_field": 1}),
        ]
        # The last one shares its record with good ones and is sent apart.
        results = installed.write(updates[:-1]) + installed.write(updates[-1:])
        assert [one.record for one in results] == [one.record for one in updates]
        assert [one.outcome for one in results] == [
            WriteOutcome.SKIPPED,
            WriteOutcome.WRITTEN,
            WriteOutcome.SKIPPED,
            WriteOutcome.CONFLICT,
            WriteOutcome.FAILED,
            WriteOutcome.WRITTEN,
            WriteOutcome.FAILED,
        ]
        assert all(one.reason for one in results if one.outcome is not WriteOutcome.WRITTEN)
        assert installed.fetch_ticket(good).ticket.fields["sentiment"] == "neutral"

    def test_single_bad_records_say_the_same_as_in_a_batch(
        self, stage: Stage, installed: Connector
    ) -> None:
        gone, _ = stage.new_ticket("Gone")
        stage.delete_ticket(gone)
        closed, _ = stage.new_ticket("Closed")
        stage.close_ticket(closed)
        stale, _ = stage.new_ticket("Stale")
        version = installed.fetch_ticket(stale).ticket.version
        stage.pass_by(5)
        stage.agent_says(stale, "Changed meanwhile", public=True)
        old = FieldUpdate(record=ticket_ref(stale), values=TICKET_VALUES, version=version)
        [one] = installed.write([update(gone)])
        assert one.outcome is WriteOutcome.SKIPPED
        [one] = installed.write([update(closed)])
        assert one.outcome is WriteOutcome.SKIPPED
        [one] = installed.write([old])
        assert one.outcome is WriteOutcome.CONFLICT
        assert installed.fetch_ticket(stale).ticket.fields["sentiment"] is None

    def test_a_fresh_version_is_no_conflict(self, stage: Stage, installed: Connector) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        version = installed.fetch_ticket(ticket_id).ticket.version
        fresh = FieldUpdate(record=ticket_ref(ticket_id), values=TICKET_VALUES, version=version)
        [result] = installed.write([fresh])
        assert result.outcome is WriteOutcome.WRITTEN

    @pytest.mark.parametrize("tickets", [1, 2])
    def test_a_field_deleted_over_there_is_noticed(
        self, stage: Stage, installed: Connector, tickets: int
    ) -> None:
        ids = [stage.new_ticket("Hello")[0] for _ in range(tickets)]
        made = installed.installation.made["field:ticket:sentiment"]  # type: ignore[attr-defined]
        stage.delete_field(made)
        results = installed.write([update(one, sentiment="neutral") for one in ids])
        assert {one.outcome for one in results} == {WriteOutcome.FAILED}
        assert all("apply" in one.reason for one in results)

    def test_more_records_than_one_batch_holds_are_all_written(
        self, stage: Stage, installed: Connector
    ) -> None:
        ids = [stage.new_ticket(f"Number {number}")[0] for number in range(230)]
        before = stage.calls()
        results = installed.write([update(one, memory_impact=7) for one in ids])
        assert {one.outcome for one in results} == {WriteOutcome.WRITTEN}
        assert stage.calls() - before < 40

    def test_nothing_to_write_makes_no_call(self, stage: Stage, installed: Connector) -> None:
        before = stage.calls()
        assert installed.write([]) == []
        assert stage.calls() == before

    # Notes.

    def test_a_note_is_internal_and_given_once(self, stage: Stage, installed: Connector) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        first = installed.add_note(ticket_id, "Was promised a refund.", key="rule-1")
        again = stage.connect().add_note(ticket_id, "Was promised a refund.", key="rule-1")
        assert first == again
        assert stage.notes(ticket_id) == [("Was promised a refund.", False)]
        assert installed.add_note(ticket_id, "Another.", key="rule-2") != first

    def test_a_note_whose_answer_was_lost_is_not_given_again(
        self, stage: Stage, installed: Connector
    ) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        for how in ("silent", "lost"):
            stage.misbehave(how)
            try:
                installed.add_note(ticket_id, f"Note {how}", key=how)
            except (Unavailable, RateLimited):
                stage.pass_by(60)
            stage.misbehave("well")
            stage.pass_by(60)
            installed.add_note(ticket_id, f"Note {how}", key=how)
        assert [text for text, _ in stage.notes(ticket_id)] == ["Note silent", "Note lost"]

    def test_two_workers_with_the_same_note_give_it_once(self, stage: Stage) -> None:
        ticket_id, _ = stage.new_ticket("Hello")

        def note(_: int) -> str:
            with stage.connect() as connector:
                for _ in range(10):
                    try:
                        return connector.add_note(ticket_id, "Once", key="k")
                    except Retryable:
                        stage.pass_by(60)
            raise AssertionError("the note never came through")

        with ThreadPoolExecutor(4) as workers:
            ids = {future.result() for future in [workers.submit(note, n) for n in range(4)]}
        assert len(ids) == 1
        assert [text for text, _ in stage.notes(ticket_id)] == ["Once"]

    def test_no_note_goes_on_a_closed_or_deleted_ticket(
        self, stage: Stage, connector: Connector
    ) -> None:
        closed, _ = stage.new_ticket("Closed")
        stage.close_ticket(closed)
        with pytest.raises(Locked):
            connector.add_note(closed, "Too late", key="k")
        gone, _ = stage.new_ticket("Gone")
        stage.delete_ticket(gone)
        with pytest.raises(Gone):
            connector.add_note(gone, "Too late", key="k")

    # Webhooks.

    @pytest.fixture
    def listening(self, stage: Stage) -> Connector:
        made = stage.connect().apply(FIELDS, webhook_url=stage.webhook_url, keep=forget)
        return stage.connect(installation=made)

    def test_a_customers_words_wake_us_with_whose_they_are(
        self, stage: Stage, listening: Connector
    ) -> None:
        ticket_id, customer_id = stage.new_ticket("Hello")
        stage.customer_says(ticket_id, "Anybody there?")
        changes = [
            change
            for request in stage.delivered()
            for change in listening.read_webhook(request, now=stage.now())
        ]
        assert {change.record for change in changes} == {ticket_ref(ticket_id)}
        assert {change.partition for change in changes} == {customer_id}
        assert len({change.event_id for change in changes}) == len(changes) >= 2

    def test_our_own_writes_wake_nobody(self, stage: Stage, listening: Connector) -> None:
        ticket_id, customer_id = stage.new_ticket("Hello")
        already = len(stage.delivered())
        listening.write([update(ticket_id)])
        person = RecordRef(kind=RecordKind.CONTACT, id=customer_id)
        listening.write([FieldUpdate(record=person, values={"churn_risk": 1})])
        stage.pass_by(60)
        listening.add_note(ticket_id, "A note", key="k")
        woken = [
            change
            for request in stage.delivered()[already:]
            for change in listening.read_webhook(request, now=stage.now())
        ]
        assert woken == []

    def test_an_agents_correction_wakes_us(self, stage: Stage, listening: Connector) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        field_id = listening.installation.made["field:ticket:memory_impact"]  # type: ignore[attr-defined]
        already = len(stage.delivered())
        stage.agent_sets(ticket_id, field_id, "55")
        woken = [
            change
            for request in stage.delivered()[already:]
            for change in listening.read_webhook(request, now=stage.now())
        ]
        assert {change.record for change in woken} == {ticket_ref(ticket_id)}
        assert listening.fetch_ticket(ticket_id).ticket.fields["memory_impact"] == 55

    def test_a_delivery_is_believed_only_as_it_was_sent_and_when(
        self, stage: Stage, listening: Connector
    ) -> None:
        stage.new_ticket("Hello")
        request, *_ = stage.delivered()
        assert listening.read_webhook(request, now=stage.now()) == listening.read_webhook(
            request, now=stage.now()
        )
        forged = WebhookRequest(headers=request.headers, body=request.body + b" ")
        unsigned = WebhookRequest(headers={"content-type": "application/json"}, body=request.body)
        for bad in (forged, unsigned, WebhookRequest(headers={}, body=b"")):
            with pytest.raises(WebhookRejected) as refused:
                listening.read_webhook(bad, now=stage.now())
            assert 400 <= refused.value.status < 500
        for shift in (timedelta(hours=-1), timedelta(hours=1)):
            with pytest.raises(WebhookRejected):
                listening.read_webhook(request, now=stage.now() + shift)
        nobody = stage.connect(installation=Installation())
        with pytest.raises(WebhookRejected):
            nobody.read_webhook(request, now=stage.now())

    # Bad luck.

    @pytest.mark.parametrize(
        ("how", "kind"),
        [
            ("busy", RateLimited),
            ("down", Unavailable),
            ("cut", Unavailable),
            ("silent", Unavailable),
            ("revoked", NeedsReauth),
        ],
    )
    @pytest.mark.parametrize("what", ["check", "pull", "fetch", "write", "note", "plan"])
    def test_bad_luck_has_a_name_and_causes_no_storm(
        self,
        stage: Stage,
        installed: Connector,
        how: str,
        kind: type[ConnectorError],
        what: str,
    ) -> None:
        ticket_id, _ = stage.new_ticket("Hello")
        stage.pass_by(600)
        acts: dict[str, Callable[[], object]] = {
            "check": installed.check,
            "pull": lambda: installed.pull(RecordKind.TICKET, None, since=stage.now()),
            "fetch": lambda: installed.fetch_ticket(ticket_id),
            "write": lambda: installed.write([update(ticket_id)]),
            "note": lambda: installed.add_note(ticket_id, "x", key="k"),
            "plan": lambda: installed.plan(FIELDS, webhook_url=None),
        }
        stage.misbehave(how)
        calls, slept = stage.calls(), stage.slept()
        with pytest.raises(kind) as met:
            acts[what]()
        assert stage.calls() - calls <= 12
        assert stage.slept() - slept <= 60
        assert "Hello" not in str(met.value)
        if isinstance(met.value, RateLimited):
            assert met.value.retry_after > 0
        stage.misbehave("well")
        stage.pass_by(600)
        acts[what]()

    def test_closing_twice_is_fine(self, connector: Connector) -> None:
        connector.close()
        connector.close()
