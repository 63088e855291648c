"""Which addresses outgoing webhooks may go to.

An admin types an address, but what it means is decided by DNS, today and tomorrow: a name that
points into our own network would make us knock at doors only we can reach. So every address a
name resolves to must be public, unless its host or network is on the allow list, and whoever
connects must connect to an address that was checked (``pinned``), not resolve the name again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
#: Host and port -> addresses as text. Raises ``OSError`` for an unknown name.
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = ip_network("64:ff9b::/96")


class Refused(Exception):
    """We do not call this address; the message says why, and what an admin can do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A checked address of a webhook: connect to one of ``addresses``, ask for ``host``."""

    scheme: str
    host: str
    port: int
    addresses: tuple[Address, ...]


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, each once, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """``allowed``: host names, addresses and networks (``10.1.0.0/16``) that may be private and
    called over plain http. Raises ``ValueError`` for an entry that is neither."""

    def __init__(self, *, allowed: Iterable[str] = (), resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allowed:
            text = entry.strip().lower().rstrip(".")
            if not text or "://" in text:
                raise ValueError("the allow list holds host names, addresses and networks")
            try:
                self._networks.append(ip_network(text.strip("[]")))
            except ValueError:
                if "/" in text:
                    raise ValueError(f"{text} is no network: its host bits are set") from None
                self._hosts.add(text)

    def check(self, url: str) -> Target:
        """The target of a webhook, or ``Refused``. Asks DNS, so not in a transaction."""
        host, port, scheme = _parts(url)
        named = host in self._hosts
        try:
            addresses = tuple(_address(text) for text in self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise Refused(f"{host} has no address; is it spelt right?") from error
        if not addresses:
            raise Refused(f"{host} has no address; is it spelt right?")
        listed = named or all(self._is_listed(address) for address in addresses)
        if scheme != "https" and not listed:
            raise Refused("the address must begin with https://")
        for address in addresses:
            if not (named or self._is_listed(address) or is_public(address)):
                raise Refused(
                    f"{host} leads into a private network; put it on the list of allowed "
                    "destinations if that is meant"
                )
        return Target(scheme=scheme, host=host, port=port, addresses=addresses)

    def _is_listed(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def is_public(address: Address) -> bool:
    """Whether the whole internet reaches this address, and an address hidden inside it as well."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("this is no web address") from error
    if parts.scheme not in ("https", "http"):
        raise Refused("the address must begin with https://")
    if parts.username is not None or parts.password is not None:
        raise Refused("put no user name or password into the address")
    host = (parts.hostname or "").rstrip(".")
    if not host or any(sign.isspace() or sign in "%\\" for sign in host):
        raise Refused("the address names no host")
    if port == 0:
        raise Refused("there is no port 0")
    return host, port or (443 if parts.scheme == "https" else 80), parts.scheme


def _address(text: str) -> Address:
    # getaddrinfo appends the interface to link-local addresses: fe80::1%eth0
    return ip_address(text.partition("%")[0])
