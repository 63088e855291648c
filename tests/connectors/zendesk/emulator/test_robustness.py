"""Whatever comes in, the emulator answers, and its indexes stay true."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.zendesk.emulator import Limits
from connectors.zendesk.emulator.indexes import unix
from connectors.zendesk.emulator.problems import Problem

_LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_ANY = st.recursive(
    _LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "body", "email", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
_TICKET_NAMES = """
subject comment status priority tags custom_fields fields assignee_id requester requester_id
follower_ids metadata safe_update updated_stamp additional_tags group_id brand_id due_at
custom_status_id external_id organization_id
"""
_OTHER_NAMES = """
name email title type key tags options custom_field_options external_id organization_id
user_fields conditions actions domain_names
"""
_WEBHOOK_NAMES = """
name endpoint subscriptions status authentication custom_headers http_method
"""

_ONE_ACCOUNT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_ONE_ACCOUNT
@given(body=st.dictionaries(st.sampled_from(_TICKET_NAMES.split()), _ANY, max_size=3))
def test_no_ticket_body_breaks_the_emulator(account, body):
    for path, method in ((f"/tickets/{account.ids['parcel']}", "PUT"), ("/tickets", "POST")):
        answer = account.api.request(method, path, json={"ticket": body})
        assert answer.status_code < 500, answer.text


@_ONE_ACCOUNT
@given(
    kind=st.sampled_from(["users", "organizations", "ticket_fields", "user_fields", "triggers"]),
    body=st.dictionaries(st.sampled_from(_OTHER_NAMES.split()), _ANY, max_size=4),
)
def test_no_other_body_breaks_the_emulator(account, kind, body):
    answer = account.api.post(f"/{kind}", json={kind[:-1]: body})
    assert answer.status_code < 500, answer.text


@_ONE_ACCOUNT
@given(body=st.dictionaries(st.sampled_from(_WEBHOOK_NAMES.split()), _ANY, max_size=4))
def test_no_webhook_body_breaks_the_emulator(account, body):
    answer = account.api.post("/webhooks", json={"webhook": {"name": "x", **body}})
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("path", ["/tickets", "/search", "/users", "/tickets/show_many"])
@pytest.mark.parametrize("query", ["page=x", "per_page=x", "page=-1", "page[size]=x", "ids=x"])
def test_no_paging_parameter_breaks_the_emulator(account, path, query):
    assert account.api.get(f"{path}?query=a&{query}").status_code < 500


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["comment", "edit", "solve", "delete", "restore", "new", "wait"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=_ACTS)
def test_indexes_hold_every_ticket_once_whatever_happens(open_account, acts):
    account = open_account(limits=Limits.unlimited(), export_repeats=0)
    for act, number in acts:
        ids = sorted(account.state.tickets)
        ticket_id = ids[number % len(ids)]
        path = f"/tickets/{ticket_id}"
        try:
            if act == "comment":
                account.people.customer_comments(ticket_id, "Hm")
            elif act == "edit":
                account.write(ticket_id, priority=("low", "high")[number % 2])
            elif act == "solve":
                account.people.solve(ticket_id)
            elif act == "delete":
                account.api.delete(path)
            elif act == "restore":
                account.api.put(f"/deleted_tickets/{ticket_id}/restore")
            elif act == "new":
                account.people.new_ticket(text="Hi", email="x@mail.example")
            else:
                account.clock.turn(30)
        except Problem:
            continue
    state = account.state
    living = {t.id for t in state.tickets.values() if t.deleted_at is None}
    assert [key[0] for key in state.tickets_order.slice(0, 99)] == sorted(living)
    updated = state.tickets_updated.slice(0, 99)
    assert {int(key[1]) for key in updated} == living
    assert len(updated) == len(living)
    generated = [(unix(t.generated_at), t.id) for t in state.tickets.values()]
    assert state.tickets_generated.slice(0, 99) == sorted(generated)
