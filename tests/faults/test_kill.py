"""kill -9, again and again, while customers write: nothing is lost and nothing happens twice.

Web, workers, database and emulator are what runs in earnest, in processes of their own; only the
reader is the plain one, so that a worker is back within a second or two.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rig import truth
from rig.house import (
    CONNECTION,
    enter_credentials,
    environment_of,
    settings_for,
    zendesk,
)
from rig.processes import Processes, free_port, light_worker_command
from rig.reader import PlainReader
from rig.receiver import Receiver

from config.settings import Settings
from connectors.zendesk.emulator import Emulator, FaultKind
from enrichment.fields import FIELDS
from enrichment.priors import Priors
from server.pipeline import install
from server.pipeline.sync import sync
from server.store import heartbeats, loading
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
    started_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, int]:
        with self.home.database.read() as tx:
            return loading.summary(tx)

    def kill_and_restart(self, name: str) -> None:
        self.started_at[name] = self.home.clock()
        self.processes.kill_and_restart(name)

    def wait_until_up(self, *names: str) -> list[str]:
        """Until at least one of these is: the web server answers, a worker's heart beats."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if up := [name for name in names if self._is_up(name)]:
                return up
            time.sleep(0.05)
        logs = "\n".join(self.processes.log(name)[-2000:] for name in names)
        raise AssertionError(f"none of {names} came up:\n{logs}")

    def _is_up(self, name: str) -> bool:
        if name == "web":
            try:
                httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False)
            except httpx.HTTPError:
                return False
            return True
        since = self.started_at.get(name, datetime.min.replace(tzinfo=UTC))
        with self.home.database.read() as tx:
            beats = {one.executor: one.started_at for one in heartbeats.all_of(tx)}
        return name in beats and beats[name] > since

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
    # Slow answers: the moment in which a kill leaves a doubt lasts longer.
    with zendesk() as emulator, Receiver(slowness=0.3) as receiver:
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
        faults = self._site.emulator.faults
        faults.on(FaultKind.WEBHOOK_DOUBLE, every=5)
        faults.on(FaultKind.LATENCY, path="/api/v2/tickets/", every=3, seconds=0.2)
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


def run(folder: Path, *, kills: int, pause: float, database_url: str = "") -> None:
    dice = random.Random(SEED)
    with site(folder, workers=2, database_url=database_url) as our:
        customers = Customers(our, pause=pause)
        customers.start()
        began = time.monotonic()
        for number in range(kills):
            # Killing what has only just begun to start would prove little.
            if number % 3 == 0:
                # The worst moment: a message was received, and nobody has noted that it was.
                name = dice.choice(our.wait_until_up("worker-1", "worker-2"))
                our.receiver.wait_for_message(1.5)
            else:
                name = dice.choice(our.wait_until_up("web", "worker-1", "worker-2"))
                time.sleep(dice.uniform(0.0, 0.8))
            our.kill_and_restart(name)
        customers.stop()
        our.wait_until_up("web")
        took = time.monotonic() - began
        quiet = our.wait_until_quiet(patience=120)
        print(
            f"\n{our.processes.kills} kills in {took:.0f} s, quiet after {quiet:.0f} s; "
            f"{customers.acts} acts, {len(customers.tickets)} tickets, "
            f"{len(truth.accepted_events(our.emulator))} accepted webhooks, "
            f"{customers.copies} copies, {sum(truth.note_counts(our.emulator).values())} notes, "
            f"{len(our.receiver.ids)} outgoing webhooks, {our.receiver.repeats} repeats; "
            f"{our.summary}"
        )
        problems = our.problems()
        assert problems == [], "\n".join(problems[:40])
        assert our.receiver.refused == 0
        assert our.summary["interventions"] > kills // 4, "too little happened to prove anything"


def test_thirty_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    run(tmp_path, kills=30, pause=0.15)


def test_on_postgresql_as_well(tmp_path: Path, empty_postgres: str) -> None:
    run(tmp_path, kills=10, pause=0.2, database_url=empty_postgres)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_kills(tmp_path: Path) -> None:
    run(tmp_path, kills=200, pause=0.15)


def test_another_worker_takes_over_from_one_that_dies_or_freezes(tmp_path: Path) -> None:
    with site(tmp_path, workers=2) as our:
        for name in ("worker-1", "worker-2"):
            our.wait_until_up(name)
        customers = Customers(our, pause=0.1)
        customers.start()
        time.sleep(2)
        our.processes.signal("worker-1", signal.SIGSTOP)
        # Longer than it may be silent: the other buries it and does its work. Then it wakes up
        # in the middle of what is long done.
        time.sleep(8)
        our.processes.signal("worker-1", signal.SIGCONT)
        time.sleep(2)
        our.processes.kill("worker-2")
        time.sleep(2)
        customers.stop()
        quiet = our.wait_until_quiet(patience=60)
        print(f"\n{customers.acts} acts, quiet after {quiet:.0f} s; {our.summary}")
        problems = our.problems()
        assert problems == [], "\n".join(problems[:40])
        assert our.summary["interventions"] > 5
        assert "took over" in our.processes.log("worker-1") + our.processes.log("worker-2")
        assert_they_end_soon(our)


def assert_they_end_soon(our: Site) -> None:
    """SIGTERM while there is work to do: web and worker end in good order, and soon."""
    customers = Customers(our, pause=0.05)
    customers.start()
    time.sleep(2)
    took = {name: our.processes.terminate(name) for name in ("worker-1", "web")}
    customers.stop()
    print(f"seconds from SIGTERM to the end: {took}")
    codes = {name: our.processes.exit_code(name) for name in took}
    assert codes == {"worker-1": 0, "web": 0}, our.processes.log("worker-1")[-2000:]
    assert max(took.values()) < 6, "3 s on a machine that has nothing else to do"
