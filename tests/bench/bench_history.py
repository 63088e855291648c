"""Whether one more message costs more because the customer has a long history.

In one SQLite database, in turn: the tenth message of somebody new, and one more message of
somebody with thousands. Both times it is the tenth of its ticket, so that only the history
differs. Timed is everything from the stored message on: reading (by a stand-in that costs
nothing), remembering, deciding fields, judging rules, COMMIT. The same is shown for one ticket
that never ends.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
from installed import CONNECTION, made_installation
from result import Result

from connectors.base import Connector
from connectors.records import (
    AuthorRole,
    Contact,
    Interaction,
    Ticket,
    TicketBundle,
    TicketStatus,
)
from enrichment.priors import Priors
from enrichment.readings import EMOTIONS, Reading, Sentiment, Span
from rules.loader import load_library
from server.pipeline.base import Base
from server.pipeline.handle import enrich_ticket
from server.store import Database, connections, open_database, records

BAR = 1.5
HISTORY = 2000
SAMPLES = 30
TICKET = 10
MOODS = (("anger", -0.8), ("annoyance", -0.5), ("gratitude", 0.7), ("disappointment", -0.6))


class StandIn:
    """Reads by dice, the same for the same words: half of all messages are calm."""

    model = "stand-in@1"

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [self._reading(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [_direction(random.Random(text)) for text in texts]

    def _reading(self, text: str) -> Reading:
        dice = random.Random(text)
        mood, valence = dice.choice(MOODS) if dice.random() < 0.5 else ("", 0.0)
        span = Span(start=0, end=len(text), quote=text)
        return Reading(
            model=self.model,
            language="en",
            emotions={**dict.fromkeys(EMOTIONS, 0.01), mood or "neutral": 0.9},
            labels=(mood,) if mood else (),
            sentiment=Sentiment.from_valence(valence),
            valence=valence,
            intensity=abs(valence),
            confidence=0.9,
            evidence={mood: span, "sentiment": span} if mood else {},
        )


def _direction(dice: random.Random, size: int = 384) -> list[float]:
    numbers = [dice.gauss(0.0, 1.0) for _ in range(size)]
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


class Clock:
    """Moves three hours a message."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(hours=3 * (HISTORY + 1000))

    def __call__(self) -> datetime:
        return self.now

    def forward(self) -> None:
        self.now += timedelta(hours=3)


class Story:
    """One customer's messages, put into the database as a webhook's fetch would."""

    def __init__(self, base: Base, clock: Clock, name: str, *, ticket_length: float) -> None:
        self._base, self._clock, self._name = base, clock, name
        self._ticket_length = ticket_length
        self._ticket_began = clock()
        self.said = 0
        self._contact = Contact(
            id=f"customer-{name}",
            name=name,
            email=f"{name}@example.com",
            created_at=clock(),
            updated_at=clock(),
        )

    def goes_on(self, count: int) -> float:
        """So many more messages, taken in at once; the seconds that took."""
        said = [self._message() for _ in range(count)]
        now, ticket_id = self._clock(), said[-1].ticket_id
        ticket = Ticket(
            id=ticket_id,
            subject=f"About {random.Random(ticket_id).randrange(12)}",
            status=TicketStatus.OPEN,
            contact_id=self._contact.id,
            channel="email",
            version=now.isoformat(),
            created_at=self._ticket_began,
            updated_at=now,
        )
        bundle = TicketBundle(ticket=ticket, interactions=tuple(said), contacts=(self._contact,))
        with self._base.database.write() as tx:
            records.store_bundle(tx, connection_id=CONNECTION, bundle=bundle, now=now)
        began = time.perf_counter()
        done = enrich_ticket(self._base, CONNECTION, ticket_id)
        took = time.perf_counter() - began
        if done.turns != count:
            sys.exit(f"{self._name}: {done.turns} of {count} messages were taken in")
        return took

    def _message(self) -> Interaction:
        self._clock.forward()
        number, self.said = self.said, self.said + 1
        ticket = 0 if math.isinf(self._ticket_length) else int(number // self._ticket_length)
        if number == ticket * self._ticket_length:
            self._ticket_began = self._clock()
        return Interaction(
            id=f"{self._name}-{number}",
            ticket_id=f"{self._name}-ticket-{ticket}",
            author_id=self._contact.id,
            author_role=AuthorRole.CUSTOMER,
            text=f"Message {number} of {self._name}: the export still does not work.",
            public=True,
            channel="email",
            created_at=self._clock(),
        )


def measure() -> list[Result]:
    found = []
    for name, length, bar in (
        (f"{HISTORY} in tickets of {TICKET}", float(TICKET), BAR),
        (f"{HISTORY} on one ticket", math.inf, None),
    ):
        with (
            tempfile.TemporaryDirectory(prefix="keepsake-bench-") as folder,
            open_database(f"sqlite:///{Path(folder) / 'app.db'}") as database,
        ):
            young, old = _times(database, length)
        found.append(
            Result(
                name=f"one more message after {name}, of the {TICKET}th",
                value=median(old) / median(young),
                bar=bar,
                at_least=False,
                notes=(
                    f"median {1000 * median(old):.1f} ms against {1000 * median(young):.1f} ms, "
                    f"{SAMPLES} of each in turn",
                ),
                figures={
                    "old ms": [round(1000 * one, 2) for one in old],
                    "young ms": [round(1000 * one, 2) for one in young],
                },
            )
        )
    return found


def _times(database: Database, ticket_length: float) -> tuple[list[float], list[float]]:
    clock = Clock()
    base = _base(database, clock)
    old = Story(base, clock, "old", ticket_length=ticket_length)
    while old.said < HISTORY:
        old.goes_on(TICKET)
    took_young: list[float] = []
    took_old: list[float] = []
    for number in range(SAMPLES):
        young = Story(base, clock, f"young{number}", ticket_length=ticket_length)
        for story, took in ((young, took_young), (old, took_old)):
            story.goes_on(TICKET - 1)
            took.append(story.goes_on(1))
    return took_young, took_old


def _base(database: Database, clock: Clock) -> Base:
    database.migrate()
    with database.write() as tx:
        connections.create(tx, id=CONNECTION, system="zendesk", name="Zendesk", now=clock())
        connections.change(tx, CONNECTION, installation=made_installation("unused"), now=clock())
    reader = StandIn()
    return Base(
        database=database,
        clock=clock,
        sleep=time.sleep,
        connector=_nobody,
        reader=lambda: reader,
        rules=load_library(),
        priors=Priors(),
        destinations={},
        client=httpx.Client,
        public_url="http://127.0.0.1:8710",
    )


def _nobody(connection_id: str) -> AbstractContextManager[Connector]:
    raise AssertionError(f"nothing is fetched from {connection_id} in this bench")
