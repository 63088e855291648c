"""What users and organizations share: values by field key, tags, and the events of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .events import Happening
from .field_values import accept, couple
from .settings_rows import Field
from .state import State
from .words import clean_tags

if TYPE_CHECKING:
    from .draft import Actor


def coupled(
    fields: dict[int, Field],
    tags: list[str],
    values: Mapping[str, Any],
    body: Mapping[str, Any],
    given: Any,
) -> tuple[list[str], dict[str, Any]]:
    """User and organization values are kept by field key; coupling works by field id."""
    by_key = {field.key: field for field in fields.values() if field.key}
    writes = {
        by_key[key].id: accept(by_key[key], value)
        for key, value in (given.items() if isinstance(given, Mapping) else ())
        if key in by_key and by_key[key].active
    }
    new_tags = clean_tags(body["tags"]) if "tags" in body else None
    if not writes and new_tags is None:
        return tags, dict(values)
    by_id = {by_key[key].id: value for key, value in values.items() if key in by_key}
    tags, after = couple(fields, tags, by_id, writes, new_tags)
    return tags, {str(fields[field_id].key): value for field_id, value in after.items()}


def tags_event(before: list[str], after: list[str]) -> dict[str, Any]:
    return {
        "tags_added": sorted(set(after) - set(before)),
        "tags_removed": sorted(set(before) - set(after)),
    }


def field_news(
    fields: dict[int, Field], before: Mapping[str, Any], after: Mapping[str, Any], name: str
) -> list[tuple[str, dict[str, Any]]]:
    news: list[tuple[str, dict[str, Any]]] = []
    for field in fields.values():
        old, new = before.get(str(field.key)), after.get(str(field.key))
        if old != new:
            event = {
                "current": {"value": new},
                "previous": {"value": old},
                "custom_field": {
                    "id": str(field.id),
                    "title": field.title,
                    "type": field.type,
                },
            }
            news.append((name, event))
    return news


def tell(
    state: State,
    record: tuple[str, int],
    actor: Actor,
    at: datetime,
    events: list[tuple[str, dict[str, Any]]],
) -> None:
    """Pass it on; ``changed`` is our own mark for what no webhook tells."""
    heard = tuple((name, event) for name, event in events if not name.endswith(".changed"))
    state.tell(
        Happening(
            kind=record[0],
            record_id=record[1],
            actor_id=actor.user_id,
            at=at,
            events=heard,
        )
    )
