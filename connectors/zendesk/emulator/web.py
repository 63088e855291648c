"""What every view needs: the state, who asks, the request's body, and how to answer.

A view is a plain function that returns ``answer(...)`` or raises ``Problem``. It runs inside
``State.lock`` unless it is marked ``unlocked``, and asks for an agent unless marked by ``needs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Response, current_app, g, json, request

from connectors.sandbox.world import World

from . import problems
from .delivery import Deliverer
from .draft import Actor
from .faults import Faults
from .fill import fill
from .rows import User
from .state import State

Json = dict[str, Any]
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``scopes`` is None for API tokens, which may do all their user may."""

    user: User
    scopes: frozenset[str] | None
    token_id: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What the app was made with."""

    state: State
    faults: Faults
    deliverer: Deliverer | None
    world: World | None = None

    def reset(self) -> None:
        """The account as it was in the beginning; the credentials stay."""
        self.faults.off()
        if self.deliverer is not None:
            self.deliverer.clear()
        with self.state.lock:
            self.state.reset()
            if self.world is not None:
                fill(self.state, self.world)


def room() -> Room:
    return cast(Room, current_app.extensions["zendesk"])


def state() -> State:
    return room().state


def principal() -> Principal:
    """Raises the 401 when nobody was authenticated."""
    found = g.get("principal")
    if found is None:
        raise problems.unauthenticated()
    return cast(Principal, found)


def actor() -> Actor:
    agent = request.headers.get("User-Agent", "")
    return Actor(user_id=principal().user.id, channel="api", client=agent)


def origin() -> str:
    return request.host_url.rstrip("/")


def needs(role: str) -> Callable[[_View], _View]:
    """``anyone`` (no login), ``user`` (any login), ``agent`` or ``admin``."""

    def mark(view: _View) -> _View:
        view.__dict__["needed_role"] = role
        return view

    return mark


def unlocked(view: _View) -> _View:
    """The view takes the lock itself, because it waits for somebody else in between."""
    view.__dict__["unlocked"] = True
    return view


def body(key: str | None = None) -> Any:
    """The JSON body, or its member ``key``. Raises 400 for what is not an object."""
    if not request.get_data():
        given: Any = {}
    else:
        given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise problems.bad_request("Unparseable", "The request body is not a JSON object")
    if key is None:
        return given
    inner = given.get(key)
    if not isinstance(inner, dict):
        raise problems.bad_request("ParameterMissing", f"Parameter {key} is required")
    return inner


def ids_given(name: str = "ids", *, most: int = 100) -> list[str]:
    """A comma-separated parameter. Raises 400 TooManyValues."""
    found = [each.strip() for each in request.args.get(name, "").split(",") if each.strip()]
    if len(found) > most:
        raise problems.too_many_values(most)
    return found


def number(text: object) -> int:
    """An id from a path, a query or a body. Raises 404 when it is none."""
    try:
        return int(str(text))
    except ValueError:
        raise problems.not_found() from None


def warn(unknown: tuple[str, ...]) -> None:
    """Unknown keys are ignored, and named in a header of Ruby text."""
    if unknown:
        names = ", ".join(f'"{name}"' for name in unknown)
        extra_headers()["x-zendesk-api-warn"] = f"{{:unpermitted_keys=>[{names}]}}"


def extra_headers() -> dict[str, str]:
    if "extra_headers" not in g:
        g.extra_headers = {}
    return cast(dict[str, str], g.extra_headers)


def spend(
    name: str,
    key: object,
    total: int,
    seconds: float,
    *,
    header: str | None = None,
    what: str = "API",
) -> None:
    """Count one call against an endpoint's limit. Raises 429 with Retry-After."""
    taken = state().limiter.take(name, key, total, seconds)
    if header:
        extra_headers()[header] = taken.header
    if not taken.ok:
        raise problems.rate_limited(what, taken.resets, {})


def answer(content: Mapping[str, Any] | None, status: int = 200, **headers: str) -> Response:
    text = "" if content is None else json.dumps(content)
    response = Response(text, status, content_type="application/json; charset=utf-8")
    for name, value in headers.items():
        response.headers[name] = value
    return response


def url(path: str, **query: str) -> str:
    """An absolute url on our own origin."""
    return f"{origin()}{path}" + (f"?{urlencode(query)}" if query else "")
