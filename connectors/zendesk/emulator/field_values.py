"""Custom field values and the tags they drag along.

A dropdown's value *is* a tag: writing one removes the old option's tag and adds the new one,
and adding or removing such a tag by other ways sets or clears the field. Two fields that share
an option value therefore write each other, which is why owners prefix their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from . import problems
from .settings_rows import Field

CHOICE_TYPES = ("tagger", "dropdown")
_FIELD_CLASS = {
    "tagger": "FieldTagger",
    "dropdown": "FieldDropdown",
    "multiselect": "FieldMultiselect",
    "checkbox": "FieldCheckbox",
    "integer": "FieldInteger",
    "decimal": "FieldDecimal",
    "date": "FieldDate",
    "regexp": "FieldRegexp",
}


def _refuse(field: Field, why: str) -> problems.Problem:
    return problems.record_invalid(
        "base",
        f"{field.title}: {why}",
        "InvalidValue",
        ticket_field_id=field.id,
        ticket_field_type=_FIELD_CLASS.get(field.type, "FieldText"),
    )


def accept(field: Field, value: Any) -> Any:
    """``value`` as the account would keep it; None empties. Raises the 422 it would answer."""
    if value is None or (value == "" and field.type != "checkbox") or value == []:
        return None
    if isinstance(value, dict) or (isinstance(value, list) and field.type != "multiselect"):
        raise _refuse(field, "is invalid")
    if field.type in CHOICE_TYPES:
        if value not in field.option_values:
            raise _refuse(field, "is not one of the options")
        return value
    if field.type == "multiselect":
        chosen = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        if not set(chosen) <= field.option_values:
            raise _refuse(field, "is not one of the options")
        return [option.value for option in field.options if option.value in chosen]
    if field.type == "checkbox":
        return True if value in (True, "true", "1", 1) else None
    if field.type == "integer":
        if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d+", str(value).strip()):
            raise _refuse(field, "must be an integer")
        return int(str(value))
    if field.type == "decimal":
        return _decimal(field, value)
    if field.type == "date":
        return _date(field, value)
    if field.type == "regexp" and field.regexp and not re.search(field.regexp, str(value)):
        raise _refuse(field, "is invalid")
    if field.type == "partialcreditcard":
        return "XXXXXXXXXXXX" + re.sub(r"\D", "", str(value))[-4:]
    if field.type == "lookup":
        return str(value)
    return str(value)


def _decimal(field: Field, value: Any) -> str:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _refuse(field, "must be a number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise _refuse(field, "must be a number")
    return str(value).strip()


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _refuse(field, "is not a date") from None


def shown(field: Field, value: Any, *, integers_as_text: bool) -> Any:
    """A kept value as the API gives it back."""
    if field.type == "checkbox":
        return bool(value)
    if field.type == "integer" and value is not None and integers_as_text:
        return str(value)
    return value


def _tags_of(field: Field, value: Any) -> set[str]:
    if value is None:
        return set()
    if field.type in CHOICE_TYPES:
        return {value}
    if field.type == "multiselect":
        return set(value)
    if field.type == "checkbox" and field.tag and value:
        return {field.tag}
    return set()


def _tags_owned_by(field: Field) -> set[str]:
    """Every tag that stands for a value of this field."""
    if field.type in (*CHOICE_TYPES, "multiselect"):
        return field.option_values
    return {field.tag} if field.type == "checkbox" and field.tag else set()


def couple(
    fields: Mapping[int, Field],
    tags: Iterable[str],
    values: Mapping[int, Any],
    writes: Mapping[int, Any],
    new_tags: Iterable[str] | None,
) -> tuple[list[str], dict[int, Any]]:
    """Tags and values after a write of ``new_tags`` (None: untouched) and field ``writes``.

    ``writes`` are already accepted values. Tags go first, fields win where both speak.
    """
    after = dict(values)
    present = set(tags)
    if new_tags is not None:
        wanted = set(new_tags)
        _follow_tags(fields, after, present, wanted, spare=set(writes))
        present = wanted
    before_writes = set(present)
    removed: set[str] = set()
    added: set[str] = set()
    for field_id, value in writes.items():
        field = fields[field_id]
        removed |= _tags_owned_by(field)
        added |= _tags_of(field, value)
        if value is None:
            after.pop(field_id, None)
        else:
            after[field_id] = value
    present = (present - removed) | added
    _follow_tags(fields, after, before_writes, present, spare=set(writes))
    return sorted(present), after


def _follow_tags(
    fields: Mapping[int, Field],
    values: dict[int, Any],
    before: set[str],
    now: set[str],
    *,
    spare: set[int],
) -> None:
    """Let fields that own a tag that came or went follow it; ``spare`` were written on purpose."""
    added, removed = now - before, before - now
    if not added and not removed:
        return
    for field in fields.values():
        if field.id in spare or not field.active:
            continue
        if field.type in CHOICE_TYPES:
            left = values.get(field.id) in removed
            hits = added & field.option_values or (now & field.option_values if left else set())
            if hits:
                values[field.id] = min(hits)
            elif left:
                del values[field.id]
        elif field.type == "multiselect":
            owned = field.option_values
            if (added | removed) & owned:
                kept = (set(values.get(field.id, ())) - removed) | (added & owned)
                if kept:
                    values[field.id] = [o.value for o in field.options if o.value in kept]
                else:
                    values.pop(field.id, None)
        elif field.type == "checkbox" and field.tag:
            if field.tag in added:
                values[field.id] = True
            elif field.tag in removed:
                values.pop(field.id, None)
