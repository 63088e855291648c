"""Fields, forms, triggers, webhooks, jobs and tokens as the API shows them."""

from __future__ import annotations

from typing import Any

from .indexes import iso, iso_or_none
from .settings_rows import (
    Attempt,
    Field,
    FieldOption,
    Form,
    Invocation,
    Job,
    OAuthClient,
    OAuthToken,
    Trigger,
    Webhook,
)

Json = dict[str, Any]


def option(row: FieldOption) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "raw_name": row.name,
        "value": row.value,
        "default": False,
    }


def ticket_field(row: Field, origin: str) -> Json:
    body: Json = {
        "url": f"{origin}/api/v2/ticket_fields/{row.id}.json",
        "id": row.id,
        "type": row.type,
        "title": row.title,
        "raw_title": row.title,
        "description": row.description,
        "raw_description": row.description,
        "position": row.position,
        "active": row.active,
        "required": row.required,
        "collapsed_for_agents": False,
        "regexp_for_validation": row.regexp,
        "title_in_portal": row.title,
        "raw_title_in_portal": row.title,
        "visible_in_portal": row.visible_in_portal,
        "editable_in_portal": row.editable_in_portal,
        "required_in_portal": row.required_in_portal,
        "tag": row.tag,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "removable": row.removable,
        "key": None,
        "agent_description": row.agent_description,
    }
    if row.type in ("tagger", "multiselect"):
        body["custom_field_options"] = [option(each) for each in row.options]
    if row.relationship_target_type:
        body["relationship_target_type"] = row.relationship_target_type
    return body


def keyed_field(row: Field, origin: str, kind: str) -> Json:
    """A user or organization field; ``kind`` is ``user_fields`` or ``organization_fields``."""
    body: Json = {
        "url": f"{origin}/api/v2/{kind}/{row.id}.json",
        "id": row.id,
        "type": row.type,
        "key": row.key,
        "title": row.title,
        "description": row.description,
        "raw_title": row.title,
        "raw_description": row.description,
        "position": row.position,
        "active": row.active,
        "system": False,
        "regexp_for_validation": row.regexp,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }
    if row.type == "checkbox":
        body["tag"] = row.tag
    if row.type in ("dropdown", "multiselect"):
        body["custom_field_options"] = [option(each) for each in row.options]
    return body


def form(row: Form, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/ticket_forms/{row.id}.json",
        "id": row.id,
        "name": row.name,
        "raw_name": row.name,
        "display_name": row.name,
        "raw_display_name": row.name,
        "end_user_visible": row.end_user_visible,
        "position": row.position,
        "ticket_field_ids": row.ticket_field_ids,
        "active": row.active,
        "default": row.default,
        "in_all_brands": row.in_all_brands,
        "restricted_brand_ids": [],
        "end_user_conditions": [],
        "agent_conditions": [],
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def trigger(row: Trigger, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/triggers/{row.id}.json",
        "id": row.id,
        "title": row.title,
        "raw_title": row.title,
        "description": row.description,
        "active": row.active,
        "position": row.position,
        "category_id": row.category_id,
        "default": False,
        "conditions": row.conditions,
        "actions": row.actions,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def webhook(row: Webhook, *, just_made: bool = False) -> Json:
    created = iso(row.created_at)
    body: Json = {
        "id": row.id,
        "name": row.name,
        "description": row.description or "",
        "status": row.status,
        "endpoint": row.endpoint,
        "http_method": row.http_method,
        "request_format": row.request_format,
        "subscriptions": row.subscriptions,
        # The create answer alone carries nanoseconds.
        "created_at": f"{created[:-1]}.123456789Z" if just_made else created,
        "created_by": str(row.created_by),
    }
    if row.updated_at is not None:
        body |= {"updated_at": iso(row.updated_at), "updated_by": str(row.updated_by)}
    if row.custom_headers:
        body["custom_headers"] = row.custom_headers
    if row.authentication:
        echo = {k: v for k, v in row.authentication.items() if k != "data"}
        if row.authentication.get("type") == "basic_auth":
            echo["data"] = {"username": row.authentication.get("data", {}).get("username")}
        elif row.authentication.get("type") == "api_key":
            echo["data"] = {"name": row.authentication.get("data", {}).get("name")}
        body["authentication"] = echo
    return body


def invocation(row: Invocation) -> Json:
    last = row.attempts[-1] if row.attempts else None
    return {
        "id": row.id,
        "event_type": row.event_type,
        "status_code": last.status_code if last else 0,
        "status": last.status if last else "pending",
        "latest_completed_at": iso_or_none(last.completed_at if last else None),
    }


def attempt(row: Attempt, invocation_id: str) -> Json:
    def pairs(headers: dict[str, str]) -> list[Json]:
        return [{"key": key, "value": value} for key, value in headers.items()]

    return {
        "id": row.id,
        "invocation_id": invocation_id,
        "status_code": row.status_code,
        "status": row.status,
        "request": {"headers": pairs(row.request_headers), "payload": row.payload},
        "response": {"headers": pairs(row.response_headers), "payload": row.response_payload},
        "completed_at": iso(row.completed_at),
    }


def job(row: Job, origin: str) -> Json:
    return {
        "id": row.id,
        "job_type": row.kind,
        "url": f"{origin}/api/v2/job_statuses/{row.id}.json",
        "total": len(row.items),
        "progress": len(row.items) if row.results is not None else None,
        "status": row.status,
        "message": row.message,
        "results": row.results,
    }


def oauth_token(row: OAuthToken, client: OAuthClient | None, origin: str) -> Json:
    return {
        "url": f"{origin}/api/v2/oauth/tokens/{row.id}.json",
        "id": row.id,
        "user_id": row.user_id,
        "client_id": client.id if client else None,
        "token": row.access[:10],
        "refresh_token": row.refresh[:10] if row.refresh else None,
        "scopes": row.scopes,
        "created_at": iso(row.created_at),
        "used_at": iso_or_none(row.used_at),
        "expires_at": iso_or_none(row.expires_at),
        "refresh_token_expires_at": iso_or_none(row.refresh_expires_at),
    }
