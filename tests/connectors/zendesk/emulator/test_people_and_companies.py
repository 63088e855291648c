"""Users and organizations: making, finding, joining, erasing."""


def test_a_person_is_made_found_and_changed(account):
    body = {"user": {"name": "Dee Fox", "email": "Dee@mail.example", "external_id": "x-1"}}
    made = account.api.post("/users.json", json=body)
    assert made.status_code == 201
    user = made.json()["user"]
    assert made.headers["Location"] == user["url"]
    assert (user["email"], user["role"]) == ("dee@mail.example", "end-user")
    for query in ("query=dee@mail.example", "query=fox", "external_id=x-1"):
        found = account.api.get(f"/users/search.json?{query}").json()["users"]
        assert [each["id"] for each in found] == [user["id"]]
    many = account.api.get("/users/show_many.json?external_ids=x-1,x-2").json()
    assert many["count"] == 1


def test_two_people_cannot_share_an_address(account):
    body = {"user": {"name": "Other Ada", "email": "ada@nord.example"}}
    refused = account.api.post("/users.json", json=body)
    assert refused.status_code == 422
    assert "email" in refused.json()["details"]


def test_a_nameless_person_is_refused_in_the_known_words(account):
    refused = account.api.post("/users.json", json={"user": {"name": ""}})
    detail = {
        "description": "Name: is too short (minimum one character)",
        "error": "ValueTooShort",
    }
    assert refused.json()["details"] == {"name": [detail]}


def test_create_or_update_finds_by_address(account):
    body = {"user": {"name": "Ada M.", "email": "ada@nord.example"}}
    told = account.api.post("/users/create_or_update.json", json=body)
    assert (told.status_code, told.json()["user"]["id"]) == (200, account.ids["ada"])
    body["user"]["email"] = "eve@mail.example"
    assert account.api.post("/users/create_or_update.json", json=body).status_code == 201


def test_another_address_is_added_and_the_first_stays(account):
    path = f"/users/{account.ids['ada']}"
    told = account.api.put(f"{path}.json", json={"user": {"email": "ada@home.example"}})
    assert told.json()["user"]["email"] == "ada@nord.example"
    rows = account.api.get(f"{path}/identities.json").json()["identities"]
    assert [(row["value"], row["primary"]) for row in rows] == [
        ("ada@nord.example", True),
        ("ada@home.example", False),
    ]


def test_a_person_with_open_tickets_cannot_be_deleted(account):
    assert account.api.delete(f"/users/{account.ids['ada']}.json").status_code == 422


def test_erasing_a_person_leaves_a_number(account):
    bob = account.ids["bob"]
    gone = account.api.delete(f"/users/{bob}.json")
    assert (gone.status_code, gone.json()["user"]["active"]) == (200, False)
    deleted = account.api.get("/deleted_users.json").json()["deleted_users"]
    assert [user["id"] for user in deleted] == [bob]
    erased = account.api.delete(f"/deleted_users/{bob}.json").json()["deleted_user"]
    assert (erased["name"], erased["email"]) == ("Permanently Deleted User", None)
    assert account.api.get(f"/users/{bob}.json").status_code == 404
    proof = account.api.get(f"/users/{bob}/compliance_deletion_statuses.json").json()
    assert proof["compliance_deletion_statuses"][0]["action"] == "complete"


def test_merging_people_moves_their_tickets_and_addresses(account):
    bob, ada = account.ids["bob"], account.ids["ada"]
    told = account.api.put(f"/users/{bob}/merge.json", json={"user": {"id": ada}})
    assert told.json()["user"]["id"] == ada
    assert account.read(account.ids["invoice"])["requester_id"] == ada
    assert account.api.get(f"/users/{bob}.json").json()["user"]["active"] is False
    found = account.api.get("/users/search.json?query=bob@mail.example").json()["users"]
    assert [user["id"] for user in found] == [ada]


def test_tags_of_people_and_companies(account):
    path = f"/users/{account.ids['ada']}/tags.json"
    assert account.api.put(path, json={"tags": ["gold"]}).json()["tags"] == ["gold", "vip"]
    path = f"/organizations/{account.ids['nord']}/tags.json"
    assert account.api.put(path, json={"tags": ["key"]}).json()["tags"] == ["key"]


def test_companies_have_names_of_their_own(account):
    body = {"organization": {"name": "nord ag"}}
    refused = account.api.post("/organizations.json", json=body)
    assert refused.status_code == 422
    body = {"organization": {"name": "Sud", "domain_names": ["sud.example"]}}
    made = account.api.post("/organizations.json", json=body)
    assert made.status_code == 201
    path = f"/organizations/{made.json()['organization']['id']}.json"
    changed = account.api.put(path, json={"organization": {"notes": "n", "odd": 1}})
    assert changed.json()["organization"]["notes"] == "n"
    assert "organization.odd" in changed.headers["x-zendesk-api-warn"]
    assert account.api.delete(path).status_code == 204
    assert account.api.get(path).status_code == 404
    account.clock.turn(61)
    rows = account.api.get("/incremental/organizations.json?start_time=1").json()
    assert rows["organizations"][-1]["deleted_at"]


def test_search_speaks_the_usual_language(account):
    def found(query):
        rows = account.api.get("/search.json", params={"query": query}).json()["results"]
        return [(row["result_type"], row["id"]) for row in rows]

    ids = account.ids
    assert found("type:ticket priority>low") == [("ticket", ids["parcel"])]
    assert found("type:ticket -status:open created<2026-01-15") == [("ticket", ids["old"])]
    assert found('type:ticket requester:"Bob Stone"') == [("ticket", ids["invoice"])]
    assert found("type:user ada") == [("user", ids["ada"])]
    assert found("type:organization nord") == [("organization", ids["nord"])]
    count = account.api.get("/search/count.json?query=type:ticket").json()
    assert count == {"count": 3}


def test_search_by_a_custom_field(account):
    field = account.mood_field()
    account.write(account.ids["parcel"], custom_fields=[{"id": field, "value": "mood_calm"}])
    for query in (f"custom_field_{field}:mood_calm", "fieldvalue:mood_calm"):
        rows = account.api.get("/search.json", params={"query": f"type:ticket {query}"}).json()
        assert [row["id"] for row in rows["results"]] == [account.ids["parcel"]]


def test_search_stops_at_a_thousand_and_knows_no_cursors(account):
    refused = account.api.get("/search.json?query=x&page=11&per_page=100")
    assert (refused.status_code, refused.json()["error"]) == (422, "invalid")
    assert account.api.get("/search.json?query=x&page[size]=10").status_code == 400
    path = "/search/export.json?query=status:open&filter[type]=ticket&page[size]=10"
    told = account.api.get(path).json()
    assert [row["id"] for row in told["results"]] == [account.ids["parcel"]]
