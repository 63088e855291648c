"""Every route answers, and the less travelled ones do what they say."""

import re

import pytest


def settle(account, job):
    for _ in range(2):
        job = account.api.get(f"/job_statuses/{job['id']}.json").json()["job_status"]
    return job["results"]


@pytest.fixture
def furnished(account):
    """One of everything, so that every id in a path can be filled in."""
    account.api.post(
        "/user_fields", json={"user_field": {"key": "k", "type": "text", "title": "k"}}
    )
    field = {"key": "k", "type": "text", "title": "k"}
    account.api.post("/organization_fields", json={"organization_field": field})
    webhook = {
        "name": "w",
        "endpoint": "http://127.0.0.1:9/",
        "subscriptions": ["conditional_ticket_events"],
    }
    account.api.post("/webhooks", json={"webhook": webhook})
    trigger = {"title": "t", "actions": [{"field": "current_tags", "value": "x"}]}
    account.api.post("/triggers", json={"trigger": trigger})
    return account


def path_for(account, rule):
    state, ids = account.state, account.ids
    known = {
        "tickets/<int:ticket_id>": f"tickets/{ids['parcel']}",
        "audits/<int:audit_id>": f"audits/{state.tickets[ids['parcel']].audits[0].id}",
        "deleted_tickets/<int:ticket_id>": "deleted_tickets/1",
        "deleted_users/<int:user_id>": "deleted_users/1",
        "users/<int:user_id>": f"users/{ids['ada']}",
        "<int:organization_id>": str(ids["nord"]),
        "ticket_fields/<int:field_id>": f"ticket_fields/{account.mood_field()}",
        "user_fields/<int:field_id>": f"user_fields/{next(iter(state.user_fields))}",
        "organization_fields/<int:field_id>": (
            f"organization_fields/{next(iter(state.organization_fields))}"
        ),
        "<int:form_id>": str(state.default_form.id),
        "<int:group_id>": str(state.default_group.id),
        "<int:trigger_id>": str(next(iter(state.triggers))),
        "<int:rating_id>": str(next(iter(state.ratings))),
        "<webhook_id>": next(iter(state.webhooks)),
    }
    for part, value in known.items():
        rule = rule.replace(part, value)
    return rule


#: What needs a parameter, or cannot be there yet: deleted things, jobs, tokens, attempts.
_NOT_FOUND = re.compile(
    r"deleted_.*/|job_statuses/<|oauth/tokens/|attempts|compliance|<response_id>"
)
_REFUSED = re.compile(r"incremental/|search/export")


def test_every_get_answers(furnished):
    rules = [
        rule.rule
        for rule in furnished.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v2") and "GET" in (rule.methods or ())
    ]
    assert len(rules) > 60
    for rule in rules:
        path = re.sub(r"<[^>]+>", "1", path_for(furnished, rule))
        answer = furnished.api.get(path.removeprefix("/api/v2"))
        listed = rule.endswith(("count", "show_many"))
        if _NOT_FOUND.search(rule) and not listed:
            assert answer.status_code == 404, rule
        elif _REFUSED.search(rule):
            assert answer.status_code == 422, rule
        else:
            assert answer.status_code == 200, (rule, answer.text)


def test_companies_have_members_and_tickets(account):
    nord = account.ids["nord"]
    users = account.api.get(f"/organizations/{nord}/users.json").json()["users"]
    assert [user["id"] for user in users] == [account.ids["ada"]]
    tickets = account.api.get(f"/organizations/{nord}/tickets.json").json()["tickets"]
    assert {ticket["id"] for ticket in tickets} == {account.ids["parcel"], account.ids["old"]}
    asked = account.api.get(f"/users/{account.ids['bob']}/tickets/requested.json").json()
    assert [ticket["id"] for ticket in asked["tickets"]] == [account.ids["invoice"]]


