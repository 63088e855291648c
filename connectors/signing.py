"""Is this webhook from who it says, and from just now? Shared by all source systems.

The hard part is what not to do: never compare digests with ``==`` (its timing leaks the answer),
never verify with an empty secret (an empty key verifies what an attacker signs with an empty
key), and always sign the raw bytes, not JSON parsed and printed again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from .errors import WebhookRejected

#: How far a signed timestamp may lie from now, either way.
TOLERANCE = timedelta(minutes=5)


def signature(secret: str, *parts: bytes) -> str:
    """Base64 of HMAC-SHA256 over the joined parts; the secret's text is the key as it stands."""
    digest = hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def require_signature(given: str | None, secret: str | None, *parts: bytes) -> None:
    """Return quietly when ``given`` signs ``parts``; raise ``WebhookRejected`` (401) otherwise."""
    if not secret or not secret.strip():
        raise WebhookRejected("this connection has no webhook secret; install the webhook again")
    if not given:
        raise WebhookRejected("the request is not signed")
    # As bytes: compare_digest refuses text beyond ASCII, and headers hold whatever was sent.
    if not hmac.compare_digest(given.strip().encode(), signature(secret, *parts).encode()):
        raise WebhookRejected("the signature does not match; was the signing secret changed?")


def require_fresh(at: datetime, *, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Return quietly when ``at`` lies within ``tolerance`` of ``now``; raise (401) otherwise."""
    if at < now - tolerance:
        raise WebhookRejected("the signed timestamp is too old; check the clock, or it is a replay")
    if at > now + tolerance:
        raise WebhookRejected("the signed timestamp lies in the future; check the clock")
