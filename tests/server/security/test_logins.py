from __future__ import annotations

import time

import pytest
from werkzeug.security import generate_password_hash

from server.security import tokens
from server.security.passwords import WeakPassword, hash_password, matches
from server.security.roles import Role

GOOD = "correct horse battery"


def test_a_password_matches_its_hash_and_no_other() -> None:
    stored = hash_password(GOOD)
    assert GOOD not in stored
    assert stored.startswith("scrypt:")
    assert stored != hash_password(GOOD)
    assert matches(GOOD, stored)
    assert not matches(GOOD + " ", stored)
    assert not matches("", stored)


@pytest.mark.parametrize("weak", ["", "short", "a" * 40, "x" * 201])
def test_a_weak_password_is_refused_without_being_shown(weak: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        hash_password(weak)
    assert not weak or weak not in str(caught.value)


def test_an_unknown_user_takes_as_long_as_a_wrong_password() -> None:
    stored = hash_password(GOOD)
    assert not matches("there is no such user", None)

    def quickest(stored: str | None) -> float:
        times = []
        for _ in range(3):
            began = time.perf_counter()
            matches("wrong password", stored)
            times.append(time.perf_counter() - began)
        return min(times)

    assert quickest(None) > quickest(stored) / 3


def test_a_guess_longer_than_any_password_is_not_even_hashed() -> None:
    long = "correct horse " * 20
    assert not matches(long, generate_password_hash(long, method="scrypt"))


def test_a_token_is_random_and_found_by_its_digest() -> None:
    new = tokens.make_token()
    assert new.token.startswith("ks_")
    assert len(new.token) >= 46
    assert tokens.digest(new.token) == new.digest
    assert new.token not in repr(new)
    assert len({tokens.make_token().token for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer ks_abc", "ks_abc"),
        ("bearer  ks_abc ", "ks_abc"),
        ("Basic ks_abc", None),
        ("Bearer abc", None),
        ("Bearer", None),
        ("", None),
        (None, None),
    ],
)
def test_a_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    assert tokens.from_header(header) == token


def test_a_digest_is_made_of_anything_a_header_may_hold() -> None:
    assert len(tokens.digest("ks_\udcff")) == 64


def test_each_role_may_do_what_the_one_before_may() -> None:
    allowed = [[mine.allows(needed) for needed in Role] for mine in Role]
    assert allowed == [[True, False, False], [True, True, False], [True, True, True]]
