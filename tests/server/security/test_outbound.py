from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from server.security.outbound import Guard, Refused, is_public, resolve
from server.security.outbound_transport import GuardedTransport, OutboundRefused


def guard(*addresses: str, allowed: Sequence[str] = ()) -> Guard:
    return Guard(allowed=allowed, resolve=lambda _host, _port: addresses)


def test_a_public_https_address_is_allowed() -> None:
    target = guard("93.184.216.34", "2606:2800:220:1::1").check("https://hooks.example.com:8443/x")
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example.com", 8443)
    assert [str(one) for one in target.addresses] == ["93.184.216.34", "2606:2800:220:1::1"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_an_address_inside_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="private network"):
        guard(address).check("https://hooks.example.com/")
    # One bad address among good ones is enough.
    with pytest.raises(Refused, match="private network"):
        guard("93.184.216.34", address).check("https://hooks.example.com/")


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fd00::/8"))
def test_no_private_address_counts_as_public(address: Any) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "https://"),
        ("ftp://hooks.example.com/", "https://"),
        ("hooks.example.com", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https:///x", "names no host"),
        ("https://user:hush@hooks.example.com/", "no user name"),
        ("https://hooks.example.com:99999/", "no web address"),
        ("https://hooks.example.com:0/", "no port 0"),
        ("https://[::1/", "no web address"),
        ("https://a\\b.example.com/", "names no host"),
    ],
)
def test_what_is_no_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        guard("93.184.216.34").check(url)
    assert "hush" not in str(caught.value)


def test_a_name_nobody_knows_is_refused() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(Refused, match="spelt"):
        Guard(resolve=unknown).check("https://hooks.example.com/")
    with pytest.raises(Refused, match="spelt"):
        guard().check("https://hooks.example.com/")


@pytest.mark.parametrize("spelt", ["2130706433", "0x7f.1", "017700000001", "127.1", "localhost"])
def test_this_machine_is_refused_however_it_is_spelt(spelt: str) -> None:
    with pytest.raises(Refused):
        Guard(resolve=resolve).check(f"https://{spelt}/")


@pytest.mark.parametrize("allowed", ["hooks.corp", "HOOKS.corp.", "10.1.2.3", "10.1.0.0/16"])
def test_what_is_listed_may_be_inside_and_without_https(allowed: str) -> None:
    listed = guard("10.1.2.3", allowed=[allowed])
    assert listed.check("http://hooks.corp/x").port == 80
    assert listed.check("https://hooks.corp./x").host == "hooks.corp"


def test_listing_one_thing_allows_no_other() -> None:
    listed = guard("10.1.2.3", "10.2.0.1", allowed=["10.1.0.0/16", "other.corp"])
    with pytest.raises(Refused, match="private network"):
        listed.check("https://hooks.corp/")
    with pytest.raises(Refused, match="https"):
        guard("93.184.216.34", allowed=["other.corp"]).check("http://hooks.example.com/")


@pytest.mark.parametrize("entry", ["", "https://hooks.corp", "10.1.2.3/8"])
def test_a_list_with_a_mistake_in_it_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"allow list|network"):
        Guard(allowed=[entry])


class Receiver(BaseHTTPRequestHandler):
    seen: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.headers["Host"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for receiver.test that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return tmp_path / "cert.pem", tmp_path / "key.pem"


@pytest.fixture
def receiver(certificate: tuple[Path, Path]) -> Iterator[tuple[int, list[str], list[str]]]:
    """A receiver with TLS: its port, the hosts asked for over HTTP, and those over TLS."""
    seen: list[str] = []
    names: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Receiver,), {"seen": seen}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)  # type: ignore[assignment]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port, seen, names
    server.shutdown()
    thread.join()
    server.server_close()


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_the_connection_goes_to_the_checked_address_and_asks_for_the_name(
    receiver: tuple[int, list[str], list[str]], certificate: tuple[Path, Path]
) -> None:
    port, hosts, names = receiver
    asked: list[str] = []

    def once(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    transport = GuardedTransport(
        Guard(allowed=["receiver.test"], resolve=once), verify=trusting(certificate)
    )
    with httpx.Client(transport=transport) as client:
        answer = client.post(f"https://receiver.test:{port}/hook", content=b"{}")
    assert answer.status_code == 204
    assert hosts == [f"receiver.test:{port}"]
    assert names == ["receiver.test"]
    # The name was resolved once: what was checked is what was connected to.
    assert asked == ["receiver.test"]


def test_the_certificate_must_be_for_the_name(
    receiver: tuple[int, list[str], list[str]], certificate: tuple[Path, Path]
) -> None:
    port, hosts, _ = receiver
    transport = GuardedTransport(
        Guard(allowed=["other.test"], resolve=lambda _h, _p: ["127.0.0.1"]),
        verify=trusting(certificate),
    )
    with (
        httpx.Client(transport=transport) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.post(f"https://other.test:{port}/hook", content=b"{}")
    assert hosts == []


def test_the_next_address_is_tried_when_one_does_not_answer(
    receiver: tuple[int, list[str], list[str]], certificate: tuple[Path, Path]
) -> None:
    port, hosts, _ = receiver
    transport = GuardedTransport(
        Guard(allowed=["receiver.test"], resolve=lambda _h, _p: ["127.0.0.9", "127.0.0.1"]),
        verify=trusting(certificate),
    )
    with httpx.Client(transport=transport) as client:
        assert client.post(f"https://receiver.test:{port}/", content=b"{}").status_code == 204
    assert len(hosts) == 1


def test_a_refused_address_is_never_connected_to(
    receiver: tuple[int, list[str], list[str]], certificate: tuple[Path, Path]
) -> None:
    port, hosts, names = receiver
    transport = GuardedTransport(
        Guard(resolve=lambda _h, _p: ["127.0.0.1"]), verify=trusting(certificate)
    )
    with (
        httpx.Client(transport=transport) as client,
        pytest.raises(OutboundRefused, match="private network"),
    ):
        client.post(f"https://receiver.test:{port}/", content=b"{}")
    assert (hosts, names) == ([], [])


def test_the_addresses_of_this_machine_resolve() -> None:
    assert {
        ip_address(text.partition("%")[0]).is_loopback for text in resolve("localhost", 80)
    } == {True}
