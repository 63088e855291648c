"""``keepsake serve|work|up``: the processes of an installation.

The hard part is a worker's name. The engine resumes what a worker of the same name left unfinished,
so two that live at once under one name would run each other's work: names carry the machine's, and
a name whose heart still beats elsewhere is refused.
"""

from __future__ import annotations

import logging
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import click

from .failing import Problem
from .homes import settings

if TYPE_CHECKING:
    from ..pipeline.worker import Patience
    from ..store.heartbeats import Heartbeat
    from ..wiring import Home

#: A worker's name is part of a file's name and of a table's key.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
#: Longer than a worker is silent between two heartbeats, in seconds.
BEATS = 7.0


@click.command()
def serve() -> None:
    """Run the web server (gunicorn) on the address in the settings, until stopped."""
    checked = settings()
    _warn_if_public(checked.host, checked.public_url)
    os.execv(sys.executable, web_command())  # noqa: S606


def web_command() -> list[str]:
    """The command line of the web process."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:server.gunicorn",
        "server.gunicorn:application()",
    ]


@click.command()
@click.option("--name", help="Unique among workers.  [default: worker-1@ and this machine's name]")
def work(name: str | None) -> None:
    """Run a worker until stopped: it reads, remembers, writes back and delivers."""
    from ..wiring import open_home

    name = name or worker_name(1)
    if not NAME.fullmatch(name):
        raise click.UsageError("a worker's name is letters, digits and . _ @ -, at most 100")
    checked = settings()
    _require_model()
    run_worker(open_home(checked), name=name)


def worker_name(number: int, *, host: str | None = None) -> str:
    """``worker-1@host``: two machines on one database mean different workers."""
    known = re.sub(r"[^A-Za-z0-9.-]+", "-", platform.node() if host is None else host).strip("-.")
    return f"worker-{number}@{known[:64] or 'here'}"


def run_worker(home: Home, *, name: str, patience: Patience | None = None) -> None:
    """Work under this name until told to stop. Main thread only (signals)."""
    from config.logging import configure

    from ..security.secrets import KeyProblem
    from ..wiring import NameTaken, build_worker, hold_name

    configure(level=home.settings.log_level, format=home.settings.log_format)
    stopping = _stop_on_signal()
    try:
        # Held by the descriptor, which stays open as long as the process lives.
        hold_name(home.settings.data_dir, name)
        if not await_name(home, name, patience=patience, stopping=stopping):
            home.close()
            return
        worker = build_worker(home, name=name, patience=patience)
    except (NameTaken, KeyProblem) as error:
        raise Problem(str(error)) from error
    worker.start()
    try:
        stopping.wait()
    finally:
        worker.stop()
        home.close()
    # Threads that wait, for a rate limit or for what another worker took over, would hold up the
    # end by minutes. Whatever they were at is resumed, so nothing is lost by not waiting.
    logging.shutdown()
    os._exit(0)


def await_name(
    home: Home, name: str, *, patience: Patience | None, stopping: threading.Event
) -> bool:
    """Whether this name is free; False when we were told to stop meanwhile. Raises ``NameTaken``.

    After a kill the dead one's last heartbeat is still fresh, so a process of this machine that
    is gone is not waited for. One that seems to live may have its number by chance (a container
    starts counting anew): it is watched for as long as a living worker's heart cannot stand still.
    """
    from ..wiring import NameTaken

    silent = patience.silent if patience else timedelta(seconds=home.settings.heartbeat_seconds)
    last = _beat_of(home, name)
    if last is None or home.clock() - last.at > silent or _is_gone(last):
        return True
    taken = NameTaken(
        f"a worker called {name} runs already, on {last.info.get('host', 'another machine')}; give "
        f"this one another name (--name), or wait {silent.total_seconds():.0f} s if that one is dead"
    )
    if last.info.get("host") != platform.node():
        raise taken
    if stopping.wait(BEATS):
        return False
    newest = _beat_of(home, name)
    if newest is not None and newest.at > last.at:
        raise taken
    return True


def _beat_of(home: Home, name: str) -> Heartbeat | None:
    from ..store import heartbeats

    with home.database.read() as tx:
        return next((one for one in heartbeats.all_of(tx) if one.executor == name), None)


def _is_gone(last: Heartbeat) -> bool:
    """Whether this machine ran it and runs it no more."""
    process = last.info.get("process")
    if last.info.get("host") != platform.node() or not isinstance(process, int):
        return False
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@click.command()
@click.option("--workers", type=click.IntRange(1, 8), default=1, show_default=True)
def up(workers: int) -> None:
    """Run the web server and workers together, until stopped. What ends is started again.

    A worker that ends again and again is given up while the rest goes on; the exit code is 1 then.
    """
    checked = settings()
    _warn_if_public(checked.host, checked.public_url)
    from ..wiring import open_home

    home = open_home(checked)
    # Before the children start: key file and tables are made by one process.
    assert home.vault
    assert home.database
    home.close()
    commands = {"web": web_command()}
    for number in range(1, workers + 1):
        commands[f"worker-{number}"] = worker_command(worker_name(number))
    click.echo(f"Keepsake on {checked.public_url} (Ctrl-C stops it)")
    sys.exit(supervise(commands, stopping=_stop_on_signal()))


def _require_model() -> None:
    """A worker without its model would only put work aside."""
    from enrichment.reader.artefact import ArtefactError, default_folder, verify

    try:
        verify(default_folder())
    except ArtefactError as error:
        raise Problem(str(error)) from error


def worker_command(name: str) -> list[str]:
    """The command line of a worker process."""
    return [sys.executable, "-m", "server.cli", "work", "--name", name]


@dataclass
class _Kept:
    """A process that is kept running. ``due``: when it may be started (again)."""

    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float = 0.0
    fails: int = 0
    is_given_up: bool = False


def supervise(
    commands: Mapping[str, Sequence[str]],
    *,
    stopping: threading.Event,
    vital: Collection[str] = ("web",),
    pause: float = 2.0,
) -> int:
    """Keep these processes running until told to stop; the exit code for us.

    One that ends five times within a minute each is given up: the others go on, and the exit code
    is 1 in the end. Without a ``vital`` one, or with nobody left, there is no point in going on.
    ``pause``: seconds before the first new start, doubled with each.
    """
    kept = {name: _Kept(command) for name, command in commands.items()}
    try:
        while not stopping.is_set():
            for name, one in kept.items():
                _look_after(name, one, pause=pause)
            lost = {name for name, one in kept.items() if one.is_given_up}
            if lost & set(vital) or lost == set(kept):
                return 1
            stopping.wait(min(0.5, pause))
        return 1 if any(one.is_given_up for one in kept.values()) else 0
    finally:
        stop_all([one.process for one in kept.values() if one.process is not None])


def _look_after(name: str, one: _Kept, *, pause: float) -> None:
    now = time.monotonic()
    if one.is_given_up:
        return
    if one.process is not None:
        if one.process.poll() is None:
            return
        one.fails = 1 if now - one.began > 60 else one.fails + 1
        if one.fails >= 5:
            one.is_given_up = True
            click.echo(
                f"{name} ended ({one.process.returncode}) and does not stay up; giving up on it",
                err=True,
            )
        else:
            one.due = now + min(pause * 2.0 ** (one.fails - 1), 30.0)
            click.echo(f"{name} ended ({one.process.returncode}); starting it again", err=True)
        one.process = None
    if not one.is_given_up and now >= one.due:
        one.began = now
        one.process = subprocess.Popen(one.command)  # noqa: S603


def stop_all(processes: Sequence[subprocess.Popen[bytes]], *, patience: float = 15.0) -> None:
    """Ask them to end, and end those that do not."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop_on_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _warn_if_public(host: str, public_url: str) -> None:
    if host not in ("127.0.0.1", "::1", "localhost") and not public_url.startswith("https://"):
        click.echo(
            f"warning: listening on {host} without https; put a reverse proxy with TLS in front "
            "and set KEEPSAKE_PUBLIC_URL",
            err=True,
        )
