from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.records import Priority
from rules.catalogue import CATALOGUE, MOMENT_KINDS, FactType
from rules.errors import FactError
from rules.facts import UNKNOWN, Facts, Unknown, say


def test_facts_answer_for_every_name_in_the_catalogue() -> None:
    facts = Facts({"ticket.id": "1", "ticket.subject": None})
    assert isinstance(facts, Mapping)
    assert list(facts) == list(CATALOGUE)
    assert len(facts) == len(CATALOGUE)
    assert facts["ticket.id"] == "1"
    assert facts["ticket.subject"] == UNKNOWN
    assert facts["ticket.url"] == UNKNOWN
    assert facts.known() == {"ticket.id": "1"}
    with pytest.raises(KeyError):
        facts["ticket.nonsense"]


def test_facts_cannot_be_changed_and_show_no_value() -> None:
    given: dict[str, object] = {"contact.name": "Ada Okafor"}
    facts = Facts(given)
    given["contact.name"] = "somebody else"
    assert facts["contact.name"] == "Ada Okafor"
    with pytest.raises(TypeError):
        facts["contact.name"] = "x"  # type: ignore[index]
    assert "Ada" not in repr(facts)


def test_unknown_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    assert say(UNKNOWN) == "unknown"
    assert say(Unknown("too short")) == "unknown: too short"
    assert Facts({"ticket.valence": Unknown("too short")})["ticket.valence"] == Unknown("too short")


def test_values_become_plain_ones() -> None:
    berlin = timezone(timedelta(hours=1))
    facts = Facts(
        {
            "ticket.tags": {"b", "a"},
            "contact.tags": ["z", "a", "z"],
            "ticket.priority": Priority.HIGH,
            "moment.at": datetime(2026, 1, 15, 13, 0, tzinfo=berlin),
        }
    )
    assert facts["ticket.tags"] == ("a", "b")
    assert facts["contact.tags"] == ("z", "a")
    assert type(facts["ticket.priority"]) is str
    assert facts["moment.at"] == datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    assert facts["moment.at"].tzinfo is UTC  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ticket.sentimnt", "negative"),
        ("ticket.id", 4711),
        ("ticket.status", "broken"),
        ("ticket.valence", "secret words"),
        ("ticket.valence", True),
        ("ticket.valence", math.nan),
        ("ticket.valence", math.inf),
        ("ticket.valence", 10**400),
        ("ticket.valence", 1.5),
        ("person.tickets_total", -1),
        ("ticket.is_assigned", 1),
        ("ticket.tags", "vip"),
        ("ticket.tags", ["vip", 1]),
        ("ticket.memory_tags", ["no-such-moment"]),
        ("moment.at", datetime(2026, 1, 15)),  # noqa: DTZ001
        ("moment.at", "2026-01-15"),
        ("ticket.subject", b"secret words"),
    ],
)
def test_facts_of_the_wrong_kind_are_refused_without_naming_the_value(
    name: str, value: object
) -> None:
    with pytest.raises(FactError) as caught:
        Facts({name: value})
    assert "ticket." in str(caught.value) or name in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_misspelt_fact_is_answered_with_the_nearest() -> None:
    with pytest.raises(FactError, match=r"did you mean 'ticket\.sentiment'"):
        Facts({"ticket.sentimnt": "negative"})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-0.7, "-0.7"),
        (0.3000001, "0.3"),
        (-0.0001, "0.0"),
        (3, "3"),
        (True, "yes"),
        (False, "no"),
        ((), "none"),
        (("a", "b"), "a, b"),
        ("open", "open"),
        (datetime(2026, 1, 5, 7, 4, tzinfo=UTC), "05 Jan 2026 07:04 UTC"),
        (None, "nothing"),
    ],
)
def test_values_are_said_in_words(value: object, said: str) -> None:
    assert say(value) == said  # type: ignore[arg-type]


def test_what_a_customer_said_or_is_called_is_marked_personal() -> None:
    personal = {name for name, spec in CATALOGUE.items() if spec.personal}
    assert personal >= {
        "ticket.subject",
        "moment.quote",
        "message.quote",
        "contact.name",
        "contact.email",
        "person.strongest_memory",
        "brief.text",
    }


def test_every_example_in_the_catalogue_is_a_value_of_its_fact() -> None:
    for name, spec in CATALOGUE.items():
        value: object = spec.example
        match spec.type:
            case FactType.NUMBER:
                value = float(spec.example)
            case FactType.FLAG:
                value = spec.example == "true"
            case FactType.LABELS:
                value = spec.example.split(", ")
            case FactType.TIME:
                value = datetime.fromisoformat(spec.example)
            case _:
                pass
        assert Facts({name: value})[name] != UNKNOWN, name
        assert spec.description, name


def test_every_kind_of_moment_has_a_name_once() -> None:
    assert len(set(MOMENT_KINDS)) == len(MOMENT_KINDS)
