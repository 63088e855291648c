"""The details that make two tickets about the same thing two tickets: numbers, places, names."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .datafiles import read
from .world import Customer


def roll(customer: Customer, company: str, dice: Random) -> dict[str, str]:
    """One value for every ``{slot}`` the everyday words may hold, the same for a whole ticket."""
    data: Mapping[str, Any] = read("details")
    sites = data["sites"].get(customer.company or customer.key, data["sites"]["anyone"])
    here, there = dice.sample(sites, 2)
    sensor = dice.choice(data["sensors"])
    days = dice.sample(data["weekdays"], 2)
    return {
        "name": customer.name,
        "first": customer.name.split()[0],
        "company": company,
        "site": here,
        "other_site": there,
        "device": dice.choice(data["devices"]),
        "sensor": sensor,
        "serial": f"{sensor.split()[-1]}-{dice.randrange(0x1000, 0xFFFF):04X}",
        "order": f"LM-{dice.randrange(10200, 13900)}",
        "invoice": f"LM-{dice.randrange(22000, 25900)}",
        "tracking": f"PX{dice.randrange(10**8, 10**9)}",
        "endpoint": dice.choice(data["endpoints"]),
        "colleague": dice.choice(data["colleagues"]),
        "day": days[0],
        "other_day": days[1],
        "few": dice.choice(["two", "three", "four", "five"]),
        "many": str(dice.randrange(12, 60)),
        "amount": f"{_currency(customer)}{dice.randrange(48, 960)}.{dice.randrange(100):02d}",
        "time": f"{dice.randrange(5, 23):02d}:{dice.randrange(60):02d}",
        "degrees": f"{dice.randrange(-24, 9)} °C",
        "request": f"rq-{dice.randrange(0x10000, 0xFFFFF):05x}",
    }


def _currency(customer: Customer) -> str:
    if customer.time_zone.startswith("Europe/"):
        return "£" if customer.time_zone == "Europe/London" else "€"
    return "$"
