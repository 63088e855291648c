"""What Zendesk hands out, in the shapes its API and its account export have.

PROVENANCE: written by hand after the field lists of the Ticketing API reference (tickets, ticket
comments, users, side-loading) and of the JSON account export; all people and words are made up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.records import Priority, TicketStatus
from connectors.sandbox.loader import WorldError, load_world
from connectors.sandbox.world import World
from connectors.sandbox.world_json import check

USERS: list[dict[str, Any]] = [
    {
        "id": 500,
        "name": "Ada Byron",
        "email": "ada@mill.example",
        "role": "end-user",
        "time_zone": "London",
        "locale": "en-GB",
        "organization_id": 900,
        "created_at": "2024-01-05T10:00:00Z",
        "tags": ["vip"],
        "phone": None,
    },
    {"id": 600, "name": "Bo Lind", "email": "bo@lark.example", "role": "admin"},
    {"id": 601, "name": "Cy Young", "email": "cy@lark.example", "role": "agent"},
]
TICKET: dict[str, Any] = {
    "url": "https://lark.zendesk.example/api/v2/tickets/35436.json",
    "id": 35436,
    "external_id": None,
    "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
    "created_at": "2025-05-01T08:00:00Z",
    "updated_at": "2025-05-02T08:00:00Z",
    "type": None,
    "subject": "Kiln too hot",
    "raw_subject": "Kiln too hot",
    "description": "It is far too hot.",
    "priority": "high",
    "status": "hold",
    "requester_id": 500,
    "submitter_id": 500,
    "assignee_id": 601,
    "organization_id": 900,
    "group_id": 70,
    "tags": ["kiln"],
    "satisfaction_rating": {"id": 1, "score": "good_with_comment", "comment": "Nice!"},
    "custom_fields": [{"id": 1, "value": None}],
}
COMMENTS: list[dict[str, Any]] = [
    {
        "id": 1,
        "type": "Comment",
        "author_id": 500,
        "body": "It is far too hot.",
        "html_body": "<p>It is far too hot.</p>",
        "plain_body": "It is far too hot.",
        "public": True,
        "attachments": [],
        "created_at": "2025-05-01T08:00:00Z",
    },
    {
        "id": 2,
        "author_id": 601,
        "body": "Upset.",
        "public": False,
        "created_at": "2025-05-01T08:20:00Z",
    },
    {
        "id": 3,
        "author_id": 601,
        "body": "On my way.",
        "public": True,
        "created_at": "2025-05-01T08:30:00Z",
    },
    {"id": 4, "author_id": 500, "body": "", "public": True, "created_at": "2025-05-01T08:40:00Z"},
]
PAGE = {
    "users": USERS,
    "organizations": [{"id": 900, "name": "The Mill"}],
    "groups": [{"id": 70, "name": "Kilns"}],
    "next_page": None,
    "count": 1,
}
EXPORTED = {k: v for k, v in TICKET.items() if not k.endswith("_id")} | {
    "requester": USERS[0] | {"organization": {"name": "The Mill"}},
    "assignee": USERS[2],
    "group": {"id": 70, "name": "Kilns"},
    "organization": {"id": 900, "name": "The Mill"},
    "comments": COMMENTS,
}


def assert_is_the_kiln(world: World) -> None:
    check(world)
    (ticket,) = world.tickets
    assert ticket.key == "35436"
    assert ticket.subject == "Kiln too hot"
    assert (ticket.status, ticket.priority) == (TicketStatus.PENDING, Priority.HIGH)
    assert (ticket.customer, ticket.assignee) == ("ada-byron", "cy-young")
    assert (ticket.channel, ticket.group, ticket.tags) == ("web", "Kilns", ("kiln",))
    assert [(m.author, m.text, m.public) for m in ticket.messages] == [
        ("ada-byron", "It is far too hot.", True),
        ("cy-young", "Upset.", False),
        ("cy-young", "On my way.", True),
    ]
    assert ticket.rating is not None
    assert (ticket.rating.good, ticket.rating.comment) == (True, "Nice!")
    assert ticket.rating.at == datetime(2025, 5, 2, 8, tzinfo=UTC)
    (customer,) = world.customers
    assert customer.created_at == datetime(2024, 1, 5, 10, tzinfo=UTC)
    assert (customer.company, customer.locale, customer.tags) == ("the-mill", "en-GB", ("vip",))
    assert world.companies[0].name == "The Mill"


def as_page() -> str:
    return json.dumps(PAGE | {"tickets": [TICKET | {"comments": COMMENTS}]})


def as_page_with_comments_apart() -> str:
    apart = [comment | {"ticket_id": 35436} for comment in COMMENTS]
    return json.dumps(PAGE | {"tickets": [TICKET], "comments": apart})


def as_single_ticket_with_comments() -> str:
    return json.dumps(PAGE | {"ticket": TICKET, "comments": COMMENTS})


def as_nested_comments() -> str:
    nested = TICKET | {"comments": {"comments": COMMENTS, "count": 4}}
    return json.dumps(PAGE | {"tickets": [nested]})


def as_account_export() -> str:
    return json.dumps(EXPORTED) + "\n" + json.dumps({"users": USERS})


def as_lines_of_users_and_tickets() -> str:
    rows: list[object] = [{"user": user} for user in USERS]
    rows += [{"organizations": PAGE["organizations"]}, {"groups": PAGE["groups"]}]
    rows.append({"ticket": TICKET, "comments": COMMENTS})
    return "\n".join(json.dumps(row) for row in rows)


@pytest.mark.parametrize(
    "shape",
    [
        as_page,
        as_page_with_comments_apart,
        as_single_ticket_with_comments,
        as_nested_comments,
        as_account_export,
        as_lines_of_users_and_tickets,
    ],
)
def test_every_shape_of_the_same_ticket_is_the_same_world(shape: Any) -> None:
    assert_is_the_kiln(load_world(shape()))


def test_an_admin_of_the_account_is_the_admin() -> None:
    world = load_world(as_page())
    assert [agent.name for agent in world.agents if agent.is_admin] == ["Sandbox Admin"]
    comment = {"author_id": 600, "body": "Hello", "created_at": "2025-05-01T09:00:00Z"}
    spoken = json.dumps(PAGE | {"tickets": [TICKET | {"comments": [*COMMENTS, comment]}]})
    assert [a.name for a in load_world(spoken).agents if a.is_admin] == ["Bo Lind"]


def test_without_users_ids_become_names() -> None:
    world = load_world(json.dumps({"tickets": [TICKET | {"comments": COMMENTS}]}))
    assert world.customers[0].name == "User 500"
    assert world.agents[0].name == "User 601"


def test_without_comments_the_description_speaks() -> None:
    world = load_world(json.dumps(PAGE | {"tickets": [TICKET]}))
    assert [message.text for message in world.tickets[0].messages] == ["It is far too hot."]


def test_a_ticket_exported_twice_counts_as_it_was_last() -> None:
    lines = [json.dumps(EXPORTED), json.dumps(EXPORTED | {"status": "solved"})]
    (ticket,) = load_world("\n".join(lines)).tickets
    assert ticket.status is TicketStatus.SOLVED


@pytest.mark.parametrize("score", ["offered", "unoffered", None])
def test_an_unanswered_survey_is_no_rating(score: str | None) -> None:
    rated = TICKET | {"satisfaction_rating": {"score": score}}
    assert load_world(json.dumps([rated])).tickets[0].rating is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"requester_id": None}, "ticket 1 (id 35436): requester is missing"),
        ({"comments": "none"}, "ticket 1 (id 35436): comments must be a list"),
        ({"comments": [7]}, "ticket 1 (id 35436): comment 1 must be an object"),
        ({"created_at": "x", "comments": []}, "created_at must be a time"),
        ({"status": "sleeping"}, "status must be one of"),
    ],
)
def test_what_is_wrong_is_said_by_ticket(change: dict[str, object], says: str) -> None:
    with pytest.raises(WorldError) as caught:
        load_world(json.dumps(PAGE | {"tickets": [TICKET | change]}))
    assert says in str(caught.value)


@pytest.mark.parametrize("name", ["users", "organizations", "groups", "comments"])
def test_a_side_load_that_is_no_list_is_refused(name: str) -> None:
    with pytest.raises(WorldError, match=f'"{name}" must be a list'):
        load_world(json.dumps(PAGE | {"tickets": [TICKET], name: {"a": 1}}))
