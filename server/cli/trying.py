"""Trying a sign-in out with secrets that are nowhere but in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from .failing import Problem

if TYPE_CHECKING:
    from connectors.base import CheckReport, Clock

    from ..wiring import Home


@dataclass(frozen=True, kw_only=True)
class Tried:
    """``secrets``: as they are after the check, which may have fetched or renewed a token."""

    report: CheckReport
    secrets: Mapping[str, str] = field(repr=False)


class TokensInMemory:
    """``connectors.base.Tokens`` of one command."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._lock = Lock()

    def read(self) -> Mapping[str, str]:
        return dict(self._values)

    def rotate(self, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Mapping[str, str]:
        with self._lock:
            self._values = dict(change(dict(self._values)))
            return dict(self._values)


def authorise(
    system: str,
    public: Mapping[str, Any],
    values: Mapping[str, str],
    *,
    clock: Clock,
    port: int,
    quiet: bool,
) -> dict[str, str]:
    """The secrets, with those an admin grants in the browser where the way to sign in wants it."""
    if values.get("kind") != "oauth":
        return dict(values)
    from .authorising import BROWSERS

    if system not in BROWSERS:
        raise Problem(f"{system} cannot be authorised in the browser; choose another kind")
    return {**values, **BROWSERS[system](public, values, clock=clock, port=port, quiet=quiet)}


def try_out(
    ours: Home, system: str, public: Mapping[str, Any], secrets: Mapping[str, str]
) -> Tried:
    """Check a connection that is not stored. Raises ``ConnectorError`` when nobody is let in."""
    from connectors.base import Installation
    from connectors.pacing import InMemoryPacer
    from connectors.registry import connector_class

    tokens = TokensInMemory(secrets)
    with connector_class(system)(
        **public,
        tokens=tokens,
        installation=Installation(),
        pacer=InMemoryPacer(clock=ours.clock),
        clock=ours.clock,
        sleep=time.sleep,
        quota_share=ours.settings.quota_share,
    ) as connector:
        report = connector.check()
    return Tried(report=report, secrets=tokens.read())
