"""The emulated API as a Flask app: who may, how often, what goes wrong, then the view.

Works in process (``app.test_client()``, ``httpx.WSGITransport``) and behind a server alike; all
state is the ``State`` it is made with. Paths may end in ``.json``, except those of webhooks.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from copy import copy
from functools import cache
from typing import Any

from flask import Flask, Response, current_app, g, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connectors.sandbox.world import World

from . import problems
from .access import authenticate, require
from .delivery import Deliverer
from .faults import FaultKind, Faults
from .jobs import settle
from .limits import Taken
from .routes import BLUEPRINTS
from .rules import Rules
from .state import RequestSeen, State
from .web import Room, extra_headers, room

_API = "/api/v2/"


class EmulatorApp(Flask):
    """Views run one at a time, inside the state's lock, unless they are marked ``unlocked``."""

    def dispatch_request(self) -> ResponseReturnValue:
        view = self.view_functions.get(request.endpoint or "")
        if view is None or getattr(view, "unlocked", False):
            return super().dispatch_request()
        with room().state.lock:
            return super().dispatch_request()


def create_app(
    state: State,
    *,
    faults: Faults | None = None,
    deliverer: Deliverer | None = None,
    world: World | None = None,
) -> Flask:
    """The app over ``state``. Without a ``deliverer``, webhooks are kept but never sent.

    ``world`` is what a reset fills the account from; it is not filled in here.
    """
    app = copy(_blank_app())
    app.extensions = {"zendesk": Room(state, faults or Faults(), deliverer, world)}
    app.wsgi_app = _without_suffix(app.wsgi_app)  # type: ignore[method-assign]
    if not any(isinstance(each, Rules) for each in state.listeners):
        state.listeners.append(Rules(state, deliverer))
    return app


