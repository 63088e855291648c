"""Signatures and the odd spelling of webhook bodies, against vectors worked out elsewhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.zendesk.emulator.signing import (
    STATIC_TEST_SECRET,
    new_secret,
    odd_json,
    signature,
)

STAMP = "2026-03-01T10:20:30Z"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"ticket_id":"42","note":"café"}', "CKSjkZEupVwBMkVG2SrVcmeYFQFHQckoD+LZv5U4uNc="),
        ("", "32clzgmArLXT3hLtr/P+GLI+1scfnKUFEkaJ33kf9Xk="),
    ],
)
def test_signatures_match_the_known_vectors(body, expected):
    assert signature(STATIC_TEST_SECRET, STAMP, body.encode()) == expected


def test_secrets_are_44_characters_and_never_the_same():
    assert len(new_secret()) == 44
    assert new_secret() != new_secret()


def test_bodies_are_indented_by_three_and_end_with_a_newline():
    body = odd_json({"a": {}, "b": [1, {"c": "ü"}], "d": [], "e": None})
    assert body.decode() == (
        '{\n   "a": { },\n   "b": [\n      1,\n      {\n         "c": "ü"\n      }\n   ],\n'
        '   "d": [],\n   "e": null\n}\n'
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_odd_bodies_are_still_json(value):
    assert json.loads(odd_json(value)) == value
