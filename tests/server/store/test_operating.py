from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from server.security.roles import Role
from server.security.tokens import make_token
from server.store import (
    Database,
    api_tokens,
    audit,
    heartbeats,
    inbox,
    open_database,
    upkeep,
    users,
)
from server.store.api_tokens import NOTED_EVERY
from server.store.users import LoginTaken, UnknownUser, User


def user(database: Database, make: Any, login: str = "maria", **values: Any) -> User:
    start: dict[str, Any] = {
        "login": login,
        "name": "Maria",
        "password_hash": "scrypt:x",
        "role": Role.MANAGER,
        "now": make.now,
    }
    with database.write() as tx:
        return users.create(tx, **{**start, **values})


def test_a_user_is_found_however_the_name_is_typed(database: Database, make: Any) -> None:
    made = user(database, make, " Maria ")
    with database.read() as tx:
        assert users.count(tx) == 1
        assert users.by_login(tx, "MARIA") == made
        assert users.by_login(tx, "tom") is None
        assert users.find(tx) == [made]
    assert made.is_active
    assert "scrypt" not in repr(made)
    with pytest.raises(LoginTaken):
        user(database, make, "MARIA")
    with pytest.raises(ValueError, match="login name"):
        user(database, make, "  ")


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({"name": "M."}, False),
        ({"role": Role.ADMIN}, True),
        ({"is_active": False}, True),
        ({"password_hash": "y"}, True),
    ],
)
def test_what_matters_to_a_login_ends_its_sessions(
    database: Database, make: Any, change: dict[str, Any], ends: bool
) -> None:
    made = user(database, make)
    with database.write() as tx:
        later = users.change(tx, made.id, **change, now=make.at(hours=1))
    assert (later.session_epoch > made.session_epoch) == ends
    assert later.updated_at == make.at(hours=1)


def test_a_user_can_be_logged_out_everywhere(database: Database, make: Any) -> None:
    made = user(database, make)
    with database.write() as tx:
        assert users.logged_in(tx, made.id, now=make.now).last_login_at == make.now
        assert users.end_sessions(tx, made.id, now=make.now).session_epoch == 1
        assert users.get(tx, made.id).session_epoch == 1
        with pytest.raises(UnknownUser):
            users.get(tx, 4711)
        with pytest.raises(UnknownUser):
            users.end_sessions(tx, 4711, now=make.now)


def test_a_token_opens_until_it_expires_or_is_revoked(database: Database, make: Any) -> None:
    new = make_token()
    made = user(database, make)
    with database.write() as tx:
        token = api_tokens.create(
            tx,
            name="ci",
            digest=new.digest,
            role=Role.AGENT,
            created_by=made.id,
            expires_at=make.at(days=1),
            now=make.now,
        )
        assert api_tokens.by_digest(tx, new.digest, now=make.now) == token
        assert api_tokens.by_digest(tx, "0" * 64, now=make.now) is None
        assert api_tokens.by_digest(tx, new.digest, now=make.at(days=1)) is None
        assert api_tokens.revoke(tx, token.id, now=make.now)
        assert not api_tokens.revoke(tx, token.id, now=make.now)
        assert api_tokens.by_digest(tx, new.digest, now=make.now) is None
        assert [one.revoked_at for one in api_tokens.find(tx)] == [make.now]
        stored = tx.exec_driver_sql("SELECT * FROM api_token").all()
    assert new.token not in str(stored)


def test_a_use_is_noted_now_and_then(database: Database, make: Any) -> None:
    new = make_token()
    with database.write() as tx:
        token = api_tokens.create(tx, name="ci", digest=new.digest, role=Role.AGENT, now=make.now)
        assert token.wants_note(make.now)
        api_tokens.used(tx, token.id, now=make.now)
        (noted,) = api_tokens.find(tx)
    assert noted.last_used_at == make.now
    assert not noted.wants_note(make.now + NOTED_EVERY - timedelta(seconds=1))
    assert noted.wants_note(make.now + NOTED_EVERY)


def test_what_was_done_can_be_looked_up(database: Database, make: Any) -> None:
    with database.write() as tx:
        for n in range(3):
            audit.note(
                tx,
                actor="user:maria",
                action="intervention.approve",
                subject=f"intervention:{n}",
                detail={"n": n},
                now=make.at(hours=n),
            )
        every = audit.latest(tx)
        assert [one.detail["n"] for one in every] == [2, 1, 0]
        assert [one.id for one in audit.latest(tx, before_id=every[0].id, limit=1)] == [every[1].id]
        (one,) = audit.latest(tx, subject="intervention:1")
    assert (one.actor, one.action, one.at) == (
        "user:maria",
        "intervention.approve",
        make.at(hours=1),
    )


def test_the_silent_are_known_and_buried_once_their_work_was_seen_to(
    database: Database, make: Any
) -> None:
    with database.write() as tx:
        for number, seconds in enumerate((0, 5, 60)):
            heartbeats.beat(
                tx,
                executor=f"w{number}",
                started_at=make.now,
                info={"pid": number},
                now=make.at(seconds=seconds),
            )
    since = make.at(seconds=30)
    with database.write() as tx:
        assert heartbeats.silent(tx, since=since) == ["w0", "w1"]
        # One that was only frozen is back with its next beat, and is not buried.
        heartbeats.beat(tx, executor="w0", started_at=make.now, now=make.at(seconds=61))
        for executor in ("w0", "w1"):
            heartbeats.bury(tx, executor=executor, silent_since=since)
        assert [one.executor for one in heartbeats.all_of(tx)] == ["w0", "w2"]


def test_one_that_left_in_good_order_counts_as_silent_at_once(
    database: Database, make: Any
) -> None:
    with database.write() as tx:
        heartbeats.beat(tx, executor="w2", started_at=make.now, now=make.now)
        heartbeats.leave(tx, executor="w2")
        assert heartbeats.silent(tx, since=make.now) == ["w2"]


def test_finished_work_is_forgotten_after_a_while(database: Database, make: Any, zd: str) -> None:
    with database.write() as tx:
        accepted = inbox.accept(
            tx, connection_id=zd, changes=[make.change("a"), make.change("b")], now=make.now
        )
        inbox.done(tx, ids=[one.id for one in accepted[:1] if one.id], now=make.now)
    nothing = upkeep.tidy(database, keep=timedelta(days=30), now=make.at(days=29))
    assert nothing == upkeep.Tidied(inbox=0, verdicts=0, budgets=0)
    found = upkeep.tidy(database, keep=timedelta(days=30), now=make.at(days=31))
    assert found == upkeep.Tidied(inbox=1, verdicts=0, budgets=0)


def test_a_copy_is_whole_and_can_be_opened(
    database: Database, make: Any, zd: str, tmp_path: Path
) -> None:
    file = tmp_path / "copy.db"
    if not database.is_sqlite:
        with pytest.raises(ValueError, match="pg_dump"):
            upkeep.copy_to(database, file)
        return
    with database.write() as tx:
        heartbeats.beat(tx, executor="kept", started_at=make.now, now=make.now)
    with database.write() as tx:
        heartbeats.beat(tx, executor="not yet committed", started_at=make.now, now=make.now)
        upkeep.copy_to(database, file)
    with pytest.raises(FileExistsError):
        upkeep.copy_to(database, file)
    with open_database(f"sqlite:///{file}") as copy:
        assert copy.version() == database.version()
        with copy.read() as tx:
            assert heartbeats.silent(tx, since=make.at(days=1)) == ["kept"]
    with pytest.raises(DBAPIError), database.read() as tx:
        heartbeats.beat(tx, executor="readers only read", started_at=make.now, now=make.now)
