"""Companies and groups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from .. import problems, shapes
from ..indexes import Key, iso
from ..organization_changes import (
    create_organization,
    delete_organization,
    unknown_keys,
    update_organization,
)
from ..paging import listing, small_list
from ..rows import Organization
from ..web import actor, answer, body, ids_given, needs, number, origin, spend, state, warn

blueprint = Blueprint("zendesk_organizations", __name__, url_prefix="/api/v2")


def living_organization(organization_id: object) -> Organization:
    row = state().organizations.get(number(organization_id))
    if row is None or row.deleted_at is not None:
        raise problems.not_found()
    return row


def shown(row: Organization) -> dict[str, Any]:
    return shapes.organization(state(), row, origin())


def _living() -> list[Organization]:
    return [row for row in state().organizations.values() if row.deleted_at is None]


@blueprint.get("/organizations")
def list_organizations() -> Response:
    def row(key: Key) -> dict[str, Any]:
        return shown(state().organizations[int(key[-1])])

    return answer(listing("organizations", {"id": lambda: state().organizations_order}, row))


@blueprint.get("/organizations/count")
def count_organizations() -> Response:
    count = {"value": len(state().organizations_order), "refreshed_at": iso(state().now())}
    return answer({"count": count})


@blueprint.get("/organizations/show_many")
def show_many() -> Response:
    if "external_ids" in request.args:
        wanted = set(ids_given("external_ids"))
        rows = [row for row in _living() if row.external_id in wanted]
    else:
        ids = {number(each) for each in ids_given()}
        rows = [row for row in _living() if row.id in ids]
    page = {"organizations": [shown(row) for row in rows]}
    return answer({**page, "next_page": None, "previous_page": None, "count": len(rows)})


@blueprint.get("/organizations/search")
def search() -> Response:
    name, external = request.args.get("name", "").lower(), request.args.get("external_id")
    rows = [
        row
        for row in _living()
        if (external and row.external_id == external) or (name and row.name.lower() == name)
    ]
    return answer(small_list("organizations", rows, shown))


@blueprint.post("/organizations")
@needs("admin")
def create() -> Response:
    given = body("organization")
    row = create_organization(state(), given, actor())
    warn(unknown_keys(given))
    place = f"{origin()}/api/v2/organizations/{row.id}.json"
    return answer({"organization": shown(row)}, 201, Location=place)


@blueprint.post("/organizations/create_or_update")
@needs("admin")
def create_or_update() -> Response:
    """Matched by id, then by external id; never by name."""
    given = body("organization")
    external = given.get("external_id")
    row = state().organizations.get(number(given["id"])) if given.get("id") else None
    if row is None and external:
        row = next((each for each in _living() if each.external_id == external), None)
    if row is None:
        return create()
    update_organization(state(), row, given, actor())
    return answer({"organization": shown(row)})


@blueprint.get("/organizations/<int:organization_id>")
def show(organization_id: int) -> Response:
    return answer({"organization": shown(living_organization(organization_id))})


@blueprint.put("/organizations/<int:organization_id>")
def update(organization_id: int) -> Response:
    row = living_organization(organization_id)
    most = state().options.limits.organization_updates
    spend("organizations-update", row.id, most, 60, what="organization update API")
    given = body("organization")
    update_organization(state(), row, given, actor())
    warn(unknown_keys(given))
    return answer({"organization": shown(row)})


@blueprint.delete("/organizations/<int:organization_id>")
@needs("admin")
def delete(organization_id: int) -> Response:
    delete_organization(state(), living_organization(organization_id), actor())
    return Response(status=204)


@blueprint.get("/organizations/<int:organization_id>/users")
def members(organization_id: int) -> Response:
    living_organization(organization_id)
    rows = [
        user
        for user in state().users.values()
        if user.organization_id == organization_id and user.active
    ]
    return answer(small_list("users", rows, lambda user: shapes.user(state(), user, origin())))


@blueprint.get("/groups")
def list_groups() -> Response:
    rows = state().groups.values()
    return answer(small_list("groups", rows, lambda row: shapes.group(row, origin())))


@blueprint.get("/groups/<int:group_id>")
def show_group(group_id: int) -> Response:
    row = state().groups.get(group_id)
    if row is None:
        raise problems.not_found()
    return answer({"group": shapes.group(row, origin())})


@blueprint.get("/brands")
def list_brands() -> Response:
    subdomain = state().options.subdomain
    brand = {
        "id": state().brand_id,
        "url": f"{origin()}/api/v2/brands/{state().brand_id}.json",
        "name": subdomain.title(),
        "subdomain": subdomain,
        "brand_url": origin(),
        "active": True,
        "default": True,
    }
    return answer({"brands": [brand], "next_page": None, "previous_page": None, "count": 1})


@blueprint.get("/custom_statuses")
def list_custom_statuses() -> Response:
    rows = [
        {
            "id": status_id,
            "status_category": status,
            "agent_label": status.title(),
            "active": True,
            "default": True,
        }
        for status, status_id in state().custom_status_ids.items()
        if status != "closed"
    ]
    return answer({"custom_statuses": rows})
