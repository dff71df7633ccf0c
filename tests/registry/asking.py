"""Asking a registry past every client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from servers import SECONDS, Server

MEDIA = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: Any

    @property
    def code(self) -> int:
        """The error code of a refusal."""
        return int(self.body["error_code"])


def ask(server: Server, line: str, body: object = None) -> Answer:
    """Returns the answer to a line as `GET /subjects`, whatever its status."""
    method, path = line.split(" ", 1)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}{path}", data=data, method=method)
    request.add_header("Content-Type", MEDIA)
    request.add_header("Accept", MEDIA)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return Answer(answer.status, answer.headers["Content-Type"], json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers["Content-Type"], json.loads(error.read()))
