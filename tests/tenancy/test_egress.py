"""What the portal calls on somebody's word: public hosts over https. Each abuse beside a control that shows that we would see it."""

import contextlib
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenancy.egress import Answer, Caller, TargetRefused, Unreachable, addresses_of, check_url, is_public
from tests.receiving import Receiver, receiving

HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def _local(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_LOCAL = True


# -- Which URLs ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/webex",
        "https://hooks.example.com:8443/a/b?c=d",
        "https://8.8.8.8/hook",
        "https://[2606:4700:4700::1111]/hook",
        "https://xn--bcher-kva.example/",
    ],
)
def test_public_https_addresses_may_be_called(url: str) -> None:
    assert check_url(url).geturl() == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "Use https"),
        ("ftp://hooks.example.com/", "not an address"),
        ("file:///etc/passwd", "not an address"),
        ("gopher://hooks.example.com/", "not an address"),
        ("hooks.example.com", "not an address"),
        ("https://", "not an address"),
        ("https://[::1", "not an address"),
        ("https://hooks.example.com:99999/", "not an address"),
        ("https://user:secret@hooks.example.com/", "Leave out name"),
        ("https://hooks.example.com/#x", "Leave out name"),
        ("https://hooks.example.com:22/", "Only these ports"),
        ("https://hooks.example.com:6379/", "Only these ports"),
        ("https://hooks.example.com/ x", "plain characters"),
        ("https://hooks.example.com/\r\nHost: x", "plain characters"),
        ("https://hooks.example.com\\@127.0.0.1/", "plain characters"),
        ("https://bücher.example/", "plain characters"),
        ("https://" + "a" * 500 + ".example.com/", "plain characters"),
        ("https://localhost/", "not on the Internet"),
        ("https://db/", "not on the Internet"),
        ("https://127.0.0.1/", "not on the Internet"),
        ("https://127.1/", "not on the Internet"),
        ("https://2130706433/", "not on the Internet"),
        ("https://0x7f000001/", "not on the Internet"),
        ("https://0177.0.0.1/", "not on the Internet"),
        ("https://10.0.0.8/", "not on the Internet"),
        ("https://169.254.169.254/latest/meta-data/", "not on the Internet"),
        ("https://[::1]/", "not on the Internet"),
        ("https://[::ffff:127.0.0.1]/", "not on the Internet"),
        ("https://[fd00:ec2::254]/", "not on the Internet"),
        ("https://[fe80::1%25eth0]/", "not on the Internet"),
    ],
)
def test_everything_else_is_refused_with_a_reason(url: str, why: str) -> None:
    with pytest.raises(TargetRefused, match=why):
        check_url(url)


@pytest.mark.parametrize("url", ["http://localhost:9000/x", "http://127.0.0.1:9000/x", "http://[::1]:9000/x"])
def test_this_machine_is_for_tests_and_demos_only(url: str, settings: Any) -> None:
    with pytest.raises(TargetRefused):
        check_url(url)
    settings.WEBHOOK_ALLOW_LOCAL = True
    assert check_url(url).geturl() == url
    with pytest.raises(TargetRefused):
        check_url("http://10.0.0.8/")


# -- Which addresses -----------------------------------------------------------------------------------------------------
PRIVATE = """
    0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.1 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    168.63.129.16 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 2002:7f00:1:: 2002:a00:1:: 2001:0:4136:e378:8000:63bf:80ff:fffe 100::1
    2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1
""".split()
PUBLIC = "1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 2606:4700:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_ours_or_our_neighbours_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_on_the_internet_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_home_is_not_called(address: str) -> None:
    parts = check_url("https://hooks.example.com/")
    assert addresses_of(parts, lambda host, port: ["8.8.8.8"]) == ["8.8.8.8"]
    with pytest.raises(Unreachable):
        addresses_of(parts, lambda host, port: [address])
    with pytest.raises(Unreachable):
        addresses_of(parts, lambda host, port: ["8.8.8.8", address])


def test_an_unknown_name_is_said_so() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unreachable, match="name of the host was not found"):
        addresses_of(check_url("https://hooks.example.com/"), nobody)


# -- The call ------------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("_local")
def test_what_is_sent_arrives_as_it_is(receiver: Receiver) -> None:
    receiver.answer_with(204)
    assert Caller().post(f"{receiver.url}?a=b", b'{"x":1}', HEADERS) == Answer(204)
    [got] = receiver.received
    assert (got.request_line, got.body) == ("POST /hook?a=b HTTP/1.1", b'{"x":1}')
    assert got.headers == HEADERS | {
        "Host": f"127.0.0.1:{receiver.port}",
        "Content-Length": "7",
        "Connection": "close",
    }


