"""Order and names: sorted indexes, ULIDs, and times as Zendesk spells them."""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import UTC, datetime

#: A place in an index: numbers and texts, the record's id last. Fit for JSON, hence for cursors.
Key = tuple[int | str, ...]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SortedIndex:
    """Keys in order. Adding and moving costs a bisection and one shift of pointers."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._keys: list[Key] = sorted(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> None:
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            insort(self._keys, key)

    def discard(self, key: Key) -> None:
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            del self._keys[place]

    def slice(self, start: int, stop: int, *, descending: bool = False) -> list[Key]:
        if not descending:
            return self._keys[start:stop]
        size = len(self._keys)
        return self._keys[max(0, size - stop) : max(0, size - start)][::-1]

    def place_after(self, key: Key) -> int:
        """How many keys are not greater than ``key``."""
        return bisect_right(self._keys, key)

    def place_of(self, key: Key) -> int:
        """How many keys are smaller than ``key``."""
        return bisect_left(self._keys, key)


def ulid(at: datetime) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    number = (int(at.timestamp() * 1000) << 80) | secrets.randbits(80)
    letters = []
    for _ in range(26):
        letters.append(_CROCKFORD[number & 31])
        number >>= 5
    return "".join(reversed(letters))


def whole_second(at: datetime) -> datetime:
    """Zendesk knows no fractions: two edits within one second carry the same ``updated_at``."""
    return at.astimezone(UTC).replace(microsecond=0)


def iso(at: datetime) -> str:
    return at.isoformat()[:19] + "Z"


def iso_or_none(at: datetime | None) -> str | None:
    return iso(at) if at else None


def unix(at: datetime) -> int:
    return int(at.timestamp())


def from_unix(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def parse_time(text: str) -> datetime:
    """ISO text or unix seconds, as aware UTC. Raises ``ValueError``."""
    if text.isdigit():
        return from_unix(int(text))
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
