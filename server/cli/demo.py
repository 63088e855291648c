"""``keepsake demo``: the main job, shown on a make-believe company, then live until stopped.

Nothing in here is a short cut: a sandbox Zendesk in a process of its own, our web server and a
worker as they run in earnest, the same commands an admin would give, over real HTTP.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from .failing import Problem

if TYPE_CHECKING:
    from connectors.sandbox.world import LiveStep

    from ..wiring import Home

CONNECTION = "zendesk"
#: How long the first reading of everything may take, in seconds.
PATIENCE = 300.0


@click.command()
@click.option("--once", is_flag=True, help="Show it once and stop, without waiting for you.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, last line.")
@click.option("--port", type=click.IntRange(0, 65535), default=8710, show_default=True)
@click.option("--keep", is_flag=True, help="Go on with the data of the last demo.")
@click.option(
    "--world",
    "world_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Use these tickets instead (a JSON file, see docs/world.md).",
)
def demo(once: bool, as_json: bool, port: int, keep: bool, world_file: Path | None) -> None:
    """Show everything working: pull, read, remember, write back, act.

    Everything stays in the folder var/demo, which is emptied first, and on this machine.
    """
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    say = _Teller(quiet=as_json)
    began = time.monotonic()
    folder = _folder(keep=keep)
    with _sandbox(folder, world_file) as zendesk:
        say(f"A make-believe Zendesk runs at {zendesk['base_url']}")
        _configure(folder, port)
        from ..wiring import open_home
        from .homes import settings

        home = open_home(settings())
        password = _prepare(home, zendesk, fresh=not keep)
        with _processes(folder):
            try:
                summary = _show(home, zendesk, say, stopping, began)
                if not stopping.is_set():
                    _live(
                        home,
                        zendesk,
                        say,
                        stopping,
                        once=once,
                        password=password,
                        world_file=world_file,
                    )
                summary = _summary(home, summary["seconds"])
            finally:
                home.close()
    if as_json:
        click.echo(json.dumps(summary))
    if once and world_file is None and not summary["interventions"]:
        raise Problem("the demo did not come to an intervention; see the log in var/demo")


class _Teller:
    """Says what happens, with the seconds since the start."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        if not self._quiet:
            click.echo(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def plain(self, text: str) -> None:
        if not self._quiet:
            click.echo(text)


def _folder(*, keep: bool) -> Path:
    folder = Path("var/demo").absolute()
    if folder.exists() and not keep:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _configure(folder: Path, port: int) -> None:
    """The demo's own settings, for this process and its children; no file of the user's counts."""
    for name in [name for name in os.environ if name.upper().startswith("KEEPSAKE_")]:
        del os.environ[name]
    chosen = _free_port(port)
    receiver = _free_port(0)
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    destinations = {"team-lead": {"url": f"http://127.0.0.1:{receiver}/hook", "secret": secret}}
    os.environ.update(
        # A .env beside us may name somebody's real database, and our children would read it too.
        KEEPSAKE_ENV_FILE="",
        KEEPSAKE_DATA_DIR=str(folder),
        KEEPSAKE_DATABASE_URL=f"sqlite:///{folder / 'app.db'}",
        KEEPSAKE_ENGINE_DATABASE_URL=f"sqlite:///{folder / 'engine.db'}",
        KEEPSAKE_HOST="127.0.0.1",
        KEEPSAKE_PORT=str(chosen),
        KEEPSAKE_LOG_LEVEL="warning",
        KEEPSAKE_BACKFILL_DAYS="1000",
        KEEPSAKE_WEBHOOK_DESTINATIONS=json.dumps(destinations),
        KEEPSAKE_OUTBOUND_ALLOWED="127.0.0.1",
    )
    _Receiver(receiver, secret).start()


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Problem("no free port on 127.0.0.1")


class _Receiver(threading.Thread):
    """The team lead's chat, so to speak: takes signed webhooks and counts them."""

    def __init__(self, port: int, secret: str) -> None:
        super().__init__(daemon=True)
        self.got: list[Any] = []
        from standardwebhooks.webhooks import Webhook, WebhookVerificationError
        from werkzeug.serving import WSGIRequestHandler, make_server
        from werkzeug.wrappers import Request, Response

        class Silent(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: object) -> None:
                """The demo tells of deliveries itself."""

        @Request.application
        def app(request: Request) -> Response:
            try:
                told = Webhook(secret).verify(request.get_data(), dict(request.headers))
            except WebhookVerificationError:
                return Response(status=401)
            self.got.append(told)
            return Response(status=204)

        self._server = make_server("127.0.0.1", port, app, request_handler=Silent)

    def run(self) -> None:
        self._server.serve_forever()


@contextmanager
def _sandbox(folder: Path, world_file: Path | None) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "server.cli", "sandbox", "--json"]
    if world_file is not None:
        command += ["--world", str(world_file)]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise Problem(f"the sandbox did not start; see {folder / 'sandbox.log'}")
        yield json.loads(line)
    finally:
        from .running import stop_all

        stop_all([process])
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _processes(folder: Path) -> Iterator[None]:
    """Web server and worker, as ``keepsake up`` runs them."""
    from .running import stop_all, web_command, worker_command, worker_name

    with (folder / "keepsake.log").open("wb") as log:
        running = [
            subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
            for command in (web_command(), worker_command(worker_name(1)))
        ]
    try:
        yield
    finally:
        stop_all(running)


