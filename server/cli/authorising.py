"""The browser half of an OAuth sign-in: a page over there, and a door here for the way back."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import click

from .failing import Problem

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from connectors.base import Clock

#: Where the browser comes back to; the OAuth client over there must list it as a redirect URL.
PORT = 8711
#: How long an admin may take, in seconds.
PATIENCE = 300.0


def authorise_zendesk(
    public: Mapping[str, Any],
    values: Mapping[str, str],
    *,
    clock: Clock,
    port: int,
    quiet: bool,
) -> dict[str, str]:
    """Ask an admin for access in the browser; returns the secrets to store."""
    import httpx

    from connectors.zendesk import auth

    subdomain, base_url = public["subdomain"], public.get("base_url")
    with _Door(port) as door:
        begun = auth.begin(
            subdomain=subdomain,
            client_id=values["client_id"],
            redirect_uri=door.address,
            base_url=base_url,
        )
        # On standard error when the answer is for a machine.
        click.echo("Authorise Keepsake in the browser (you must be an admin there):", err=quiet)
        click.echo(f"  {begun.url}", err=quiet)
        webbrowser.open(begun.url)
        came_back = door.wait()
    if came_back.get("state") != begun.state:
        raise Problem("the answer does not belong to this question; run the command again")
    if "code" not in came_back:
        raise Problem(f"access was not granted ({came_back.get('error', 'no reason given')})")
    with httpx.Client(timeout=30) as client:
        return auth.exchange_code(
            auth.token_endpoint(subdomain, http=client, clock=clock, base_url=base_url),
            code=came_back["code"],
            verifier=begun.verifier,
            client_id=values["client_id"],
            client_secret=values.get("client_secret", ""),
            redirect_uri=door.address,
            now=clock(),
        )


#: How access is granted in the browser, by system.
BROWSERS: dict[str, Callable[..., dict[str, str]]] = {"zendesk": authorise_zendesk}


class _Door:
    """A page on this machine that the browser comes back to. Use with ``with``."""

    def __init__(self, port: int) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Silent(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: object) -> None:
                """The query holds the code: nothing of it is printed."""

        self._asked: dict[str, str] = {}
        self._done = threading.Event()
        try:
            self._server = make_server("127.0.0.1", port, self._open, request_handler=Silent)
        except (OSError, SystemExit) as error:
            raise Problem(
                f"port {port} is in use, and the browser could not come back to it; choose another "
                "with --browser-port and list it as a redirect URL of the OAuth client"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self.address = f"http://127.0.0.1:{self._server.server_port}/callback"

    def wait(self) -> dict[str, str]:
        """What the browser brought."""
        if not self._done.wait(PATIENCE):
            raise Problem("nobody authorised within five minutes; run the command again")
        return self._asked

    def _open(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if environ.get("PATH_INFO") != "/callback" or "state" not in asked:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"nothing here"]
        self._asked.update({name: found[0] for name, found in asked.items()})
        self._done.set()
        start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Thank you. You can close this page and go back to the terminal."]

    def __enter__(self) -> _Door:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
