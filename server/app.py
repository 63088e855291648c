"""The Flask app: doors, guard, pages and API, around the ``Services`` that wiring hands over.

The process that runs it keeps and shows; it never loads a model, talks to a source system or
runs a task. Nothing is opened here, so that gunicorn may fork before the first request.
"""

from __future__ import annotations

import time

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from server.api import v1
from server.web import logins, metrics
from server.web.access import guard
from server.web.cursors import MOST
from server.web.errors import handle_errors
from server.web.headers import set_headers
from server.web.health import health
from server.web.pages import pages
from server.web.present import teach
from server.web.services import EXTENSION, Overloaded, Services, WebSettings
from server.web.sessions import sessions
from server.web.webhooks import webhooks

__all__ = ["Overloaded", "Services", "WebSettings", "create_app"]


class Id(IntegerConverter):
    """A row's number in an address; larger ones than a database counts to are nothing."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MOST)


def create_app(services: Services) -> Flask:
    """The app for these services. Everything but webhooks, health and login wants a login."""
    settings = services.settings
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    app.config.update(
        SECRET_KEY=settings.session_secret,
        MAX_CONTENT_LENGTH=settings.max_body,
        MAX_FORM_MEMORY_SIZE=settings.max_body,
        TRUSTED_HOSTS=list(settings.hosts),
        PERMANENT_SESSION_LIFETIME=settings.session_lifetime,
        SESSION_COOKIE_NAME="keepsake",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        # The lifetime counts from the login; a cookie renewed by every look would never end.
        SESSION_REFRESH_EACH_REQUEST=False,
        # A form is good for as long as the session it belongs to.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.url_map.converters["id"] = Id
    app.extensions[EXTENSION] = services
    app.extensions[metrics.EXTENSION] = metrics.Metrics()
    app.extensions[logins.EXTENSION] = logins.Logins(services.database, services.clock)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=n, x_proto=n, x_host=n, x_prefix=n
        )
    _time_requests(app)
    handle_errors(app)
    guard(app)
    csrf = CSRFProtect(app)
    csrf.exempt(webhooks)
    # Programs with a token send no form; ``v1`` itself checks callers that come with a cookie.
    csrf.exempt(v1.api)
    set_headers(app, secure=settings.secure)
    teach(app)
    for part in (webhooks, health, sessions, pages, v1.api):
        app.register_blueprint(part)
    return app


def _time_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def note(answer: Response) -> Response:
        began = g.pop("began", None)
        if began is not None:
            metrics.metrics().requests.labels(
                # Never the path: it holds ids, and strangers choose it.
                endpoint=request.endpoint or "none",
                method=request.method if request.method in _METHODS else "other",
                status=f"{answer.status_code // 100}xx",
            ).observe(time.perf_counter() - began)
        return answer


_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