def test_companies_are_matched_by_external_id_never_by_name(account):
    body = {"organization": {"name": "Nord AG", "external_id": "n-1"}}
    refused = account.api.post("/organizations/create_or_update.json", json=body)
    assert refused.status_code == 422
    body["organization"]["name"] = "Nord Holding"
    made = account.api.post("/organizations/create_or_update.json", json=body)
    assert made.status_code == 201
    body["organization"]["details"] = "d"
    again = account.api.post("/organizations/create_or_update.json", json=body)
    assert again.json()["organization"]["id"] == made.json()["organization"]["id"]
    found = account.api.get("/organizations/search.json?external_id=n-1").json()
    assert found["count"] == 1
    by_ids = account.api.get(f"/organizations/show_many.json?ids={account.ids['nord']}").json()
    assert by_ids["count"] == 1
    by_key = account.api.get("/organizations/show_many.json?external_ids=n-1").json()
    assert by_key["organizations"][0]["details"] == "d"


def test_everything_can_be_done_in_bulk(account):
    ids = account.ids
    orders = [
        ("POST", "/tickets/create_many", {"tickets": [{"comment": {"body": "a"}}]}),
        ("PUT", "/users/update_many", {"users": [{"id": ids["ada"], "notes": "n"}]}),
        ("PUT", f"/users/update_many?ids={ids['bob']}", {"user": {"notes": "n"}}),
        ("POST", "/organizations/create_many", {"organizations": [{"name": "A"}]}),
        (
            "PUT",
            "/organizations/update_many",
            {"organizations": [{"id": ids["nord"], "notes": "n"}]},
        ),
        ("DELETE", f"/tickets/destroy_many?ids={ids['invoice']}", {}),
        ("DELETE", f"/users/destroy_many?ids={ids['bob']}", {}),
        ("DELETE", f"/deleted_tickets/destroy_many?ids={ids['invoice']}", {}),
    ]
    for method, path, body in orders:
        told = account.api.request(method, path, json=body)
        assert told.status_code == 200, (path, told.text)
        [result] = settle(account, told.json()["job_status"])
        assert "error" not in result, (path, result)
    missing = account.api.put("/users/update_many", json={"users": [{"id": 1, "notes": "n"}]})
    assert settle(account, missing.json()["job_status"])[0]["error"] == "RecordNotFound"
    assert account.api.put("/users/update_many", json={}).status_code == 400
    assert account.api.put("/users/update_many", json={"users": []}).status_code == 400


def test_many_tickets_are_restored_at_once(account):
    ids = f"{account.ids['invoice']},{account.ids['parcel']}"
    account.people.delete(account.ids["invoice"])
    account.people.delete(account.ids["parcel"])
    assert account.api.put(f"/deleted_tickets/restore_many.json?ids={ids}").status_code == 200
    assert account.api.get(f"/tickets/show_many.json?ids={ids}").json()["count"] == 2


def test_forms_are_made_changed_and_deleted(account):
    field = account.mood_field()
    made = account.api.post("/ticket_forms", json={"ticket_form": {"name": "Second"}})
    form = made.json()["ticket_form"]
    assert made.status_code == 201
    path = f"/ticket_forms/{form['id']}"
    told = account.api.put(path, json={"ticket_form": {"ticket_field_ids": [field]}}).json()
    kept = told["ticket_form"]["ticket_field_ids"]
    assert kept[-1] == field
    assert len(kept) == 8, "system fields cannot be left out"
    bad = account.api.put(path, json={"ticket_form": {"ticket_field_ids": [1]}})
    assert bad.status_code == 422
    assert account.api.delete(path).status_code == 204
    default = f"/ticket_forms/{account.state.default_form.id}"
    assert account.api.delete(default).status_code == 422


