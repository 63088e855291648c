"""Zendesk's rows become our records, and nothing more than those keep."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Installation
from connectors.records import AuthorRole, Priority, TicketStatus
from connectors.zendesk import mapping
from connectors.zendesk.fields import FieldMap

FIXTURES = Path(__file__).parent / "fixtures"
INSTALLATION = Installation(
    made={
        "field:ticket:sentiment": "360001",
        "field:ticket:confidence": "360002",
        "field:ticket:memory_tags": "360003",
        "field:ticket:brief": "360004",
        "field:contact:churn_risk": "77",
        "field:contact:memory_tags": "78",
    },
    state={
        "field:ticket:sentiment": "choice",
        "field:ticket:confidence": "number",
        "field:ticket:memory_tags": "choices",
        "field:ticket:brief": "long_text",
        "field:contact:churn_risk": "number",
        "field:contact:memory_tags": "choices",
    },
)
FIELDS = FieldMap(INSTALLATION)
ORIGIN = "https://acme.zendesk.com"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def a_ticket(**changes: Any) -> Any:
    return mapping.ticket(fixture("ticket.json")["ticket"] | changes, FIELDS, origin=ORIGIN)


def test_a_ticket_keeps_its_ids_as_text_and_its_version_as_given() -> None:
    ticket = a_ticket()
    assert ticket.id == "42"
    assert ticket.contact_id == "9007199254740993"
    assert (ticket.account_id, ticket.assignee_id, ticket.group_id) == ("31", "601", "71")
    assert ticket.version == "2026-03-01T10:20:30Z"
    assert ticket.updated_at == datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
    assert ticket.url == "https://acme.zendesk.com/agent/tickets/42"
    assert (ticket.channel, ticket.priority) == ("email", Priority.HIGH)


def test_a_ticket_shows_our_fields_alone_under_our_keys() -> None:
    assert a_ticket().fields == {
        "sentiment": "negative",
        "confidence": 0.82,
        "memory_tags": ("delight", "told-you-already"),
        "brief": None,
    }


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("new", TicketStatus.NEW),
        ("hold", TicketStatus.PENDING),
        ("pending", TicketStatus.PENDING),
        ("deleted", TicketStatus.DELETED),
        ("OPEN", TicketStatus.OPEN),
        ("brand-new-status", TicketStatus.OPEN),
        (None, TicketStatus.OPEN),
    ],
)
def test_statuses_fall_into_ours(status: str | None, meant: TicketStatus) -> None:
    assert a_ticket(status=status).status is meant


@pytest.mark.parametrize("priority", [None, "", "critical", 3])
def test_an_unknown_priority_is_none(priority: Any) -> None:
    assert a_ticket(priority=priority).priority is None


@pytest.mark.parametrize(
    ("via", "channel"),
    [
        ({"channel": "web_widget"}, "web"),
        ({"channel": "native_messaging"}, "messaging"),
        ({"channel": "voice"}, "phone"),
        ("Web form", "web"),
        ({"channel": "carrier_pigeon"}, "other"),
        (None, "other"),
        ({}, "other"),
    ],
)
def test_channels_fall_into_ours(via: Any, channel: str) -> None:
    assert a_ticket(via=via).channel == channel


def test_a_closed_ticket_with_the_merge_tag_was_merged() -> None:
    row = fixture("ticket.json")["ticket"]
    assert not mapping.is_merged(row)
    assert mapping.is_merged(row | {"status": "closed", "tags": ["closed_by_merge"]})
    assert not mapping.is_merged(row | {"status": "open", "tags": ["closed_by_merge"]})


def test_a_contact_is_a_customer_with_our_user_fields() -> None:
    contact = mapping.contact(fixture("ticket.json")["users"][0], FIELDS)
    assert contact.id == "9007199254740993"
    assert contact.role is AuthorRole.CUSTOMER
    assert contact.email_verified
    assert contact.time_zone == "Europe/Berlin"
    assert contact.fields == {"churn_risk": 40, "memory_tags": ("delight",)}
    assert not contact.deleted


def test_a_deactivated_user_is_deleted_and_an_unknown_role_is_nobody() -> None:
    row = fixture("ticket.json")["users"][0]
    assert mapping.contact(row | {"active": False}, FIELDS).deleted
    assert mapping.contact(row | {"role": "robot"}, FIELDS).role is AuthorRole.SYSTEM


def test_an_account_has_its_domains() -> None:
    account = mapping.account(fixture("ticket.json")["organizations"][0])
    assert (account.name, account.domains, account.deleted) == ("B Ltd", ("b.example",), False)


def interactions() -> list[Any]:
    roles = {"9007199254740993": AuthorRole.CUSTOMER, "601": AuthorRole.AGENT}
    rows = fixture("comments.json")["comments"]
    return [mapping.interaction(row, ticket_id="42", roles=roles) for row in rows]


def test_a_comment_is_what_the_customer_said_and_not_what_their_mail_hid() -> None:
    said = interactions()[0]
    assert said.text == "Where is my parcel?"
    assert (said.author_role, said.public, said.channel) == (AuthorRole.CUSTOMER, True, "email")


def test_an_internal_comment_stays_internal() -> None:
    assert [one.public for one in interactions()] == [True, False, False]


def test_the_systems_words_are_nobodys() -> None:
    call = interactions()[2]
    assert (call.author_id, call.author_role, call.channel) == (None, AuthorRole.SYSTEM, "phone")


def test_where_a_customer_was_is_never_kept() -> None:
    kept = json.dumps([asdict(one) for one in interactions()], default=str)
    for secret in ("203.0.113", "Berlin", "52.5", "Mozilla", "recording_url", "London"):
        assert secret not in kept


def test_a_comment_that_does_not_say_so_is_not_public() -> None:
    row = fixture("comments.json")["comments"][0] | {"public": None}
    assert not mapping.interaction(row, ticket_id="42", roles={}).public


def test_ratings_count_once_they_are_given() -> None:
    rows = fixture("surveys.json")["satisfaction_ratings"]
    found = [mapping.rating(row) for row in rows]
    assert [one.score if one else None for one in found] == [1.0, -1.0, None]
    assert found[0] is not None
    assert found[0].created_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_survey_responses_are_scaled() -> None:
    rows = fixture("surveys.json")["survey_responses"]
    first, second = (mapping.survey_response(row) for row in rows)
    assert first is not None
    assert (first.score, first.comment, first.ticket_id) == (-0.5, "too slow", "42")
    assert second is None


@pytest.mark.parametrize(
    ("rating", "category", "score"),
    [(1, "bad", -1.0), (3, "neutral", 0.0), (5, "good", 1.0), (2, "good", 1.0), (9, "bad", -1.0)],
)
def test_the_category_decides_where_the_scale_is_another(
    rating: int, category: str, score: float
) -> None:
    row = fixture("surveys.json")["survey_responses"][0]
    row["answers"][0] |= {"rating": rating, "rating_category": category}
    answer = mapping.survey_response(row)
    assert answer is not None
    assert answer.score == score


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
TICKET_KEYS = sorted(fixture("ticket.json")["ticket"])
USER_KEYS = sorted(fixture("ticket.json")["users"][0])


@given(st.dictionaries(st.sampled_from(TICKET_KEYS), ODD))
def test_no_ticket_however_odd_breaks_the_mapping(odd: dict[str, Any]) -> None:
    odd.pop("id", None)
    ticket = a_ticket(**odd)
    assert ticket.updated_at.tzinfo is not None


@given(st.dictionaries(st.sampled_from(USER_KEYS), ODD))
def test_no_user_however_odd_breaks_the_mapping(odd: dict[str, Any]) -> None:
    odd.pop("id", None)
    contact = mapping.contact(fixture("ticket.json")["users"][0] | odd, FIELDS)
    assert contact.id == "9007199254740993"


@given(ODD, ODD, ODD)
def test_no_comment_however_odd_breaks_the_mapping(html: Any, via: Any, author: Any) -> None:
    row = {"id": 1, "html_body": html, "via": via, "author_id": author, "created_at": html}
    assert mapping.interaction(row, ticket_id="42", roles={}).author_role is AuthorRole.SYSTEM
