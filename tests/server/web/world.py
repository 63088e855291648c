"""A small helpdesk's worth of rows, written through the store and the memory model as a worker
would, and an app over it. Loaded by path: ``tests`` is no package.

Readings are made by hand, so that no model is needed; everything after them is the real thing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from connectors.base import Change, WebhookRequest
from connectors.records import (
    Account,
    AuthorRole,
    Contact,
    Interaction,
    Priority,
    RecordKind,
    RecordRef,
    SurveyKind,
    SurveyResponse,
    Ticket,
    TicketBundle,
    TicketStatus,
)
from connectors.signing import signature
from connectors.zendesk import webhook as zendesk
from enrichment.codec import to_plain
from enrichment.fold import advance
from enrichment.memory import remembered_feeling
from enrichment.moments import Turn
from enrichment.priors import Priors
from enrichment.readings import EMOTIONS, Reading, Sentiment, Span
from enrichment.state import PersonState, TicketState
from rules.trace import Check, CheckKind, Trace, Truth
from server.app import Services, WebSettings, create_app
from server.security.passwords import hash_password
from server.security.roles import Role
from server.security.tokens import make_token
from server.store import (
    Database,
    api_tokens,
    connections,
    field_states,
    heartbeats,
    inbox,
    interventions,
    memory,
    moments,
    readings,
    records,
    users,
    verdicts,
)
from server.store.connections import ConnectionState, UnknownConnection
from server.store.inbox import Accepted
from server.store.moments import StoredMoment
from server.store.rows import content_hash

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
PASSWORD = "a long enough password"
SECRET = "only-for-tests-" + "s" * 32
MODEL = "by-hand 1"

#: A customer who means harm, or whose writing direction is not ours.
HOSTILE = "<script>alert('name')</script> \"Ro'bert\" \u202egnol"
ARABIC = "هذا غير مقبول. أين طلبي؟"


class Clock:
    """Stands still until it is told to move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def feel(
    text: str, valence: float | None, *labels: str, shows: str = "", intensity: float = 0.7
) -> Reading:
    """A reading of ``text``; ``valence`` None for one that could not be made."""
    if valence is None:
        return Reading(model=MODEL, language="en", unknown=labels[0] if labels else "too short")
    quote = shows or text
    start = text.index(quote)
    span = Span(start=start, end=start + len(quote), quote=quote)
    emotions = dict.fromkeys(EMOTIONS, 0.02)
    emotions.update({label: round(0.86 - 0.1 * i, 2) for i, label in enumerate(labels)})
    return Reading(
        model=MODEL,
        language="en",
        emotions=emotions,
        labels=labels,
        sentiment=Sentiment.from_valence(valence),
        valence=valence,
        intensity=intensity,
        confidence=0.88,
        evidence=dict.fromkeys((*labels[:1], "sentiment"), span),
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message: who wrote it, how long before now, and what is read in it."""

    who: str
    text: str
    hours_ago: float
    reading: Reading | None = None
    public: bool = True


@dataclass
class World:
    database: Database
    clock: Clock
    person: dict[str, int] = field(default_factory=dict)
    intervention: dict[str, int] = field(default_factory=dict)
    token: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(
        default_factory=lambda: {"acme": "the acme secret", "nosecret": ""}
    )

    def signed(
        self, body: bytes, *, connection: str = "acme", age: timedelta = timedelta(0)
    ) -> dict[str, str]:
        """Headers of a webhook as Zendesk would sign it ``age`` ago."""
        stamp = (self.clock() - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "Content-Type": "application/json",
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            "X-Zendesk-Webhook-Signature": signature(
                self.secrets[connection], stamp.encode(), body
            ),
        }

    def waiting(self) -> int:
        """Changes in the inbox."""
        with self.database.read() as tx:
            return inbox.counts(tx).waiting

    def services(self, **settings: object) -> Services:
        given: dict[str, object] = {"public_url": "http://127.0.0.1:8710", **settings}
        return Services(
            settings=WebSettings(session_secret=SECRET, **given),  # type: ignore[arg-type]
            database=self.database,
            clock=self.clock,
            accept=self.accept,
            read_webhook=self.read_webhook,
        )

    def app(self, **settings: object) -> Flask:
        return create_app(self.services(**settings))

    def accept(
        self, connection_id: str, changes: Sequence[Change], now: datetime
    ) -> Sequence[Accepted]:
        with self.database.write() as tx:
            return inbox.accept(tx, connection_id=connection_id, changes=changes, now=now)

    def read_webhook(
        self, connection_id: str, request: WebhookRequest, now: datetime
    ) -> Sequence[Change]:
        if connection_id not in self.secrets:
            raise UnknownConnection(f"there is no connection {connection_id}")
        return zendesk.read(request, secret=self.secrets[connection_id], identity=None, now=now)


@cache
def _hashed() -> str:
    """Hashing is slow on purpose; once a session is enough."""
    return hash_password(PASSWORD)


def event(id: str = "e-1", kind: str = "ticket.comment_added", ticket: str = "4822") -> bytes:
    """The body of a webhook about a ticket."""
    return json.dumps(
        {
            "id": id,
            "type": f"zen:event-type:{kind}",
            "time": "2026-03-12T09:29:58Z",
            "subject": f"zen:ticket:{ticket}",
            "detail": {"id": ticket, "requester_id": "dana", "actor_id": "dana"},
            "event": {"comment": {"body": "a customer's own words"}},
        }
    ).encode()


def make(database: Database) -> World:
    """Users and tokens of each role, and nothing else."""
    world = World(database=database, clock=Clock())
    with database.write() as tx:
        for role in Role:
            users.create(
                tx,
                login=role.value,
                name=f"{role.value.capitalize()} Smith",
                password_hash=_hashed(),
                role=role,
                now=NOW,
            )
            made = make_token()
            world.token[role.value] = made.token
            api_tokens.create(tx, name=f"{role} token", digest=made.digest, role=role, now=NOW)
    return world


def fill(world: World) -> World:
    """Two connections, four customers, and what was understood of them."""
    with world.database.write() as tx:
        connections.create(tx, id="acme", system="zendesk", name="Acme helpdesk", now=NOW)
        connections.set_state(tx, "acme", state=ConnectionState.LIVE, now=NOW)
        connections.create(tx, id="outlet", system="zendesk", name="Outlet stores", now=NOW)
        connections.set_state(
            tx,
            "outlet",
            state=ConnectionState.NEEDS_PERSON,
            reason="The API token was revoked over there. Make a new one and enter it.",
            now=NOW,
        )
        heartbeats.beat(tx, executor="worker-1", started_at=NOW, now=NOW)
    _dana(world)
    _ravi(world)
    _hostile(world)
    _quiet(world)
    _act(world)
    return world


def _dana(world: World) -> None:
    credit = "So the credit I was promised is not there, and the increase I never saw is."
    leaving = (
        "I am tired of chasing this. This is the third time I write about the same invoice.\n\n"
        "Please tell me the notice period and how I get my data out."
    )
    outage = "Your dashboard has been showing a spinner since 6:50. I have forty trucks waiting."
    thanks = "The list works. Trucks are going out, late but going. Thank you for the quick help!"
    _tell(
        world,
        "dana",
        "Dana Whitfield",
        "Kestrel Cold Chain",
        "4711",
        "Dashboard down during our morning dispatch",
        TicketStatus.SOLVED,
        Line(
            who="dana",
            text=outage,
            hours_ago=2150,
            reading=feel(outage, -0.62, "annoyance", shows="forty trucks waiting"),
        ),
        Line(
            who="grace",
            hours_ago=2149.8,
            text="Dana, you are right to be alarmed. The text alerts still work, and here is a "
            "plain list of your forty trucks. I am sorry.",
        ),
        Line(
            who="dana",
            text=thanks,
            hours_ago=2149,
            reading=feel(thanks, 0.55, "gratitude", "relief", shows="Thank you for the quick help"),
        ),
        survey=(0.9, "Quick answer, but it should not have been down."),
    )
    _tell(
        world,
        "dana",
        "Dana Whitfield",
        "Kestrel Cold Chain",
        "4822",
        "Service credit missing on invoice LM-24118",
        TicketStatus.OPEN,
        Line(
            who="dana",
            text=credit,
            hours_ago=30,
            reading=feel(credit, -0.48, "disappointment", shows="I was promised is not there"),
        ),
        Line(
            who="grace",
            text="Looks like billing never got the note. Asked Priya.",
            hours_ago=29,
            public=False,
        ),
        Line(who="dana", text="ok", hours_ago=28, reading=feel("ok", None, "too short to tell")),
        Line(
            who="dana",
            text=leaving,
            hours_ago=0.4,
            reading=feel(
                leaving, -0.82, "anger", "disappointment", shows="I am tired of chasing this"
            ),
        ),
        priority=Priority.HIGH,
    )


def _ravi(world: World) -> None:
    joy = "That did it! Everything arrives again, and so fast. You are wonderful, thank you!"
    _tell(
        world,
        "ravi",
        "Ravi Menon",
        "Harbour Labs",
        "5001",
        "Readings arrive late",
        TicketStatus.SOLVED,
        Line(
            who="ravi",
            text="Sensor readings arrive twenty minutes late since Monday. Could you have a look?",
            hours_ago=50,
            reading=feel("Sensor readings arrive twenty minutes late since Monday. Could you have a look?",
                         -0.1, "curiosity", intensity=0.3),
        ),
        Line(
            who="grace",
            text="Hello Ravi, sorry about the delay. I have moved you to another cluster.",
            hours_ago=49,
        ),
        Line(
            who="ravi",
            text=joy,
            hours_ago=6,
            reading=feel(joy, 0.86, "gratitude", "joy", shows="You are wonderful, thank you!"),
        ),
    )  # fmt: skip


def _hostile(world: World) -> None:
    text = f"<img src=x onerror=alert(1)> {ARABIC} </blockquote>\x00 {{{{ 7*7 }}}}"
    text = text.replace("\x00", "")
    _tell(
        world,
        "mallory",
        HOSTILE,
        None,
        "6001",
        "</title><script>alert('subject')</script>",
        TicketStatus.OPEN,
        Line(
            who="mallory",
            text=text,
            hours_ago=3,
            reading=feel(text, -0.7, "anger", shows=ARABIC),
        ),
        Line(
            who="mallory",
            text="again and again " * 6250,
            hours_ago=2.5,
            reading=feel("again and again " * 6250, None, "in no language we read"),
        ),
        url="javascript:alert('url')",
    )


def _quiet(world: World) -> None:
    _tell(
        world,
        "quinn",
        "Quinn Adler",
        None,
        "7001",
        "Where is my invoice?",
        TicketStatus.NEW,
        Line(who="quinn", text="?", hours_ago=5, reading=feel("?", None, "too short to tell")),
    )


def _tell(
    world: World,
    slug: str,
    name: str,
    company: str | None,
    ticket_id: str,
    subject: str,
    status: TicketStatus,
    *lines: Line,
    survey: tuple[float, str] | None = None,
    priority: Priority | None = None,
    url: str | None = None,
) -> None:
    at = [NOW - timedelta(hours=line.hours_ago) for line in lines]
    contact = Contact(
        id=slug,
        name=name,
        email=f"{slug}@example.test",
        email_verified=True,
        account_id=slug + "-co" if company else None,
        created_at=NOW - timedelta(days=400),
        updated_at=NOW - timedelta(days=1),
    )
    agent = Contact(
        id="grace",
        name="Grace Lindqvist",
        email="grace@acme.example.test",
        role=AuthorRole.AGENT,
        created_at=NOW - timedelta(days=900),
        updated_at=NOW - timedelta(days=900),
    )
    record = Ticket(
        id=ticket_id,
        subject=subject,
        status=status,
        priority=priority,
        contact_id=slug,
        channel="email",
        url=url or f"https://acme.example.test/agent/tickets/{ticket_id}",
        created_at=at[0],
        updated_at=at[-1],
    )
    said = tuple(
        Interaction(
            id=f"{ticket_id}-{index}",
            ticket_id=ticket_id,
            author_id=line.who,
            author_role=AuthorRole.AGENT if line.who == "grace" else AuthorRole.CUSTOMER,
            text=line.text,
            public=line.public,
            channel="email",
            created_at=when,
        )
        for index, (line, when) in enumerate(zip(lines, at, strict=True))
    )
    rated = (
        SurveyResponse(
            id=f"s{ticket_id}",
            kind=SurveyKind.CSAT,
            ticket_id=ticket_id,
            contact_id=slug,
            score=survey[0],
            comment=survey[1],
            created_at=at[-1] + timedelta(hours=2),
        ),
    ) if survey else ()  # fmt: skip
    account = (
        Account(
            id=slug + "-co",
            name=company,
            created_at=NOW - timedelta(days=400),
            updated_at=NOW - timedelta(days=400),
        )
        if company
        else None
    )
    bundle = TicketBundle(
        ticket=record, interactions=said, contacts=(contact, agent), account=account, surveys=rated
    )
    with world.database.write() as tx:
        stored = records.store_bundle(tx, connection_id="acme", bundle=bundle, now=NOW)
        assert stored.person_id is not None
        world.person[slug] = id = stored.person_id
        readings.keep(
            tx,
            connection_id="acme",
            model=MODEL,
            found={
                (one.id, content_hash(one.text)): line.reading
                for one, line in zip(said, lines, strict=True)
                if line.reading
            },
            now=NOW,
        )
        before = memory.load_person(tx, id)
        person = (
            PersonState.from_json(before.state)
            if before
            else PersonState(person_id=str(id), known_since=contact.created_at)
        )
        done = advance(
            person=person,
            ticket=TicketState(ticket_id=ticket_id, connection="acme"),
            record=record,
            turns=[Turn.of(one, line.reading) for one, line in zip(said, lines, strict=True)],
            surveys=rated,
            now=NOW,
            priors=Priors(),
        )
        moments.keep(
            tx,
            [
                StoredMoment(
                    connection_id="acme",
                    id=one.id,
                    ticket_id=ticket_id,
                    interaction_id=one.interaction_id,
                    contact_id=slug,
                    person_id=id,
                    kind=one.kind,
                    at=one.at,
                    data=to_plain(one),
                )
                for one in done.moments
            ],
            now=NOW,
        )
        feeling = remembered_feeling(done.person.memories, NOW, Priors())
        memory.save_person(
            tx,
            id,
            state=done.person.to_json(),
            was=before.version if before else 0,
            feeling=feeling.score if feeling else None,
            last_moment_at=max((one.at for one in done.moments), default=None),
            now=NOW,
        )
        memory.save_ticket(
            tx,
            connection_id="acme",
            ticket_id=ticket_id,
            state=done.ticket.to_json(),
            was=0,
            sensed={},
            now=NOW,
        )
        _write_back(world, tx, ticket_id, done.person, done.ticket)


def _write_back(
    world: World, tx: object, ticket_id: str, person: PersonState, ticket: TicketState
) -> None:
    values = {"sentiment": "negative", "memory_tags": ("frustration-peak",), "memory_impact": -31}
    record = RecordRef(kind=RecordKind.TICKET, id=ticket_id)
    field_states.intend(
        tx,  # type: ignore[arg-type]
        connection_id="acme",
        record=record,
        values=values,
        receipts={"sentiment": {"why": "the latest words", "model": MODEL}},
        now=NOW,
    )
    field_states.written(
        tx,  # type: ignore[arg-type]
        connection_id="acme",
        record=record,
        values=values,
        now=NOW,
    )


def _act(world: World) -> None:
    propose(world, "alert", "dana", "4822", needs_approval=True)
    propose(world, "thanks", "ravi", "5001", needs_approval=False)
    with world.database.write() as tx:
        id = world.intervention["thanks"]
        interventions.step(tx, id, to=interventions.State.DUE, now=NOW)
        interventions.finish(tx, id, state=interventions.State.DELIVERED, now=NOW)


def propose(
    world: World, key: str, slug: str, ticket_id: str, *, needs_approval: bool, cause: str = "c1"
) -> int:
    """An intervention for this customer, with the verdict that led to it."""
    rule = {"alert": "alert-frustration-peak", "thanks": "thank-after-recovery"}.get(key, key)
    title = {
        "alert": "Alert the team lead on a frustration peak",
        "thanks": "Thank the customer after a recovery",
    }.get(key, key)
    subject = f"ticket:acme/{ticket_id}"
    trace = Trace(
        rule_id=rule,
        fires=True,
        checks=(
            Check(kind=CheckKind.LIMIT, says="happened within 2 days", truth=Truth.YES, was="24 minutes ago"),
            Check(
                kind=CheckKind.GROUP,
                says="all of",
                truth=Truth.YES,
                parts=(
                    Check(kind=CheckKind.CONDITION, says="moment.confidence at least 0.4",
                          truth=Truth.YES, fact="moment.confidence", was="0.86"),
                    Check(kind=CheckKind.CONDITION, says="contact.tier is gold",
                          truth=Truth.UNKNOWN, fact="contact.tier", was="unknown"),
                ),
            ),
        ),
    )  # fmt: skip
    with world.database.write() as tx:
        verdicts.keep(
            tx,
            rule=rule,
            rule_version="0123456789ab",
            subject=subject,
            cause=cause,
            fires=True,
            trace=trace.to_json(),
            connection_id="acme",
            ticket_id=ticket_id,
            person_id=world.person[slug],
            at=world.clock(),
        )
        made = interventions.propose(
            tx,
            rule=rule,
            rule_title=title,
            rule_version="0123456789ab",
            subject=subject,
            cause=cause,
            connection_id="acme",
            ticket_id=ticket_id,
            contact_id=slug,
            person_id=world.person[slug],
            actions=[
                {
                    "kind": "note",
                    "text": "Keepsake noticed a frustration peak.\n\nIn their words: “I am tired of "
                    "chasing this”\n\nWhat helps now: name what went wrong, say who owns it.",
                },
                {
                    "kind": "webhook",
                    "destination": "team-lead",
                    "event_type": "keepsake.frustration_peak",
                    "data": {"rule": rule, "facts": {"ticket.id": ticket_id}},
                },
            ],
            reasons=["moment.confidence at least 0.4 (was 0.86)"],
            needs_approval=needs_approval,
            expires_at=world.clock() + timedelta(days=7),
            now=world.clock(),
        )
    world.intervention[key] = made.intervention.id
    return made.intervention.id


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


@contextmanager
def serve(app: Callable[..., object]) -> Iterator[str]:
    """The app on a free port of this machine, answering in threads."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
