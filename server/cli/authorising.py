"""The browser half of an OAuth sign-in: a page over there, and a door here for the way back."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Mapping
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import click
import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from connectors.base import Clock
from connectors.zendesk import auth

from .failing import Problem

#: Where the browser comes back to; the OAuth client over there must list it as a redirect URL.
PORT = 8711
#: How long an admin may take, in seconds.
PATIENCE = 300.0


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """The query holds the code: nothing of it is printed."""


def authorise(
    values: Mapping[str, str], *, base_url: str | None, clock: Clock, port: int = PORT
) -> dict[str, str]:
    """Ask an admin for access in the browser; returns the secrets to store."""
    came_back: dict[str, str] = {}
    done = threading.Event()

    def door(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if environ.get("PATH_INFO") != "/callback" or "state" not in asked:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"nothing here"]
        came_back.update({name: found[0] for name, found in asked.items()})
        done.set()
        start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Thank you. You can close this page and go back to the terminal."]

    try:
        server = make_server("127.0.0.1", port, door, request_handler=_Silent)
    except OSError as error:
        raise Problem(f"port {port} is in use; the browser could not come back to it") from error
    redirect = f"http://127.0.0.1:{server.server_port}/callback"
    begun = auth.begin(
        subdomain=values["subdomain"],
        client_id=values["client_id"],
        redirect_uri=redirect,
        base_url=base_url,
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        click.echo("Authorise Keepsake in the browser (you must be an admin there):")
        click.echo(f"  {begun.url}")
        webbrowser.open(begun.url)
        if not done.wait(PATIENCE):
            raise Problem("nobody authorised within five minutes; run the command again")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if came_back.get("state") != begun.state:
        raise Problem("the answer does not belong to this question; run the command again")
    if "code" not in came_back:
        raise Problem(f"access was not granted ({came_back.get('error', 'no reason given')})")
    with httpx.Client(timeout=30) as client:
        return auth.exchange_code(
            auth.token_endpoint(values["subdomain"], http=client, clock=clock, base_url=base_url),
            code=came_back["code"],
            verifier=begun.verifier,
            client_id=values["client_id"],
            client_secret=values["client_secret"],
            redirect_uri=redirect,
            now=clock(),
        )
