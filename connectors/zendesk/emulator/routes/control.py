"""What only an emulator has: start anew, break things, act like people, tell what happened.

Every call needs the header ``X-Control-Token``. Ids may be given as numbers or as the keys of
the world the account was filled from.
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from connectors.records import TicketStatus
from connectors.sandbox.world import LiveKind, LiveStep

from .. import problems
from ..indexes import iso
from ..people import People
from ..settings_rows import Webhook
from ..shapes_admin import invocation
from ..signing import new_secret
from ..web import answer, body, room, state, unlocked

blueprint = Blueprint("zendesk_control", __name__, url_prefix="/_control")


@blueprint.before_request
def _guard() -> None:
    given = request.headers.get("X-Control-Token", "")
    if not hmac.compare_digest(given.encode(), state().control_token.encode()):
        raise problems.Problem(
            401, {"error": {"code": "control_token", "message": "Send X-Control-Token"}}
        )


def _bad(why: str) -> problems.Problem:
    return problems.Problem(400, {"error": {"code": "bad_control", "message": why}})


@blueprint.get("/stats")
def stats() -> Response:
    """Requests by route, rows by table, deliveries by how they ended."""
    now = state()
    ends: Counter[str] = Counter()
    for webhook in now.webhooks.values():
        for each in webhook.invocations:
            ends[each.attempts[-1].status if each.attempts else "waiting"] += 1
    rows = {
        "tickets": len(now.tickets),
        "comments": len(now.comments),
        "users": len(now.users),
        "organizations": len(now.organizations),
        "webhooks": len(now.webhooks),
        "jobs": len(now.jobs),
    }
    told = {"requests": dict(now.request_counts), "rows": rows, "deliveries": dict(ends)}
    return answer({**told, "faults": room().faults.report(), "now": iso(now.now())})


@blueprint.get("/requests")
def requests() -> Response:
    """The last requests, oldest first."""
    told = [{**asdict(seen), "at": iso(seen.at)} for seen in state().requests]
    return answer({"requests": told})


@blueprint.get("/deliveries")
def deliveries() -> Response:
    told = [
        {"webhook_id": webhook.id, "attempts": len(each.attempts), **invocation(each)}
        for webhook in state().webhooks.values()
        for each in webhook.invocations
    ]
    return answer({"deliveries": told})


@blueprint.get("/ids")
def ids() -> Response:
    return answer(asdict(state().names))


@blueprint.post("/reset")
def reset() -> Response:
    room().reset()
    return answer({"ok": True})


@blueprint.route("/faults", methods=["GET", "POST"])
def faults() -> Response:
    if request.method == "POST":
        given = body()
        try:
            number = room().faults.on(given.pop("kind", ""), **given)
        except (ValueError, TypeError) as error:
            raise _bad(str(error)) from None
        return answer({"id": number}, 201)
    return answer({"faults": room().faults.report()})


@blueprint.delete("/faults")
@blueprint.delete("/faults/<what>")
def no_faults(what: str | None = None) -> Response:
    room().faults.off(int(what) if what and what.isdigit() else what)
    return answer({"faults": room().faults.report()})


@blueprint.post("/webhooks/<webhook_id>/rotate")
def rotate(webhook_id: str) -> Response:
    """The signing secret changes and nobody is told; ``all`` changes every one."""
    rows: list[Webhook] = list(state().webhooks.values())
    hit = [row for row in rows if webhook_id in ("all", row.id)]
    if not hit:
        raise problems.not_found()
    for row in hit:
        row.secret = new_secret()
    return answer({"rotated": [row.id for row in hit]})


@blueprint.post("/credentials/revoke")
def revoke() -> Response:
    """Every OAuth token dies at once, and the API token too when ``api_token`` is true."""
    state().oauth_tokens.clear()
    if body().get("api_token"):
        state().revoke_api_token()
    return answer({"ok": True})


@blueprint.post("/people/<act>")
def people(act: str) -> Response:
    """``/people/customer_comments {"ticket_id": .., "text": ".."}``; the answer is an id or null."""
    if act not in _ACTS:
        raise _bad(f"Nobody does {act!r}; known: {', '.join(sorted(_ACTS))}")
    given = {key: _id(key, value) for key, value in body().items()}
    try:
        return answer({"id": _ACTS[act](People(state()), given)}, 201)
    except (KeyError, TypeError) as error:
        raise _bad(f"{act}: {type(error).__name__} {error}") from None


def _id(key: str, value: Any) -> Any:
    """A world's key becomes the id it was given."""
    if not key.endswith("_id") or not isinstance(value, str):
        return value
    try:
        return int(value) if value.isdigit() else state().names[value]
    except KeyError:
        raise _bad(f"no {value!r} in this world") from None


_ACTS: dict[str, Callable[[People, dict[str, Any]], Any]] = {
    "new_ticket": lambda who, given: who.new_ticket(**given),
    "customer_comments": lambda who, given: who.customer_comments(**given),
    "agent_comments": lambda who, given: who.agent_comments(**given),
    "agent_edits": lambda who, given: who.agent_edits(**given),
    "agent_edits_field": lambda who, given: who.agent_edits_field(**given),
    "agent_edits_user": lambda who, given: who.agent_edits_user(**given),
    "rate": lambda who, given: who.rate(**given),
    "solve": lambda who, given: who.solve(**given),
    "close": lambda who, given: who.close(**given),
    "merge": lambda who, given: who.merge(**given),
    "delete": lambda who, given: who.delete(**given),
}


@blueprint.post("/play")
@unlocked
def play() -> Response:
    """Act out the world's live steps, or ``steps``; in the background when ``pace`` is given."""
    given = body()
    pace = float(given.get("pace", 0))
    if "steps" in given:
        try:
            steps = [_step(each) for each in given["steps"]]
        except (KeyError, ValueError, TypeError) as error:
            raise _bad(f"a step is not well formed: {error}") from None
    else:
        world = room().world
        steps = list(world.live) if world else []

    def run() -> None:
        People(state_).play(steps, pace=pace)

    state_ = state()
    if pace > 0:
        threading.Thread(target=run, name="zendesk-play", daemon=True).start()
    else:
        run()
    return answer({"steps": len(steps)}, 202 if pace > 0 else 200)


def _step(given: dict[str, Any]) -> LiveStep:
    return LiveStep(
        after=float(given.get("after", 0)),
        kind=LiveKind(given["kind"]),
        ticket=str(given["ticket"]),
        author=str(given.get("author", "")),
        text=given.get("text"),
        subject=given.get("subject"),
        status=TicketStatus(given["status"]) if given.get("status") else None,
        good=given.get("good"),
    )


@blueprint.get("/now")
def now() -> Response:
    at: datetime = state().clock()
    return answer({"now": iso(at)})
