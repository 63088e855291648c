"""Web and workers as processes of their own, to be killed, frozen and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from server.cli.running import web_command

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("worker.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def light_worker_command(name: str) -> list[str]:
    """A worker with the plain reader."""
    return [sys.executable, str(WORKER), name]


class Processes:
    """Processes by name, each with a log of its own in ``folder``. Use with ``with``."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("KEEPSAKE_")}
        self._environment = {**kept, **environment, "PYTHONPATH": str(ROOT)}
        self._commands: dict[str, Sequence[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0

    def start_web(self, url: str) -> None:
        self.start("web", web_command())
        wait_for_web(url)

    def start(self, name: str, command: Sequence[str]) -> None:
        self._commands[name] = command
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )

    def is_alive(self, name: str) -> bool:
        return self._running[name].poll() is None

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the process and its children."""
        os.killpg(self._running[name].pid, number)

    def kill(self, name: str) -> None:
        """kill -9, of the whole group."""
        process = self._running[name]
        self.signal(name, signal.SIGKILL)
        process.wait(10)
        self.kills += 1

    def kill_and_restart(self, name: str) -> None:
        self.kill(name)
        self.start(name, self._commands[name])

    def terminate(self, name: str, *, patience: float = 15.0) -> float:
        """SIGTERM; the seconds it took to end."""
        process = self._running[name]
        began = time.monotonic()
        process.terminate()
        process.wait(patience)
        return time.monotonic() - began

    def exit_code(self, name: str) -> int | None:
        return self._running[name].poll()

    def log(self, name: str) -> str:
        file = self._folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for_web(url: str, *, patience: float = 20.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/healthz", timeout=2, trust_env=False).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the web server did not come up")