def test_a_listener_on_this_machine_never_hears_of_it(receiver: Receiver, settings: Any) -> None:
    settings.WEBHOOK_PORTS = [443, receiver.port]
    hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost", "hooks.example.com"]
    for host in hosts:
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable):
                Caller(resolver=lambda host, port: ["127.0.0.1"]).post(f"{scheme}://{host}:{receiver.port}/", b"", {})
    assert receiver.connections == 0
    settings.WEBHOOK_ALLOW_LOCAL = True
    assert Caller().post(receiver.url, b"", {}).status == 200
    assert receiver.connections == 1


@pytest.mark.usefixtures("_local")
def test_a_name_is_asked_once_and_that_address_is_called(receiver: Receiver) -> None:
    """DNS rebinding: the second answer would lead elsewhere, but nobody asks a second time."""
    answers = [["127.0.0.1"], ["10.0.0.8"]]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    assert Caller(resolver=rebinding).post(f"http://localhost:{receiver.port}/", b"", {}).status == 200
    assert (asked, receiver.connections) == (["localhost"], 1)


@pytest.mark.usefixtures("_local")
def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answer_with(302, headers=f"Location: {elsewhere.url}\r\n")
        assert Caller().post(receiver.url, b"", {}) == Answer(302)
        assert (receiver.connections, elsewhere.connections) == (1, 0)


@pytest.mark.usefixtures("_local")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Answer(200)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n", Answer(201)),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 30\r\n\r\n", Answer(429, 30)),
        (b"HTTP/1.1 503 Busy\r\nretry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n", Answer(503)),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000, Answer(200)),
    ],
)
def test_only_status_and_retry_after_are_read(receiver: Receiver, text: bytes, answer: Answer) -> None:
    receiver.answers.append(text)
    assert Caller().post(receiver.url, b"", {}) == answer


@pytest.mark.usefixtures("_local")
@pytest.mark.parametrize(
    "text", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 999 No\r\n\r\n", b"x" * 100_000]
)
def test_what_is_no_http_is_no_answer(receiver: Receiver, text: bytes) -> None:
    receiver.answers.append(text)
    with pytest.raises(Unreachable):
        Caller(total_seconds=2).post(receiver.url, b"", {})


@pytest.mark.usefixtures("_local")
def test_a_receiver_that_only_listens_is_left_after_the_limit(receiver: Receiver) -> None:
    def listen(sock: Any) -> None:
        with sock:
            time.sleep(2)

    receiver._take = listen  # type: ignore[method-assign]
    began = time.monotonic()
    with pytest.raises(Unreachable, match="No answer in time"):
        Caller(total_seconds=0.2).post(receiver.url, b"", {})
    assert time.monotonic() - began < 1.5


@pytest.mark.usefixtures("_local")
def test_a_receiver_that_drips_is_left_after_the_limit(receiver: Receiver) -> None:
    """Each byte comes in time, the answer never ends: the limit is for the whole, not for each read."""

    def drip(sock: Any) -> None:
        with sock, contextlib.suppress(OSError):
            for _ in range(40):
                sock.sendall(b"H")
                time.sleep(0.05)

    receiver._take = drip  # type: ignore[method-assign]
    began = time.monotonic()
    with pytest.raises(Unreachable, match="No answer in time"):
        Caller(total_seconds=0.3).post(receiver.url, b"", {})
    assert time.monotonic() - began < 1.5


# -- TLS -----------------------------------------------------------------------------------------------------------------
def certificate(folder: Path, *, host: str) -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.usefixtures("_local")
@pytest.mark.parametrize(
    ("name", "trusted", "good"),
    [("hooks.example.com", True, True), ("hooks.example.com", False, False), ("other.example.com", True, False)],
)
def test_the_certificate_must_be_the_named_hosts(
    tmp_path: Path, name: str, trusted: bool, good: bool, settings: Any
) -> None:
    pem = certificate(tmp_path, host=name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    context = ssl.create_default_context()
    if trusted:
        context.load_verify_locations(pem)
    with receiving(server) as receiver:
        settings.WEBHOOK_PORTS = [receiver.port]
        caller = Caller(resolver=lambda host, port: ["127.0.0.1"], context=context)
        url = f"https://hooks.example.com:{receiver.port}/hook"
        if good:
            assert caller.post(url, b"{}", {}).status == 200
            assert receiver.received[0].headers["Host"] == f"hooks.example.com:{receiver.port}"
        else:
            with pytest.raises(Unreachable, match="certificate is not valid"):
                caller.post(url, b"{}", {})
            assert receiver.received == []
