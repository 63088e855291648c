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
from typing import Any

#: What webhooks are signed with in tests before they exist; published by the vendor.
STATIC_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105


def new_secret() -> str:
    """44 characters."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


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
