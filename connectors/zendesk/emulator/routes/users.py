"""People: who we are, list, search, make, change, join, delete."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, request

from .. import problems, shapes, sideloads
from ..indexes import Key, iso
from ..jobs import create_or_update_user
from ..paging import listing, small_list
from ..rows import User
from ..user_acts import delete_user, erase_user, merge_users
from ..user_changes import (
    add_identity,
    create_user,
    unknown_keys,
    update_user,
)
from ..web import actor, answer, body, ids_given, needs, number, origin, spend, state, warn

blueprint = Blueprint("zendesk_users", __name__, url_prefix="/api/v2")


def known_user(user_id: object) -> User:
    """Deleted users are still found; 404 for those that never were, or are gone for good."""
    user = state().users.get(number(user_id))
    if user is None or user.gone:
        raise problems.not_found()
    return user


def shown(user: User) -> dict[str, Any]:
    return shapes.user(state(), user, origin())


def count_user_update(user_id: int) -> None:
    """Five updates a minute and user, one a second over all."""
    limits = state().options.limits
    spend("users-update", user_id, limits.user_updates, 60, what="user update API")
    spend("users-update-account", "", limits.user_updates_per_second, 1, what="user update API")


@blueprint.get("/users/me")
@needs("anyone")
def me() -> Response:
    found = g.get("principal")
    return answer({"user": shown(found.user) if found else shapes.anonymous()})


@blueprint.get("/users")
def list_users() -> Response:
    wanted = set(request.args.getlist("role") + request.args.getlist("role[]"))
    if wanted:
        rows = [u for u in state().users.values() if u.role in wanted and u.active]
        return answer(small_list("users", rows, shown))

    def row(key: Key) -> dict[str, Any]:
        return shown(state().users[int(key[-1])])

    page = listing("users", {"id": lambda: state().users_order}, row)
    if "organizations" in sideloads.asked():
        page["organizations"] = sideloads.organizations(u["organization_id"] for u in page["users"])
    return answer(page)


@blueprint.get("/users/count")
def count_users() -> Response:
    count = {"value": len(state().users_order), "refreshed_at": iso(state().now())}
    return answer({"count": count})


@blueprint.get("/users/show_many")
def show_many() -> Response:
    if "external_ids" in request.args:
        ids = [state().users_by_external_id.get(e, 0) for e in ids_given("external_ids")]
    else:
        ids = [number(each) for each in ids_given()]
    rows = [user for each in ids if (user := state().users.get(each)) and not user.gone]
    page = {"users": [shown(user) for user in rows]}
    return answer({**page, "next_page": None, "previous_page": None, "count": len(rows)})


@blueprint.get("/users/search")
def search() -> Response:
    if "external_id" in request.args:
        found = state().users_by_external_id.get(request.args["external_id"])
        rows = [state().users[found]] if found else []
    else:
        words = request.args.get("query", "").removeprefix("email:").strip('"').lower()
        exact = state().user_by_email(words)
        rows = [exact] if exact else [u for u in state().users.values() if _matches(u, words)]
    return answer(small_list("users", rows, shown))


def _matches(user: User, words: str) -> bool:
    texts = (user.name.lower(), (user.email or "").lower(), user.phone or "")
    return user.active and any(words in text for text in texts)


@blueprint.post("/users")
def create() -> Response:
    given = body("user")
    user = create_user(state(), given, actor())
    warn(unknown_keys(given))
    place = f"{origin()}/api/v2/users/{user.id}.json"
    return answer({"user": shown(user)}, 201, Location=place)


@blueprint.post("/users/create_or_update")
def create_or_update() -> Response:
    given = body("user")
    user_id, made = create_or_update_user(state(), given, actor())
    count_user_update(user_id)
    warn(unknown_keys(given))
    place = f"{origin()}/api/v2/users/{user_id}.json"
    return answer({"user": shown(state().users[user_id])}, 201 if made else 200, Location=place)


@blueprint.get("/users/<int:user_id>")
def show(user_id: int) -> Response:
    user = known_user(user_id)
    more: dict[str, Any] = {}
    if "organizations" in sideloads.asked():
        more["organizations"] = sideloads.organizations([user.organization_id])
    return answer({"user": shown(user), **more})


@blueprint.put("/users/<int:user_id>")
def update(user_id: int) -> Response:
    user = known_user(user_id)
    count_user_update(user.id)
    given = body("user")
    update_user(state(), user, given, actor())
    warn(unknown_keys(given))
    return answer({"user": shown(user)})


@blueprint.delete("/users/<int:user_id>")
def delete(user_id: int) -> Response:
    user = known_user(user_id)
    delete_user(state(), user, actor())
    return answer({"user": shown(user)})


@blueprint.put("/users/<int:user_id>/merge")
@needs("admin")
def merge(user_id: int) -> Response:
    source, target = known_user(user_id), known_user(body("user").get("id"))
    if source.id == target.id or source.is_staff:
        raise problems.record_invalid("base", "User cannot be merged", "InvalidValue")
    merge_users(state(), source, target, actor())
    return answer({"user": shown(target)})


@blueprint.get("/users/<int:user_id>/identities")
def list_identities(user_id: int) -> Response:
    user = known_user(user_id)
    page = small_list(
        "identities", user.identities, lambda row: shapes.identity(user, row, origin())
    )
    return answer(page)


@blueprint.post("/users/<int:user_id>/identities")
def add_address(user_id: int) -> Response:
    user = known_user(user_id)
    given = body("identity")
    email = str(given.get("value") or "").lower()
    if given.get("type", "email") != "email" or state().user_by_email(email):
        raise problems.record_invalid("value", "Value: is invalid", "InvalidValue")
    verified = bool(given.get("verified"))
    row = add_identity(state(), user, email, verified=verified, at=state().now())
    state().touch_user(user, state().now())
    return answer({"identity": shapes.identity(user, row, origin())}, 201)


@blueprint.get("/deleted_users")
def list_deleted() -> Response:
    rows = [u for u in state().users.values() if not u.active and not u.gone]
    return answer(small_list("deleted_users", rows, shown))


@blueprint.get("/deleted_users/count")
def count_deleted() -> Response:
    rows = [u for u in state().users.values() if not u.active and not u.gone]
    return answer({"count": {"value": len(rows), "refreshed_at": iso(state().now())}})


def _deleted(user_id: int) -> User:
    user = known_user(user_id)
    if user.active:
        raise problems.not_found()
    return user


@blueprint.get("/deleted_users/<int:user_id>")
def show_deleted(user_id: int) -> Response:
    return answer({"deleted_user": shown(_deleted(user_id))})


@blueprint.delete("/deleted_users/<int:user_id>")
@needs("admin")
def erase(user_id: int) -> Response:
    user = _deleted(user_id)
    erase_user(state(), user)
    return answer({"deleted_user": shown(user)})


@blueprint.get("/users/<int:user_id>/compliance_deletion_statuses")
@needs("admin")
def compliance(user_id: int) -> Response:
    user = state().users.get(user_id)
    if user is None or user.active:
        raise problems.not_found()
    row = {
        "action": "complete" if user.gone else "request_deletion",
        "application": request.args.get("application", "all"),
        "account_subdomain": state().options.subdomain,
        "executer_id": state().integration.id,
        "user_id": user.id,
        "created_at": iso(user.updated_at),
    }
    return answer({"compliance_deletion_statuses": [row]})
