"""Durations as rules write them (``30m``, ``12h``, ``2d``, ``4w``) and as people say them."""

from __future__ import annotations

import re
from datetime import timedelta

_WRITTEN = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3650)

HOW_TO_WRITE = "write a duration such as 30m, 12h, 2d or 4w (at most ten years)"


def parse_duration(text: str) -> timedelta:
    """``2d`` -> two days. Raises ``ValueError`` that says how to write one."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise ValueError(HOW_TO_WRITE)
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > _LONGEST:
        raise ValueError(HOW_TO_WRITE)
    return duration


def say_duration(duration: timedelta) -> str:
    """``3 days``, ``1 hour``: whole units, rounded down, days from 48 hours on."""
    seconds = abs(int(duration.total_seconds()))
    for size, unit, from_size in (
        (86_400, "day", 172_800),
        (3_600, "hour", 3_600),
        (60, "minute", 60),
    ):
        if seconds >= from_size or (seconds and seconds % size == 0):
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
