"""Logging that cannot give customers away.

The hard part is that most of what is logged is written by others: a database driver quotes the
row it could not store, an HTTP library the whole address, a traceback the value it choked on. So
only extras whose names are known are printed, messages of foreign exceptions are left out (their
type and place stay), and what looks like an address, a token or a query string is blotted out of
every line that remains.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

#: The extras that are printed: names, ids, counts and codes, never a text somebody wrote.
KNOWN_KEYS = (
    "connection", "connection_id", "system", "record", "entry", "person_id", "rule",
    "intervention", "action", "attempt", "outcome", "queue", "task", "executor", "event", "kind",
    "code", "error", "status", "method", "path", "route", "count", "bytes", "seconds",
    "milliseconds", "retry_after", "model", "version_from", "version_to", "user", "request_id",
)  # fmt: skip

#: Whose exceptions hold messages made for people, without customers' text.
OURS = frozenset({"connectors", "enrichment", "rules", "server", "config"})

#: Libraries that say more than we want below a warning.
QUIET = (
    "alembic", "asyncio", "dbos", "flair", "httpcore", "httpx", "onnxruntime", "sqlalchemy",
    "transformers", "urllib3", "werkzeug", "zenpy",
)  # fmt: skip

BLOT = "[...]"
_SECRETS = re.compile(
    r"""
    (?P<userinfo>(?<=://)[^\s/@]+(?=@))                    # postgresql://user:password@
    | (?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<query>(?<=\?)[^\s"'<>=&]+=[^\s"'<>]*)            # ?q=...&page=2
    | (?P<token>\b(?:ks|whsec|sk|pk)_[\w+/=-]{8,})
    | (?P<bearer>(?i:\b(?:bearer|basic))\s+[\w.~+/=-]{8,})
    | (?P<fernet>\bgAAAA[\w=-]{20,})
    """,
    re.VERBOSE,
)


def blot(text: str) -> str:
    """``text`` without e-mail addresses, tokens, passwords and query strings, on one line."""
    text = _SECRETS.sub(BLOT, text)
    return "".join(sign if sign.isprintable() else " " for sign in text)


class OnlyKnown(logging.Filter):
    """Takes every extra that is not known off the record. Lets every record pass."""

    _STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def filter(self, record: logging.LogRecord) -> bool:
        for name in set(vars(record)) - self._STANDARD - set(KNOWN_KEYS):
            delattr(record, name)
        return True


class PlainFormatter(logging.Formatter):
    """``2026-03-01 12:00:00 WARNING server.pipeline: said connection=zd status=429``"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{at} {record.levelname} {record.name}: {blot(record.getMessage())}"
        extras = "".join(f" {key}={value}" for key, value in _extras(record).items())
        return "\n".join([line + extras, *_places(record)])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the known extras, where it failed."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blot(record.getMessage()),
            **_extras(record),
        }
        places = _places(record)
        if places:
            line["trace"] = places
        return json.dumps(line, ensure_ascii=False)


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    format: Literal["plain", "json"] = "plain",
    stream: TextIO | Literal["ext://sys.stderr"] = "ext://sys.stderr",
) -> None:
    """Set up logging for this process; what was set up before is replaced."""
    chosen = level.upper()
    others = "WARNING" if level in ("debug", "info") else chosen
    handler = {
        "class": "logging.StreamHandler",
        "stream": stream,
        "formatter": format,
        "filters": ["only_known"],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"only_known": {"()": OnlyKnown}},
            "formatters": {"plain": {"()": PlainFormatter}, "json": {"()": JsonFormatter}},
            "handlers": {"console": handler},
            "root": {"level": chosen, "handlers": ["console"]},
            "loggers": {
                **{name: {"level": others} for name in QUIET},
                # Without a handler of its own it brings one that prints everything.
                "dbos": {"level": others, "handlers": ["console"], "propagate": False},
            },
        }
    )
    logging.captureWarnings(True)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in KNOWN_KEYS:
        value = getattr(record, key, None)
        if isinstance(value, bool | int | float):
            found[key] = value
        elif value is not None:
            found[key] = blot(str(value))[:200]
    return found


def _places(record: logging.LogRecord) -> list[str]:
    """Where an exception came from: types and lines of code, and messages of our own errors."""
    if not record.exc_info or record.exc_info[1] is None:
        return []
    lines: list[str] = []
    error: BaseException | None = record.exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines += [f"  {_say(error)}", *_frames(error.__traceback__)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def _say(error: BaseException) -> str:
    kind = type(error)
    if kind.__module__.partition(".")[0] in OURS:
        return f"{kind.__module__}.{kind.__qualname__}: {blot(str(error))}"
    return f"{kind.__module__}.{kind.__qualname__}"


def _frames(trace: TracebackType | None) -> list[str]:
    # Not the source lines: a literal in a test or a console may be a customer's.
    return [
        f"    {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(trace, limit=-12)
    ]
