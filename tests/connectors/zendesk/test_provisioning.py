"""What is installed in a Zendesk account, and what is left alone there."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import FieldOption, FieldSpec, FieldType, Installation, StepKind
from connectors.errors import Misconfigured
from connectors.records import RecordKind
from connectors.zendesk.emulator.faults import FaultKind
from connectors.zendesk.emulator.server import Emulator
from connectors.zendesk.webhook import SUBSCRIPTIONS

URL = "https://keepsake.example/webhooks/1"
SENTIMENT = FieldSpec(
    key="sentiment",
    record=RecordKind.TICKET,
    type=FieldType.CHOICE,
    label="Sentiment",
    description="How the customer feels.",
    options=(FieldOption(value="bad", label="Bad"), FieldOption(value="good", label="Good")),
)


def apply(connector: Any, *specs: FieldSpec, url: str | None = None) -> Installation:
    made: Installation = connector.apply(specs, webhook_url=url, keep=lambda _: None)
    return made


def client_of(connector: Any) -> Any:
    return connector._client


def test_options_carry_our_namespace(connector: Any) -> None:
    made = apply(connector, SENTIMENT)
    [row] = [
        field
        for field in client_of(connector).ticket_fields()
        if str(field["id"]) == made.made["field:ticket:sentiment"]
    ]
    assert row["type"] == "tagger"
    assert [option["value"] for option in row["custom_field_options"]] == [
        "keepsake_sentiment_bad",
        "keepsake_sentiment_good",
    ]
    assert not row["visible_in_portal"]
    assert not row["editable_in_portal"]


def test_a_customers_own_field_of_the_same_title_is_left_alone(connector: Any) -> None:
    theirs = client_of(connector).create_ticket_field(
        {
            "type": "tagger",
            "title": "Sentiment",
            "custom_field_options": [{"name": "Fine", "value": "fine"}],
        }
    )
    [step, *_] = connector.plan([SENTIMENT], webhook_url=None).steps
    assert step.kind is StepKind.CREATE
    assert step.target == "ticket field 'Keepsake: Sentiment'"
    made = apply(connector, SENTIMENT)
    assert made.made["field:ticket:sentiment"] != str(theirs["id"])
    connector.remove(keep=lambda _: None)
    assert str(theirs["id"]) in {str(row["id"]) for row in client_of(connector).ticket_fields()}


def test_a_field_whose_id_was_lost_is_found_by_its_mark(connect: Any) -> None:
    first = apply(connect(), SENTIMENT)
    assert connect().plan([SENTIMENT], webhook_url=None).is_empty
    assert apply(connect(), SENTIMENT) == first


def test_a_lost_answer_to_a_creation_makes_no_second_field(
    connect: Any, emulator: Emulator
) -> None:
    before = len(emulator.state.ticket_fields)
    emulator.faults.on(FaultKind.LOST_ANSWER, path="ticket_fields", method="POST", times=1)
    with pytest.raises(Exception, match="Zendesk"):
        apply(connect(), SENTIMENT)
    emulator.faults.off()
    apply(connect(), SENTIMENT)
    assert len(emulator.state.ticket_fields) == before + 1


def test_a_lost_answer_to_the_webhooks_creation_makes_no_second_one(
    connect: Any, emulator: Emulator
) -> None:
    emulator.faults.on(FaultKind.LOST_ANSWER, path="webhooks$", method="POST", times=1)
    with pytest.raises(Exception, match="Zendesk"):
        apply(connect(), url=URL)
    emulator.faults.off()
    made = apply(connect(), url=URL)
    assert list(emulator.state.webhooks) == [made.made["webhook"]]


def test_a_new_option_is_added_and_the_others_keep_their_values(
    connect: Any, emulator: Emulator
) -> None:
    made = apply(connect(), SENTIMENT)
    wider = FieldSpec(
        key="sentiment",
        record=RecordKind.TICKET,
        type=FieldType.CHOICE,
        label="Sentiment",
        description="How the customer feels.",
        options=(*SENTIMENT.options, FieldOption(value="mixed", label="Mixed")),
    )
    again = connect(installation=made)
    [step, *_] = again.plan([wider], webhook_url=None).steps
    assert (step.kind, step.detail) == (StepKind.CHANGE, "add options: Mixed")
    apply(again, wider)
    assert again.plan([wider], webhook_url=None).is_empty


def test_a_field_switched_off_is_switched_on_again(connect: Any, emulator: Emulator) -> None:
    made = apply(connect(), SENTIMENT)
    field = emulator.state.ticket_fields[int(made.made["field:ticket:sentiment"])]
    field.active = False
    again = connect(installation=made)
    assert again.plan([SENTIMENT], webhook_url=None).steps[0].detail == "activate"
    apply(again, SENTIMENT)
    assert field.active


def test_a_field_an_admin_renamed_stays_renamed(connect: Any, emulator: Emulator) -> None:
    made = apply(connect(), SENTIMENT)
    field = emulator.state.ticket_fields[int(made.made["field:ticket:sentiment"])]
    field.title = "Mood of the customer"
    again = connect(installation=made)
    assert again.plan([SENTIMENT], webhook_url=None).is_empty
    apply(again, SENTIMENT)
    assert field.title == "Mood of the customer"


def test_a_field_an_admin_deleted_is_made_anew(connect: Any, emulator: Emulator) -> None:
    made = apply(connect(), SENTIMENT)
    client_of(connect()).delete_ticket_field(made.made["field:ticket:sentiment"])
    new = apply(connect(installation=made), SENTIMENT)
    assert new.made["field:ticket:sentiment"] != made.made["field:ticket:sentiment"]


def test_fields_join_the_default_form_behind_what_is_there(
    connector: Any, emulator: Emulator
) -> None:
    before = list(emulator.state.default_form.ticket_field_ids)
    made = apply(connector, SENTIMENT)
    field_id = int(made.made["field:ticket:sentiment"])
    assert emulator.state.default_form.ticket_field_ids == [*before, field_id]


def test_removal_keeps_what_was_done_to_the_form_since(connector: Any, emulator: Emulator) -> None:
    apply(connector, SENTIMENT)
    theirs = client_of(connector).create_ticket_field({"type": "text", "title": "Order"})
    form = emulator.state.default_form
    form.ticket_field_ids.append(int(theirs["id"]))
    form.ticket_field_ids.reverse()
    left = [one for one in form.ticket_field_ids if one != int(_only(connector))]
    connector.remove(keep=lambda _: None)
    assert form.ticket_field_ids == left


def _only(connector: Any) -> str:
    made: str = connector.installation.made["field:ticket:sentiment"]
    return made


def test_an_account_without_forms_shows_every_field_anyway(
    connector: Any, emulator: Emulator
) -> None:
    emulator.faults.on(FaultKind.SERVER_ERROR, path="ticket_forms", status=404)
    plan = connector.plan([SENTIMENT], webhook_url=None)
    assert [step.id for step in plan.steps] == ["field:ticket:sentiment"]
    assert "form:default" not in apply(connector, SENTIMENT).made


def test_a_key_taken_by_another_type_stops_before_anything_is_made(
    connector: Any, emulator: Emulator
) -> None:
    client_of(connector).create_user_field(
        {"key": "keepsake_churn_risk", "type": "text", "title": "Churn"}
    )
    risk = FieldSpec(
        key="churn_risk",
        record=RecordKind.CONTACT,
        type=FieldType.NUMBER,
        label="Churn risk",
        description="0 to 100.",
    )
    assert "Delete it in Admin Center" in connector.plan([risk], webhook_url=None).by_hand[0]
    before = len(emulator.state.ticket_fields)
    with pytest.raises(Misconfigured, match="keepsake_churn_risk"):
        apply(connector, SENTIMENT, risk)
    assert len(emulator.state.ticket_fields) == before


def test_the_webhook_hears_every_event_we_understand(connector: Any, emulator: Emulator) -> None:
    made = apply(connector, url=URL)
    hook = emulator.state.webhooks[made.made["webhook"]]
    assert set(hook.subscriptions) == {f"zen:event-type:{name}" for name in SUBSCRIPTIONS}
    assert made.webhook_secret == hook.secret
    assert made.webhook_secret not in repr(made)


def test_a_webhook_that_was_changed_is_put_right(connect: Any, emulator: Emulator) -> None:
    made = apply(connect(), url=URL)
    hook = emulator.state.webhooks[made.made["webhook"]]
    hook.status, hook.subscriptions = "inactive", hook.subscriptions[:2]
    again = connect(installation=made)
    moved = "https://keepsake.example/webhooks/2"
    [step] = again.plan([], webhook_url=moved).steps
    assert step.kind is StepKind.CHANGE
    apply(again, url=moved)
    assert (hook.status, hook.endpoint) == ("active", moved)
    assert len(hook.subscriptions) == len(SUBSCRIPTIONS)
    assert len(emulator.state.webhooks) == 1


def test_a_secret_reset_over_there_is_fetched_anew(connect: Any, emulator: Emulator) -> None:
    made = apply(connect(), url=URL)
    emulator.state.webhooks[made.made["webhook"]].secret = "another"
    assert apply(connect(installation=made), url=URL).webhook_secret == "another"


def test_other_peoples_webhooks_stay(connector: Any, emulator: Emulator) -> None:
    theirs = client_of(connector).create_webhook(
        {
            "name": "Keepsake",
            "endpoint": "https://somebody.example/else",
            "status": "active",
            "http_method": "POST",
            "request_format": "json",
            "subscriptions": ["zen:event-type:ticket.created"],
        }
    )
    made = apply(connector, url=URL)
    assert made.made["webhook"] != theirs["id"]
    connector.remove(keep=lambda _: None)
    assert list(emulator.state.webhooks) == [theirs["id"]]


def test_more_fields_than_one_page_holds_are_all_seen(connect: Any) -> None:
    client = client_of(connect())
    for number in range(120):
        client.create_ticket_field({"type": "text", "title": f"Field {number}"})
    made = apply(connect(), SENTIMENT)
    assert connect().plan([SENTIMENT], webhook_url=None).is_empty
    assert apply(connect(), SENTIMENT).made == made.made
