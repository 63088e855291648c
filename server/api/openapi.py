"""The API described as OpenAPI 3.1. Written by hand and short; tests compare it with the routes,
with what the routes answer and with ``docs/api.md``.

A shape is ``{property: type}``: a JSON type, ``type?`` where it may be null, ``[Shape]`` for a
list and ``Shape`` for one.
"""

from __future__ import annotations

from typing import Any

SHAPES: dict[str, dict[str, str]] = {
    "Connection": {
        "id": "string", "system": "string", "name": "string", "state": "string",
        "state_reason": "string?", "waiting": "integer", "failed": "integer",
        "last_received_at": "time?",
    },
    "Evidence": {
        "ticket_id": "string", "interaction_id": "string?", "quote": "string",
        "start": "integer", "end": "integer", "why": "string",
    },
    "Moment": {
        "id": "string", "connection": "string", "kind": "string", "at": "time",
        "person": "integer?", "who": "string?", "ticket": "string?", "ticket_subject": "string?",
        "ticket_url": "string?", "interaction": "string?", "evidence": "[Evidence]",
        "reason": "string?", "confidence": "number?",
    },
    "Try": {
        "action": "integer", "attempt": "integer", "outcome": "string",
        "status_code": "integer?", "error": "string?", "started_at": "time",
        "next_at": "time?", "dead": "boolean",
    },
    "Intervention": {
        "id": "integer", "rule": "string", "rule_title": "string", "rule_version": "string",
        "subject": "string", "connection": "string?", "person": "integer?", "who": "string?",
        "ticket": "string?", "ticket_subject": "string?", "ticket_url": "string?",
        "state": "string", "state_reason": "string?", "needs_approval": "boolean",
        "actions": "[object]", "reasons": "[string]", "trace": "object?", "receipt": "object?",
        "result": "object?", "tries": "[Try]", "created_at": "time", "due_at": "time?",
        "expires_at": "time?", "decided_by": "string?", "decided_at": "time?",
    },
    "Verdict": {
        "id": "integer", "rule": "string", "rule_version": "string", "subject": "string?",
        "connection": "string?", "ticket": "string?", "person": "integer?", "fires": "boolean",
        "trace": "object", "at": "time",
    },
    "PersonListed": {
        "id": "integer", "name": "string", "feeling": "number?", "churn_risk": "number?",
        "last_moment_at": "time?",
    },
    "Contact": {
        "connection": "string", "system": "string", "id": "string", "name": "string",
        "email": "string?", "company": "string?",
    },
    "Factor": {
        "moment": "string", "kind": "string", "at": "time", "ticket": "string",
        "quote": "string", "points": "number",
    },
    "Feeling": {"score": "integer", "factors": "[Factor]"},
    "Field": {
        "key": "string", "written": "any", "written_at": "time?", "person_value": "any",
        "kept": "boolean", "due": "boolean", "error": "string?", "receipt": "object?",
    },
    "Person": {
        "id": "integer", "name": "string", "since": "time", "paused_at": "time?",
        "contacts": "[Contact]", "remembered_feeling": "Feeling?", "churn_risk": "number?",
        "fields": "[Field]",
    },
    "Message": {
        "id": "string", "author": "string?", "author_role": "string", "text": "string",
        "public": "boolean", "channel": "string", "at": "time", "reading": "object?",
    },
    "Survey": {
        "id": "string", "kind": "string", "score": "number", "comment": "string?", "at": "time",
    },
    "Ticket": {
        "connection": "string", "id": "string", "subject": "string", "status": "string",
        "priority": "string?", "channel": "string", "url": "string?", "created_at": "time",
        "updated_at": "time", "messages": "[Message]", "earlier_messages": "integer",
        "moments": "[Moment]", "surveys": "[Survey]", "fields": "[Field]",
    },
}  # fmt: skip

#: Moments and readings leave out what stands at its default.
MAY_LACK = {"Evidence": ("interaction_id", "quote", "start", "end")}

LISTED = ("cursor", "limit")

#: (method, path): what it does, what it answers (``[Shape]``: a page of them), what it may be
#: asked for in the query.
OPERATIONS: dict[tuple[str, str], tuple[str, str, tuple[str, ...]]] = {
    ("get", "/connections"): ("Every connection and its inbox in numbers.", "[Connection]", ()),
    ("get", "/moments"): (
        "Moments that stand, newest first.", "[Moment]", ("kind", "person", "connection", *LISTED)
    ),
    ("get", "/interventions"): (
        "Interventions, newest first.", "[Intervention]", ("state", "person", *LISTED)
    ),
    ("get", "/interventions/{id}"): ("One intervention.", "Intervention", ()),
    ("post", "/interventions/{id}/approve"): (
        "Let it go out. Managers and admins only; 409 when it no longer waits.",
        "Intervention", (),
    ),
    ("post", "/interventions/{id}/decline"): (
        "Keep it in. Managers and admins only; 409 when it no longer waits.", "Intervention", ()
    ),
    ("post", "/interventions/{id}/replay"): (
        "Try again what did not arrive. Managers and admins only; 409 when nothing of it failed.",
        "Intervention", (),
    ),
    ("get", "/people"): (
        "People with a memory, the latest moment first.", "[PersonListed]", ("name", "limit")
    ),
    ("get", "/people/{id}"): (
        "One person, and what they would remember feeling today.", "Person", ()
    ),
    ("get", "/people/{id}/tickets"): (
        "Their tickets with messages, readings and moments, newest first.", "[Ticket]", LISTED
    ),
    ("get", "/verdicts"): (
        "What rules judged, with the trace that says why, newest first.",
        "[Verdict]", ("rule", "person", "fires", *LISTED),
    ),
    ("get", "/openapi.json"): ("This description.", "object", ()),
}  # fmt: skip

_TYPES = {
    "time": {"type": "string", "format": "date-time"},
    "object": {"type": "object"},
    "any": {},
}
_NUMBERS = ("person", "limit")


def document(public_url: str) -> dict[str, Any]:
    """The whole description, for the server at ``public_url``."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), (says, answers, asks) in OPERATIONS.items():
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "query", "required": False,
             "schema": {"type": "integer" if name in _NUMBERS else "string"}}
            for name in asks
        ]  # fmt: skip
        if "{id}" in path:
            parameters.insert(
                0, {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
            )
        paths.setdefault(path, {})[method] = {
            "summary": says,
            "parameters": parameters,
            "responses": {
                "200": {
                    "description": "As asked.",
                    "content": {"application/json": {"schema": _answer(answers)}},
                },
                "default": {
                    "description": "What went wrong.",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                    },
                },
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Keepsake", "version": "1"},
        "servers": [{"url": public_url.rstrip("/") + "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: _shape(name) for name in SHAPES} | {"Error": _ERROR},
        },
    }


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def _answer(kind: str) -> dict[str, Any]:
    if not kind.startswith("["):
        return _schema(kind)
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": _schema(kind), "next": {"type": ["string", "null"]}},
    }


def _shape(name: str) -> dict[str, Any]:
    shape = SHAPES[name]
    return {
        "type": "object",
        "required": [key for key in shape if key not in MAY_LACK.get(name, ())],
        "properties": {key: _schema(kind) for key, kind in shape.items()},
    }


def _schema(kind: str) -> dict[str, Any]:
    if kind.endswith("?"):
        return {"anyOf": [_schema(kind[:-1]), {"type": "null"}]}
    if kind.startswith("["):
        return {"type": "array", "items": _schema(kind[1:-1])}
    if kind in SHAPES:
        return {"$ref": f"#/components/schemas/{kind}"}
    return dict(_TYPES.get(kind, {"type": kind}))