def _prepare(home: Home, zendesk: dict[str, Any], *, fresh: bool) -> str:
    """A connection and somebody who may log in; returns the password."""
    from ..security.passwords import hash_password
    from ..security.roles import Role
    from ..store import connection_secrets, connections, users
    from ..store.connections import UnknownConnection
    from ..store.users import LoginTaken

    password = secrets.token_urlsafe(9)
    settings = {"subdomain": zendesk["subdomain"], "base_url": zendesk["base_url"]}
    now = home.clock()
    with home.database.write() as tx:
        try:
            connections.get(tx, CONNECTION)
            connections.change(tx, CONNECTION, settings=settings, now=now)
        except UnknownConnection:
            connections.create(
                tx,
                id=CONNECTION,
                system="zendesk",
                name="Zendesk (sandbox)",
                settings=settings,
                now=now,
            )
        connection_secrets.put(
            tx,
            home.vault,
            connection_id=CONNECTION,
            values={
                "kind": "client_credentials",
                "client_id": zendesk["oauth_client_id"],
                "client_secret": zendesk["oauth_client_secret"],
            },
            now=now,
        )
    try:
        with home.database.write() as tx:
            users.create(
                tx,
                login="demo",
                name="Demo manager",
                password_hash=hash_password(password),
                role=Role.ADMIN,
                now=now,
            )
    except LoginTaken:
        with home.database.write() as tx:
            one = users.by_login(tx, "demo")
            assert one is not None
            users.change(tx, one.id, password_hash=hash_password(password), now=now)
    assert fresh or password
    return password


def _show(
    home: Home, zendesk: dict[str, Any], say: _Teller, stopping: threading.Event, began: float
) -> dict[str, Any]:
    """Check, plan, apply, backfill, and wait until everything is read and written back."""
    from enrichment.fields import FIELDS

    from ..pipeline.install import apply, check, plan
    from .installing import webhook_url
    from .syncing import pull, wait_until_idle

    del zendesk, stopping
    report = check(home.base, CONNECTION, by="demo")
    say(f"Checked: {len(report.items)} things looked at, {'all' if report.ok else 'NOT all'} fine")
    url = webhook_url(home, CONNECTION)
    planned = plan(home.base, CONNECTION, FIELDS, webhook_url=url)
    made = apply(home.base, home.vault, CONNECTION, FIELDS, webhook_url=url, by="demo")
    say(f"Planned {len(planned.steps)} steps, made {len(made.installation.made)} things over there")
    pulled = pull(home, CONNECTION, quiet=True)
    say(f"Pulled {pulled.records} records and {pulled.interactions} messages")
    if not wait_until_idle(home, CONNECTION, quiet=True, patience=PATIENCE):
        raise Problem("reading took too long; see var/demo/keepsake.log")
    seconds = round(time.monotonic() - began, 1)
    summary = _summary(home, seconds)
    say(
        f"Read {summary['readings']} messages, found {summary['moments']} moments, "
        f"wrote {summary['fields_written']} fields back"
    )
    return summary


