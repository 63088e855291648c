"""An httpx transport that connects only to addresses the guard has just checked.

The check and the connection use the same answer of the name server, so a name that answers
differently the second time (DNS rebinding) gains nothing. TLS still asks for, and verifies, the
name.
"""

from __future__ import annotations

import ssl

import httpx

from .outbound import Guard, Refused, Target


class OutboundRefused(httpx.TransportError):
    """The guard refused the address; ``str()`` says why."""


class GuardedTransport(httpx.BaseTransport):
    """``verify``: a TLS context of one's own, for a private certificate authority."""

    def __init__(self, guard: Guard, *, verify: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._inner = httpx.HTTPTransport(
            verify=verify or httpx.create_ssl_context(),
            # Connections are kept by address; one that was verified for a name must not serve
            # another name on the same address.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ``OutboundRefused`` besides what httpx raises."""
        try:
            target = self._guard.check(str(request.url))
        except Refused as error:
            raise OutboundRefused(str(error), request=request) from error
        last = len(target.addresses) - 1
        for position in range(len(target.addresses)):
            try:
                return self._inner.handle_request(pinned(request, target, position))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                # Nothing was sent yet, so the next address may be tried.
                if position == last:
                    raise
        raise httpx.ConnectError("the name has no address", request=request)

    def close(self) -> None:
        self._inner.close()


def pinned(request: httpx.Request, target: Target, position: int) -> httpx.Request:
    """The same request to one checked address, still asking for the name."""
    return httpx.Request(
        method=request.method,
        url=request.url.copy_with(host=str(target.addresses[position])),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": target.host},
    )
