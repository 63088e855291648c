"""How organizations change, and which events that gives rise to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import problems
from .coerce import id_of, text_or_none, texts_of
from .indexes import whole_second
from .keyed_values import coupled, field_news, tags_event, tell
from .rows import Organization
from .state import State

if TYPE_CHECKING:
    from .draft import Actor

_NAMES = """
id url name shared_tickets shared_comments external_id created_at updated_at domain_names
details notes group_id tags organization_fields deleted_at result_type
"""
_KNOWN = frozenset(_NAMES.split())


_SHAPES: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: str(value).strip(),
    "external_id": text_or_none,
    "details": text_or_none,
    "notes": text_or_none,
    "group_id": id_of,
    "domain_names": texts_of,
}


def unknown_keys(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"organization.{key}" for key in body if key not in _KNOWN)


def create_organization(
    state: State, body: Mapping[str, Any], actor: Actor, *, at: datetime | None = None
) -> Organization:
    """Raises ``Problem`` 422: names are unique."""
    at = whole_second(at) if at else state.now()
    _check_organization(state, body, None, creating=True)
    row = Organization(id=state.next_id(), name="", created_at=at, updated_at=at)
    _write_organization(state, row, body)
    state.add_organization(row)
    tell(state, ("organization", row.id), actor, at, [("organization.created", {})])
    return row


def update_organization(
    state: State, row: Organization, body: Mapping[str, Any], actor: Actor
) -> bool:
    _check_organization(state, body, row, creating=False)
    news = _write_organization(state, row, body)
    if not news:
        return False
    at = state.now()
    state.touch_organization(row, at)
    told = [(f"organization.{name}", event) for name, event in news]
    tell(state, ("organization", row.id), actor, at, told)
    return True


def delete_organization(state: State, row: Organization, actor: Actor) -> None:
    at = state.now()
    row.deleted_at = at
    state.organizations_order.discard((row.id,))
    state.organizations_by_name.pop(row.name.lower(), None)
    state.touch_organization(row, at)
    for user in state.users.values():
        if user.organization_id == row.id:
            user.organization_id = None
            state.touch_user(user, at)
    tell(state, ("organization", row.id), actor, at, [("organization.deleted", {})])


def _check_organization(
    state: State, body: Mapping[str, Any], row: Organization | None, *, creating: bool
) -> None:
    name = str(body.get("name") or "").strip()
    if (creating or "name" in body) and not name:
        raise problems.record_invalid(
            "name", "Name: is too short (minimum one character)", "ValueTooShort"
        )
    holder = state.organizations_by_name.get(name.lower())
    if holder is not None and (row is None or holder != row.id):
        raise problems.record_invalid(
            "name", f"Name: {name} has already been taken", "DuplicateValue"
        )


def _write_organization(
    state: State, row: Organization, body: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    tags, values = coupled(
        state.organization_fields, row.tags, row.values, body, body.get("organization_fields")
    )
    news: list[tuple[str, dict[str, Any]]] = []
    if "name" in body:
        state.organizations_by_name.pop(row.name.lower(), None)
        state.organizations_by_name[str(body["name"]).strip().lower()] = row.id
    for name, shape in _SHAPES.items():
        value = shape(body.get(name))
        if name in body and getattr(row, name) != value:
            event = {"current": value, "previous": getattr(row, name)}
            setattr(row, name, value)
            told = f"{name}_changed" if name in ("name", "external_id") else "changed"
            news.append((told, event if told != "changed" else {}))
    news.extend(field_news(state.organization_fields, row.values, values, "custom_field_changed"))
    row.values = values
    if tags != row.tags:
        news.append(("tags_changed", tags_event(row.tags, tags)))
        row.tags = tags
    return news
