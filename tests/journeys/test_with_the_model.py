"""The whole way once more with the model we ship, on words as customers write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from rig import truth
from rig.clock import Clock
from rig.house import CONNECTION, House
from rig.receiver import Receiver

from connectors.zendesk.emulator import Emulator
from server.pipeline.base import Reader
from server.store.interventions import InterventionState


@pytest.fixture
def with_model(
    tmp_path: Path, emulator: Emulator, clock: Clock, receiver: Receiver, model: Reader
) -> House:
    one = House(tmp_path / "data", emulator, clock=clock, receiver=receiver, reader=model)
    with one:
        one.connect()
        one.pull()
        yield one


def test_a_customer_who_had_enough_is_noticed_and_one_who_thanks_is_not_alarmed_about(
    with_model: House, receiver: Receiver
) -> None:
    our = with_model
    angry = our.people.new_ticket(
        subject="Export fails",
        text="This is unacceptable. I am really angry: the export failed again, for the third "
        "time this week, and nobody answers my messages!",
        email="dana@example.org",
        name="Dana Reyes",
    )
    happy = our.people.new_ticket(
        subject="Invoice",
        text="Thank you so much for the quick answer yesterday, you made my day.",
        email="kim@example.org",
    )
    our.settle()

    assert [one.ticket_id for one in our.interventions()] == [str(angry)]
    assert our.interventions()[0].state is InterventionState.DELIVERED
    assert len(our.notes(angry)) == 1
    assert our.notes(happy) == []
    assert len(receiver.messages) == 1
    values = our.emulator.state.tickets[angry].values
    assert "negative" in str(values[int(our.field_id("sentiment"))])
    assert "having to repeat" in str(values[int(our.field_id("what_to_know"))])
    kind = our.emulator.state.tickets[happy].values[int(our.field_id("sentiment"))]
    assert "positive" in str(kind)
    assert truth.field_problems(our.home.database, our.emulator, CONNECTION) == []


def test_a_failure_put_right_is_remembered_as_a_recovery(with_model: House) -> None:
    our = with_model
    ticket = our.people.new_ticket(
        subject="Login",
        text="I am very disappointed. I still cannot log in and I have told you twice already.",
        email="lee@example.org",
    )
    our.settle()
    our.clock.pass_by(hours=2)
    our.people.agent_comments(
        ticket, "I am sorry about this. We have fixed the login, please try it again."
    )
    our.settle()
    our.clock.pass_by(hours=1)
    our.people.customer_comments(
        ticket, "It works now! Thank you very much for your help, I really appreciate it."
    )
    our.settle(minutes=10)

    with our.home.database.read() as tx:
        kinds = {row[0] for row in tx.exec_driver_sql("SELECT kind FROM moment")}
    assert "recovery" in kinds
    proposed = [one for one in our.interventions() if one.rule == "thank-after-recovery"]
    assert [one.state for one in proposed] == [InterventionState.PROPOSED]
