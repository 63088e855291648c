"""An outgoing webhook, signed as Standard Webhooks says, sent once per call.

``webhook-id`` is the intervention's id and the same over all tries, so a receiver that keeps
ids acts once even when an answer of its own got lost on the way back to us. Retrying is the
caller's: this tells only what happened and whether another try makes sense.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from ..security.outbound_transport import OutboundRefused

#: Longest wait a receiver may ask for with Retry-After, in seconds.
MAX_RETRY_AFTER = 3600.0


@dataclass(frozen=True, kw_only=True)
class Sent:
    """``ok``: a 2xx. ``final``: no later try will help. ``retry_after``: seconds the receiver
    asked for. ``status`` is None when no answer came. ``reason`` holds no payload."""

    ok: bool
    final: bool
    status: int | None
    reason: str
    retry_after: float | None = None


def signed_headers(*, secret: str, message_id: str, body: str, at: datetime) -> dict[str, str]:
    """The headers of one try. ``secret``: base64 with or without the ``whsec_`` prefix."""
    # The library reads the wall-clock digits of whatever zone it is handed as if they were UTC.
    at = at.astimezone(UTC)
    signature = Webhook(secret).sign(message_id, at, body)
    return {
        "content-type": "application/json",
        "user-agent": "Keepsake",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def send(
    client: httpx.Client,
    *,
    url: str,
    secret: str,
    message_id: str,
    event_type: str,
    payload: Mapping[str, Any],
    at: datetime,
) -> Sent:
    """One try. Redirects are not followed: an address is what the admin allowed, no other."""
    body = json.dumps(
        {"type": event_type, "timestamp": at.isoformat(), "data": dict(payload)},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    headers = signed_headers(secret=secret, message_id=message_id, body=body, at=at)
    try:
        answer = client.post(url, content=body.encode(), headers=headers, follow_redirects=False)
    except OutboundRefused as error:
        return Sent(ok=False, final=True, status=None, reason=str(error))
    except httpx.HTTPError as error:
        reason = f"no answer ({type(error).__name__})"
        return Sent(ok=False, final=False, status=None, reason=reason)
    status = answer.status_code
    if 200 <= status < 300:
        return Sent(ok=True, final=True, status=status, reason="accepted")
    if status in (408, 409, 425, 429) or status >= 500:
        return Sent(
            ok=False,
            final=False,
            status=status,
            reason=f"answered {status}",
            retry_after=_retry_after(answer, at),
        )
    return Sent(ok=False, final=True, status=status, reason=f"refused with {status}")


def _retry_after(answer: httpx.Response, now: datetime) -> float | None:
    raw = answer.headers.get("retry-after", "").strip()
    if not raw:
        return None
    try:
        seconds = float(raw)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(raw) - now).total_seconds()
        except (TypeError, ValueError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
