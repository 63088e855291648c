"""Our values travel to Zendesk and come back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import FieldType, Installation
from connectors.errors import Misconfigured
from connectors.records import RecordKind
from connectors.zendesk.fields import FieldMap, OwnField, decode, encode, option_tag

TICKET = RecordKind.TICKET


def own(kind: FieldType, *, record: RecordKind = TICKET, key: str = "mood") -> OwnField:
    return OwnField(record=record, key=key, id="360001", type=kind)


TAGS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-:", min_size=1, max_size=12)


@given(TAGS, st.sampled_from([RecordKind.TICKET, RecordKind.CONTACT]))
def test_a_choice_comes_back_as_it_was_written(value: str, record: RecordKind) -> None:
    field = own(FieldType.CHOICE, record=record)
    assert decode(field, encode(field, value)) == value


@given(st.lists(TAGS, min_size=1, max_size=5, unique=True))
def test_several_choices_come_back_as_they_were_written(values: list[str]) -> None:
    field = own(FieldType.CHOICES)
    assert decode(field, encode(field, tuple(values))) == tuple(values)


@given(
    st.integers(min_value=-(10**9), max_value=10**9)
    | st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)
)
def test_a_number_comes_back_as_it_was_written_and_never_in_exponents(value: float) -> None:
    written = encode(own(FieldType.NUMBER), value)
    assert "e" not in written.lower()
    assert decode(own(FieldType.NUMBER), written) == value


@pytest.mark.parametrize(
    ("given_value", "number"),
    [("0.82", 0.82), (" 12 ", 12), (12, 12), (0.5, 0.5), ("0,5", 0.5), ("-100", -100), ("3.0", 3)],
)
def test_numbers_are_read_from_texts(given_value: Any, number: float) -> None:
    assert decode(own(FieldType.NUMBER), given_value) == number


def test_a_number_field_with_words_in_it_gives_the_words() -> None:
    assert decode(own(FieldType.NUMBER), "about ten") == "about ten"
    assert decode(own(FieldType.NUMBER), "nan") == "nan"


@pytest.mark.parametrize("empty", [None, "", []])
@pytest.mark.parametrize("kind", list(FieldType))
def test_an_empty_field_is_none(kind: FieldType, empty: Any) -> None:
    assert decode(own(kind), empty) is None


@pytest.mark.parametrize("kind", list(FieldType))
def test_none_empties_a_field(kind: FieldType) -> None:
    assert decode(own(kind), encode(own(kind), None)) is None


def test_an_option_somebody_else_added_is_given_as_it_is() -> None:
    assert decode(own(FieldType.CHOICE), "furious") == "furious"


def test_ticket_and_user_options_never_share_a_tag() -> None:
    tags = {option_tag(record, "memory_tags", "delight") for record in (TICKET, RecordKind.CONTACT)}
    assert tags == {"keepsake_memory_tags_delight", "keepsake_user_memory_tags_delight"}


@pytest.mark.parametrize("value", ["Very Negative", "très", "a,b", ""])
def test_an_option_zendesk_would_mangle_is_refused(value: str) -> None:
    if value:
        with pytest.raises(Misconfigured, match="small letters"):
            option_tag(TICKET, "mood", value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.NUMBER, "12"),
        (FieldType.NUMBER, True),
        (FieldType.NUMBER, float("nan")),
        (FieldType.NUMBER, float("inf")),
        (FieldType.CHOICE, 3),
        (FieldType.CHOICES, "delight"),
        (FieldType.TEXT, 3),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(kind: FieldType, value: Any) -> None:
    with pytest.raises(ValueError, match="mood takes"):
        encode(own(kind), value)


def test_a_short_text_has_no_line_ends_and_a_long_one_keeps_them() -> None:
    assert encode(own(FieldType.TEXT), "a\nb") == "a b"
    assert encode(own(FieldType.LONG_TEXT), "a\nb") == "a\nb"


def test_only_our_own_fields_are_read() -> None:
    installation = Installation(
        made={"field:ticket:mood": "1", "field:contact:risk": "2", "webhook": "01J"},
        state={"field:ticket:mood": "choice", "field:contact:risk": "number", "identity": "900"},
    )
    fields = FieldMap(installation)
    rows = [{"id": 1, "value": "keepsake_mood_calm"}, {"id": 9, "value": "theirs"}]
    assert fields.of_ticket(rows) == {"mood": "calm"}
    assert fields.of_contact({"keepsake_risk": "40", "their_key": 1}) == {"risk": 40}
    assert fields.ticket_field_ids == {"1"}
    assert fields.missing(TICKET, ["mood", "risk"]) == ["risk"]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_field_list_however_odd_breaks_the_reader(rows: Any) -> None:
    installation = Installation(
        made={"field:ticket:mood": "1"}, state={"field:ticket:mood": "choice"}
    )
    assert FieldMap(installation).of_ticket(rows) == {}