def test_deleting_an_option_clears_its_values_in_choices_of_many(account):
    options = [{"name": n, "value": f"mem_{n}"} for n in ("one", "two")]
    field = account.make_field(type="multiselect", title="Memory", custom_field_options=options)
    ticket_id = account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": ["mem_one", "mem_two"]}])
    path = f"/ticket_fields/{field}/options"
    listed = account.api.get(path).json()["custom_field_options"]
    gone = next(option for option in listed if option["value"] == "mem_one")
    assert account.api.delete(f"{path}/{gone['id']}").status_code == 204
    assert account.api.delete(f"{path}/{gone['id']}").status_code == 404
    told = {each["id"]: each["value"] for each in account.read(ticket_id)["custom_fields"]}
    assert told[field] == ["mem_two"]


@pytest.mark.parametrize(
    "field",
    [
        {"title": ""},
        {"title": "x", "type": "dropdown"},
        {"title": "x", "type": "tagger"},
        {"title": "x", "type": "regexp"},
        {"title": "x", "type": "lookup"},
        {"title": "x", "type": "tagger", "custom_field_options": [{"name": "a", "value": "a b"}]},
        {"title": "x", "type": "tagger", "custom_field_options": [{"name": "a", "value": "a"}] * 2},
    ],
)
def test_senseless_fields_are_refused(account, field):
    refused = account.api.post("/ticket_fields", json={"ticket_field": field})
    assert refused.status_code == 422


def test_fields_are_renamed_and_switched_off(account):
    field = account.mood_field()
    change = {"ticket_field": {"title": "Temper", "active": False}}
    told = account.api.put(f"/ticket_fields/{field}", json=change).json()["ticket_field"]
    assert (told["title"], told["active"]) == ("Temper", False)
    assert field not in [
        each["id"] for each in account.read(account.ids["parcel"])["custom_fields"]
    ]
    blank = account.api.put(f"/ticket_fields/{field}", json={"ticket_field": {"title": ""}})
    assert blank.status_code == 422
    text = account.make_field(type="text", title="Text")
    option = {"custom_field_option": {"name": "a", "value": "a"}}
    assert account.api.post(f"/ticket_fields/{text}/options", json=option).status_code == 422


def test_triggers_are_changed_and_looked_up(furnished):
    [trigger] = furnished.api.get("/triggers").json()["triggers"]
    path = f"/triggers/{trigger['id']}"
    change = {"trigger": {"title": "New", "active": False, "conditions": {"any": []}}}
    told = furnished.api.put(path, json=change).json()["trigger"]
    assert (told["title"], told["active"]) == ("New", False)
    for wrong in (
        {"title": "x", "actions": []},
        {"title": "", "actions": [{"field": "status", "value": "open"}]},
        {"title": "x", "actions": [{"field": "explode"}]},
        {"title": "x", "category_id": "1", "actions": [{"field": "status", "value": "open"}]},
        {
            "title": "x",
            "conditions": {"all": [{"field": "moon"}]},
            "actions": [{"field": "status", "value": "open"}],
        },
    ):
        assert furnished.api.post("/triggers", json={"trigger": wrong}).status_code == 422
    known = furnished.api.get("/triggers/definitions.json").json()["definitions"]
    assert "current_tags" in [each["subject"] for each in known["conditions_all"]]


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ({"field": "status", "operator": "less_than", "value": "solved"}, True),
        ({"field": "status", "operator": "greater_than", "value": "open"}, False),
        ({"field": "status", "operator": "less_than", "value": "nonsense"}, False),
        ({"field": "priority", "operator": "changed"}, True),
        ({"field": "status", "operator": "changed"}, False),
        ({"field": "priority", "operator": "is_not", "value": "low"}, True),
        ({"field": "current_via_id", "operator": "is", "value": "0"}, True),
        ({"field": "via_id", "operator": "is", "value": "4"}, True),
        ({"field": "satisfaction_score", "operator": "is", "value": "unoffered"}, True),
        ({"field": "comment_is_public", "operator": "is", "value": "not_relevant"}, True),
        ({"field": "current_tags", "operator": "includes", "value": "shipping other"}, True),
        ({"field": "custom_fields_1", "operator": "is", "value": ""}, True),
    ],
)
def test_triggers_look_at_the_ticket_as_it_is_now(account, condition, fires):
    trigger = {
        "title": "t",
        "conditions": {"all": [], "any": [condition]},
        "actions": [{"field": "current_tags", "value": "fired"}],
    }
    account.api.post("/triggers", json={"trigger": trigger}).raise_for_status()
    account.people.agent_edits(account.ids["parcel"], {"priority": "urgent"})
    assert ("fired" in account.read(account.ids["parcel"])["tags"]) is fires


