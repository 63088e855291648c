"""What every source system must be able to do, and the values that travel to and from it.

The promises that matter to callers: every method may be repeated, a pull returns what is
"equal or later" than its cursor (so consumers tolerate duplicates), one bad record never
spoils its neighbours, and whatever goes wrong is one of ``connectors.errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType, TracebackType
from typing import ClassVar, NewType, Protocol, Self

from .records import Contact, FieldValue, Record, RecordKind, RecordRef, TicketBundle

#: Where a pull stopped. Opaque: only the connector that made it can read it.
Cursor = NewType("Cursor", str)

#: Seconds -> nothing. ``time.sleep`` in production, an argument in tests.
Sleep = Callable[[float], None]
#: Aware UTC now.
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a pull. Store the records first, then the cursor.

    ``cursor`` stays valid when ``has_more`` is False: pulling from it later gives what is new.
    """

    records: tuple[Record, ...]
    cursor: Cursor | None
    has_more: bool


class FieldType(StrEnum):
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    TEXT = "text"
    LONG_TEXT = "long_text"
    URL = "url"


@dataclass(frozen=True, kw_only=True)
class FieldOption:
    """``value`` is our key (``very_negative``); connectors prefix it where values are global."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """A custom field we want to own over there, known to us by ``key``."""

    key: str
    record: RecordKind
    type: FieldType
    label: str
    description: str
    options: tuple[FieldOption, ...] = ()

    def __post_init__(self) -> None:
        if self.record not in (RecordKind.TICKET, RecordKind.CONTACT):
            raise ValueError("fields live on tickets and contacts")
        wants_options = self.type in (FieldType.CHOICE, FieldType.CHOICES)
        if wants_options != bool(self.options):
            raise ValueError(f"field {self.key}: options go with choice types, and only with them")


class StepKind(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class PlanStep:
    """One thing the plan would do. ``target`` names it for people, ``id`` for the connector
    (``field:ticket:sentiment``, ``form:default``, ``webhook``)."""

    id: str
    kind: StepKind
    target: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What ``apply`` would do, as read from the system a moment ago.

    ``by_hand`` lists steps only a person can do, each with the exact clicks.
    """

    steps: tuple[PlanStep, ...]
    by_hand: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return all(step.kind is StepKind.KEEP for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What we made over there, so that it can be used, completed and taken away again.

    ``made``: step id -> the system's id of the thing. ``state``: anything else the connector
    must remember (JSON values). ``webhook_secret`` is a secret: the caller keeps it encrypted.
    """

    made: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class FieldUpdate:
    """Set these of our fields (by key) on one record. ``None`` empties a field.

    ``version``: the record's version when the values were decided; the system refuses the
    write if a person changed the record since (``Conflict``).
    """

    record: RecordRef
    values: Mapping[str, FieldValue]
    version: str | None = None


class WriteOutcome(StrEnum):
    WRITTEN = "written"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """What became of one update; ``reason`` says why when it was not written.

    SKIPPED is final for this record (gone, closed); CONFLICT wants a fresh read; FAILED may be
    tried again later.
    """

    record: RecordRef
    outcome: WriteOutcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckItem:
    """One thing looked at. ``advice`` is what to do about it when it is not ok."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """``identity``: who we are over there (the user whose own writes must wake nobody)."""

    identity: str
    items: tuple[CheckItem, ...]

    @property
    def ok(self) -> bool:
        return all(item.ok for item in self.items)


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """A webhook as it came off the wire: lower-case header names, the raw bytes."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A source system told us that a record changed. A hint: the record is the truth.

    ``event_id`` names this event for ever (same event again, same id). ``kind`` is the
    system's own event name, for people to read.
    """

    event_id: str
    record: RecordRef
    kind: str
    at: datetime
    partition: str | None = None
    """Whose change it is (the contact's id) when the event says so: keeps order per person."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing to ask for when a connection is made. ``kinds``: only for these ways of signing
    in (the value of the setting ``kind``); empty means always. ``public``: an argument of the
    connector, kept openly with the connection; everything else is how to sign in, and is sealed.
    ``tidy``: the value, from what people paste; raises ``Misconfigured``."""

    name: str
    prompt: str
    help: str = ""
    secret: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    public: bool = False
    tidy: Callable[[str], str] | None = None

    def __post_init__(self) -> None:
        if self.public and self.secret:
            raise ValueError(f"setting {self.name}: what is secret is not public")


class Pacer(Protocol):
    """A rate budget shared by everyone who uses the same connection."""

    def reserve(
        self, budget: str, *, per_minute: float, cost: int = 1, burst: float | None = None
    ) -> float:
        """Book ``cost`` calls on ``budget`` and return the seconds to wait before making them.
        ``burst``: how many may follow each other at once after a rest (a usual number if None).
        A negative ``cost`` hands back what was booked and will not be used."""

    def pause(self, budget: str, *, seconds: float) -> None:
        """The system said to stop: nobody gets a slot on ``budget`` for that long."""


class Tokens(Protocol):
    """Where a connection keeps the secrets that change, safe across processes."""

    def read(self) -> Mapping[str, str]:
        """The newest secrets of this connection."""

    def rotate(self, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, str]:
        """Under the connection's lock: hand the newest secrets to ``change`` (which may call the
        system), store what it returns before anybody uses it, and return it. ``change`` must
        look first whether another process has rotated already."""


class Connector(Protocol):
    """One source system, one connection. May raise ``ConnectorError``; the subclass says what
    to do. Not shared between threads: make one each (they are cheap)."""

    slug: ClassVar[str]

    def check(self) -> CheckReport:
        """Make the cheapest authenticated calls that show identity, permissions and limits."""

    def pull(self, kind: RecordKind, cursor: Cursor | None, *, since: datetime) -> Page:
        """The next page of records changed at or after ``cursor`` (``since`` when there is none).
        Duplicates are normal. Repeating a call is harmless."""

    def fetch_ticket(self, ticket_id: str) -> TicketBundle:
        """One ticket whole. Raises ``Gone`` when it was deleted or merged away."""

    def fetch_contact(self, contact_id: str) -> Contact:
        """One contact as it stands now. Raises ``Gone``."""

    def plan(self, fields: Sequence[FieldSpec], *, webhook_url: str | None) -> Plan:
        """Compare what we want with what is there; change nothing."""

    def apply(
        self,
        fields: Sequence[FieldSpec],
        *,
        webhook_url: str | None,
        keep: Callable[[Installation], None],
    ) -> Installation:
        """Make what is missing. ``keep`` is called after every single thing made, so that a
        crash half-way is resumed and nothing is made twice. Repeating makes nothing new."""

    def remove(self, *, keep: Callable[[Installation], None]) -> tuple[PlanStep, ...]:
        """Take away what this installation made, and nothing else. Safe to repeat."""

    def write(self, updates: Sequence[FieldUpdate]) -> list[WriteResult]:
        """Set custom fields. Writing the same values twice is harmless; one bad record spoils
        no other. One result an update, in order."""

    def add_note(self, ticket_id: str, text: str, *, key: str) -> str:
        """Put an internal note on a ticket, once for each ``key`` however often it is called;
        returns the note's id over there. Raises ``Gone`` or ``Locked``."""

    def read_webhook(self, request: WebhookRequest, *, now: datetime) -> list[Change]:
        """Verify signature and freshness on the raw bytes, then say what changed (possibly
        nothing we care about). Raises ``WebhookRejected``. Makes no network call."""

    def close(self) -> None:
        """Let go of sockets. Safe to repeat."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
