"""Bulk changes: a job is queued and answered at once, the work is done later."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from .. import problems
from ..jobs import enqueue
from ..shapes_admin import job as job_shape
from ..web import actor, answer, body, ids_given, needs, number, origin, state

blueprint = Blueprint("zendesk_bulk", __name__, url_prefix="/api/v2")


def _queue(kind: str, action: str, items: list[dict[str, Any]]) -> Response:
    job = enqueue(state(), kind, action, items, actor())
    return answer({"job_status": job_shape(job, origin())})


def _updates(one: str, many: str) -> list[dict[str, Any]]:
    """One change for many ids, or many changes that name their ids."""
    if "ids" in request.args or "external_ids" in request.args:
        change = body(one)
        return [{**change, "id": number(each)} for each in ids_given()]
    given = body().get(many)
    if not isinstance(given, list):
        raise problems.bad_request("ParameterMissing", f"Parameter {many} is required")
    return given


def _news(many: str) -> list[dict[str, Any]]:
    given = body().get(many)
    if not isinstance(given, list):
        raise problems.bad_request("ParameterMissing", f"Parameter {many} is required")
    return given


def _ids() -> list[dict[str, Any]]:
    return [{"id": number(each)} for each in ids_given()]


@blueprint.put("/tickets/update_many")
def update_tickets() -> Response:
    return _queue("ticket_update", "update", _updates("ticket", "tickets"))


@blueprint.post("/tickets/create_many")
def create_tickets() -> Response:
    return _queue("ticket_create", "create", _news("tickets"))


@blueprint.delete("/tickets/destroy_many")
def delete_tickets() -> Response:
    return _queue("ticket_delete", "delete", _ids())


@blueprint.put("/users/update_many")
def update_users() -> Response:
    return _queue("user_update", "update", _updates("user", "users"))


@blueprint.post("/users/create_many")
def create_users() -> Response:
    return _queue("user_create", "create", _news("users"))


@blueprint.post("/users/create_or_update_many")
def create_or_update_users() -> Response:
    return _queue("user_create_or_update", "update", _news("users"))


@blueprint.delete("/users/destroy_many")
def delete_users() -> Response:
    return _queue("user_delete", "delete", _ids())


@blueprint.put("/organizations/update_many")
@needs("admin")
def update_organizations() -> Response:
    return _queue("organization_update", "update", _updates("organization", "organizations"))


@blueprint.post("/organizations/create_many")
@needs("admin")
def create_organizations() -> Response:
    return _queue("organization_create", "create", _news("organizations"))
