from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Installation
from connectors.errors import NeedsReauth, Unavailable
from server.security.secrets import Unreadable, Vault, new_key
from server.store import Database, connection_secrets, connections
from server.store.connection_secrets import SqlTokens

ROTATOR = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from server.security.secrets import Vault
from server.store import open_database
from server.store.connection_secrets import SqlTokens

url, key, calls, start = sys.argv[1:]
tokens = SqlTokens(open_database(url), Vault([key]), connection_id="zd",
                   clock=lambda: datetime.now(UTC), sleep=time.sleep)

def change(newest):
    if newest["access"] != "old":
        return newest  # another process was first
    with Path(calls).open("a") as file:
        file.write(newest["refresh"] + "\\n")
    time.sleep(0.5)
    return {"access": "new", "refresh": newest["refresh"] + "+"}

while time.time() < float(start):
    time.sleep(0.01)
print(tokens.rotate(change)["access"])
"""


@pytest.fixture
def vault() -> Vault:
    return Vault([new_key()])


def tokens(database: Database, vault: Vault, **values: Any) -> SqlTokens:
    start: dict[str, Any] = {
        "connection_id": "zd",
        "clock": lambda: datetime.now(UTC),
        "sleep": time.sleep,
    }
    return SqlTokens(database, vault, **{**start, **values})


def put(database: Database, vault: Vault, make: Any, **values: str) -> None:
    with database.write() as tx:
        connection_secrets.put(tx, vault, connection_id="zd", values=values, now=make.now)


def test_secrets_come_back_and_are_not_readable_in_the_database(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    assert tokens(database, vault).read() == {}
    put(database, vault, make, refresh="very secret")
    put(database, vault, make, refresh="more secret")
    assert tokens(database, vault).read() == {"refresh": "more secret"}
    with database.read() as tx:
        stored = tx.exec_driver_sql("SELECT sealed FROM connection_secret").scalars().all()
    assert b"secret" not in b"".join(bytes(one) for one in stored)


def test_secrets_of_one_connection_do_not_open_for_another(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="x")
    with database.write() as tx:
        connections.create(tx, id="hs", system="hubspot", name="Sales", now=make.now)
        tx.exec_driver_sql("UPDATE connection_secret SET connection_id = 'hs'")
    with pytest.raises(Unreadable, match="not the secrets of hs"):
        tokens(database, vault, connection_id="hs").read()


def test_the_webhook_secret_is_kept_apart_from_the_rest(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    whole = Installation(made={"webhook": "1"}, state={"a": "b"}, webhook_secret="whsec_x")
    with database.write() as tx:
        connection_secrets.keep_installation(
            tx, vault, connection_id=zd, installation=whole, now=make.now
        )
        found = connection_secrets.installation_of(tx, vault, connection_id=zd)
        assert connections.get(tx, zd).installation.webhook_secret is None
        # Without a secret the one that stands is left alone.
        later = Installation(made={"webhook": "1", "field": "2"})
        connection_secrets.keep_installation(
            tx, vault, connection_id=zd, installation=later, now=make.now
        )
        kept = connection_secrets.installation_of(tx, vault, connection_id=zd)
    assert found == whole
    assert (kept.made, kept.webhook_secret) == (later.made, "whsec_x")


def test_forgetting_takes_every_secret(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="x")
    with database.write() as tx:
        connection_secrets.forget(tx, connection_id=zd)
    assert tokens(database, vault).read() == {}


def test_a_new_key_takes_over_without_anybody_noticing(
    database: Database, make: Any, zd: str
) -> None:
    old, new = new_key(), new_key()
    put(database, Vault([old]), make, refresh="x")
    both = Vault([new, old])
    with database.write() as tx:
        assert connection_secrets.reseal_all(tx, both, now=make.now) == 1
    assert tokens(database, Vault([new])).read() == {"refresh": "x"}
    with pytest.raises(Unreadable):
        tokens(database, Vault([old])).read()


def test_what_is_rotated_is_stored_before_it_is_used(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="1")
    mine = tokens(database, vault)

    def change(newest: Mapping[str, str]) -> Mapping[str, str]:
        # A call over the network: nobody else is held up by it.
        with database.write() as tx:
            connections.change(tx, zd, name="meanwhile", now=make.now)
        return {"refresh": newest["refresh"] + "2"}

    assert mine.rotate(change) == {"refresh": "12"}
    assert tokens(database, vault).read() == {"refresh": "12"}


def test_the_first_secrets_may_come_from_a_rotation(
    database: Database, zd: str, vault: Vault
) -> None:
    assert tokens(database, vault).rotate(lambda _newest: {"access": "a"}) == {"access": "a"}


def test_a_rotation_that_fails_leaves_the_old_secrets_and_no_lease(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="1")

    def refuse(_newest: Mapping[str, str]) -> Mapping[str, str]:
        raise NeedsReauth("Authorise again.")

    for _ in range(2):
        with pytest.raises(NeedsReauth):
            tokens(database, vault, patience=0.0).rotate(refuse)
    assert tokens(database, vault).read() == {"refresh": "1"}


def test_threads_that_need_new_tokens_rotate_once(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, access="old")
    calls: list[int] = []
    found: list[str] = []
    barrier = threading.Barrier(6)

    def change(newest: Mapping[str, str]) -> Mapping[str, str]:
        if newest["access"] != "old":
            return newest
        calls.append(1)
        time.sleep(0.1)
        return {"access": "new"}

    def work() -> None:
        barrier.wait()
        found.append(tokens(database, vault).rotate(change)["access"])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(calls), found) == (1, ["new"] * 6)


def test_processes_that_need_new_tokens_rotate_once(
    database: Database, database_url: str, make: Any, zd: str, tmp_path: Path
) -> None:
    key = new_key()
    put(database, Vault([key]), make, access="old", refresh="r")
    calls = tmp_path / "calls"
    arguments = [sys.executable, "-c", ROTATOR, database_url, key, str(calls)]
    start = str(time.time() + 2)
    rotators = [
        subprocess.Popen([*arguments, start], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [one.communicate(timeout=60)[0].strip() for one in rotators] == ["new", "new"]
    assert calls.read_text().splitlines() == ["r"]


def test_a_dead_workers_lease_runs_out(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="1")
    now = [make.now]
    waits: list[float] = []
    dead = tokens(database, vault, clock=lambda: now[0])
    assert dead._try_lease("dead")

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += timedelta(seconds=30)

    alive = tokens(database, vault, clock=lambda: now[0], sleep=sleep)
    assert alive.rotate(lambda _newest: {"refresh": "2"}) == {"refresh": "2"}
    assert len(waits) == 4


def test_who_waits_too_long_for_anothers_rotation_is_told(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="1")
    assert tokens(database, vault)._try_lease("slow")
    mine = tokens(database, vault, sleep=lambda _seconds: None, patience=1.0)
    with pytest.raises(Unavailable, match="another worker"):
        mine.rotate(lambda newest: newest)


def test_secrets_a_person_entered_meanwhile_win(
    database: Database, make: Any, zd: str, vault: Vault
) -> None:
    put(database, vault, make, refresh="1")

    def change(_newest: Mapping[str, str]) -> Mapping[str, str]:
        put(database, vault, make, refresh="entered by hand")
        return {"refresh": "2"}

    assert tokens(database, vault).rotate(change) == {"refresh": "entered by hand"}
