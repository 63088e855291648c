"""Somebody who receives our outgoing webhooks: checks every signature and writes down what came."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from .clock import Clock


@dataclass(frozen=True, kw_only=True)
class Message:
    id: str
    told: dict[str, Any]


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Tests look at ``messages``."""


class Receiver:
    """Use with ``with``. ``status`` is what it answers from now on; ``slowness`` are the seconds
    between taking a message and answering."""

    def __init__(self, *, slowness: float = 0.0, clock: Clock | None = None) -> None:
        self.slowness = slowness
        self._clock = clock
        self._came = threading.Event()
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.status = 204
        self.messages: list[Message] = []
        self.refused = 0
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._take), threaded=True, request_handler=_Silent
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/hook"

    def wait_for_message(self, seconds: float) -> bool:
        """Until the next one comes, which is not yet answered then when this receiver is slow."""
        self._came.clear()
        return self._came.wait(seconds)

    @property
    def repeats(self) -> int:
        """How many messages came that had come before."""
        return sum(count - 1 for count in self.ids.values())

    @property
    def ids(self) -> Counter[str]:
        return Counter(message.id for message in self.messages)

    def _take(self, request: Request) -> Response:
        try:
            told = self._verify(request.get_data(), dict(request.headers))
        except WebhookVerificationError:
            self.refused += 1
            return Response(status=401)
        self.messages.append(Message(id=request.headers["webhook-id"], told=told))
        self._came.set()
        time.sleep(self.slowness)
        return Response(status=self.status)

    def _verify(self, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        hook = Webhook(self.secret)
        if self._clock is None:
            verified: dict[str, Any] = hook.verify(body, headers)
            return verified
        # The library knows only the time of the machine; where the clock has jumped, its own
        # signing of the same message must come to the same signature.
        told = {name.lower(): value for name, value in headers.items()}
        at = datetime.fromtimestamp(int(told["webhook-timestamp"]), UTC)
        signed = hook.sign(told["webhook-id"], at, body.decode())
        if abs(at - self._clock()) > timedelta(minutes=5) or not hmac.compare_digest(
            signed, told["webhook-signature"]
        ):
            raise WebhookVerificationError("stale, or not signed by us")
        found: dict[str, Any] = json.loads(body)
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
