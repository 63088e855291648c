"""The web process as it really runs: gunicorn over HTTP, with nothing of the worker in it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
LARGE = 10_000_000


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _environment(folder: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPSAKE_")}
    return {
        **kept,
        "KEEPSAKE_DATA_DIR": str(folder),
        "KEEPSAKE_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a fresh installation's web server, and where it logs."""
    folder = tmp_path_factory.mktemp("home")
    port, log = _free_port(), folder / "log"
    command = [
        sys.executable, "-m", "gunicorn", "-c", "python:server.gunicorn",
        "server.gunicorn:application()",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(folder, port), stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{address}/healthz").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
            assert process.poll() is None, log.read_text()
        yield address, log
    finally:
        process.terminate()
        process.wait(30)


def test_a_fresh_installation_is_ready_without_a_worker(server: tuple[str, Path]) -> None:
    answer = httpx.get(f"{server[0]}/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert httpx.get(f"{server[0]}/").headers["Location"] == "/login?next=/"


def test_ten_megabytes_are_refused_and_the_sender_hears_it(server: tuple[str, Path]) -> None:
    headers = {"Content-Type": "application/json"}
    with httpx.Client() as client:
        answer = client.post(f"{server[0]}/webhooks/acme", content=b"x" * LARGE, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "too_large"
        assert client.get(f"{server[0]}/healthz").status_code == 200


def test_ten_megabytes_without_a_length_are_refused_too(server: tuple[str, Path]) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(LARGE // 50_000):
            yield b"x" * 50_000

    headers = {"Content-Type": "application/json"}
    with httpx.Client() as client:
        # Nobody of that name, but the size is looked at before anything is verified.
        answer = client.post(f"{server[0]}/webhooks/acme", content=chunks(), headers=headers)
        assert answer.status_code == 413
        assert client.get(f"{server[0]}/healthz").status_code == 200


def test_a_page_form_is_limited_too(server: tuple[str, Path]) -> None:
    answer = httpx.post(f"{server[0]}/login", data={"login": "x" * 2_000_000})
    assert answer.status_code in (400, 413)


def test_a_sender_that_falls_silent_is_let_go(
    server: tuple[str, Path],
) -> None:
    host, _, port = server[0].removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.putrequest("POST", "/webhooks/acme")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    connection.send(b"{")
    began = time.monotonic()
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 408
    assert time.monotonic() - began < 20


def test_the_access_log_has_no_query_and_no_body(server: tuple[str, Path]) -> None:
    address, log = server
    httpx.get(f"{address}/people?q=somebodys-name")
    httpx.post(f"{address}/webhooks/acme", content=b'{"secret": "words"}')
    time.sleep(0.3)
    written = log.read_text()
    assert '"GET /people" 302' in written
    assert "somebodys-name" not in written
    assert "words" not in written


def test_the_web_process_holds_no_model_and_no_client(tmp_path: Path) -> None:
    program = """
import sys
from server.gunicorn import application
app = application()
client = app.test_client()
assert client.get("/readyz").status_code == 200
assert client.post("/webhooks/x", data="{}", content_type="application/json").status_code == 404
heavy = {"torch", "flair", "transformers", "onnxruntime", "zenpy", "dbos", "requests"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=_environment(tmp_path, _free_port()), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
