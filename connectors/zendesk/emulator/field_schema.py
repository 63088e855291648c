"""Custom fields themselves: made, changed, taken away, with what that does to the values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import problems
from .coerce import objects_of, text_or_none
from .draft import Actor
from .rows import Organization, Ticket, User
from .settings_rows import Field, FieldOption
from .state import State

_TICKET_TYPES = """
text textarea tagger multiselect checkbox integer decimal date regexp partialcreditcard lookup
"""
_KEYED_TYPES = "text textarea checkbox date integer decimal regexp dropdown multiselect lookup"
_TYPES = {
    "ticket_fields": _TICKET_TYPES.split(),
    "user_fields": _KEYED_TYPES.split(),
    "organization_fields": _KEYED_TYPES.split(),
}
_CHOICES = ("tagger", "dropdown", "multiselect")
_MOST_FIELDS = 400
_MOST_OPTIONS = 2000
_PLAIN = (
    "description",
    "agent_description",
    "active",
    "required",
    "tag",
    "visible_in_portal",
    "editable_in_portal",
    "required_in_portal",
    "position",
)


def make_field(state: State, kind: str, table: dict[int, Field], given: Mapping[str, Any]) -> Field:
    """Raises ``Problem`` 422: bad type, no title, a key twice, options twice or missing."""
    of_type = str(given.get("type") or "text")
    if of_type not in _TYPES[kind]:
        raise problems.record_invalid("type", "Type: is invalid", "InvalidValue")
    title = str(given.get("title") or "").strip()
    if not title:
        raise problems.record_invalid("title", "Title: cannot be blank", "BlankValue")
    if sum(1 for field in table.values() if field.removable) >= _MOST_FIELDS:
        raise problems.record_invalid("base", "Too many fields", "TooManyValues")
    key = None if kind == "ticket_fields" else _key(table, given)
    if of_type == "regexp" and not given.get("regexp_for_validation"):
        raise problems.record_invalid(
            "regexp_for_validation", "Regexp for validation: is invalid", "InvalidValue"
        )
    if of_type == "lookup" and not given.get("relationship_target_type"):
        raise problems.record_invalid(
            "relationship_target_type", "Relationship target type: is invalid", "InvalidValue"
        )
    options = _checked_options(given.get("custom_field_options"))
    if of_type in _CHOICES and not options:
        raise problems.record_invalid(
            "custom_field_options", "Custom field options: cannot be blank", "BlankValue"
        )
    now = state.now()
    field = Field(
        id=state.next_id(),
        type=of_type,
        title=title,
        created_at=now,
        updated_at=now,
        key=key,
        regexp=text_or_none(given.get("regexp_for_validation")),
        relationship_target_type=text_or_none(given.get("relationship_target_type")),
    )
    for name in _PLAIN:
        if given.get(name) is not None:
            setattr(field, name, given[name])
    for name, value in options:
        state.add_option(field, name, value)
    table[field.id] = field
    return field


def _key(table: dict[int, Field], given: Mapping[str, Any]) -> str:
    key = str(given.get("key") or "")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        raise problems.record_invalid("key", "Key: is invalid", "InvalidValue")
    if any(field.key == key for field in table.values()):
        raise problems.record_invalid("key", "Key: has already been taken", "DuplicateValue")
    return key


def _checked_options(given: Any) -> list[tuple[str, str]]:
    """Values are tags: without blanks, each once."""
    found = [
        (str(each.get("name") or ""), str(each.get("value") or ""))
        for each in objects_of("custom_field_options", given)
    ]
    values = [value for _, value in found]
    if len(found) > _MOST_OPTIONS or len(set(values)) != len(values):
        raise problems.record_invalid(
            "custom_field_options", "Option values must be unique", "DuplicateValue"
        )
    for name, value in found:
        if not name or not value or re.search(r"[\s&%;]", value):
            raise problems.record_invalid(
                "custom_field_options", "Custom field options: are invalid", "InvalidValue"
            )
    return found


def change_field(
    state: State, kind: str, field: Field, given: Mapping[str, Any], actor: Actor
) -> None:
    """``type`` and ``key`` are ignored; ``custom_field_options`` replaces the whole list."""
    del actor
    if "title" in given:
        if not str(given["title"] or "").strip():
            raise problems.record_invalid("title", "Title: cannot be blank", "BlankValue")
        field.title = str(given["title"]).strip()
    for name in _PLAIN:
        if given.get(name) is not None:
            setattr(field, name, given[name])
    if given.get("custom_field_options") is not None and field.type in _CHOICES:
        wanted = _checked_options(given["custom_field_options"])
        known = {option.value: option for option in field.options}
        kept = {value for _, value in wanted}
        field.options = []
        for name, value in wanted:
            if value in known:
                known[value].name = name
                field.options.append(known[value])
            else:
                state.add_option(field, name, value)
        lost = known.keys() - kept
        if lost:
            forget_values(state, kind, field, only=lost)
    field.updated_at = state.now()


def add_option(state: State, field: Field, given: Mapping[str, Any]) -> tuple[FieldOption, bool]:
    """Made, or renamed when its id or value is known."""
    if field.type not in _CHOICES:
        raise problems.record_invalid("base", "The field takes no options", "InvalidValue")
    [(name, value)] = _checked_options([dict(given)])
    for option in field.options:
        if option.value == value or str(option.id) == str(given.get("id")):
            option.name, option.value = name, value
            return option, False
    field.updated_at = state.now()
    return state.add_option(field, name, value), True


def remove_option(state: State, kind: str, field: Field, option_id: int) -> None:
    [gone] = [option for option in field.options if option.id == option_id]
    field.options = [option for option in field.options if option.id != option_id]
    forget_values(state, kind, field, only={gone.value})


def forget_values(state: State, kind: str, field: Field, *, only: set[str] | None = None) -> None:
    """Clear the field everywhere (or those ``only`` values), silently. The tags stay."""
    rows: list[Ticket | User | Organization]
    if kind == "ticket_fields":
        rows = list(state.tickets.values())
    elif kind == "user_fields":
        rows = list(state.users.values())
    else:
        rows = list(state.organizations.values())
    for row in rows:
        key: Any = field.id if isinstance(row, Ticket) else field.key
        values: dict[Any, Any] = row.values
        held = values.get(key)
        if held is None:
            continue
        if only is None or (isinstance(held, str) and held in only):
            row.values = {k: v for k, v in values.items() if k != key}
        elif isinstance(held, list):
            kept = [each for each in held if each not in only]
            row.values = {k: v for k, v in values.items() if k != key or kept}
            if kept:
                row.values = {**row.values, key: kept}
