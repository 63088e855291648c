"""The pages, as a browser gets them."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient


def test_the_first_page_shows_connections_moments_and_what_waits(me: FlaskClient) -> None:
    page = me.get("/").get_data(as_text=True)
    assert "Acme helpdesk" in page
    assert "The API token was revoked over there." in page
    assert "I am tired of chasing this" in page
    assert "Waiting for you" in page


def test_a_timeline_shows_evidence_where_it_stands(me: FlaskClient, world: Any) -> None:
    page = me.get(f"/people/{world.person['dana']}").get_data(as_text=True)
    assert "<mark" in page
    assert "unsure: too short to tell" in page
