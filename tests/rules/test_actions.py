from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from rules.actions import ACTIONS
from rules.actions.base import (
    About,
    Action,
    HeldBack,
    NoteText,
    Reach,
    Rendered,
    WebhookCall,
    rendered_from_json,
)
from rules.catalogue import CATALOGUE
from rules.facts import Facts
from rules.loader import load_rule

ABOUT = About(
    rule_id="a-rule",
    rule_version="0123456789ab",
    cause="c-1",
    happened_at=datetime(2026, 1, 15, 11, 0, tzinfo=UTC),
    ticket="t-1",
)


def render(action: Action, *destinations: str, **facts: object) -> Rendered:
    named = {name.replace("__", "."): value for name, value in facts.items()}
    reach = Reach(destinations=frozenset(destinations))
    return action.render(Facts(named), about=ABOUT, reach=reach)


def webhook(**parameters: object) -> Action:
    given = {"to": "lead", "event": "keepsake.peak", "fields": ["ticket.id"], **parameters}
    return ACTIONS["webhook"].build({key: value for key, value in given.items() if value != "-"})


def test_a_note_says_what_the_rule_says() -> None:
    note = ACTIONS["note"].build({"text": "Hello {{ contact.name }}"})
    assert note.needs == ("contact.name",)
    assert render(note, contact__name="Ada") == NoteText(text="Hello Ada")


def test_a_note_with_an_unknown_fact_is_held_back_with_the_reason() -> None:
    note = ACTIONS["note"].build({"text": "Hello {{ contact.name }}"})
    assert render(note) == HeldBack(
        action="note", reason="contact.name was unknown; give a default in the rule's text"
    )


def test_a_note_of_which_nothing_is_left_is_held_back() -> None:
    note = ACTIONS["note"].build({"text": "{{ contact.name | optional }}"})
    assert render(note) == HeldBack(action="note", reason="nothing was left to say in the note")


def test_a_webhook_carries_what_the_rule_names_and_nothing_else() -> None:
    action = webhook(
        fields=[
            "ticket.id",
            "ticket.tags",
            "ticket.valence",
            "moment.at",
            "contact.name",
            "ticket.id",
        ],
        text="{{ ticket.id }} is hot",
    )
    call = render(
        action,
        "lead",
        ticket__id="4711",
        ticket__tags=["a"],
        ticket__valence=-0.7123,
        moment__at=datetime(2026, 1, 15, 9, 30, tzinfo=UTC),
        contact__email="ada@example.test",
        moment__quote="my secret",
    )
    assert call == WebhookCall(
        destination="lead",
        event_type="keepsake.peak",
        data={
            "rule": "a-rule",
            "rule_version": "0123456789ab",
            "cause": "c-1",
            "happened_at": "2026-01-15T11:00:00Z",
            "facts": {
                "ticket.id": "4711",
                "ticket.tags": ["a"],
                "ticket.valence": -0.7123,
                "moment.at": "2026-01-15T09:30:00Z",
                "contact.name": None,
            },
            "text": "4711 is hot",
        },
    )
    assert isinstance(call, WebhookCall)
    assert "ada@example.test" not in json.dumps(dict(call.data))
    assert "secret" not in json.dumps(dict(call.data))


def test_a_webhook_to_a_destination_nobody_set_up_is_held_back() -> None:
    held = render(webhook(), "somewhere-else", ticket__id="1")
    assert isinstance(held, HeldBack)
    assert held.action == "webhook"
    assert "no webhook destination 'lead' is set up" in held.reason


def test_a_webhook_whose_text_lacks_a_fact_is_held_back() -> None:
    held = render(webhook(text="{{ contact.name }}"), "lead", ticket__id="1")
    assert isinstance(held, HeldBack)
    assert "contact.name was unknown" in held.reason


def test_hostile_values_leave_as_plain_json_texts() -> None:
    call = render(webhook(fields=["moment.quote"]), "lead", moment__quote='{{ x }}\n"},\ud800<b>')
    assert isinstance(call, WebhookCall)
    sent = json.loads(json.dumps(dict(call.data)).encode("utf-8"))
    assert sent["facts"]["moment.quote"] == '{{ x }} "}, <b>'


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"to": "Team Lead"}, "name of a destination"),
        ({"to": "https://example.test"}, "name of a destination"),
        ({"event": "peak"}, "dotted name"),
        ({"event": "Keepsake.Peak"}, "dotted name"),
        ({"fields": ["ticket.idd"]}, "did you mean 'ticket.id'"),
        ({"fields": list(CATALOGUE)[:41]}, "at most 40"),
        ({"fields": [], "text": "-"}, "'fields', 'text' or both"),
        ({"text": "{{ x }}"}, "there is no fact"),
    ],
)
def test_a_webhook_that_cannot_work_is_refused(parameters: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        webhook(**parameters)
    assert says in str(caught.value)


@pytest.mark.parametrize("kind", list(ACTIONS))
@pytest.mark.parametrize("parameters", [None, "text", [], {}, {"nonsense": 1}, {"text": 5}])
def test_parameters_of_the_wrong_shape_are_refused(kind: str, parameters: object) -> None:
    with pytest.raises((ValidationError, ValueError)):
        ACTIONS[kind].build(parameters)


@pytest.mark.parametrize(
    "rendered",
    [
        NoteText(text="Hello"),
        WebhookCall(destination="lead", event_type="a.b", data={"facts": {"ticket.tags": ["a"]}}),
        HeldBack(action="note", reason="why"),
    ],
)
def test_what_was_rendered_survives_json(rendered: Rendered) -> None:
    assert rendered_from_json(json.loads(json.dumps(rendered.to_json()))) == rendered


@pytest.mark.parametrize("data", [{}, {"kind": "note"}, {"kind": "note", "text": 1}, {"kind": "x"}])
def test_anything_else_is_no_rendered_action(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no rendered action"):
        rendered_from_json(data)  # type: ignore[arg-type]


def test_what_will_be_said_stays_out_of_reprs() -> None:
    assert "secret" not in repr(NoteText(text="secret"))
    call = WebhookCall(destination="lead", event_type="a.b", data={"text": "secret"})
    assert "secret" not in repr(call)


@pytest.mark.parametrize("kind", list(ACTIONS))
def test_the_example_of_every_action_is_a_working_one(kind: str) -> None:
    spec = ACTIONS[kind]
    lines = "\n".join(f"    {line}" for line in spec.example.splitlines())
    rule = load_rule(
        "id: a\ntitle: t\ndescription: d\ntrigger: {event: new_message}\n"
        f"cooldown: {{per: ticket, for: 1d}}\napproval: automatic\nactions:\n  -\n{lines}\n"
    )
    assert rule.actions[0].kind == kind
    assert spec.description
    assert set(rule.actions[0].describe()) == set(spec.parameters)
