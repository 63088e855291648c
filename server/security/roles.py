"""The three kinds of users, each allowed what the one before is."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """``agent`` looks; ``manager`` decides about rules and interventions; ``admin`` sets up."""

    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        """Whether somebody of this role may do what takes ``needed``."""
        order = tuple(Role)
        return order.index(self) >= order.index(needed)
