"""The sockets under the line: zenpy's requests session on a leash, and httpx.

zenpy waits without bound on a 429 and retries on its own; here its session has one adapter that
hands each request to the line and gives back what the line allows. Both libraries read an answer
whole before anybody sees it, within a size and a time, so that a cut or dripping answer is an
error of ours and not a broken record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import httpx
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from ..base import Clock
from ..errors import Unavailable
from ..http import Answer, network_error
from .line import Line

#: zenpy sends this as it is, and Zendesk keeps it in every audit.
USER_AGENT = "Keepsake"
#: A larger answer is not one of Zendesk's: its export pages stay below 20 MB.
LARGEST_ANSWER = 64 * 1024 * 1024
#: The most one answer may take from first to last byte, whatever the read timeout says.
LONGEST_ANSWER = timedelta(minutes=2)
#: No connection worth having takes longer to open.
CONNECT_TIMEOUT = 10.0
_CHUNK = 65536


def leashed_session(line: Line, *, timeout: float, clock: Clock) -> requests.Session:
    """A session for zenpy that believes itself signed in; the line signs each call."""
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.trust_env = not _is_loopback(line.host)
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Leash(line, timeout=timeout, clock=clock))
    session.authorized = True  # type: ignore[attr-defined]
    return session


def http_client(origin_host: str, *, timeout: float) -> httpx.Client:
    """httpx with our timeouts; proxies and certificates of the machine are honoured, except for
    a Zendesk on this very machine."""
    return httpx.Client(
        timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT)),
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        follow_redirects=False,
        trust_env=not _is_loopback(origin_host),
    )


def send(
    http: httpx.Client,
    line: Line,
    method: str,
    url: str,
    *,
    clock: Clock,
    params: Mapping[str, str] | None = None,
    json: object = None,
) -> Answer:
    """One call through httpx. Raises ``ConnectorError``."""

    def wire(address: str, authorization: str) -> Answer:
        try:
            with http.stream(
                method, address, params=params, json=json, headers={"Authorization": authorization}
            ) as response:
                body = _whole(response.iter_bytes(_CHUNK), clock)
                return _answer(response.status_code, response.headers, body)
        except httpx.HTTPError as error:
            raise network_error(error, system="Zendesk", host=line.host) from error
        finally:
            # A session cookie could go on working when the token does not any more.
            http.cookies.clear()

    return line.call(method, url, wire)


class _Leash(HTTPAdapter):
    def __init__(self, line: Line, *, timeout: float, clock: Clock) -> None:
        super().__init__(max_retries=0)
        self._line = line
        self._timeout = (min(timeout, CONNECT_TIMEOUT), timeout)
        self._clock = clock

    def send(
        self, request: requests.PreparedRequest, *_: object, verify: Any = True, **__: object
    ) -> requests.Response:
        asked = request.url or ""

        def wire(address: str, authorization: str) -> Answer:
            request.url = address
            request.headers["Authorization"] = authorization
            return self._fetch(request, verify)

        answer = self._line.call(request.method or "GET", asked, wire)
        # zenpy looks for its own host in the address of what it asked.
        request.url = self._line.official_url(asked)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.url, response.request = request.url, request
        response._content = answer.body
        return response

    def _fetch(self, request: requests.PreparedRequest, verify: Any) -> Answer:
        is_local = _is_loopback(self._line.host)
        proxies = {} if is_local else get_environ_proxies(request.url or "")
        try:
            with super().send(
                request, stream=True, timeout=self._timeout, verify=verify, proxies=proxies
            ) as response:
                body = _whole(response.iter_content(_CHUNK), self._clock)
                return _answer(response.status_code, response.headers, body)
        except OSError as error:
            raise network_error(error, system="Zendesk", host=self._line.host) from error


def _whole(chunks: Iterator[bytes], clock: Clock) -> bytes:
    body, latest = bytearray(), clock() + LONGEST_ANSWER
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_ANSWER or clock() > latest:
            raise Unavailable("Zendesk's answer is too large or too slow; try again.")
    return bytes(body)


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    lower = {name.lower(): value for name, value in headers.items()}
    return Answer(status=status, headers=lower, body=body)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
