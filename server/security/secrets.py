"""Secrets at rest: sealed with a key that does not lie in the database.

The key file holds one Fernet key a line, newest first: new secrets are sealed with the first,
old ones still open with the others, so a key is changed by adding a line on top, sealing anew
(``Vault.reseal``) and taking the old line away. A seal names what it is for; one copied to
another row does not open there.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyProblem(Exception):
    """The key cannot be used; the message says what to do."""


class Unreadable(Exception):
    """A sealed secret does not open: another key, another purpose, or it was tampered with."""


class Vault:
    """Seals and opens secrets. ``keys``: Fernet keys, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise KeyProblem("there is no secret key")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise KeyProblem(
                "a secret key is 32 random bytes in URL-safe base64 (44 signs); remove the "
                "setting to have a key file made instead"
            ) from error
        self._keys = tuple(keys)

    def seal(self, values: Mapping[str, str], *, purpose: str) -> bytes:
        """The values, encrypted and signed, to be opened for the same ``purpose`` only."""
        plain = json.dumps({"for": purpose, "values": dict(values)}, separators=(",", ":"))
        return self._fernet.encrypt(plain.encode())

    def open(self, sealed: bytes, *, purpose: str) -> dict[str, str]:
        """The values. Raises ``Unreadable``."""
        try:
            plain = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise Unreadable(
                f"the secrets of {purpose} do not open with this key; put the key they were "
                "sealed with back, or enter them again"
            ) from error
        if plain["for"] != purpose:
            raise Unreadable(f"these are not the secrets of {purpose}")
        values: dict[str, str] = plain["values"]
        return values

    def reseal(self, sealed: bytes) -> bytes:
        """The same, sealed with the newest key. Raises ``Unreadable``."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise Unreadable("a sealed secret opens with none of the keys") from error

    def derive(self, purpose: str) -> tuple[str, ...]:
        """Keys for something else (signing cookies), one for each of ours, newest first."""
        return tuple(
            urlsafe_b64encode(
                HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(
                    key.encode()
                )
            ).decode()
            for key in self._keys
        )


def new_key() -> str:
    """A fresh key, for the first line of the key file."""
    return Fernet.generate_key().decode()


def open_vault(*, key: str | None, key_file: Path) -> Vault:
    """The vault with the key given (several: comma-separated), or else the key file's, which is
    made when it is missing. Raises ``KeyProblem``."""
    if key:
        return Vault([one.strip() for one in key.split(",") if one.strip()])
    if not key_file.exists():
        make_key_file(key_file)
    return Vault(read_key_file(key_file))


def read_key_file(path: Path) -> list[str]:
    """The keys in the file, newest first. Raises ``KeyProblem``, also when others could read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"the key file {path} cannot be read") from error
    if os.name == "posix" and mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise KeyProblem(
            f"others can reach the key file {path}: run 'chmod 600 {path}', and change the key "
            "if somebody else may have read it"
        )
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise KeyProblem(f"the key file {path} holds no key")
    return keys


def make_key_file(path: Path) -> None:
    """Make the file with a fresh key, whole or not at all; one that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, does not replace the key another process just made.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
