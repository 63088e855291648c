from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.security.secrets import (
    KeyProblem,
    Unreadable,
    Vault,
    make_key_file,
    new_key,
    open_vault,
    read_key_file,
)

KEY = new_key()


@given(values=st.dictionaries(st.text(), st.text()), purpose=st.text(min_size=1))
def test_what_is_sealed_opens_again(values: dict[str, str], purpose: str) -> None:
    vault = Vault([KEY])
    assert vault.open(vault.seal(values, purpose=purpose), purpose=purpose) == values


def test_a_seal_shows_nothing_and_opens_for_its_purpose_only() -> None:
    vault = Vault([KEY])
    sealed = vault.seal({"token": "very secret"}, purpose="zd/tokens")
    assert b"secret" not in sealed
    with pytest.raises(Unreadable, match="hs/tokens"):
        vault.open(sealed, purpose="hs/tokens")


def test_a_seal_that_was_tampered_with_does_not_open() -> None:
    vault = Vault([KEY])
    sealed = bytearray(vault.seal({"a": "b"}, purpose="p"))
    sealed[20] ^= 1
    with pytest.raises(Unreadable):
        vault.open(bytes(sealed), purpose="p")
    with pytest.raises(Unreadable):
        Vault([new_key()]).open(vault.seal({}, purpose="p"), purpose="p")


def test_an_old_key_still_opens_until_everything_is_sealed_anew() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal({"a": "b"}, purpose="p")
    both = Vault([new, old])
    assert both.open(sealed, purpose="p") == {"a": "b"}
    again = both.reseal(sealed)
    assert Vault([new]).open(again, purpose="p") == {"a": "b"}
    with pytest.raises(Unreadable):
        Vault([new_key()]).reseal(sealed)


def test_keys_for_other_things_are_derived_not_shared() -> None:
    old, new = new_key(), new_key()
    keys = Vault([new, old]).derive("session")
    assert keys == Vault([new, old]).derive("session")
    assert keys[1] == Vault([old]).derive("session")[0]
    assert len({*keys, *Vault([new, old]).derive("csrf"), new, old}) == 6
    assert all(len(key) >= 43 for key in keys)


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44], [KEY, ""]])
def test_a_key_that_is_none_is_refused_without_being_shown(keys: list[str]) -> None:
    with pytest.raises(KeyProblem) as caught:
        Vault(keys)
    assert KEY not in str(caught.value)
    assert "x" * 44 not in str(caught.value)


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secret.key"
    before = os.umask(0)
    try:
        first = open_vault(key=None, key_file=file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sealed = first.seal({"a": "b"}, purpose="p")
    assert open_vault(key=None, key_file=file).open(sealed, purpose="p") == {"a": "b"}
    make_key_file(file)
    assert open_vault(key=None, key_file=file).open(sealed, purpose="p") == {"a": "b"}
    assert [one.name for one in file.parent.iterdir()] == ["secret.key"]


def test_workers_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secret.key"
    keys: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        make_key_file(file)
        keys.extend(read_key_file(file))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(keys), len(set(keys))) == (8, 1)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o601])
def test_a_key_file_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret.key"
    make_key_file(file)
    file.chmod(mode)
    with pytest.raises(KeyProblem, match=r"chmod 600"):
        read_key_file(file)


def test_a_key_file_the_group_may_read_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    make_key_file(file)
    file.chmod(0o440)  # as container platforms mount secrets
    assert len(read_key_file(file)) == 1


def test_the_newest_key_stands_first_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    old, new = new_key(), new_key()
    file.touch(mode=0o600)
    file.write_text(f"# since March\n{new}\n\n{old}\n")
    assert read_key_file(file) == [new, old]


@pytest.mark.parametrize("text", ["", "# nothing\n", "schlüssel"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret.key"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KeyProblem, match=r"secret\.key"):
        read_key_file(file)


def test_a_key_from_the_environment_wins_and_makes_no_file(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    vault = open_vault(key=f"{new}, {old}", key_file=tmp_path / "secret.key")
    assert vault.open(Vault([old]).seal({"a": "b"}, purpose="p"), purpose="p") == {"a": "b"}
    assert not (tmp_path / "secret.key").exists()
