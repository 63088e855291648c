"""Who is who in a file of tickets: the same person under an id, an address or a name.

Whoever opened a ticket is a customer. Everybody else who wrote or was assigned is an agent,
unless the file says that they are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .ticket_rows import PersonRow
from .world import Agent, Company, Customer

_ADMIN = PersonRow(name="Sandbox Admin", email="admin@sandbox.example", role="admin")
STAFF = ("agent", "admin", "staff", "support")
_CUSTOMERS = ("customer", "end-user", "requester", "user")


@dataclass(kw_only=True)
class Resident:
    """One person, with every row that was written about them."""

    number: int
    rows: list[PersonRow] = field(default_factory=list)
    asked: bool = False
    seen_at: datetime | None = None
    key: str = ""

    @property
    def name(self) -> str:
        names = [row.name for row in self.rows if row.name]
        return names[0] if names else self.email.partition("@")[0]

    @property
    def email(self) -> str:
        emails = [row.email for row in self.rows if row.email]
        # A helpdesk wants an address for everyone; .example belongs to nobody.
        return emails[0] if emails else f"person-{self.number}@no-address.example"

    @property
    def is_customer(self) -> bool:
        return self.asked or self._has_role(_CUSTOMERS)

    @property
    def is_admin(self) -> bool:
        return self._has_role(("admin",))

    def first(self, name: str) -> str | None:
        found = (getattr(row, name) for row in self.rows)
        return next((value for value in found if value), None)

    def _has_role(self, roles: Iterable[str]) -> bool:
        return any((row.role or "").strip().lower() in roles for row in self.rows)


class Census:
    def __init__(self) -> None:
        self._residents: list[Resident] = []
        self._by_handle: dict[tuple[str, str], Resident] = {}
        self._company_keys: dict[str, str] = {}

    def meet(self, row: PersonRow, *, at: datetime | None = None) -> Resident:
        """The person this row means; somebody new when nobody fits."""
        handles = [("id", row.id), ("email", (row.email or "").strip().lower())]
        name = ("name", (row.name or "").strip().casefold())
        if not any(value for _, value in handles):
            handles.append(name)
        known = [(kind, value) for kind, value in handles if value]
        found = next((self._by_handle[h] for h in known if h in self._by_handle), None)
        if found is None:
            found = Resident(number=len(self._residents) + 1)
            self._residents.append(found)
        for handle in [*known, name]:
            if handle[1]:
                self._by_handle.setdefault(handle, found)
        found.rows.append(row)
        if at is not None and (found.seen_at is None or at < found.seen_at):
            found.seen_at = at
        return found

    def settle(self, now: datetime) -> None:
        """Give everyone a key, and the company an admin, when all rows have been met."""
        if not any(r.is_admin and not r.is_customer for r in self._residents):
            self.meet(_ADMIN)
        taken: set[str] = set()
        for resident in self._residents:
            resident.key = unique(slug(resident.name) or f"person-{resident.number}", taken)
            resident.seen_at = resident.seen_at or now
        taken = set()
        for resident in self._residents:
            name = resident.first("company")
            if name and resident.is_customer and name.casefold() not in self._company_keys:
                number = len(self._company_keys) + 1
                key = unique(slug(name) or f"company-{number}", taken)
                self._company_keys[name.casefold()] = key

    @property
    def admin(self) -> Resident:
        return next(r for r in self._residents if r.is_admin and not r.is_customer)

    def agents(self) -> tuple[Agent, ...]:
        return tuple(
            Agent(key=r.key, name=r.name, email=r.email, is_admin=r.is_admin)
            for r in self._residents
            if not r.is_customer
        )

    def companies(self) -> tuple[Company, ...]:
        made: dict[str, Company] = {}
        for resident in (r for r in self._residents if r.is_customer):
            name, at, key = resident.first("company"), resident.seen_at, self._company(resident)
            if name is None or key is None or at is None:
                continue
            domain = resident.email.partition("@")[2]
            if key not in made:
                made[key] = Company(key=key, name=name, domain=domain, created_at=at)
            elif at < made[key].created_at:
                old = made[key]
                made[key] = Company(key=key, name=old.name, domain=old.domain, created_at=at)
        return tuple(made.values())

    def customers(self) -> tuple[Customer, ...]:
        return tuple(self._customer(r) for r in self._residents if r.is_customer)

    def _company(self, resident: Resident) -> str | None:
        return self._company_keys.get((resident.first("company") or "").casefold())

    def _customer(self, resident: Resident) -> Customer:
        created = [row.created_at for row in resident.rows if row.created_at]
        seen = [resident.seen_at] if resident.seen_at else []
        return Customer(
            key=resident.key,
            name=resident.name,
            email=resident.email,
            company=self._company(resident),
            # Not later than their first word, whatever the file says.
            created_at=min(created + seen),
            phone=resident.first("phone"),
            time_zone=resident.first("time_zone") or "UTC",
            locale=resident.first("locale") or "en-US",
            tags=next((row.tags for row in resident.rows if row.tags), ()),
        )


def slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def unique(wish: str, taken: set[str]) -> str:
    """``wish``, or ``wish-2`` and so on when it is taken; the answer is taken from now on."""
    key, number = wish, 1
    while key in taken:
        number += 1
        key = f"{wish}-{number}"
    taken.add(key)
    return key
