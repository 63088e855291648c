"""A stored reading comes back as it was."""

from __future__ import annotations

import json

import pytest

from enrichment.reader import Reader, reading_from_json, reading_to_json


@pytest.mark.parametrize(
    "text",
    ["I'm worried about Friday, but thank you!", "Great, another outage", "", "Merci beaucoup"],
)
def test_a_reading_survives_storage(reader: Reader, text: str) -> None:
    reading = reader.read([text])[0]
    stored = json.dumps(reading_to_json(reading))
    assert reading_from_json(json.loads(stored)) == reading


@pytest.mark.parametrize("raw", [{}, {"model": "m"}, {"model": "m", "emotions": None}])
def test_what_is_no_reading_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a stored reading"):
        reading_from_json(raw)
