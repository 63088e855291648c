"""Trigger administration."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from .. import problems, shapes_admin
from ..coerce import id_of, objects_of
from ..paging import small_list
from ..rules import ACTIONS, CONDITIONAL, CONDITIONS, known_action, known_condition
from ..settings_rows import Trigger
from ..web import answer, body, needs, origin, state

blueprint = Blueprint("zendesk_triggers", __name__, url_prefix="/api/v2")


def _shown(row: Trigger) -> dict[str, Any]:
    return shapes_admin.trigger(row, origin())


def _trigger(trigger_id: int) -> Trigger:
    row = state().triggers.get(trigger_id)
    if row is None:
        raise problems.not_found()
    return row


def _conditions(given: Any) -> dict[str, list[dict[str, Any]]]:
    found = given if isinstance(given, dict) else {}
    conditions = {name: objects_of("conditions", found.get(name)) for name in ("all", "any")}
    for each in [*conditions["all"], *conditions["any"]]:
        if not known_condition(str(each.get("field"))):
            raise problems.record_invalid("base", "Conditions: are invalid", "InvalidValue")
    return conditions


def _actions(given: Any) -> list[dict[str, Any]]:
    actions = objects_of("actions", given)
    if not actions:
        raise problems.record_invalid("actions", "Actions: cannot be blank", "BlankValue")
    for each in actions:
        if not known_action(str(each.get("field"))):
            raise problems.record_invalid("base", "Actions: are invalid", "InvalidValue")
        if each["field"] == "notification_webhook":
            value = each.get("value")
            row = (
                state().webhooks.get(str(value[0]))
                if isinstance(value, list) and len(value) == 2
                else None
            )
            if row is None or row.subscriptions != [CONDITIONAL]:
                raise problems.record_invalid("base", "Webhook: is invalid", "InvalidValue")
    return actions


@blueprint.get("/triggers")
def list_triggers() -> Response:
    return answer(small_list("triggers", state().triggers.values(), _shown))


@blueprint.get("/trigger_categories")
def categories() -> Response:
    row = {"id": state().trigger_category_id, "name": "Notifications", "position": 0}
    meta = {"meta": {"has_more": False}, "links": {"prev": None, "next": None}}
    return answer({"trigger_categories": [row], **meta})


@blueprint.get("/triggers/<int:trigger_id>")
def show(trigger_id: int) -> Response:
    return answer({"trigger": _shown(_trigger(trigger_id))})


@blueprint.post("/triggers")
@needs("admin")
def create() -> Response:
    given = body("trigger")
    if not str(given.get("title") or "").strip():
        raise problems.record_invalid("title", "Title: cannot be blank", "BlankValue")
    category = str(given.get("category_id") or state().trigger_category_id)
    if category != state().trigger_category_id:
        raise problems.record_invalid("category_id", "Category: is invalid", "InvalidValue")
    now = state().now()
    row = Trigger(
        id=state().next_id(),
        title=str(given["title"]).strip(),
        category_id=category,
        conditions=_conditions(given.get("conditions")),
        actions=_actions(given.get("actions")),
        created_at=now,
        updated_at=now,
        active=given.get("active", True) is not False,
        position=id_of(given.get("position")) or len(state().triggers) + 1,
        description=given.get("description"),
    )
    state().triggers[row.id] = row
    place = f"{origin()}/api/v2/triggers/{row.id}.json"
    return answer({"trigger": _shown(row)}, 201, Location=place)


@blueprint.put("/triggers/<int:trigger_id>")
@needs("admin")
def update(trigger_id: int) -> Response:
    """Conditions and actions are replaced as a whole."""
    row = _trigger(trigger_id)
    given = body("trigger")
    if "conditions" in given:
        row.conditions = _conditions(given["conditions"])
    if "actions" in given:
        row.actions = _actions(given["actions"])
    for name in ("title", "active", "position", "description"):
        if given.get(name) is not None:
            setattr(row, name, given[name])
    row.updated_at = state().now()
    return answer({"trigger": _shown(row)})


@blueprint.delete("/triggers/<int:trigger_id>")
@needs("admin")
def delete(trigger_id: int) -> Response:
    del state().triggers[_trigger(trigger_id).id]
    return Response(status=204)


@blueprint.get("/triggers/definitions")
def definitions() -> Response:
    """Which conditions and actions this account knows."""
    conditions = [{"title": name, "subject": name, "type": "text"} for name in sorted(CONDITIONS)]
    actions = [{"title": name, "subject": name, "type": "text"} for name in sorted(ACTIONS)]
    told = {"conditions_all": conditions, "conditions_any": conditions, "actions": actions}
    return answer({"definitions": told})
