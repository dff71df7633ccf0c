"""What stands before a server and sees who asks it what; it may ask for a certificate, and send somebody away."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SECONDS = 20.0
PASSED_ON = ("Authorization", "Content-Type", "Accept")


@dataclass(frozen=True)
class Seen:
    """A request, and the status of its answer."""

    method: str
    path: str
    authorization: str
    status: int
    at: float
    """When it was answered, in seconds since 1970."""
    body: bytes
    """The answer's."""


class Front:
    """Passes requests on to the server at a URL, for the length of a `with` block.

    `turns_away` gets the header `Authorization` and returns the body of a 401, or nothing. With `tls` it speaks TLS,
    and whoever has no certificate that this asks for does not get a word in.
    """

    def __init__(
        self, target: str, turns_away: Callable[[str], object] = lambda _: None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._target, self._turns_away, self._tls = urlsplit(target), turns_away, tls
        self.seen: list[Seen] = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = SECONDS

            def do_GET(self) -> None:
                front._pass_on(self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.tls = tls
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}{self._target.path}"

    def __enter__(self) -> Front:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def statuses(self) -> set[int]:
        return {one.status for one in self.seen}

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        who = handler.headers.get("Authorization", "")
        refusal = self._turns_away(who)
        if refusal is not None:
            status, kind, answer = 401, "application/json", json.dumps(refusal).encode()
        else:
            status, kind, answer = self._ask(handler, body)
        self.seen.append(Seen(handler.command, handler.path, who, status, time.time(), answer))
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
        headers = {name: value for name in PASSED_ON if (value := handler.headers.get(name)) is not None}
        connection = http.client.HTTPConnection(self._target.netloc, timeout=SECONDS)
        try:
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        # In the thread of the connection: who does not finish the handshake holds nobody up.
        request.settimeout(SECONDS)
        secured = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with secured:
            try:
                secured.do_handshake()
            except OSError:
                _told(socket.socket(fileno=secured.detach()))
                return
            super().finish_request(secured, client_address)


def _told(connection: socket.socket) -> None:
    """Closes when the other side has: closing at once could overtake what it was told."""
    with connection, contextlib.suppress(OSError):
        connection.settimeout(SECONDS)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def wants_certificate(authority: str, certificate: str, key: str) -> ssl.SSLContext:
    """Returns TLS that asks for a client certificate of an authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context
