"""The tables, one module an area. Importing this package fills ``metadata``.

Two habits keep them sound. Rows of a source system point at each other softly, by its ids, since
records arrive in any order; rows of ours hold real foreign keys. And whatever must happen once
has a unique key that says so.
"""

from .acting import delivery, intervention, rule_state, verdict
from .base import metadata
from .connecting import connection, connection_secret, cursor, inbox, rate_budget
from .memory import (
    correction,
    field_state,
    moment,
    person_state,
    reading,
    ticket_state,
)
from .operating import api_token, app_user, audit_log, heartbeat, meta
from .records import account, contact, erased_contact, interaction, person, survey, ticket

__all__ = [
    "account",
    "api_token",
    "app_user",
    "audit_log",
    "connection",
    "connection_secret",
    "contact",
    "correction",
    "cursor",
    "delivery",
    "erased_contact",
    "field_state",
    "heartbeat",
    "inbox",
    "interaction",
    "intervention",
    "meta",
    "metadata",
    "moment",
    "person",
    "person_state",
    "rate_budget",
    "reading",
    "rule_state",
    "survey",
    "ticket",
    "ticket_state",
    "verdict",
]
