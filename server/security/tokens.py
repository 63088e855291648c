"""API tokens: shown once when made, kept as a digest.

A token has 256 random bits, so a plain SHA-256 suffices: there is nothing to guess, and looking
one up stays a single read.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

#: Makes a leaked token easy to recognise, for people and for scanners.
PREFIX = "ks_"


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """``token`` goes to the person and nowhere else, ``digest`` into the database."""

    token: str = field(repr=False)
    digest: str


def make_token() -> NewToken:
    token = PREFIX + secrets.token_urlsafe(32)
    return NewToken(token=token, digest=digest(token))


def digest(token: str) -> str:
    """What a token is found by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def from_header(authorization: str | None) -> str | None:
    """The token of ``Authorization: Bearer ks_...``, or None."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.startswith(PREFIX) else None
