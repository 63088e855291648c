"""kill -9, again and again, while customers write: nothing is lost and nothing happens twice.

Web, workers, database and emulator are what runs in earnest, in processes of their own; only the
reader is the plain one, so that a worker is back within a second or two.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from rig import truth
from rig.house import (
    CONNECTION,
    enter_credentials,
    environment_of,
    settings_for,
    zendesk,
)
from rig.processes import Processes, free_port, light_worker_command, wait_for_web
from rig.reader import PlainReader
from rig.receiver import Receiver

from config.settings import Settings
from connectors.zendesk.emulator import Emulator, FaultKind
from enrichment.fields import FIELDS
from enrichment.priors import Priors
from server.pipeline import install
from server.pipeline.sync import sync
from server.wiring import Home

SEED = 20261120
WORDS = (
    "I am furious. This is the third time the export fails.",
    "I am annoyed, it still does not work.",
    "Any news about it?",
    "I am disappointed by the answer so far.",
    "Thank you, I am grateful for your help. It works now.",
    "Here is the file you asked for.",
)


@dataclass
class Site:
    """The processes, and everything around them that a test looks at."""

    processes: Processes
    emulator: Emulator
    receiver: Receiver
    home: Home
    url: str

    def wait_until_quiet(self, *, patience: float) -> float:
        """Until the last event was found, read and answered; the seconds it took."""
        assert self.emulator.wait_for_deliveries(30)
        began = time.monotonic()
        quiet_since: float | None = None
        while time.monotonic() - began < patience:
            problems = truth.is_quiet(self.home.database, CONNECTION) and not (
                truth.reading_problems(self.home.database, self.emulator, CONNECTION)
            )
            if not problems:
                quiet_since = None
            elif quiet_since is None:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > 1.0:
                return time.monotonic() - began
            time.sleep(0.3)
        return patience

    def problems(self) -> list[str]:
        database, emulator = self.home.database, self.emulator
        accepted = truth.accepted_events(emulator)
        return [
            *truth.inbox_problems(database, CONNECTION, accepted),
            *truth.reading_problems(database, emulator, CONNECTION),
            *truth.intervention_problems(database, emulator, self.receiver),
            *truth.field_problems(database, emulator, CONNECTION),
            *truth.memory_problems(database, CONNECTION, now=self.home.clock(), priors=Priors()),
        ]


@contextmanager
def site(folder: Path, *, workers: int, database_url: str = "") -> Iterator[Site]:
    """A connected installation, pulled once, with web and workers running."""
    port = free_port()
    with zendesk() as emulator, Receiver() as receiver:
        chosen = settings_for(
            folder / "data",
            port=port,
            receiver=receiver,
            poll_seconds=10,
            database_url=database_url,
            engine_database_url=database_url if database_url.startswith("postgres") else "",
        )
        home = Home(Settings(_env_file=None, **chosen), load_reader=PlainReader)
        enter_credentials(home, emulator)
        install.check(home.base, CONNECTION, by="test")
        url = home.settings.public_url
        install.apply(
            home.base,
            home.vault,
            CONNECTION,
            FIELDS,
            webhook_url=f"{url}/webhooks/{CONNECTION}",
            by="test",
        )
        with home.connector(CONNECTION) as connector:
            sync(home.base, CONNECTION, connector, since=home.clock() - timedelta(days=30))
        with Processes(folder / "logs", environment_of(chosen)) as processes:
            processes.start_web(url)
            for number in range(1, workers + 1):
                processes.start(f"worker-{number}", light_worker_command(f"worker-{number}"))
            try:
                yield Site(processes, emulator, receiver, home, url)
            finally:
                home.close()


class Customers(threading.Thread):
    """Writes steadily until told to stop: new tickets, answers, agents in between; some webhooks
    are sent twice, some are posted by somebody who kept a copy."""

    def __init__(self, site: Site, *, pause: float) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._pause = pause
        self._dice = random.Random(SEED)
        self._ended = threading.Event()
        self.tickets: list[int] = []
        self.acts = 0
        self.copies = 0

    def run(self) -> None:
        self._site.emulator.faults.on(FaultKind.WEBHOOK_DOUBLE, every=5)
        while not self._ended.wait(self._pause * self._dice.uniform(0.3, 1.7)):
            self._act()
            self.acts += 1

    def stop(self) -> None:
        self._ended.set()
        self.join()
        self._site.emulator.faults.off()

    def _act(self) -> None:
        people, dice = self._site.emulator.people, self._dice
        what = dice.random()
        if what < 0.3 or not self.tickets:
            number = len(self.tickets) + 1
            self.tickets.append(
                people.new_ticket(
                    subject=f"Trouble {number}",
                    text=dice.choice(WORDS[:4]),
                    email=f"customer{number}@example.org",
                )
            )
        elif what < 0.75:
            people.customer_comments(dice.choice(self.tickets), dice.choice(WORDS))
        elif what < 0.9:
            people.agent_comments(dice.choice(self.tickets), "We fixed it, please try again.")
        else:
            self._copy()

    def _copy(self) -> None:
        """An old webhook once more, as it was."""
        with self._site.emulator.state.lock:
            sent = [
                (webhook.endpoint, attempt)
                for webhook in self._site.emulator.state.webhooks.values()
                for invocation in webhook.invocations
                for attempt in invocation.attempts
                if attempt.payload
            ]
        if not sent:
            return
        endpoint, attempt = self._dice.choice(sent)
        try:
            httpx.post(
                endpoint,
                content=attempt.payload.encode(),
                headers=attempt.request_headers,
                timeout=10,
                trust_env=False,
            )
            self.copies += 1
        except httpx.HTTPError:
            # Nobody is at home just now.
            return


def run(folder: Path, *, kills: int, pause: float, report: object, database_url: str = "") -> None:
    dice = random.Random(SEED)
    with site(folder, workers=2, database_url=database_url) as our:
        customers = Customers(our, pause=pause)
        customers.start()
        began = time.monotonic()
        for _ in range(kills):
            time.sleep(dice.uniform(0.3, 2.2))
            our.processes.kill_and_restart(dice.choice(["web", "worker-1", "worker-2"]))
        customers.stop()
        wait_for_web(our.url)
        took = time.monotonic() - began
        quiet = our.wait_until_quiet(patience=90)
        said = our.home.base.database
        with said.read() as tx:
            from server.store import loading

            summary = loading.summary(tx)
        print(
            f"\n{our.processes.kills} kills in {took:.0f} s, quiet after {quiet:.0f} s; "
            f"{customers.acts} acts, {len(customers.tickets)} tickets, "
            f"{len(truth.accepted_events(our.emulator))} accepted webhooks, "
            f"{customers.copies} copies, {sum(truth.note_counts(our.emulator).values())} notes, "
            f"{len(our.receiver.ids)} outgoing webhooks, {our.receiver.repeats} repeats; {summary}"
        )
        problems = our.problems()
        assert problems == [], "\n".join(problems[:40])
        assert our.receiver.refused == 0


def test_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    run(tmp_path, kills=30, pause=0.3, report=print)
