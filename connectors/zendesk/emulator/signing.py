"""How a webhook's body is spelled and signed.

The key is the secret's text as it stands (it looks like base64 and is not to be decoded), the
message is the timestamp followed by the raw body with nothing in between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

#: What webhooks are signed with in tests before they exist; published by the vendor.
STATIC_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105


def new_secret() -> str:
    """44 characters."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, kw_only=True)
class Call:
    """What the headers of one call say about it."""

    account_id: int
    webhook_id: str
    invocation_id: str
    secret: str = field(repr=False)
    stamp: str

    def headers(self, body: bytes) -> dict[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(self.account_id),
            "X-Zendesk-Webhook-Id": self.webhook_id,
            "X-Zendesk-Webhook-Invocation-Id": self.invocation_id,
            "X-Zendesk-Webhook-Signature": signature(self.secret, self.stamp, body),
            "X-Zendesk-Webhook-Signature-Timestamp": self.stamp,
        }


def login_headers(authentication: dict[str, Any] | None) -> dict[str, str]:
    """What the webhook's own credentials add."""
    data = (authentication or {}).get("data") or {}
    kind = (authentication or {}).get("type")
    if kind == "bearer_token":
        return {"Authorization": f"Bearer {data.get('token', '')}"}
    if kind == "basic_auth":
        pair = f"{data.get('username', '')}:{data.get('password', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if kind == "api_key":
        return {str(data.get("name", "")): str(data.get("value", ""))}
    return {}


def odd_json(value: Any) -> bytes:
    """Indented by three blanks, empty objects as ``{ }``, a newline at the end: as recorded."""
    return (_spell(value, "") + "\n").encode()


def _spell(value: Any, margin: str) -> str:
    inner = margin + "   "
    if isinstance(value, dict):
        if not value:
            return "{ }"
        members = ",\n".join(
            f"{inner}{json.dumps(str(key), ensure_ascii=False)}: {_spell(each, inner)}"
            for key, each in value.items()
        )
        return "{\n" + members + "\n" + margin + "}"
    if isinstance(value, (list, tuple)) and value:
        items = ",\n".join(f"{inner}{_spell(each, inner)}" for each in value)
        return "[\n" + items + "\n" + margin + "]"
    return json.dumps(value, ensure_ascii=False)
