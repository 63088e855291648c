"""The web process and ``--help`` import the reader's package, and must stay light and quiet."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = "torch flair onnxruntime transformers tokenizers sklearn py3langid bs4"


@pytest.mark.parametrize("module", ["enrichment", "enrichment.reader", "enrichment.readings"])
def test_importing_loads_no_model_library(module: str) -> None:
    code = (
        f"import sys, {module}\nprint([name for name in {HEAVY.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_writes_nothing_but_what_was_asked_and_opens_no_connection() -> None:
    code = """
import socket
def refuse(*_): raise AssertionError("the reader must not touch the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from enrichment.reader import load_reader
with load_reader() as reader:
    print(reader.read(["I am so happy!"])[0].sentiment)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "very_positive"
