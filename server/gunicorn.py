"""How gunicorn runs the web process: ``gunicorn -c python:server.gunicorn 'server.gunicorn:application()'``.

One process with threads: SQLite has one writer, and the writer thread groups what all threads
accept into one commit. The app is made after the fork, so that no connection is shared across it.
The access log has paths without query strings; gunicorn ignores names it does not know, so only
the plain assignments below are settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.logging import configure
from config.settings import load

if TYPE_CHECKING:
    from flask import Flask

_settings = load()

bind = [f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host
        else f"{_settings.host}:{_settings.port}"]  # fmt: skip
workers = 1
worker_class = "gthread"
threads = 16
preload_app = False
proc_name = "keepsake-web"

#: Seconds: a request under way at a restart may finish; a webhook is done in milliseconds.
graceful_timeout = 20
timeout = 60
keepalive = 15

limit_request_line = 4094
limit_request_fields = 64
# Who stands in front is ``trusted_proxies``, checked in the app; gunicorn believes nobody.
forwarded_allow_ips = ""

accesslog = "-"
errorlog = "-"
loglevel = "warning"
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'


def application() -> Flask:
    """The app with this installation's services, made in the process that answers."""
    # Imported here: gunicorn's own process reads the settings above and needs nothing else.
    from server.app import create_app
    from server.wiring import build_web_services

    configure(level=_settings.log_level, format=_settings.log_format)
    return create_app(build_web_services(_settings))
