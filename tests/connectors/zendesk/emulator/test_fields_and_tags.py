"""Custom fields: their values, their tags, their options, and the forms they must be on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.zendesk.emulator.field_values import couple
from connectors.zendesk.emulator.settings_rows import Field, FieldOption
from connectors.zendesk.emulator.state import utc_now


def value_of(ticket, field_id):
    return {field["id"]: field["value"] for field in ticket["custom_fields"]}[field_id]


def test_a_dropdown_value_is_a_tag_and_the_old_tag_goes(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    first = account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_calm"}]).json()
    assert first["ticket"]["tags"] == ["mood_calm", "shipping", "vip"]
    second = account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_angry"}]).json()
    assert second["ticket"]["tags"] == ["mood_angry", "shipping", "vip"]
    changed = [event["field_name"] for event in second["audit"]["events"]]
    assert changed == [str(field), "tags"]


def test_emptying_a_dropdown_takes_its_tag_away(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_calm"}])
    told = account.write(ticket_id, custom_fields=[{"id": field, "value": None}]).json()
    assert told["ticket"]["tags"] == ["shipping", "vip"]
    assert value_of(told["ticket"], field) is None


def test_replacing_the_tags_clears_the_dropdown_they_belonged_to(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_calm"}])
    told = account.write(ticket_id, tags=["mood_angry"]).json()
    assert value_of(told["ticket"], field) == "mood_angry"
    told = account.write(ticket_id, tags=["other"]).json()
    assert value_of(told["ticket"], field) is None


def test_two_dropdowns_with_the_same_option_write_each_other(account):
    options = [{"name": "Calm", "value": "mood_calm"}]
    one = account.mood_field()
    two = account.make_field(type="tagger", title="Other", custom_field_options=options)
    told = account.write(
        account.ids["parcel"], custom_fields=[{"id": one, "value": "mood_calm"}]
    ).json()
    assert value_of(told["ticket"], two) == "mood_calm"


def test_an_unknown_option_is_refused_by_name_of_the_field(account):
    field = account.mood_field()
    refused = account.write(account.ids["parcel"], custom_fields=[{"id": field, "value": "no"}])
    assert refused.status_code == 422
    [detail] = refused.json()["details"]["base"]
    assert detail["ticket_field_id"] == field
    assert detail["ticket_field_type"] == "FieldTagger"


def test_all_values_of_a_multiselect_are_tags(account):
    options = [{"name": n, "value": f"mem_{n}"} for n in ("one", "two", "three")]
    field = account.make_field(type="multiselect", title="Memory", custom_field_options=options)
    ticket_id = account.ids["parcel"]
    told = account.write(
        ticket_id, custom_fields=[{"id": field, "value": ["mem_two", "mem_one"]}]
    ).json()["ticket"]
    assert value_of(told, field) == ["mem_one", "mem_two"]
    assert {"mem_one", "mem_two"} < set(told["tags"])
    told = account.write(ticket_id, custom_fields=[{"id": field, "value": ["mem_three"]}]).json()
    assert told["ticket"]["tags"] == ["mem_three", "shipping", "vip"]


def test_a_checkbox_sets_its_tag(account):
    field = account.make_field(type="checkbox", title="Watched", tag="watched")
    ticket_id = account.ids["parcel"]
    told = account.write(ticket_id, custom_fields=[{"id": field, "value": True}]).json()["ticket"]
    assert "watched" in told["tags"]
    assert value_of(told, field) is True
    told = account.write(ticket_id, custom_fields=[{"id": field, "value": False}]).json()["ticket"]
    assert "watched" not in told["tags"]


@pytest.mark.parametrize(("as_text", "read"), [(True, "-40"), (False, -40)])
def test_integers_are_read_back_as_text_or_number(open_account, as_text, read):
    account = open_account(integers_as_text=as_text)
    field = account.make_field(type="integer", title="Impact")
    told = account.write(account.ids["parcel"], custom_fields=[{"id": field, "value": -40}]).json()
    assert value_of(told["ticket"], field) == read
    same = account.write(account.ids["parcel"], custom_fields=[{"id": field, "value": "-40"}])
    assert same.json()["audit"]["events"] == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [("integer", "7", "seven"), ("decimal", "0.82", "much"), ("date", "2026-03-01", "soon")],
)
def test_values_must_fit_their_type(account, kind, good, bad):
    field = account.make_field(type=kind, title=kind)
    ticket_id = account.ids["parcel"]
    assert account.write(ticket_id, custom_fields=[{"id": field, "value": good}]).is_success
    assert account.write(ticket_id, custom_fields=[{"id": field, "value": bad}]).status_code == 422


def test_an_option_is_made_once_and_renamed_after(account):
    field = account.mood_field()
    path = f"/ticket_fields/{field}/options.json"
    option = {"custom_field_option": {"name": "Sad", "value": "mood_sad"}}
    made = account.api.post(path, json=option)
    assert made.status_code == 201
    option["custom_field_option"]["name"] = "Unhappy"
    again = account.api.post(path, json=option)
    assert again.status_code == 200
    assert again.json()["custom_field_option"]["id"] == made.json()["custom_field_option"]["id"]


def test_replacing_the_options_clears_values_that_are_gone(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_calm"}])
    options = [{"name": "Angry", "value": "mood_angry"}]
    change = {"ticket_field": {"type": "text", "custom_field_options": options}}
    told = account.api.put(f"/ticket_fields/{field}.json", json=change).json()["ticket_field"]
    assert told["type"] == "tagger", "a type cannot be changed, and nobody says so"
    assert [option["value"] for option in told["custom_field_options"]] == ["mood_angry"]
    assert value_of(account.read(ticket_id), field) is None


def test_deleting_a_field_loses_its_values(account):
    field = account.mood_field()
    account.write(account.ids["parcel"], custom_fields=[{"id": field, "value": "mood_calm"}])
    assert account.api.delete(f"/ticket_fields/{field}.json").status_code == 204
    fields = account.read(account.ids["parcel"])["custom_fields"]
    assert field not in [each["id"] for each in fields]


def test_system_fields_cannot_be_deleted(account):
    fields = account.api.get("/ticket_fields.json").json()["ticket_fields"]
    subject = next(field for field in fields if field["type"] == "subject")
    assert account.api.delete(f"/ticket_fields/{subject['id']}.json").status_code == 422


def test_agents_see_a_field_only_once_it_is_on_the_form(account):
    field, ticket_id = account.mood_field(), account.ids["parcel"]
    account.write(ticket_id, custom_fields=[{"id": field, "value": "mood_angry"}])
    with account.anonymous() as browser:
        assert "Mood" not in browser.get(f"/agent/tickets/{ticket_id}").text
        [form] = account.api.get("/ticket_forms.json").json()["ticket_forms"]
        assert field not in form["ticket_field_ids"]
        wanted = {"ticket_form": {"ticket_field_ids": [*form["ticket_field_ids"], field]}}
        told = account.api.put(f"/ticket_forms/{form['id']}.json", json=wanted).json()
        assert told["ticket_form"]["ticket_field_ids"][-1] == field
        page = browser.get(f"/agent/tickets/{ticket_id}").text
        assert "Mood" in page
        assert "Angry" in page


def test_solving_asks_for_required_fields_of_the_form(account):
    field = account.make_field(type="text", title="Topic", required=True)
    [form] = account.api.get("/ticket_forms.json").json()["ticket_forms"]
    wanted = {"ticket_form": {"ticket_field_ids": [*form["ticket_field_ids"], field]}}
    account.api.put(f"/ticket_forms/{form['id']}.json", json=wanted)
    refused = account.write(account.ids["parcel"], status="solved")
    assert refused.json()["details"]["base"][0]["description"] == "Topic: needed"
    value = [{"id": field, "value": "Delivery"}]
    assert account.write(account.ids["parcel"], status="solved", custom_fields=value).is_success


def test_a_dropdown_on_a_person_tags_the_person(account):
    options = [{"name": "High", "value": "risk_high"}, {"name": "Low", "value": "risk_low"}]
    field = {
        "key": "mem_risk",
        "type": "dropdown",
        "title": "Risk",
        "custom_field_options": options,
    }
    assert account.api.post("/user_fields.json", json={"user_field": field}).status_code == 201
    path = f"/users/{account.ids['ada']}.json"
    told = account.api.put(path, json={"user": {"user_fields": {"mem_risk": "risk_high"}}}).json()
    assert told["user"]["user_fields"] == {"mem_risk": "risk_high"}
    assert told["user"]["tags"] == ["risk_high", "vip"]
    refused = account.api.post("/user_fields.json", json={"user_field": field})
    assert "key" in refused.json()["details"]


def test_values_of_a_person_are_merged_key_by_key(account):
    for key in ("mem_a", "mem_b"):
        field = {"user_field": {"key": key, "type": "text", "title": key}}
        account.api.post("/user_fields.json", json=field)
    path = f"/users/{account.ids['ada']}.json"
    account.api.put(path, json={"user": {"user_fields": {"mem_a": "1"}}})
    told = account.api.put(path, json={"user": {"user_fields": {"mem_b": "2"}}}).json()
    assert told["user"]["user_fields"] == {"mem_a": "1", "mem_b": "2"}


_TAGS = ["a", "b", "c", "free"]


def _dropdown(number: int, *values: str) -> Field:
    now = utc_now()
    options = [FieldOption(number * 10 + n, v, v) for n, v in enumerate(values)]
    return Field(number, "tagger", f"f{number}", now, now, options=options)


@given(
    start=st.sets(st.sampled_from(_TAGS)),
    wanted=st.none() | st.sets(st.sampled_from(_TAGS)),
    written=st.none() | st.sampled_from(["a", "b"]),
    writes=st.booleans(),
)
def test_a_dropdown_and_its_tags_never_disagree(start, wanted, written, writes):
    fields = {1: _dropdown(1, "a", "b")}
    tags, values = couple(fields, [], {}, {}, start)
    tags, values = couple(fields, tags, values, {1: written} if writes else {}, wanted)
    owned = set(tags) & {"a", "b"}
    assert (values.get(1) in owned) if owned else values.get(1) is None
    if writes:
        assert values.get(1) == written
