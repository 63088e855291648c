"""When people write: in their own office hours, mostly on weekdays.

Offsets are the zones' standard time and never summer time: the world must come out the same on
machines whose time zone data differ, and nobody minds that a customer writes at eight, not nine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

OFFSETS: dict[str, float] = {
    "America/Los_Angeles": -8,
    "America/Denver": -7,
    "America/Chicago": -6,
    "America/New_York": -5,
    "America/Toronto": -5,
    "America/Sao_Paulo": -3,
    "UTC": 0,
    "Europe/London": 0,
    "Europe/Dublin": 0,
    "Europe/Berlin": 1,
    "Europe/Budapest": 1,
    "Europe/Madrid": 1,
    "Europe/Paris": 1,
    "Europe/Rome": 1,
    "Europe/Warsaw": 1,
    "Africa/Johannesburg": 2,
    "Europe/Helsinki": 2,
    "Africa/Nairobi": 3,
    "Asia/Kolkata": 5.5,
    "Asia/Tokyo": 9,
    "Australia/Sydney": 10,
}
OPENS, CLOSES = 8, 18
WEEKEND_SHARE = 0.06


def at_work(moment: datetime, zone: str, dice: Random) -> datetime:
    """``moment`` itself when the office is open there, or some time in the next open hours."""
    local = moment + timedelta(hours=OFFSETS[zone])
    if local.weekday() >= 5 and dice.random() >= WEEKEND_SHARE:
        local = _next_morning(local + timedelta(days=6 - local.weekday()), dice)
    elif local.hour >= CLOSES:
        local = _next_morning(local, dice)
        if local.weekday() >= 5:
            local += timedelta(days=7 - local.weekday())
    elif local.hour < OPENS:
        local = local.replace(hour=OPENS) + timedelta(minutes=dice.randrange(90))
    return local - timedelta(hours=OFFSETS[zone])


def _next_morning(local: datetime, dice: Random) -> datetime:
    morning = (local + timedelta(days=1)).replace(hour=OPENS, minute=0)
    return morning + timedelta(minutes=dice.randrange(150), seconds=dice.randrange(60))
