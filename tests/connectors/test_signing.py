"""Signatures and freshness, shared by all source systems."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import WebhookRejected
from connectors.signing import TOLERANCE, require_fresh, require_signature, signature

NOW = datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)


@given(secret=st.text(min_size=1).filter(str.strip), body=st.binary(), head=st.binary())
def test_what_was_signed_verifies(secret: str, body: bytes, head: bytes) -> None:
    require_signature(signature(secret, head, body), secret, head, body)


@given(secret=st.text(min_size=1).filter(str.strip), body=st.binary(min_size=1), at=st.integers())
def test_a_changed_byte_is_refused(secret: str, body: bytes, at: int) -> None:
    given_signature = signature(secret, body)
    changed = bytearray(body)
    changed[at % len(body)] ^= 1
    with pytest.raises(WebhookRejected):
        require_signature(given_signature, secret, bytes(changed))


@pytest.mark.parametrize("secret", ["", "  ", None])
def test_an_empty_secret_verifies_nothing(secret: str | None) -> None:
    with pytest.raises(WebhookRejected, match="no webhook secret"):
        require_signature(signature("", b"body"), secret, b"body")


@given(wrong=st.one_of(st.none(), st.text()))
def test_no_header_whatever_its_characters_passes_for_a_signature(wrong: str | None) -> None:
    with pytest.raises(WebhookRejected) as refused:
        require_signature(wrong, "secret", b"body")
    assert refused.value.status == 401


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_a_timestamp_within_the_window_is_fresh(seconds: int) -> None:
    require_fresh(NOW + timedelta(seconds=seconds), now=NOW, tolerance=TOLERANCE)


@pytest.mark.parametrize(("seconds", "word"), [(-301, "too old"), (301, "in the future")])
def test_a_timestamp_outside_the_window_is_refused(seconds: int, word: str) -> None:
    with pytest.raises(WebhookRejected, match=word):
        require_fresh(NOW + timedelta(seconds=seconds), now=NOW, tolerance=TOLERANCE)
