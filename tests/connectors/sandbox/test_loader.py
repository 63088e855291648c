"""Somebody's own tickets, written plainly: what is understood, and what is said about the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Priority, TicketStatus
from connectors.sandbox import ticket_rows, worldfile
from connectors.sandbox.loader import WorldError, dump_world, load_world
from connectors.sandbox.world import World
from connectors.sandbox.world_json import check

TICKET: dict[str, Any] = {
    "subject": "Kiln too hot",
    "requester": "Ada Byron <ada@mill.example>",
    "created_at": "2025-05-01T08:00:00Z",
    "messages": [
        {"from": "customer", "text": "It is far too hot."},
        {"from": "Bo Lind", "text": "On my way!", "at": "2025-05-01T09:00:00Z"},
        {"from": "Bo Lind", "text": "She sounds upset.", "public": False},
    ],
}


def load(*tickets: object, **facts: object) -> World:
    world = load_world(json.dumps({"tickets": list(tickets)} | facts))
    check(world)
    return world


def said_about(*tickets: object, **facts: object) -> str:
    with pytest.raises(WorldError) as caught:
        load(*tickets, **facts)
    return str(caught.value)


def test_a_plain_ticket_becomes_a_world() -> None:
    world = load_world(json.dumps([TICKET]))
    (ticket,) = world.tickets
    (customer,) = world.customers
    assert (customer.key, customer.name, customer.email) == (
        "ada-byron",
        "Ada Byron",
        "ada@mill.example",
    )
    assert customer.created_at == ticket.created_at == datetime(2025, 5, 1, 8, tzinfo=UTC)
    assert (ticket.key, ticket.subject, ticket.status) == (
        "t-001",
        "Kiln too hot",
        TicketStatus.OPEN,
    )
    assert [(m.author, m.public) for m in ticket.messages] == [
        ("ada-byron", True),
        ("bo-lind", True),
        ("bo-lind", False),
    ]
    assert ticket.messages[2].at == datetime(2025, 5, 1, 9, 10, tzinfo=UTC)
    assert world.now == ticket.messages[2].at


def test_an_imported_world_can_be_written_down_and_read_again() -> None:
    world = load(TICKET)
    assert load_world(dump_world(world)) == world


def test_there_is_always_an_admin() -> None:
    assert [agent.key for agent in load(TICKET).agents if agent.is_admin] == ["sandbox-admin"]
    world = load(TICKET, agents=[{"name": "Bo Lind", "email": "bo@lark.example", "role": "admin"}])
    assert [(agent.name, agent.is_admin) for agent in world.agents] == [("Bo Lind", True)]


def test_facts_about_the_company_are_taken_over() -> None:
    world = load(
        TICKET,
        company="Mill & Co",
        now="2026-01-01T00:00:00Z",
        agents=["Bo Lind <bo@lark.example>"],
        customers=[
            {"name": "Ada Byron", "email": "ada@mill.example", "time_zone": "Europe/London"},
            {"email": "new@mill.example"},
        ],
    )
    assert world.company == "Mill & Co"
    assert world.now == datetime(2026, 1, 1, tzinfo=UTC)
    assert world.agents[0].email == "bo@lark.example"
    assert [(c.name, c.time_zone) for c in world.customers] == [
        ("Ada Byron", "Europe/London"),
        ("new", "UTC"),
    ]


def test_now_is_never_before_what_happened() -> None:
    assert load(TICKET, now="2001-01-01").now == datetime(2025, 5, 1, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Solved", TicketStatus.SOLVED),
        ("on-hold", TicketStatus.PENDING),
        ("in_progress", TicketStatus.OPEN),
        ("resolved", TicketStatus.SOLVED),
        (None, TicketStatus.OPEN),
    ],
)
def test_statuses_are_understood_as_people_write_them(
    written: str | None, meant: TicketStatus
) -> None:
    assert load(TICKET | {"status": written}).tickets[0].status is meant


def test_other_spellings_of_the_same_fields_are_understood() -> None:
    ticket = {
        "id": 4711,
        "title": "Kiln",
        "customer": {"name": "Ada", "email": "ada@mill.example", "organization": "The Mill"},
        "opened_at": 1746086400,
        "priority": "Critical",
        "tags": "kiln, heat",
        "agent": "Bo <bo@lark.example>",
        "csat": "bad",
        "conversation": ["It glows.", {"by": "agent", "body": "Hm.", "internal": True}],
    }
    world = load(ticket)
    (found,) = world.tickets
    assert found.key == "4711"
    assert found.created_at == datetime(2025, 5, 1, 8, tzinfo=UTC)
    assert found.priority is Priority.URGENT
    assert found.tags == ("kiln", "heat")
    assert (found.assignee, found.messages[1].author) == ("bo", "bo")
    assert not found.messages[1].public
    assert found.rating is not None
    assert not found.rating.good
    assert found.rating.at == found.messages[1].at
    assert [(c.key, c.name, c.domain) for c in world.companies] == [
        ("the-mill", "The Mill", "mill.example")
    ]
    assert world.customers[0].company == "the-mill"


def test_a_single_ticket_needs_no_list() -> None:
    assert len(load_world(json.dumps(TICKET)).tickets) == 1


def test_tickets_may_stand_one_on_each_line(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    lines = [json.dumps(TICKET), "", json.dumps(TICKET | {"subject": "Kiln too cold"})]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert [t.subject for t in load_world(path).tickets] == ["Kiln too hot", "Kiln too cold"]


def test_one_person_under_several_spellings_is_one_customer() -> None:
    world = load(
        TICKET,
        TICKET | {"requester": "ADA@mill.example"},
        TICKET | {"requester": {"name": "Ada Byron"}},
    )
    assert len(world.customers) == 1


def test_two_people_of_one_name_stay_two() -> None:
    world = load(TICKET, TICKET | {"requester": "Ada Byron <ada@other.example>"})
    assert [customer.key for customer in world.customers] == ["ada-byron", "ada-byron-2"]
    assert {ticket.messages[0].author for ticket in world.tickets} == {"ada-byron", "ada-byron-2"}


def test_whoever_opens_a_ticket_is_a_customer_even_if_assigned_elsewhere() -> None:
    world = load(TICKET, TICKET | {"requester": "Bo Lind", "assignee": "Bo Lind"})
    assert {customer.name for customer in world.customers} == {"Ada Byron", "Bo Lind"}
    assert all(ticket.assignee is None for ticket in world.tickets)


def test_somebody_without_an_address_gets_one_that_belongs_to_nobody() -> None:
    (customer,) = load(TICKET | {"requester": "山田 太郎"}).customers
    assert customer.key == "person-1"
    assert customer.email == "person-1@no-address.example"


def test_messages_are_put_in_order_and_none_precedes_its_ticket() -> None:
    messages = [
        {"from": "customer", "text": "second", "at": "2025-05-01T07:00:00+00:00"},
        {"from": "customer", "text": "first", "at": "2025-05-01T06:00:00Z"},
    ]
    (ticket,) = load(TICKET | {"messages": messages}).tickets
    assert [message.text for message in ticket.messages] == ["first", "second"]
    assert ticket.created_at == datetime(2025, 5, 1, 6, tzinfo=UTC)


def test_a_ticket_without_messages_speaks_through_its_description() -> None:
    bare = {"requester": "ada@mill.example", "created_at": "2025-05-01"}
    assert load(bare | {"description": "Hot!"}).tickets[0].messages[0].text == "Hot!"
    (ticket,) = load(bare | {"subject": "Too hot"}).tickets
    assert ticket.messages[0].text == "Too hot"


def test_what_cannot_be_stored_is_taken_out_of_texts() -> None:
    (ticket,) = load(TICKET | {"messages": [{"from": "customer", "text": "a\x00b\ud83dc"}]}).tickets
    assert ticket.messages[0].text == "ab?c"


def test_a_message_of_any_length_is_kept_as_far_as_a_helpdesk_would() -> None:
    (ticket,) = load(TICKET | {"messages": ["x" * 100_000]}).tickets
    assert len(ticket.messages[0].text) == worldfile.MOST_LETTERS


def test_keys_given_by_us_avoid_those_in_the_file() -> None:
    world = load(TICKET, TICKET | {"key": "t-001"})
    assert {ticket.key for ticket in world.tickets} == {"t-001", "t-001-2"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"requester": None}, "ticket 2: requester is missing"),
        ({"requester": 5}, "ticket 2: requester must be an object, it is a number"),
        ({"requester": {"email": "no address"}}, "ticket 2: requester has an e-mail address"),
        ({"requester": {"phone": "1"}}, "ticket 2: requester needs a name or an e-mail"),
        ({"messages": "hello"}, "ticket 2: messages must be a list"),
        ({"messages": [[]]}, "ticket 2: message 1 must be an object, it is a list"),
        ({"messages": [{"from": "customer"}]}, "ticket 2: message 1, text is missing"),
        ({"messages": [{"text": "  "}]}, "ticket 2: message 1, text is empty"),
        ({"messages": ["a", "b"]}, "ticket 2: message 2 does not say who wrote it"),
        (
            {"messages": [{"text": "a", "at": "soon"}]},
            "ticket 2: message 1, at must be a time such as",
        ),
        ({"messages": [{"text": "a", "public": "perhaps"}]}, "public must be true or false"),
        ({"messages": ["a"] * 5_001}, "ticket 2: messages are more than 5000"),
        ({"status": "asleep"}, "ticket 2: status must be one of: closed, deleted"),
        ({"priority": {}}, "ticket 2: priority must be one of"),
        ({"created_at": 1e300}, "ticket 2: created_at must be a time"),
        ({"created_at": 17}, "ticket 2: created_at lies before 1990"),
        ({"created_at": True}, "it is true or false"),
        ({"created_at": None, "messages": ["a"]}, "ticket 2: has no time"),
        ({"subject": []}, "ticket 2: subject must be a text, it is a list"),
        ({"tags": 5}, "ticket 2: tags must be a list of texts"),
        ({"rating": "so-so"}, "ticket 2: rating, good must be one of"),
        ({"messages": [], "subject": None}, "ticket 2: has no messages, no description"),
    ],
)
def test_an_error_names_the_ticket_the_field_and_the_way_out(
    change: dict[str, object], says: str
) -> None:
    assert says in said_about(TICKET, TICKET | change)


def test_an_error_names_the_id_when_there_is_one() -> None:
    assert said_about(TICKET | {"id": 88, "status": 3}).startswith("ticket 1 (id 88): status")


def test_an_error_does_not_repeat_what_a_customer_wrote() -> None:
    secret = "my password is swordfish"
    said = said_about(TICKET | {"subject": secret, "status": secret, "messages": {"text": secret}})
    assert "swordfish" not in said


def test_ids_that_are_there_twice_are_refused() -> None:
    said = said_about(TICKET | {"id": 1}, TICKET, TICKET | {"id": "1"})
    assert said.startswith("ticket 3: has the id of ticket 1;")


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"agents": "Bo"}, '"agents" must be a list, it is a text'),
        ({"agents": [7]}, "agent 1: must be an object"),
        ({"customers": [{}]}, "customer 1: needs a name"),
        ({"now": "later"}, '"now" must be a time'),
    ],
)
def test_facts_that_are_none_are_refused(facts: dict[str, object], says: str) -> None:
    assert says in said_about(TICKET, **facts)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "neither the path of a file nor JSON"),
        ("   ", "neither the path of a file nor JSON"),
        ("subject: no\nbody: none", "neither the path of a file nor JSON"),
        ("no-such-file.json", "no-such-file.json cannot be read"),
        ("bad\x00name", "cannot be read"),
        ("[]", "there are no tickets in it"),
        ('{"tickets": []}', "there are no tickets in it"),
        ('{"tickets": {}}', '"tickets" must be a list, it is an object'),
        ('{"users": []}', "there are no tickets in it"),
        ("{}", "ticket 1: requester is missing"),
        ("[1]", "ticket 1: must be an object, it is a number"),
        ("[null]", "ticket 1: must be an object, it is null"),
        ('{"tickets": [{}]', "the file is not JSON (line 1)"),
        ('{"subject": "a"}\n{"subject": ', "line 2 is not JSON"),
        ("[NaN]", "NaN is not JSON"),
        ("[" + "9" * 5_000 + "]", "the file is not JSON"),
        ("[" * 200_000, "not JSON|nested too deeply"),
        ('{"a":' * 200_000, "not JSON|nested too deeply"),
    ],
)
def test_a_text_that_holds_no_tickets_is_refused(text: str, says: str) -> None:
    with pytest.raises(WorldError) as caught:
        load_world(text)
    assert any(part in str(caught.value) for part in says.split("|"))


def test_deep_nesting_inside_a_ticket_is_refused_or_ignored() -> None:
    deep = "[" * 900 + "]" * 900
    for name in ("key", "subject", "status", "tags", "messages", "requester", "rating", "other"):
        text = f'[{{"requester": "a@b.example", "subject": "s", "created_at": 1746086400, "{name}": {deep}}}]'
        try:
            load_world(text)
        except WorldError:
            continue
        assert name in ("other", "key")


def test_a_number_beyond_all_numbers_is_no_time() -> None:
    text = json.dumps([TICKET]).replace('"2025-05-01T08:00:00Z"', "1e999", 1)
    with pytest.raises(WorldError, match="created_at must be a time"):
        load_world(text)


def test_a_file_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worldfile, "MOST_BYTES", 100)
    path = tmp_path / "big.json"
    path.write_text(json.dumps([TICKET]), encoding="utf-8")
    for source in (path, path.read_text(encoding="utf-8")):
        with pytest.raises(WorldError, match="split it"):
            load_world(source)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.json"
    path.write_bytes('[{"subject": "zu heiß"}]'.encode("latin-1"))
    with pytest.raises(WorldError, match="save it as UTF-8"):
        load_world(path)
    with pytest.raises(WorldError, match="cannot be read"):
        load_world(tmp_path)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *TICKET,
                    *ticket_rows.TicketRow.model_fields,
                    *("tickets", "users", "comments", "ticket", "user", "via", "from", "text"),
                    *("requester_id", "author_id", "email", "name", "id", "role", "agents", "now"),
                    *("keepsake_world", "satisfaction_rating", "organization", "score", "at"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_no_json_whatsoever_gets_anything_but_a_world_or_a_world_error(value: object) -> None:
    try:
        world = load_world(json.dumps([value]))
    except WorldError:
        return
    check(world)


@given(st.sampled_from(sorted(TICKET)), json_values)
@settings(max_examples=200, deadline=None)
def test_no_single_field_breaks_the_loader(name: str, value: object) -> None:
    try:
        world = load_world(json.dumps([TICKET | {name: value}]))
    except WorldError as error:
        says = str(error)
    else:
        check(world)
        says = "ticket 1"
    assert says.startswith("ticket 1")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_loader(text: str) -> None:
    for source in (text, "[" + text, "{" + text):
        with pytest.raises(WorldError):
            load_world(source)


def test_many_tickets_are_read_in_a_moment() -> None:
    rows = [
        TICKET | {"created_at": f"2025-01-01T{n % 24:02d}:00:00Z", "requester": f"c{n}@m.example"}
        for n in range(3_000)
    ]
    world = load(*rows)
    assert len(world.tickets) == len(world.customers) == 3_000
    assert world.tickets[-1].created_at - world.tickets[0].created_at == timedelta(hours=23)
