"""How users change, and which events that gives rise to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import problems
from .coerce import id_of, text_or_none
from .indexes import whole_second
from .keyed_values import coupled, field_news, tags_event, tell
from .rows import Identity, User
from .state import State

if TYPE_CHECKING:
    from .draft import Actor

_USER_PLAIN = ("phone", "time_zone", "locale", "alias", "details", "notes")
_ROLES = ("end-user", "agent", "admin")
_NEWS = {
    "name": "name_changed",
    "alias": "alias_changed",
    "details": "details_changed",
    "notes": "notes_changed",
    "external_id": "external_id_changed",
    "role": "role_changed",
    "suspended": "suspended_changed",
    "time_zone": "time_zone_changed",
}
_NAMES = """
id url name email created_at updated_at time_zone iana_time_zone phone shared_phone_number photo
locale_id locale organization_id organization role verified external_id tags alias active shared
shared_agent last_login_at two_factor_auth_enabled signature details notes role_type
custom_role_id moderator ticket_restriction only_private_comments restricted_agent suspended
default_group_id report_csv user_fields skip_verify_email identities result_type
remote_photo_url
"""
_USER_KNOWN = frozenset(_NAMES.split())


def unknown_keys(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"user.{key}" for key in body if key not in _USER_KNOWN)


def create_user(
    state: State, body: Mapping[str, Any], actor: Actor, *, at: datetime | None = None
) -> User:
    """Raises ``Problem`` 422 for a missing name or an address somebody else has."""
    at = whole_second(at) if at else state.now()
    name = str(body.get("name") or "").strip()
    if not name:
        raise problems.record_invalid(
            "name", "Name: is too short (minimum one character)", "ValueTooShort"
        )
    email = str(body["email"]).strip().lower() if body.get("email") else None
    if email and state.user_by_email(email):
        raise problems.record_invalid(
            "email", f"Email: {email} is already being used by another user", "DuplicateValue"
        )
    _free_external_id(state, body, None)
    user = User(
        id=state.next_id(),
        name=name,
        email=email,
        role="end-user",
        created_at=at,
        updated_at=at,
        verified=bool(body.get("verified", body.get("skip_verify_email", False))),
    )
    _write_user(state, user, {k: v for k, v in body.items() if k not in ("name", "email")}, at)
    state.add_user(user)
    tell(state, ("user", user.id), actor, at, [("user.created", {})])
    return user


def update_user(
    state: State,
    user: User,
    body: Mapping[str, Any],
    actor: Actor,
    *,
    at: datetime | None = None,
) -> bool:
    """True when anything changed. Raises ``Problem`` 422."""
    at = whole_second(at) if at else state.now()
    if "name" in body and not str(body["name"] or "").strip():
        raise problems.record_invalid(
            "name", "Name: is too short (minimum one character)", "ValueTooShort"
        )
    _free_external_id(state, body, user)
    news = _write_user(state, user, body, at)
    if not news:
        return False
    state.touch_user(user, at)
    tell(state, ("user", user.id), actor, at, [(f"user.{name}", event) for name, event in news])
    return True


def _free_external_id(state: State, body: Mapping[str, Any], user: User | None) -> None:
    wanted = body.get("external_id")
    holder = state.users_by_external_id.get(str(wanted)) if wanted else None
    if holder is not None and (user is None or holder != user.id):
        raise problems.record_invalid(
            "external_id", "External: has already been taken", "DuplicateValue"
        )


def _write_user(
    state: State, user: User, body: Mapping[str, Any], at: datetime
) -> list[tuple[str, dict[str, Any]]]:
    """Bad field values raise before anything is written."""
    company = id_of(body.get("organization_id"))
    if company is not None and company not in state.organizations:
        raise problems.record_invalid("organization", "Organization: is invalid", "InvalidValue")
    tags, values = coupled(state.user_fields, user.tags, user.values, body, body.get("user_fields"))
    news: list[tuple[str, dict[str, Any]]] = []

    def put(name: str, value: Any) -> None:
        previous = getattr(user, name)
        if previous == value:
            return
        setattr(user, name, value)
        if name in _NEWS:
            news.append((_NEWS[name], {"current": value, "previous": previous}))
        else:
            news.append(("changed", {}))

    if "name" in body:
        put("name", str(body["name"]).strip())
    for name in _USER_PLAIN:
        if name in body:
            put(name, text_or_none(body[name]))
    if body.get("role") in _ROLES:
        put("role", body["role"])
    if "suspended" in body:
        put("suspended", bool(body["suspended"]))
    if "external_id" in body:
        previous = user.external_id
        put("external_id", str(body["external_id"]) if body["external_id"] else None)
        if previous:
            state.users_by_external_id.pop(previous, None)
        if user.external_id:
            state.users_by_external_id[user.external_id] = user.id
    if "organization_id" in body:
        put("organization_id", company)
    if body.get("email") and str(body["email"]).lower() != (user.email or "").lower():
        news.extend(_another_address(state, user, str(body["email"]).lower(), at))
    news.extend(field_news(state.user_fields, user.values, values, "custom_field_changed"))
    user.values = values
    if tags != user.tags:
        news.append(("tags_changed", tags_event(user.tags, tags)))
        user.tags = tags
    return news


def _another_address(
    state: State, user: User, email: str, at: datetime
) -> list[tuple[str, dict[str, Any]]]:
    """Writing another e-mail adds an identity; the primary one stays."""
    holder = state.user_by_email(email)
    if holder is not None and holder.id != user.id:
        raise problems.record_invalid(
            "email", f"Email: {email} is already being used by another user", "DuplicateValue"
        )
    if holder is not None:
        return []
    add_identity(state, user, email, verified=False, at=at)
    return [("identity_created", {"identity": {"type": "email", "value": email}})]


def add_identity(state: State, user: User, email: str, *, verified: bool, at: datetime) -> Identity:
    identity = Identity(state.next_id(), email, verified, not user.identities, at)
    user.identities.append(identity)
    state.users_by_email[email] = user.id
    if identity.primary:
        user.email, user.verified = email, verified
    return identity
