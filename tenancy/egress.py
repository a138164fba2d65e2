"""The only way in which the portal calls an address that somebody typed: to public hosts over https, and nowhere else.

A name is resolved once, every address of it is judged, and the connection goes to an address that was judged: a name
that changes its mind in between (DNS rebinding) is not asked again. No redirect is followed, nothing of the answer is
kept but its status and Retry-After, and no receiver holds the caller for longer than the limits here.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from tenancy.errors import DomainError

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
MOST_OF_AN_ANSWER = 16 * 1024
LONGEST_URL = 500
Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
# Ways of writing an IPv4 address inside an IPv6 one; where it begins, in bits from the right.
_EMBEDDING = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80), (IPv6Network("::/96"), 0))
# Public by its number, but answered by the cloud's own metadata and management service.
_METADATA = frozenset({ip_address("168.63.129.16")})


class TargetRefused(DomainError):
    """The address is none that the portal may call."""

    code = "target_refused"
    message = "Use the https address of a host on the Internet."


class Unreachable(Exception):
    """Nothing was answered; the message says why in a few words, without what a stranger could learn a network from."""


@dataclass(frozen=True)
class Answer:
    """What came back. `retry_after` in seconds, 0 when nothing was said."""

    status: int
    retry_after: int = 0


def check_url(url: str) -> SplitResult:
    """The URL taken apart, if its form is one that may be called; its host may still turn out to be ours (`addresses_of`).

    Raises TargetRefused.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise TargetRefused(f"Use up to {LONGEST_URL} plain characters, without spaces.", field="target_url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise TargetRefused(
            "This is not an address such as https://hooks.example.com/webex.", field="target_url"
        ) from error
    if not host or parts.scheme not in ("https", "http"):
        raise TargetRefused("This is not an address such as https://hooks.example.com/webex.", field="target_url")
    if parts.username is not None or parts.fragment:
        raise TargetRefused("Leave out name, password and #fragment.", field="target_url")
    literal = _literal(host)
    if settings.WEBHOOK_ALLOW_LOCAL and (host == "localhost" or (literal and literal.is_loopback)):
        return parts
    if parts.scheme != "https":
        raise TargetRefused("Use https: what is sent must not be read on the way.", field="target_url")
    if port not in (None, *settings.WEBHOOK_PORTS):
        ports = ", ".join(map(str, settings.WEBHOOK_PORTS))
        raise TargetRefused(f"Only these ports may be called: {ports}.", field="target_url")
    if (literal and not is_public(literal)) or ("." not in host.strip(".") and ":" not in host):
        raise TargetRefused("This host is not on the Internet.", field="target_url")
    return parts


def _literal(host: str) -> Address | None:
    """The address that a host is when it is written as a number, in any way that a resolver would take (0x7f.1, 2130706433)."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Is this the address of a host on the Internet? Not ours, not a neighbour's, nobody's metadata, no group's."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
        if address.scope_id or address.is_site_local:
            return False
    bad = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return (
        address.is_global
        and not address.is_private
        and not address.is_link_local
        and not bad
        and address not in _METADATA
    )


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.teredo is not None:
        return address.teredo[1]
    for network, shift in _EMBEDDING:
        if address in network:
            return IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    return None


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, by the machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_of(parts: SplitResult, resolver: Resolver = resolve) -> list[str]:
    """The addresses that may be called for a checked URL. One bad address among them spoils all: a trick, or a mistake.

    Raises Unreachable.
    """
    host = parts.hostname or ""
    try:
        found = resolver(host, _port(parts))
    except (OSError, UnicodeError) as error:
        raise Unreachable("The name of the host was not found.") from error
    judged = [ip_address(text) for text in found]
    local = settings.WEBHOOK_ALLOW_LOCAL
    if not judged or not all(is_public(one) or (local and one.is_loopback) for one in judged):
        raise Unreachable("The host is not on the Internet.")
    if parts.scheme != "https" and not all(one.is_loopback for one in judged):
        raise Unreachable("The address is not https.")
    return [str(one) for one in judged]


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


@cache
def _trusted() -> ssl.SSLContext:
    """The machine's certificates. Reading them takes longer than most calls, so they are read once per process."""
    return ssl.create_default_context()


@dataclass
class Caller:
    """Posts to addresses that somebody typed. The resolver and the certificates it trusts can be replaced by tests."""

    resolver: Resolver = resolve
    context: ssl.SSLContext = field(default_factory=_trusted)
    total_seconds: float = TOTAL_SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST `body` and return what was answered, whatever its status. Raises Unreachable."""
        until = time.monotonic() + self.total_seconds
        try:
            parts = check_url(url)
        except TargetRefused as error:
            raise Unreachable(str(error)) from error
        addresses = addresses_of(parts, self.resolver)
        try:
            with contextlib.closing(self._connect(parts, addresses)) as sock:
                sock.settimeout(_left(until))
                sock.sendall(_request(parts, body, headers))
                return _answer(_head(sock, until))
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"The certificate is not valid: {error.verify_message}"[:200]) from error
        except TimeoutError as error:
            raise Unreachable("No answer in time.") from error
        except OSError as error:
            raise Unreachable("No connection.") from error

    def _connect(self, parts: SplitResult, addresses: Sequence[str]) -> socket.socket:
        """To the first judged address that takes the call; by its number, so nobody resolves again."""
        failure: OSError = OSError()
        for address in addresses[:3]:
            try:
                sock = socket.create_connection((address, _port(parts)), timeout=CONNECT_SECONDS)
            except OSError as error:
                failure = error
                continue
            return sock if parts.scheme == "http" else self._secured(sock, parts.hostname or "")
        raise failure

    def _secured(self, sock: socket.socket, host: str) -> socket.socket:
        try:
            return self.context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _head(sock: socket.socket, until: float) -> bytes:
    """The status line and headers of the answer; a receiver that drips or floods is left alone."""
    read = b""
    while True:
        while b"\r\n\r\n" in read and read[9:10] == b"1":
            read = read.partition(b"\r\n\r\n")[2]  # 100 Continue and the like
        if b"\r\n\r\n" in read:
            return read.partition(b"\r\n\r\n")[0]
        sock.settimeout(_left(until))
        part = sock.recv(4096)
        if not part or len(read) > MOST_OF_AN_ANSWER:
            raise Unreachable("The answer was no HTTP.")
        read += part


def _answer(head: bytes) -> Answer:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if (
        not version.startswith("HTTP/1.")
        or not rest[:3].isdecimal()
        or not rest[:3].isascii()
        or not 200 <= int(rest[:3]) <= 599
    ):
        raise Unreachable("The answer was no HTTP.")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    after = headers.get("retry-after", "")
    seconds = int(after) if after.isascii() and after.isdecimal() and len(after) < 6 else 0
    return Answer(int(rest[:3]), seconds)
