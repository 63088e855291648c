from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from config.logging import BLOT, QUIET, blot, configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "dbos", *QUIET, "py.warnings")]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in loggers]
    yield
    logging.captureWarnings(False)
    for one, level, handlers, propagate in before:
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate = propagate


def logged(format: Any = "plain", level: Any = "info") -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    configure(level=level, format=format, stream=stream)
    return logging.getLogger("server.pipeline"), stream


def test_a_line_is_time_level_logger_and_message() -> None:
    log, stream = logged()
    log.warning("poll of %s: %s", "zd", "rate_limited", extra={"retry_after": 3})
    assert stream.getvalue()[19:] == (
        " WARNING server.pipeline: poll of zd: rate_limited retry_after=3\n"
    )


def test_json_lines_can_be_read_by_machines() -> None:
    log, stream = logged("json")
    log.info("done", extra={"connection": "zd", "count": 3, "text": "I am so angry"})
    log.info("again")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["time"].endswith("+00:00")
    del first["time"]
    assert first == {
        "level": "info",
        "logger": "server.pipeline",
        "message": "done",
        "connection": "zd",
        "count": 3,
    }
    assert second["message"] == "again"


@pytest.mark.parametrize("format", ["plain", "json"])
def test_extras_nobody_knows_are_not_printed(format: str) -> None:
    log, stream = logged(format)
    log.info("stored", extra={"text": "I am so angry", "subject": "Refund!", "rule": "thank"})
    assert "angry" not in stream.getvalue()
    assert "Refund" not in stream.getvalue()
    assert "thank" in stream.getvalue()


@pytest.mark.parametrize("format", ["plain", "json"])
def test_messages_of_foreign_errors_are_left_out_but_not_their_place(format: str) -> None:
    log, stream = logged(format)
    try:
        try:
            int("I am so angry")
        except ValueError as error:
            raise RuntimeError("DETAIL: Key (email)=(ann@example.com)") from error
    except RuntimeError:
        log.exception("entry %s failed", 7)
    said = stream.getvalue()
    assert "angry" not in said
    assert "ann@" not in said
    assert "builtins.RuntimeError" in said
    assert "builtins.ValueError" in said
    assert "test_logging.py" in said


def test_messages_of_our_own_errors_are_printed() -> None:
    from connectors.errors import NeedsReauth

    log, stream = logged()
    try:
        raise NeedsReauth("Authorise again.")
    except NeedsReauth:
        log.exception("check failed")
    assert "connectors.errors.NeedsReauth: Authorise again." in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail from ann.lee+x@example.co.uk today", f"mail from {BLOT} today"),
        ("postgresql://user:word@host/name", f"postgresql://{BLOT}@host/name"),
        ("GET https://a.example/x?email=a%40b&page=2 200", f"GET https://a.example/x?{BLOT} 200"),
        ("token ks_AbCd1234_-xyz ends", f"token {BLOT} ends"),
        ("secret whsec_MfKQ9r8GKYqrTwjU", f"secret {BLOT}"),
        ("Authorization: Bearer abc.def-123", f"Authorization: {BLOT}"),
        ("two\nlines\tand\x1b[31m colour", "two lines and [31m colour"),
        ("what? nothing = nothing", "what? nothing = nothing"),
        ("rule thank-after-recovery fired 3 times", "rule thank-after-recovery fired 3 times"),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text: str, left: str) -> None:
    assert blot(text) == left


def test_extras_are_blotted_out_as_well() -> None:
    log, stream = logged()
    log.info("x", extra={"path": "/find?q=angry", "user": "ann@example.com"})
    assert "angry" not in stream.getvalue()
    assert "ann@" not in stream.getvalue()


def test_a_message_cannot_forge_a_second_line() -> None:
    log, stream = logged()
    log.info("login of %s", "x\n2026-03-01 12:00:00 INFO server: all is well")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("name", ["httpx", "sqlalchemy.engine", "urllib3", "dbos"])
def test_libraries_that_quote_whole_requests_are_quiet(name: str) -> None:
    _, stream = logged(level="debug")
    logging.getLogger(name).info("HTTP Request: GET https://a.example/?q=angry")
    assert stream.getvalue() == ""
    logging.getLogger(name).error("broken")
    assert stream.getvalue().count("broken") == 1


def test_the_engines_library_brings_no_handler_of_its_own() -> None:
    _, stream = logged()
    from dbos._logger import init_logger

    init_logger()
    logging.getLogger("dbos").error("step failed for ann@example.com")
    assert len(logging.getLogger("dbos").handlers) == 1
    assert "ann@" not in stream.getvalue()


def test_setting_up_twice_prints_once() -> None:
    logged()
    log, stream = logged()
    log.info("once")
    assert stream.getvalue().count("once") == 1