def _summary(home: Home, seconds: float) -> dict[str, Any]:
    from ..store import loading

    with home.database.read() as tx:
        return {**loading.summary(tx), "seconds": seconds}


def _live(
    home: Home,
    zendesk: dict[str, Any],
    say: _Teller,
    stopping: threading.Event,
    *,
    once: bool,
    password: str,
    world_file: Path | None,
) -> None:
    """Let things happen over there, and tell what comes of it."""
    import httpx

    url = home.settings.public_url
    say.plain("")
    say.plain(f"  Look around:  {url}   (login: demo, password: {password})")
    say.plain(f"  As an agent:  {zendesk['agent_url']}")
    say.plain("")
    say("Now it goes on live: customers write, webhooks arrive, rules fire")
    watch = _Watch(home, say)
    with httpx.Client(
        base_url=zendesk["control_url"],
        headers={"X-Control-Token": zendesk["control_token"]},
        timeout=30,
    ) as control:
        for step in _steps(world_file):
            if stopping.wait(min(step.after, 0.5) if once else step.after):
                return
            told = {name: value for name, value in asdict(step).items() if value is not None}
            control.post("/play", json={"steps": [{**told, "after": 0}]}).raise_for_status()
            watch.look()
    until = time.monotonic() + (20.0 if once else float("inf"))
    while not stopping.wait(0.5) and time.monotonic() < until:
        watch.look()
        if once and watch.is_quiet():
            return
    if not once:
        say.plain("stopped")


def _steps(world_file: Path | None) -> tuple[LiveStep, ...]:
    """What happens after the start; somebody's own tickets have no future."""
    from connectors.sandbox.build import build_world

    return () if world_file is not None else build_world().live


class _Watch:
    """Tells of moments and interventions as they appear."""

    def __init__(self, home: Home, say: _Teller) -> None:
        self._home = home
        self._say = say
        self._told: dict[object, object] = {}
        self._quiet_since = time.monotonic()
        self.look(silently=True)

    def look(self, *, silently: bool = False) -> None:
        from ..store import interventions, moments

        with self._home.database.read() as tx:
            found = moments.latest(tx, limit=20)
            acted = interventions.find(tx, limit=20)
        for one in reversed(found):
            if self._is_news(("moment", one.id), one.id) and not silently:
                quote = next(
                    (e["quote"] for e in one.data.get("evidence", ()) if e.get("quote")), ""
                )
                self._say(f"moment  {one.kind} on ticket {one.ticket_id}  “{_short(quote)}”")
        for each in reversed(acted):
            if self._is_news(("intervention", each.id), each.state) and not silently:
                self._say(f"rule    {each.rule_title}: {each.state.value}")

    def is_quiet(self) -> bool:
        """Whether nothing waits and nothing new came for a while."""
        from ..store import connections, field_states

        with self._home.database.read() as tx:
            waiting = connections.counts(tx, ids=(CONNECTION,))[CONNECTION].waiting
            due = field_states.counts(tx, connection_id=CONNECTION).due
        return waiting + due == 0 and time.monotonic() - self._quiet_since > 4.0

    def _is_news(self, key: object, value: object) -> bool:
        if self._told.get(key) == value:
            return False
        self._told[key] = value
        self._quiet_since = time.monotonic()
        return True


def _short(text: str, most: int = 70) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " ..."
