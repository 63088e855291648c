"""A source system, a person and us, in any order: a person's value is never written over.

The system is modelled as one field with a time; copies of it are read and observed late, writes
are confirmed or get lost after they arrived. Time moves on a minute a step, so that the clocks'
skew is not what is tested.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connectors.records import FieldValue, RecordKind, RecordRef
from server.store import connections, edits, field_states, open_database

TICKET = RecordRef(kind=RecordKind.TICKET, id="7")
#: A person's words are never ours by chance here; choosing our own words is tested apart.
OURS = st.sampled_from(["negative", "neutral", "positive", None])
THEIRS = st.sampled_from(["cross", "sad"])


class Field(RuleBasedStateMachine):
    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ks-edits-"))
        shutil.copy(self.template, self.folder / "app.db")
        self.database = open_database(f"sqlite:///{self.folder}/app.db")
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        with self.database.write() as tx:
            connections.create(tx, id="zd", system="zendesk", name="x", now=self.now)
        self.there: FieldValue = None
        self.changed_at = self.now
        self.by_person: FieldValue = None
        self.copies: list[tuple[FieldValue, datetime]] = []

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def tick(self) -> None:
        self.now += timedelta(minutes=1)

    @rule(value=OURS)
    def we_decide(self, value: FieldValue) -> None:
        self.tick()
        with self.database.write() as tx:
            field_states.intend(
                tx, connection_id="zd", record=TICKET, values={"f": value}, now=self.now
            )

    @rule(is_confirmed=st.booleans())
    def we_write(self, is_confirmed: bool) -> None:
        self.tick()
        # As the pipeline does: look at the record first, write only over what was seen.
        self.observe(self.there, self.changed_at)
        with self.database.write() as tx:
            writes = field_states.take(tx, connection_id="zd", now=self.now)
        for write in writes:
            self.there, self.changed_at = write.values["f"], self.now
            if is_confirmed:
                with self.database.write() as tx:
                    field_states.written(
                        tx,
                        connection_id="zd",
                        record=TICKET,
                        values=write.values,
                        now=self.now,
                    )

    @rule(value=THEIRS)
    def a_person_edits(self, value: FieldValue) -> None:
        self.tick()
        self.there, self.changed_at, self.by_person = value, self.now, value

    @rule()
    def a_copy_is_read(self) -> None:
        self.tick()
        self.copies.append((self.there, self.changed_at))

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def a_copy_is_observed_late(self, data: st.DataObject) -> None:
        self.tick()
        self.observe(*self.copies.pop(data.draw(st.integers(0, len(self.copies) - 1))))

    def observe(self, value: FieldValue, updated_at: datetime) -> None:
        with self.database.write() as tx:
            edits.observe(
                tx,
                connection_id="zd",
                record=TICKET,
                seen={"f": value},
                updated_at=updated_at,
                now=self.now,
            )

    @invariant()
    def what_a_person_set_stands(self) -> None:
        if self.by_person is not None:
            assert self.there == self.by_person

    @invariant()
    def nothing_of_ours_is_taken_for_a_persons(self) -> None:
        with self.database.read() as tx:
            state = field_states.load(tx, connection_id="zd", record=TICKET).get("f")
        if state is not None and state.is_kept:
            assert self.by_person is not None
            assert state.person_value in ("cross", "sad")


@pytest.mark.timeout(300)
def test_a_persons_value_is_never_written_over(sqlite_template: Path) -> None:
    class Machine(Field):
        template = sqlite_template

    case = Machine.TestCase
    case.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
    case().runTest()
