"""A receiver of webhooks on this machine: it keeps what it was sent, and answers as it is told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """One request as it came over the wire."""

    request_line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` are used up one by one; then 200. Bytes are sent as they are."""

    port: int = 0
    answers: list[bytes] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    context: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def answer_with(self, *statuses: int, headers: str = "") -> None:
        self.answers += [f"HTTP/1.1 {status} Whatever\r\n{headers}\r\n".encode() for status in statuses]

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._take, args=(sock,), daemon=True).start()

    def _take(self, sock: socket.socket) -> None:
        try:
            # Closed whatever happens, also when the handshake fails.
            with sock, self.context.wrap_socket(sock, server_side=True) if self.context else sock as line:
                self.received.append(_read(line))
                line.sendall(self.answers.pop(0) if self.answers else b"HTTP/1.1 200 OK\r\n\r\n")
        except (OSError, KeyError):
            pass  # the caller hung up or sent nothing: some tests are about that


def _read(sock: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(4096)
        if not part:
            raise ConnectionError
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    while len(body) < int(headers["Content-Length"]):
        body += sock.recv(4096)
    return Received(first, headers, body)


@contextmanager
def receiving(context: Any = None) -> Iterator[Receiver]:
    """A receiver that listens while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver = Receiver(port=listener.getsockname()[1], context=context)
        thread = threading.Thread(target=receiver._serve, args=(listener,), daemon=True)
        thread.start()
        yield receiver
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
