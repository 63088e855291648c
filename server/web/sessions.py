"""Logging in and out."""

from __future__ import annotations

import math

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from .access import close_session, local_path, open_session
from .logins import WrongLogin, logins
from .metrics import metrics
from .throttle import TooManyTries

sessions = Blueprint("sessions", __name__)

#: Longer ones are refused before anything slow is done with them.
LONGEST = 1024


@sessions.get("/login")
def show() -> Response:
    return _form(200)


@sessions.post("/login")
def enter() -> AnyResponse:
    login = request.form.get("login", "").strip()
    password = request.form.get("password", "")
    if not login or not password or len(login) > LONGEST or len(password) > LONGEST:
        return _form(403, "Enter your login and your password.", login=login[:LONGEST])
    try:
        user = logins().log_in(login, password, address=request.remote_addr or "")
    except WrongLogin:
        metrics().logins.labels(outcome="wrong").inc()
        return _form(403, "That login and password do not go together.", login=login)
    except TooManyTries as error:
        metrics().logins.labels(outcome="throttled").inc()
        seconds = max(1, math.ceil(error.retry_after))
        answer = _form(429, f"Too many tries. Wait {_wait(seconds)} and try again.", login=login)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    metrics().logins.labels(outcome="opened").inc()
    open_session(user)
    return redirect(local_path(request.form.get("next")), code=303)


@sessions.post("/logout")
def leave() -> AnyResponse:
    close_session()
    return redirect(url_for("sessions.show"), code=303)


def _form(status: int, problem: str | None = None, *, login: str = "") -> Response:
    wanted = local_path(request.values.get("next"))
    page = render_template("login.html", problem=problem, login=login, next=wanted)
    return make_response(page, status)


def _wait(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
