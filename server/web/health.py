"""The doors for machines that watch over us: alive, ready, and in numbers.

``/healthz`` and ``/readyz`` are open and tell nothing that helps a stranger; ``/metrics`` wants a
token or a login. A silent worker makes us degraded, not unready: webhooks are still kept.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from server.store.views import UNREACHABLE, Pulse, pulse

from .metrics import metrics
from .services import Services, services

log = logging.getLogger(__name__)
health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """This process answers."""
    return jsonify({"status": "alive"})


@health.get("/readyz")
def ready() -> Response:
    """Whether it makes sense to send us anything."""
    our = services()
    found = _pulse(our)
    checks = {
        "database": "ok" if found is not None else "unreachable",
        "tables": "ok" if found is not None and found.tables_current else "not current",
        "worker": "ok" if found is not None and _workers(our, found) else "silent",
    }
    if found is None or not found.tables_current:
        status, says = 503, "unavailable"
    else:
        status, says = 200, "ready" if checks["worker"] == "ok" else "degraded"
    answer = jsonify({"status": says, "checks": checks})
    answer.status_code = status
    if status == 503:
        answer.headers["Retry-After"] = "5"
    return answer


@health.get("/metrics")
def numbers() -> Response:
    """Everything countable, in Prometheus' text form. Without a database it fails, as the token
    cannot be looked up either: to Prometheus we are down."""
    our = services()
    with our.database.read() as tx:
        found = pulse(tx)
    metrics().note(found, now=our.clock(), workers=_workers(our, found))
    return Response(metrics().text(), content_type=CONTENT_TYPE_LATEST)


def _pulse(our: Services) -> Pulse | None:
    try:
        with our.database.read() as tx:
            return pulse(tx)
    except UNREACHABLE as error:
        log.error("the database does not answer", extra={"error": type(error).__qualname__})
        return None


def _workers(our: Services, found: Pulse) -> int:
    since = our.clock() - our.settings.heartbeat_fresh
    return sum(at >= since for at in found.heartbeats)
