"""Who there is: the company's agents, its customers and where they work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .datafiles import instant, read
from .world import Agent, Company, Customer

TEAM_LEAD = "hannah"
ADMIN = "samuel"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Everybody, and how each customer writes (``voices``) and how often (``weights``)."""

    name: str
    now: datetime
    agents: tuple[Agent, ...]
    companies: tuple[Company, ...]
    customers: tuple[Customer, ...]
    voices: dict[str, str]
    weights: dict[str, int]


def read_cast(dice: Random) -> Cast:
    data = read("company")
    now = instant(data["now"])
    places = {row["key"]: row for row in data["companies"]}
    return Cast(
        name=data["company"],
        now=now,
        agents=tuple(Agent(**row) for row in data["agents"]),
        companies=tuple(
            Company(
                key=row["key"],
                name=row["name"],
                domain=row["domain"],
                created_at=instant(row["since"]) + timedelta(hours=10),
            )
            for row in data["companies"]
        ),
        customers=tuple(_customer(row, places, dice) for row in data["customers"]),
        voices={row["key"]: row["voice"] for row in data["customers"]},
        weights={row["key"]: row.get("everyday", 2) for row in data["customers"]},
    )


def _customer(row: dict[str, Any], places: dict[str, dict[str, Any]], dice: Random) -> Customer:
    place = places.get(row["company"], {})
    # Rolled for everyone, so that giving one customer a date moves nobody else's.
    days, phone = dice.randint(1, 40), dice.random()
    digits = f"{dice.randrange(100):02d}"
    if "since" in row:
        since = instant(row["since"])
    else:
        since = instant(place["since"]) + timedelta(days=days, hours=10)
    mail = row["mail"]
    return Customer(
        key=row["key"],
        name=row["name"],
        email=mail if "@" in mail else f"{mail}@{place['domain']}",
        company=row["company"],
        created_at=since,
        # 555-0100 to 555-0199 are set aside for fiction.
        phone=f"+1 202 555 01{digits}" if phone < 0.4 else None,
        time_zone=row.get("zone") or place.get("zone", "UTC"),
        locale=row.get("locale") or place.get("locale", "en-US"),
        tags=tuple(row.get("tags", ())),
    )