@cache
def _blank_app() -> EmulatorApp:
    """Everything but the account. Its 160 url rules take a tenth of a second to compile, so
    every app is a copy of this one that shares them."""
    app = EmulatorApp(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(problems.Problem, _say_no)
    app.register_error_handler(HTTPException, _no_such_path)
    return app


def _without_suffix(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def outer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ["zendesk.asked_path"] = path
        named = path.startswith((_API, "/oauth/")) and not path.startswith(f"{_API}webhooks")
        if named and path.endswith(".json"):
            environ["PATH_INFO"] = path.removesuffix(".json")
        chunks = inner(environ, start_response)
        if environ.get("zendesk.drop"):
            # The server closes the socket without a word; in process the caller sees the error.
            raise ConnectionAbortedError("dropped on purpose")
        return chunks

    return outer


def _before() -> Response | None:
    g.started = time.monotonic()
    if not request.path.startswith((_API, "/oauth/")):
        return None
    broken = _broken_before()
    if broken is not None:
        return broken
    state = room().state
    view = room_view()
    with state.lock:
        settle(state)
        if view is not None and request.path.startswith(_API):
            g.principal = authenticate(state, request)
            if g.principal is not None:
                _spend_account(state)
            role = getattr(view, "needed_role", "agent")
            require(g.principal, role, request.path, request.method)
    return None


def room_view() -> Callable[..., Any] | None:
    """The view this request will reach; None for an unknown path."""
    return current_app.view_functions.get(request.endpoint or "")


def _spend_account(state: State) -> None:
    """The webhook API has a budget of its own."""
    limits = state.options.limits
    if request.path.startswith(f"{_API}webhooks/test"):
        taken = state.limiter.take("webhook-test", "", limits.webhook_test, 60)
    elif request.path.startswith(f"{_API}webhooks"):
        taken = state.limiter.take("webhook-api", "", limits.webhook_api, 60)
    else:
        taken = state.limiter.take("account", "", limits.account, 60)
    extra_headers().update(_budget(taken))
    if not taken.ok:
        raise problems.rate_limited("API", taken.resets, {})


def _budget(taken: Taken) -> dict[str, str]:
    return {
        "X-Rate-Limit": str(taken.total),
        "X-Rate-Limit-Remaining": str(taken.remaining),
        "ratelimit-limit": str(taken.total),
        "ratelimit-remaining": str(taken.remaining),
        "ratelimit-reset": str(taken.resets),
    }


def _broken_before() -> Response | None:
    """Faults that strike before anything is done."""
    faults = room().faults
    slow = faults.draw(FaultKind.LATENCY, request.path, request.method)
    if slow:
        time.sleep(slow.seconds)
    storm = faults.draw(FaultKind.RATE_LIMIT, request.path, request.method)
    if storm:
        wait = storm.retry_after if storm.retry_after is not None else 1
        if storm.plain:
            text = "Number of allowed API requests per minute exceeded"
            return Response(text, 429, {"Retry-After": str(wait)}, content_type="text/plain")
        return _say_no(problems.rate_limited("API", wait, {}))
    if faults.draw(FaultKind.UNAUTHORIZED, request.path, request.method):
        return _say_no(problems.unauthenticated())
    error = faults.draw(FaultKind.SERVER_ERROR, request.path, request.method)
    return _server_error(error.status, error.retry_after, error.plain) if error else None


def _server_error(status: int, retry_after: int | None, plain: bool) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    if plain:
        page = "<html><body><h1>Service Unavailable</h1></body></html>"
        return Response(page, status, headers, content_type="text/html")
    title = "Internal Server Error" if status == 500 else "Service Unavailable"
    content = {"error": {"title": title, "message": "Something went wrong on our side"}}
    return Response(json.dumps(content), status, headers, content_type="application/json")


def _after(response: Response) -> Response:
    if request.path.startswith((_API, "/oauth/")):
        response = _broken_after(response)
        for name, value in extra_headers().items():
            response.headers.setdefault(name, value)
        response.headers["x-request-id"] = str(uuid.uuid4())
        response.headers["x-zendesk-api-version"] = "v2"
        _note(response.status_code)
    return response


def _broken_after(response: Response) -> Response:
    """Faults that strike when the work is done and only the answer is missing."""
    faults = room().faults
    lost = faults.draw(FaultKind.LOST_ANSWER, request.path, request.method)
    if lost:
        return _server_error(lost.status, lost.retry_after, lost.plain)
    if faults.draw(FaultKind.CUT_BODY, request.path, request.method):
        whole = response.get_data()
        cut = Response(whole[: len(whole) // 2], response.status_code, response.headers)
        cut.headers["Content-Length"] = str(len(whole))
        cut.automatically_set_content_length = False
        return cut
    if faults.draw(FaultKind.DROPPED_CONNECTION, request.path, request.method):
        request.environ["zendesk.drop"] = True
    return response


def _note(status: int) -> None:
    seen_by = g.get("principal")
    route = request.url_rule.rule if request.url_rule else "unknown"
    state = room().state
    seen = RequestSeen(
        at=state.clock(),
        method=request.method,
        path=request.path,
        query=request.query_string.decode(errors="replace"),
        route=route,
        status=status,
        user_id=seen_by.user.id if seen_by else None,
        seconds=time.monotonic() - g.get("started", time.monotonic()),
        user_agent=request.headers.get("User-Agent", ""),
    )
    with state.lock:
        state.requests.append(seen)
        state.request_counts[f"{request.method} {route}"] += 1


def _say_no(problem: problems.Problem) -> Response:
    if isinstance(problem.body, str):
        return Response(problem.body, problem.status, problem.headers, content_type="text/plain")
    content = json.dumps(problem.body)
    kind = "application/json; charset=utf-8"
    return Response(content, problem.status, problem.headers, content_type=kind)


def _no_such_path(error: HTTPException) -> Response:
    if error.code in (404, 405):
        return _say_no(problems.invalid_endpoint())
    name = error.name.replace(" ", "")
    return _say_no(problems.Problem(error.code or 500, {"error": name, "description": ""}))
