"""An outgoing webhook on the wire: what a receiver gets, and what its answers mean to us."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from werkzeug.serving import make_server

from server.delivery.outgoing import MAX_RETRY_AFTER, Sent, send

SECRET = "whsec_" + base64.b64encode(b"a secret of a receiver").decode()
NOW = datetime.now(UTC)


class Receiver:
    """A small real HTTP server that keeps what it gets and answers as told."""

    def __init__(self) -> None:
        self.status = "204 No Content"
        self.headers: list[tuple[str, str]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.server = make_server("127.0.0.1", 0, self.answer)
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        self.got.append((headers, body))
        start(self.status, self.headers)
        return [b""]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.thread.join()
    receiver.server.server_close()


def post(url: str, *, at: datetime = NOW) -> Sent:
    with httpx.Client(timeout=5) as client:
        return send(
            client,
            url=url,
            secret=SECRET,
            message_id="iv-7",
            event_type="keepsake.frustration_peak",
            payload={"quote": "the delay ruined it – “really”"},
            at=at,
        )


def test_a_receiver_can_verify_what_we_send_with_the_public_library(receiver: Receiver) -> None:
    assert post(receiver.url).ok
    headers, body = receiver.got[0]
    Webhook(SECRET).verify(body, headers)
    assert headers["webhook-id"] == "iv-7"
    assert json.loads(body)["data"]["quote"] == "the delay ruined it – “really”"


def test_the_signed_time_does_not_depend_on_our_time_zone(receiver: Receiver) -> None:
    post(receiver.url, at=NOW.astimezone(timezone(timedelta(hours=9))))
    headers, body = receiver.got[0]
    Webhook(SECRET).verify(body, headers)
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


@pytest.mark.parametrize(
    ("status", "ok", "final"),
    [
        ("200 OK", True, True),
        ("301 Moved Permanently", False, True),
        ("400 Bad Request", False, True),
        ("410 Gone", False, True),
        ("408 Request Timeout", False, False),
        ("429 Too Many Requests", False, False),
        ("500 Internal Server Error", False, False),
        ("503 Service Unavailable", False, False),
    ],
)
def test_an_answer_tells_whether_to_try_again(
    receiver: Receiver, status: str, ok: bool, final: bool
) -> None:
    receiver.status = status
    result = post(receiver.url)
    assert (result.ok, result.final, result.status) == (ok, final, int(status[:3]))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("-4", 0.0),
        ("999999999", MAX_RETRY_AFTER),
        ("nan", None),
        ("soon", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
    ],
)
def test_a_wait_that_was_asked_for_is_kept_within_reason(
    receiver: Receiver, header: str, seconds: float | None
) -> None:
    receiver.status = "503 Service Unavailable"
    receiver.headers = [("Retry-After", header)]
    asked = post(receiver.url).retry_after
    assert asked == (None if seconds is None else pytest.approx(seconds, abs=1.5))


def test_no_answer_is_a_reason_to_try_again() -> None:
    result = post("http://127.0.0.1:9/hook")
    assert (result.ok, result.final, result.status) == (False, False, None)
    assert "the delay" not in result.reason
