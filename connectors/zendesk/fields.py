"""Our field keys and values <-> what Zendesk calls and keeps.

The hard part: every option of a dropdown is also a *tag*, and tags live in one space. Ticket
options are shared by all ticket fields, and a user's tags are copied to their new tickets, so an
option without a namespace would set somebody else's field. Hence ``keepsake_sentiment_negative``
on tickets and ``keepsake_user_memory_tags_delight`` on users.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ..base import FieldSpec, FieldType, Installation
from ..errors import Misconfigured
from ..records import FieldValue, RecordKind

NAMESPACE = "keepsake"
_TAG = re.compile(r"[a-z0-9_:-]+")

TICKET_TYPES = MappingProxyType(
    {
        FieldType.CHOICE: "tagger",
        FieldType.CHOICES: "multiselect",
        FieldType.NUMBER: "decimal",
        FieldType.TEXT: "text",
        FieldType.LONG_TEXT: "textarea",
        FieldType.URL: "text",
    }
)
#: The same kinds of fields go by other names on users.
USER_TYPES = MappingProxyType({**TICKET_TYPES, FieldType.CHOICE: "dropdown"})


def step_of(spec: FieldSpec) -> str:
    """The step that makes this field: ``field:ticket:sentiment``."""
    return f"field:{spec.record}:{spec.key}"


def user_field_key(key: str) -> str:
    """The key of our user field over there; it can never be changed."""
    return f"{NAMESPACE}_{key}"


def option_tag(record: RecordKind, key: str, value: str) -> str:
    """The tag an option of ours sets. Raises ``Misconfigured`` when Zendesk would mangle it."""
    tag = f"{_prefix(record, key)}{value}"
    if not _TAG.fullmatch(tag):
        raise Misconfigured(
            f"The option {value!r} of the field {key!r} cannot be a Zendesk tag: use small letters,"
            " digits, '_', ':' and '-' only."
        )
    return tag


def _prefix(record: RecordKind, key: str) -> str:
    return f"{NAMESPACE}_{'user_' if record is RecordKind.CONTACT else ''}{key}_"


@dataclass(frozen=True, kw_only=True)
class OwnField:
    """One field of ours as installed: ``id`` is the system's."""

    record: RecordKind
    key: str
    id: str
    type: FieldType


class FieldMap:
    """The fields an installation made, and how their values travel."""

    def __init__(self, installation: Installation) -> None:
        self._by_key: dict[tuple[RecordKind, str], OwnField] = {}
        for step, made in installation.made.items():
            name, _, rest = step.partition(":")
            record, _, key = rest.partition(":")
            kind = installation.state.get(step)
            if name == "field" and kind is not None:
                own = OwnField(record=RecordKind(record), key=key, id=made, type=FieldType(kind))
                self._by_key[own.record, own.key] = own

    @property
    def ticket_field_ids(self) -> frozenset[str]:
        return frozenset(own.id for own in self._of(RecordKind.TICKET))

    def of_ticket(self, custom_fields: object) -> Mapping[str, FieldValue]:
        """Our values among a ticket's ``custom_fields``, by our keys; empty ones are None."""
        rows = custom_fields if isinstance(custom_fields, list) else []
        values = {str(row.get("id")): row.get("value") for row in rows if isinstance(row, dict)}
        return MappingProxyType(
            {
                own.key: decode(own, values[own.id])
                for own in self._of(RecordKind.TICKET)
                if own.id in values
            }
        )

    def of_contact(self, user_fields: object) -> Mapping[str, FieldValue]:
        """Our values among a user's ``user_fields``, by our keys; empty ones are None."""
        values = user_fields if isinstance(user_fields, dict) else {}
        return MappingProxyType(
            {
                own.key: decode(own, values[user_field_key(own.key)])
                for own in self._of(RecordKind.CONTACT)
                if user_field_key(own.key) in values
            }
        )

    def missing(self, record: RecordKind, keys: Iterable[str]) -> list[str]:
        """Those keys this installation has no field for."""
        return sorted(key for key in keys if (record, key) not in self._by_key)

    def for_ticket(self, values: Mapping[str, FieldValue]) -> list[dict[str, Any]]:
        """``custom_fields`` for an update. Raises ``ValueError`` for a value of a wrong type."""
        owns = [self._by_key[RecordKind.TICKET, key] for key in values]
        return [{"id": int(own.id), "value": encode(own, values[own.key])} for own in owns]

    def for_contact(self, values: Mapping[str, FieldValue]) -> dict[str, Any]:
        """``user_fields`` for an update. Raises ``ValueError`` for a value of a wrong type."""
        owns = [self._by_key[RecordKind.CONTACT, key] for key in values]
        return {user_field_key(own.key): encode(own, values[own.key]) for own in owns}

    def _of(self, record: RecordKind) -> list[OwnField]:
        return [own for own in self._by_key.values() if own.record is record]


def encode(own: OwnField, value: FieldValue) -> Any:
    """A value as Zendesk takes it. Raises ``ValueError`` when it does not fit the field."""
    if own.type is FieldType.CHOICES:
        if value is None:
            return []
        if not isinstance(value, tuple):
            raise ValueError(f"{own.key} takes several options")
        return [option_tag(own.record, own.key, one) for one in value]
    if value is None:
        return None
    if own.type is FieldType.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{own.key} takes a number")
        if not math.isfinite(value):
            raise ValueError(f"{own.key} takes a finite number")
        # As text and without an exponent: the field checks what it gets against a pattern.
        return format(Decimal(str(value)), "f")
    if not isinstance(value, str):
        raise ValueError(f"{own.key} takes a text")
    if own.type is FieldType.CHOICE:
        return option_tag(own.record, own.key, value)
    if own.type is FieldType.TEXT:
        return " ".join(value.split())
    return value


def decode(own: OwnField, value: object) -> FieldValue:
    """A value as Zendesk gives it, whatever an agent or another tool put there."""
    if value in (None, "", []):
        return None
    prefix = _prefix(own.record, own.key)
    if isinstance(value, list):
        return tuple(str(one).removeprefix(prefix) for one in value)
    if own.type is FieldType.NUMBER and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, bool | int | float):
        return value
    text = str(value).removeprefix(prefix)
    return (text,) if own.type is FieldType.CHOICES else text


def _number(value: object) -> FieldValue:
    text = str(value).strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        # Some locales keep a decimal comma.
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() else number
