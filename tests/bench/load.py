"""Senders of Zendesk webhooks, in a process of their own: ``python load.py '<orders as JSON>'``.

Everything is spelled and signed before the clock starts. One thread serves all keep-alive
connections, each of which sends its next webhook when it has the answer to the last, so that the
sender takes as little of the machine as it can. Prints what it measured as JSON, and leaves the
ids of what was accepted in a file.
"""

from __future__ import annotations

import gc
import json
import re
import selectors
import socket
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from connectors.zendesk.emulator.signing import Call, odd_json

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def prepared(count: int, *, port: int, path: str, secret: str) -> list[tuple[str, bytes]]:
    """So many different events, each with its id, as the bytes of a request."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    template = odd_json(_event(stamp))
    made = []
    for n in range(count):
        event_id = str(uuid.uuid4())
        body = (
            template.replace(b"EVENT", event_id.encode())
            .replace(b"TICKET", str(100_000 + n).encode())
            .replace(b"REQUESTER", str(500_000 + n // 3).encode())
        )
        call = Call(
            account_id=20978392,
            webhook_id="01HZWEBHOOK",
            invocation_id=str(n),
            secret=secret,
            stamp=stamp,
        )
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in call.headers(body).items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        made.append((event_id, "\r\n".join(lines).encode() + body))
    return made


def _event(stamp: str) -> dict[str, object]:
    """A comment was added: about 1.6 kB, as Zendesk spells it."""
    return {
        "type": "zen:event-type:ticket.comment_added",
        "account_id": 20978392,
        "id": "EVENT",
        "time": stamp,
        "zendesk_event_version": "2022-11-06",
        "subject": "zen:ticket:TICKET",
        "detail": {
            "id": "TICKET",
            "actor_id": "REQUESTER",
            "requester_id": "REQUESTER",
            "submitter_id": "REQUESTER",
            "assignee_id": "360000001234",
            "group_id": "360000005678",
            "organization_id": "0",
            "brand_id": "360000000042",
            "form_id": "360000000043",
            "custom_status": "0",
            "external_id": "",
            "subject": "The export fails since Monday",
            "description": "The export of our monthly report has been failing since Monday.",
            "status": "OPEN",
            "priority": "NORMAL",
            "type": "PROBLEM",
            "is_public": True,
            "tags": ["export", "report"],
            "via": {"channel": "email"},
            "created_at": stamp,
            "updated_at": stamp,
        },
        "event": {
            "comment": {
                "id": "TICKET77",
                "body": "I have tried three browsers and it still stops at ninety percent.",
                "is_public": True,
                "author": {"id": "REQUESTER", "name": "Ada Example", "is_staff": False},
            },
            "meta": {"sequence": {"id": "0A1B2C", "position": 1, "total": 1}},
        },
    }


@dataclass
class Sender:
    """One connection and what is under way on it."""

    line: socket.socket
    event_id: str = ""
    sent_at: float = 0.0
    came: bytearray = field(default_factory=bytearray)

    def send(self, event_id: str, request: bytes) -> None:
        self.event_id, self.sent_at = event_id, time.perf_counter()
        self.came.clear()
        self.line.sendall(request)

    def answered(self) -> int | None:
        """The status, when the whole answer is here. Raises ``ConnectionError``."""
        piece = self.line.recv(65536)
        if not piece:
            raise ConnectionError("closed in the middle of an answer")
        self.came += piece
        end = self.came.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self.came, 0, end)
        if length is None:
            raise ConnectionError("an answer without a length")
        if len(self.came) < end + 4 + int(length[1]):
            return None
        return int(self.came[9:12])


@dataclass
class Round:
    """What one round of sending came to."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def send(
    port: int, waiting: Iterator[tuple[str, bytes]], *, connections: int, seconds: float
) -> Round:
    """Send for so long, then wait for the answers still out."""
    found, doors = Round(), selectors.DefaultSelector()

    def begin(event_id: str, request: bytes) -> None:
        line = socket.create_connection(("127.0.0.1", port), timeout=60)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender = Sender(line)
        doors.register(line, selectors.EVENT_READ, sender)
        sender.send(event_id, request)

    began = time.perf_counter()
    until = began + seconds
    for _ in range(connections):
        begin(*next(waiting))
    while doors.get_map():
        for key, _ in doors.select():
            sender: Sender = key.data
            is_broken = False
            try:
                status = sender.answered()
                if status is None:
                    continue
                found.took.append(time.perf_counter() - sender.sent_at)
                found.statuses[status] += 1
                if status == 202:
                    found.accepted.append(sender.event_id)
            except OSError:
                found.unanswered.append(sender.event_id)
                is_broken = True
            following = next(waiting, None) if time.perf_counter() < until else None
            if following is not None and not is_broken:
                sender.send(*following)
                continue
            doors.unregister(sender.line)
            sender.line.close()
            if following is not None:
                begin(*following)
    found.seconds = time.perf_counter() - began
    return found


def main() -> None:
    orders = json.loads(sys.argv[1])
    ready = prepared(
        orders["at_most"], port=orders["port"], path=orders["path"], secret=orders["secret"]
    )
    gc.disable()
    found = send(
        orders["port"],
        iter(ready),
        connections=orders["connections"],
        seconds=orders["seconds"],
    )
    with Path(orders["accepted"]).open("a") as file:
        file.writelines(f"{event_id}\n" for event_id in found.accepted)
    print(
        json.dumps(
            {
                "seconds": found.seconds,
                "accepted": len(found.accepted),
                "unanswered": len(found.unanswered),
                "statuses": found.statuses,
                "took": [round(one, 6) for one in found.took],
                "ran_out": sum(found.statuses.values()) >= orders["at_most"],
            }
        )
    )


if __name__ == "__main__":
    main()
