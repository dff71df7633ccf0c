"""Two Kafka requests by hand, so that readiness needs no client library.

Source of the layouts: https://kafka.apache.org/protocol (ApiVersions v0, Metadata v2).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

API_VERSIONS, METADATA = 18, 3
METADATA_VERSION = 2  # the first that carries the cluster id
CORRELATION_ID = 7
CLIENT_ID = b"test-probe-brokers"


class NotServing(Exception):
    """Somebody answered, but not the way a ready broker does."""


@dataclass(frozen=True)
class Metadata:
    cluster_id: str
    broker_ids: frozenset[int]


def metadata(port: int, seconds: float = 1.0) -> Metadata:
    """Asks the broker on `port` who is in the cluster; raises OSError or NotServing."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.settimeout(seconds)
        _check_versions(_Reader(_ask(connection, API_VERSIONS, 0, b"")))
        no_topics = struct.pack(">i", 0)
        return _read_metadata(_Reader(_ask(connection, METADATA, METADATA_VERSION, no_topics)))


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    head = struct.pack(">hhih", api, version, CORRELATION_ID, len(CLIENT_ID)) + CLIENT_ID
    request = head + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _receive(connection, 4))
    if not 4 <= size <= 1 << 20:
        raise NotServing(f"an answer of {size} bytes")
    answer = _receive(connection, size)
    if struct.unpack_from(">i", answer) != (CORRELATION_ID,):
        raise NotServing("an answer to another request")
    return answer[4:]


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise NotServing("the connection was closed")
        data += chunk
    return data


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, layout: str) -> int:
        try:
            (value,) = struct.unpack_from(">" + layout, self._data, self._at)
        except struct.error as error:
            raise NotServing(f"a truncated answer: {error}") from error
        self._at += struct.calcsize(layout)
        return value

    def text(self) -> str | None:
        size = self.number("h")
        if size < 0:
            return None
        self._at += size
        return self._data[self._at - size : self._at].decode("utf-8", "replace")


def _check_versions(answer: _Reader) -> None:
    code = answer.number("h")
    if code != 0:
        raise NotServing(f"ApiVersions answered error {code}")
    for _ in range(answer.number("i")):
        api, lowest, highest = (answer.number("h") for _ in range(3))
        if api == METADATA and lowest <= METADATA_VERSION <= highest:
            return
    raise NotServing(f"no Metadata v{METADATA_VERSION}")


def _read_metadata(answer: _Reader) -> Metadata:
    ids = set()
    for _ in range(answer.number("i")):
        ids.add(answer.number("i"))
        _host, _port, _rack = answer.text(), answer.number("i"), answer.text()
    return Metadata(answer.text() or "", frozenset(ids))
