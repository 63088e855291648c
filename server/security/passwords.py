"""Passwords: scrypt, salted, by werkzeug. Only their hashes are ever stored."""

from __future__ import annotations

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST = 12
#: More would only keep the machine busy.
LONGEST = 200


class WeakPassword(ValueError):
    """The message says what a good one is."""


def hash_password(password: str) -> str:
    """A hash to be stored. Raises ``WeakPassword``.

    Length is all that is asked for: rules about signs make people choose worse ones
    (NIST SP 800-63B, 3.1.1.2).
    """
    if len(password) < SHORTEST:
        raise WeakPassword(f"a password has at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise WeakPassword(f"a password has at most {LONGEST} characters")
    if len(set(password)) < 4:
        raise WeakPassword("a password is more than a few characters repeated")
    return generate_password_hash(password, method="scrypt")


def matches(password: str, stored: str | None) -> bool:
    """Whether this is the password. ``stored`` is None for an unknown user: the answer is no,
    and takes as long, so that nobody learns which names exist."""
    if len(password) > LONGEST:
        return False
    good = check_password_hash(_nobody() if stored is None else stored, password)
    return good and stored is not None


@cache
def _nobody() -> str:
    return generate_password_hash("there is no such user", method="scrypt")
