"""The real client, over real HTTP."""

from collections.abc import Iterator

import pytest
import requests
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Ticket, TicketField, User
from zenpy.lib.api_objects import Webhook as ZenpyWebhook
from zenpy.lib.exception import APIException, RecordNotFoundException, TooManyValuesException


@pytest.fixture
def zenpy(emulator, monkeypatch) -> Iterator[Zenpy]:
    login = emulator.credentials
    for name, value in login.zenpy_environment.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        session.trust_env = False
        yield Zenpy(
            subdomain=login.subdomain,
            email=login.email,
            token=login.api_token,
            session=session,
            disable_cache=True,
        )


def test_zenpy_sees_who_it_is(zenpy, emulator):
    assert zenpy.users.me().id == emulator.credentials.user_id


def test_zenpy_lists_tickets_over_several_pages(zenpy, emulator):
    for number in range(130):
        emulator.people.new_ticket(text=f"Number {number}", email="many@mail.example")
    ids = [ticket.id for ticket in zenpy.tickets()]
    assert len(ids) == len(set(ids)) == 133


def test_zenpy_reads_the_comments_of_a_ticket(zenpy, emulator):
    said = list(zenpy.tickets.comments(ticket=emulator.ids["parcel"]))
    assert [(comment.body, comment.public) for comment in said] == [
        ("Where is my parcel?", True),
        ("It is on its way.", True),
        ("Lost at the depot.", False),
        ("Any news?", True),
    ]


def test_zenpy_lists_users_and_organizations(zenpy):
    names = {user.name for user in zenpy.users()}
    assert {"Ada Marsh", "Bob Stone", "Sam Ortiz", "Kim Lee", "Keepsake"} == names
    assert [row.name for row in zenpy.organizations()] == ["Nord AG"]


def test_zenpy_follows_the_incremental_cursor_and_can_resume(zenpy, emulator, clock):
    first = zenpy.tickets.incremental(start_time=1)
    assert len(list(first)) == 3
    assert first.end_of_stream is True
    emulator.people.customer_comments(emulator.ids["invoice"], "It is wrong again.")
    clock.turn(120)
    second = zenpy.tickets.incremental(cursor=first.after_cursor)
    seen = [ticket.id for ticket in second]
    assert seen[-1] == emulator.ids["invoice"]
    assert len(seen) <= 2, "one repeated row at most"


def test_zenpy_follows_the_user_export(zenpy):
    assert len(list(zenpy.users.incremental(start_time=1))) == 5


def test_zenpy_writes_a_note_with_a_marker(zenpy, emulator):
    note = Comment(body="Seen by us.", public=False)
    done = zenpy.tickets.update(
        Ticket(id=emulator.ids["parcel"], comment=note, metadata={"keepsake": "7"})
    )
    assert done.ticket.status == "open"
    [event] = done.audit.events
    assert (event["type"], event["public"], event["body"]) == ("Comment", False, "Seen by us.")
    assert done.audit.metadata.custom["keepsake"] == "7"


def test_zenpy_creates_a_ticket_for_a_new_customer(zenpy, emulator):
    asker = User(name="Cy Dale", email="cy@mail.example")
    made = zenpy.tickets.create(Ticket(subject="Hi", description="Hello!", requester=asker))
    assert made.ticket.description == "Hello!"
    assert zenpy.users(id=made.ticket.requester_id).email == "cy@mail.example"


def test_zenpy_updates_many_in_a_job(zenpy, emulator):
    ids = [emulator.ids["parcel"], emulator.ids["old"]]
    job = zenpy.tickets.update([Ticket(id=each, priority="urgent") for each in ids])
    assert job.status == "queued"
    assert zenpy.job_status(id=job.id).status == "working"
    done = zenpy.job_status(id=job.id)
    assert done.status == "completed"
    assert [row["success"] for row in done.to_dict()["results"]] == [True, False]
    assert zenpy.tickets(id=ids[0]).priority == "urgent"


def test_zenpy_makes_a_field_with_options(zenpy):
    options = [{"name": "Calm", "value": "mood_calm"}]
    made = zenpy.ticket_fields.create(
        TicketField(type="tagger", title="Mood", custom_field_options=options)
    )
    assert made.id in [field.id for field in zenpy.ticket_fields()]
    assert [form.name for form in zenpy.ticket_forms()] == ["Default Ticket Form"]


def test_zenpy_administers_webhooks(zenpy):
    made = zenpy.webhooks.create(
        ZenpyWebhook(
            name="Memory",
            endpoint="http://127.0.0.1:9/hooks",
            http_method="POST",
            request_format="json",
            status="active",
            subscriptions=["zen:event-type:ticket.created"],
        )
    )
    assert len(made.id) == 26
    secret = zenpy.webhooks.show_secret(made)
    assert len(secret.secret) == 44
    assert zenpy.webhooks.reset_secret(made).secret != secret.secret
    made.name = "Memory two"
    zenpy.webhooks.patch(made)
    assert [row.name for row in zenpy.webhooks.list()] == ["Memory two"]
    zenpy.webhooks.delete(made)
    assert list(zenpy.webhooks.list()) == []


def test_zenpy_searches(zenpy, emulator):
    found = list(zenpy.search("status<solved tags:shipping", type="ticket"))
    assert [ticket.id for ticket in found] == [emulator.ids["parcel"]]


def test_zenpy_reads_satisfaction_ratings(zenpy, emulator):
    [rating] = list(zenpy.satisfaction_ratings())
    assert (rating.score, rating.ticket_id) == ("good", emulator.ids["invoice"])


def test_zenpy_reads_all_comments_in_bulk(zenpy):
    rows = zenpy.tickets.events(start_time=1, include=["comment_events"])
    children = [child for row in rows for child in row.child_events]
    bodies = [child["body"] for child in children if child["event_type"] == "Comment"]
    assert len(bodies) == 8


def test_zenpy_raises_its_own_errors(zenpy, emulator):
    with pytest.raises(RecordNotFoundException):
        zenpy.tickets(id=1)
    with pytest.raises(TooManyValuesException):
        zenpy.tickets(ids=list(range(1, 102)))
    with pytest.raises(APIException) as refused:
        zenpy.tickets.update(Ticket(id=emulator.ids["old"], priority="low"))
    assert refused.value.response.status_code == 422
