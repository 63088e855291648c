"""Two who do the same at the same time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from connectors.records import Contact
from server.store import Database, connections, people, records

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DANA = Contact(
    id="7",
    name="Dana",
    email="dana@example.org",
    email_verified=True,
    created_at=NOW,
    updated_at=NOW,
)


def test_a_contact_that_two_workers_meet_at_once_is_one_person(database: Database) -> None:
    with database.write() as tx:
        connections.create(tx, id="one", system="zendesk", name="one", settings={}, now=NOW)
    arrived = threading.Event()

    def store() -> None:
        arrived.set()
        with database.write() as tx:
            records.store_contacts(tx, connection_id="one", values=[DANA], now=NOW)

    other = threading.Thread(target=store)
    with database.write() as tx:
        records.store_contacts(tx, connection_id="one", values=[DANA], now=NOW)
        first = people.of_contact(tx, connection_id="one", contact_id="7")
        other.start()
        arrived.wait()
        # The other has looked, found nobody, and waits for its turn.
        other.join(0.3)
        assert other.is_alive()
    other.join()

    with database.read() as tx:
        assert people.of_contact(tx, connection_id="one", contact_id="7") == first
