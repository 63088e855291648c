"""How one account behaves where the real ones differ, or where nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from .limits import Limits


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of the emulated account.

    ``integers_as_text``: integer fields are read back as strings, as often seen.
    ``export_repeats``: rows before the cursor that a resumed export gives again.
    ``job_polls``/``job_seconds``: a job is done at that many looks, or at that age.
    ``csat``: ``legacy`` ratings or the newer ``survey``; an account has one of the two.
    ``fresh_retry_stamp``: a webhook retry is signed anew (nobody has said whether it is).
    """

    subdomain: str = "sandbox"
    account_id: int = 18500000
    limits: Limits = field(default_factory=Limits)
    integers_as_text: bool = True
    export_repeats: int = 1
    export_holdback: timedelta = timedelta(seconds=60)
    export_page: int = 1000
    job_polls: int = 2
    job_seconds: float = 2.0
    auto_consent: bool = False
    csat: str = "legacy"
    fresh_retry_stamp: bool = True
    access_life: timedelta = timedelta(minutes=30)
    refresh_life: timedelta = timedelta(days=30)
    first_ticket_id: int = 4_300_000_001
    keeps_requests: int = 2000

    def __post_init__(self) -> None:
        if self.csat not in ("legacy", "survey"):
            raise ValueError(f"csat is legacy or survey, not {self.csat!r}")
        if self.export_repeats >= self.export_page:
            raise ValueError("an export that repeats whole pages never ends")
