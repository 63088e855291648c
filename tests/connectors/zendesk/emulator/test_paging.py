"""Cursor paging, offset paging, and the traps of both."""

from urllib.parse import parse_qs, urlsplit

import pytest


@pytest.fixture
def crowded(account):
    """Twelve tickets: three of the world and nine more, a minute apart."""
    for number in range(9):
        account.clock.turn(60)
        account.people.new_ticket(text=f"Number {number}", email="many@mail.example")
    return account


def follow(account, path: str) -> list[list[int]]:
    """Ids page by page, by ``meta.has_more`` as one should."""
    pages = []
    while True:
        page = account.api.get(path).raise_for_status().json()
        pages.append([ticket["id"] for ticket in page["tickets"]])
        if not page["meta"]["has_more"]:
            return pages
        path = page["links"]["next"]


def test_cursor_pages_hold_every_row_once(crowded):
    pages = follow(crowded, "/tickets.json?page[size]=5")
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [each for page in pages for each in page] == sorted(crowded.state.tickets)


def test_the_last_cursor_page_still_names_a_next_one(crowded):
    page = crowded.api.get("/tickets.json?page[size]=100").json()
    assert page["meta"]["has_more"] is False
    beyond = crowded.api.get(page["links"]["next"]).json()
    assert beyond["tickets"] == []
    assert beyond["meta"]["has_more"] is False


def test_a_minus_sorts_the_newest_change_first(crowded):
    pages = follow(crowded, "/tickets.json?page[size]=5&sort=-updated_at")
    stamps = [crowded.read(each)["updated_at"] for page in pages for each in page]
    assert stamps == sorted(stamps, reverse=True)
    assert len(stamps) == 12


def test_one_can_page_backwards(crowded):
    first = crowded.api.get("/tickets.json?page[size]=5").json()
    second = crowded.api.get(first["links"]["next"]).json()
    back = crowded.api.get(second["links"]["prev"]).json()
    assert back["tickets"] == first["tickets"]
    assert back["meta"]["has_more"] is False


def test_rows_added_while_paging_do_not_shift_the_rest(crowded):
    first = crowded.api.get("/tickets.json?page[size]=5&sort=-id").json()
    crowded.people.new_ticket(text="In between", email="many@mail.example")
    second = crowded.api.get(first["links"]["next"]).json()
    assert second["tickets"][0]["id"] == first["tickets"][-1]["id"] - 1


def test_links_are_absolute_and_percent_encoded(crowded):
    page = crowded.api.get("/tickets.json?page[size]=2").json()
    assert page["links"]["next"].startswith("http://sandbox.test/api/v2/tickets.json?page%5B")


@pytest.mark.parametrize(
    "query", ["page[size]=0", "page[size]=101", "page[size]=2&sort=subject", "page[after]=xyz"]
)
def test_senseless_cursor_parameters_are_refused(crowded, query):
    refused = crowded.api.get(f"/tickets.json?{query}")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "InvalidPaginationParameter"


def test_a_cursor_of_another_order_is_refused(crowded):
    page = crowded.api.get("/tickets.json?page[size]=2&sort=id").json()
    cursor = page["meta"]["after_cursor"]
    query = {"page[size]": 2, "sort": "-id", "page[after]": cursor}
    assert crowded.api.get("/tickets.json", params=query).status_code == 400


def test_offset_pages_count_and_point_both_ways(crowded):
    page = crowded.api.get("/tickets.json?per_page=5&page=2").json()
    assert page["count"] == 12
    assert len(page["tickets"]) == 5
    assert parse_qs(urlsplit(page["next_page"]).query)["page"] == ["3"]
    assert parse_qs(urlsplit(page["previous_page"]).query)["page"] == ["1"]
    last = crowded.api.get(page["next_page"]).json()
    assert last["next_page"] is None


def test_offset_paging_ends_after_ten_thousand_rows(crowded):
    refused = crowded.api.get("/tickets.json?per_page=100&page=101")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "InvalidPaginationDepth"


def test_offset_pages_can_be_sorted(crowded):
    page = crowded.api.get("/tickets.json?sort_by=updated_at&sort_order=desc&per_page=3").json()
    stamps = [ticket["updated_at"] for ticket in page["tickets"]]
    assert stamps == sorted(stamps, reverse=True)


def test_at_most_a_hundred_ids_may_be_shown_at_once(account):
    ids = ",".join(str(each) for each in range(101))
    refused = account.api.get(f"/tickets/show_many.json?ids={ids}")
    assert refused.status_code == 400
    assert refused.json() == {
        "error": "TooManyValues",
        "description": "Parameter  cannot specify more than 100 values",
        "max_count": 100,
    }


def test_comments_page_both_ways(account):
    path = f"/tickets/{account.ids['parcel']}/comments.json"
    newest = account.api.get(f"{path}?page[size]=1&sort=-created_at").json()
    assert newest["comments"][0]["body"] == "Any news?"
    assert newest["meta"]["has_more"] is True
    older = account.api.get(f"{path}?per_page=2&sort_order=asc&include=users").json()
    assert older["comments"][0]["body"] == "Where is my parcel?"
    assert {user["name"] for user in older["users"]} == {"Ada Marsh", "Sam Ortiz"}
