"""The fields agents see: a catalogue that holds every value we make, and a reason for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import FieldType
from connectors.records import RecordKind
from enrichment.fields import (
    CONTACT_FIELDS,
    FIELDS,
    TICKET_FIELDS,
    contact_fields,
    explain_contact,
    explain_ticket,
    ticket_fields,
)
from enrichment.priors import PRIORS
from enrichment.readings import EMOTIONS
from enrichment.state import PersonState, TicketState

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def ticket_of(desk):
    return ticket_fields(desk.person, desk.tickets["42"], now=NOW, priors=PRIORS)


def test_the_catalogue_names_each_field_once_a_kind_of_record() -> None:
    assert len({(spec.record, spec.key) for spec in FIELDS}) == len(FIELDS)
    assert {spec.record for spec in TICKET_FIELDS} == {RecordKind.TICKET}
    assert {spec.record for spec in CONTACT_FIELDS} == {RecordKind.CONTACT}
    assert all(spec.label and spec.description for spec in FIELDS)


def test_emotion_offers_every_label_but_neutral() -> None:
    (emotion,) = (spec for spec in TICKET_FIELDS if spec.key == "emotion")
    assert {option.value for option in emotion.options} == set(EMOTIONS) - {"neutral"}


def test_of_nothing_nothing_is_known() -> None:
    person, ticket = PersonState(person_id="p"), TicketState(ticket_id="1")
    made = explain_ticket(person, ticket, now=NOW, priors=PRIORS)
    assert {key: explained.value for key, explained in made.items()} == dict.fromkeys(
        spec.key for spec in TICKET_FIELDS
    )
    assert all(explained.reason for explained in made.values())
    assert contact_fields(person, now=NOW, priors=PRIORS) == dict.fromkeys(
        spec.key for spec in CONTACT_FIELDS
    )


def test_what_could_not_be_read_leaves_the_fields_empty_with_the_reason(desk) -> None:
    made = desk.fold(desk.customer("Привет", None))
    fields = explain_ticket(made.person, made.ticket, now=NOW, priors=PRIORS)
    for key in ("sentiment", "sentiment_confidence", "emotion", "urgency", "memory_impact"):
        assert fields[key].value is None
    assert fields["sentiment"].reason == "too short"


def test_an_angry_message_fills_the_fields_with_evidence_and_factors(desk) -> None:
    text = "The site is down, this is outrageous!"
    made = desk.fold(desk.customer(text, -0.8, ["anger", "annoyance"]))
    fields = explain_ticket(made.person, made.ticket, now=NOW, priors=PRIORS)
    assert fields["sentiment"].value == "very_negative"
    assert fields["sentiment_confidence"].value == 90
    assert fields["emotion"].value == "anger"
    assert fields["urgency"].value == "high"
    assert fields["memory_tags"].value == ("frustration-peak", "milestone")
    assert fields["sentiment"].evidence[0].quote == text
    assert fields["urgency"].evidence[0].quote == "site is down"
    impact = fields["memory_impact"]
    assert isinstance(impact.value, int)
    assert impact.value < 0
    assert impact.factors[0].quote == text
    assert {explained.priors for explained in fields.values()} == {PRIORS.version}
    assert fields["sentiment"].model == "by-hand-1"
    assert fields["memory_tags"].sources


def test_an_unreadable_message_leaves_what_was_read_before(desk) -> None:
    desk.fold(desk.customer("Outrageous!", -0.8, ["anger"]))
    before = ticket_of(desk)
    desk.fold(desk.customer("ok", None, hours=1))
    assert ticket_of(desk)["sentiment"] == before["sentiment"] == "very_negative"


def test_a_message_the_reader_is_unsure_of_empties_what_was_read_before(desk) -> None:
    desk.fold(desk.customer("Good morning.", 0.0))
    turn = desk.customer("Great, another outage.", None, hours=1)
    unsure = replace(turn.reading, unknown="unsure: possible sarcasm")
    desk.fold(replace(turn, reading=unsure))
    made = explain_ticket(desk.person, desk.tickets["42"], now=NOW, priors=PRIORS)
    assert made["sentiment"].value is None
    assert made["emotion"].value is None
    assert made["sentiment"].reason == "unsure: possible sarcasm"


def test_an_unsure_sentiment_is_not_shown(desk) -> None:
    desk.fold(desk.customer("Well well.", -0.4, confidence=0.3))
    made = explain_ticket(desk.person, desk.tickets["42"], now=NOW, priors=PRIORS)
    assert made["sentiment"].value is None
    assert made["sentiment_confidence"].value is None
    assert made["sentiment"].reason == "unsure: mixed signals"


def test_no_emotion_is_shown_when_none_stands_out(desk) -> None:
    desk.fold(desk.customer("I moved.", 0.0))
    assert ticket_of(desk)["emotion"] is None
    assert ticket_of(desk)["sentiment"] == "neutral"


def test_the_contact_carries_feeling_and_tags_until_they_fade(desk) -> None:
    made = desk.fold(desk.customer("Outrageous!", -0.8, ["anger"]))
    soon = explain_contact(made.person, now=NOW, priors=PRIORS)
    assert isinstance(soon["remembered_feeling"].value, int)
    assert soon["remembered_feeling"].value < 0
    assert soon["remembered_feeling"].factors[0].quote == "Outrageous!"
    assert soon["memory_tags"].value == ("frustration-peak", "milestone")
    late = explain_contact(made.person, now=NOW + timedelta(days=3000), priors=PRIORS)
    assert late["memory_tags"].value == ("frustration-peak",)


def test_the_impact_of_a_ticket_does_not_change_because_a_day_passed(desk) -> None:
    made = desk.fold(desk.customer("Outrageous!", -0.8, ["anger"]))
    now, later = (
        ticket_fields(made.person, made.ticket, now=at, priors=PRIORS)["memory_impact"]
        for at in (NOW, NOW + timedelta(days=300))
    )
    assert now == later


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Thank you!", "As I said: down! ASAP", "no rush", "", "hm " * 99]),
            st.none() | st.floats(-1, 1),
            st.lists(st.sampled_from(EMOTIONS[:-1]), max_size=4, unique=True),
        ),
        max_size=8,
    )
)
@settings(max_examples=150)
def test_every_value_fits_its_field(new_desk, told) -> None:
    desk = new_desk()
    for hours, (text, valence, labels) in enumerate(told):
        desk.fold(desk.customer(text, valence, labels, hours=hours))
    ticket = desk.tickets.get("42", TicketState(ticket_id="42"))
    made = {
        (RecordKind.TICKET, key): value
        for key, value in ticket_fields(desk.person, ticket, now=NOW, priors=PRIORS).items()
    } | {
        (RecordKind.CONTACT, key): value
        for key, value in contact_fields(desk.person, now=NOW, priors=PRIORS).items()
    }
    assert set(made) == {(spec.record, spec.key) for spec in FIELDS}
    for spec in FIELDS:
        value = made[spec.record, spec.key]
        if value is None:
            continue
        options = {option.value for option in spec.options}
        if spec.type is FieldType.CHOICE:
            assert value in options
        elif spec.type is FieldType.CHOICES:
            assert isinstance(value, tuple)
            assert value
            assert set(value) <= options
        elif spec.type is FieldType.NUMBER:
            assert isinstance(value, int)
            assert -100 <= value <= 100
        else:
            assert isinstance(value, str)
            assert 0 < len(value) <= 600


def test_nothing_heavy_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, enrichment.fields, enrichment.replay;"
        "print([name for name in ('torch', 'flair', 'onnxruntime', 'transformers', 'sqlalchemy',"
        " 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_key_is_not_a_field() -> None:
    with pytest.raises(KeyError):
        ticket_fields(
            PersonState(person_id="p"), TicketState(ticket_id="1"), now=NOW, priors=PRIORS
        )["mood"]
