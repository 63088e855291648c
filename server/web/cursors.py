"""Where a list goes on: opaque to callers, so that it may change."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

#: The largest number either database counts to.
MOST = 2**63 - 1


class BadCursor(ValueError):
    """This is no cursor of ours."""


def write_mark(at: datetime, id: str) -> str:
    """The time and id of the last one shown."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id}".encode()).decode().rstrip("=")


def read_mark(value: str | None) -> tuple[datetime, str] | None:
    """The reverse; None for none. Raises ``BadCursor``."""
    if not value:
        return None
    try:
        plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
        at_text, _, id = plain.partition(" ")
        at = datetime.fromisoformat(at_text)
    except (ValueError, binascii.Error):
        raise BadCursor("the cursor is none of ours; begin without one") from None
    if at.tzinfo is None or not id or "\x00" in id:
        raise BadCursor("the cursor is none of ours; begin without one")
    return at, id


def read_number(value: str | None) -> int | None:
    """An id as a cursor; None for none. Raises ``BadCursor``."""
    if not value:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > 19 or int(value) > MOST:
        raise BadCursor("the cursor is none of ours; begin without one")
    return int(value)
