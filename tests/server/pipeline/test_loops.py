"""Loops: none stops another, failures slow only the one that fails, and stopping is quick."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from server.pipeline.loops import Loop, Loops


def test_a_loop_that_fails_stops_no_other_and_tells_no_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = threading.Semaphore(0)

    def good() -> bool:
        turns.release()
        return False

    def bad() -> bool:
        raise ValueError("a customer's words")

    loops = Loops(
        [Loop(name="bad", every=0.01, turn=bad), Loop(name="good", every=0.01, turn=good)]
    )
    with caplog.at_level(logging.ERROR):
        loops.start()
        for _ in range(5):
            assert turns.acquire(timeout=5)
        loops.stop()
    assert "loop bad: ValueError" in caplog.text
    assert "a customer's words" not in caplog.text


def test_stopping_does_not_wait_for_pauses() -> None:
    loops = Loops([Loop(name="slow", every=60.0, turn=lambda: False)])
    loops.start()
    time.sleep(0.1)
    began = time.monotonic()
    loops.stop()
    assert time.monotonic() - began < 1


def test_what_found_work_looks_again_at_once() -> None:
    left = iter([True, True, True, False])
    done = threading.Event()

    def turn() -> bool:
        found = next(left, None)
        if found is None:
            done.set()
        return bool(found)

    loops = Loops([Loop(name="busy", every=0.05, turn=turn)])
    began = time.monotonic()
    loops.start()
    assert done.wait(5)
    loops.stop()
    assert time.monotonic() - began < 2


def test_a_turn_in_a_long_wait_is_left_behind() -> None:
    let_go = threading.Event()

    def turn() -> bool:
        return let_go.wait(30)

    loops = Loops([Loop(name="waiting", every=0.01, turn=turn) for _ in range(3)])
    loops.start()
    began = time.monotonic()
    loops.stop(patience=0.5)
    assert time.monotonic() - began < 1
    let_go.set()