def test_a_trigger_can_change_what_it_likes_but_not_start_itself(account):
    field = account.mood_field()
    actions = [
        {"field": "set_tags", "value": "one two"},
        {"field": "remove_tags", "value": "two"},
        {"field": "priority", "value": "low"},
        {"field": f"custom_fields_{field}", "value": "mood_angry"},
    ]
    trigger = {"title": "t", "conditions": {"all": []}, "actions": actions}
    account.api.post("/triggers", json={"trigger": trigger}).raise_for_status()
    account.people.agent_comments(account.ids["parcel"], "Hm")
    ticket = account.read(account.ids["parcel"])
    assert (ticket["tags"], ticket["priority"]) == (["mood_angry", "one"], "low")


def test_placeholders_put_in_raw_text(account, receiver):
    field = account.mood_field()
    ticket_id = account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_calm"}])
    webhook = {
        "name": "w",
        "endpoint": receiver.url,
        "subscriptions": ["conditional_ticket_events"],
    }
    made = account.api.post("/webhooks", json={"webhook": webhook}).json()["webhook"]
    names = (
        "ticket.title ticket.status ticket.priority ticket.tags ticket.via ticket.requester.name "
        "ticket.assignee.email ticket.organization.name ticket.group.name ticket.latest_comment "
        f"ticket.latest_public_comment ticket.ticket_field_{field} "
        f"ticket.ticket_field_option_title_{field} current_user.id moon.phase ticket.shoe"
    )
    template = "|".join(f"{{{{{name}}}}}" for name in names.split())
    action = {"field": "notification_webhook", "value": [made["id"], template]}
    trigger = {"title": "t", "conditions": {"all": []}, "actions": [action]}
    account.api.post("/triggers", json={"trigger": trigger}).raise_for_status()
    account.people.agent_comments(ticket_id, 'A "note"', public=False)
    assert account.deliverer.wait_until_idle(5)
    [(_, body)] = receiver.got
    assert body.decode().split("|") == [
        "Parcel is late",
        "open",
        "high",
        "mood_calm shipping vip",
        "email",
        "Ada Marsh",
        "sam@birch.example",
        "Nord AG",
        "Support",
        'A "note"',
        "Any news?",
        "mood_calm",
        "Calm",
        str(account.ids["sam"]),
        "",
        "",
    ]


def test_a_comment_can_be_made_private(account):
    ticket_id = account.ids["parcel"]
    path = f"/tickets/{ticket_id}/comments"
    first = account.api.get(path).json()["comments"][0]
    assert account.api.put(f"{path}/{first['id']}/make_private").status_code == 200
    assert account.api.get(path).json()["comments"][0]["public"] is False
    assert account.api.put(f"{path}/1/make_private").status_code == 404
    missing = account.api.put(f"{path}/{first['id']}/redact", json={"text": "unicorn"})
    assert missing.status_code == 422


def test_another_address_can_be_added_as_an_identity(account):
    path = f"/users/{account.ids['bob']}/identities"
    body = {"identity": {"type": "email", "value": "bob@home.example", "verified": True}}
    assert account.api.post(path, json=body).status_code == 201
    assert account.api.post(path, json=body).status_code == 422


def test_time_exports_hold_tickets_and_people_too(account):
    for name in ("tickets", "users"):
        page = account.api.get(f"/incremental/{name}.json?start_time=1").json()
        assert page["end_of_stream"] is True
        assert page["count"] == len(page[name]) > 2
        sample = account.api.get(f"/incremental/{name}/sample.json?start_time=1").json()
        assert sample[name]
