"""The registry by hand: what a person would do with curl before a test."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

MEDIA = "application/vnd.schemaregistry.v1+json"
SECONDS = 20.0


class Refused(Exception):
    """The registry answered with an error."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


def ask(url: str, method: str = "GET", body: object = None) -> Any:
    """Returns the body of an answer; raises Refused where it is an error."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    request.add_header("Content-Type", MEDIA)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, error.read().decode()) from None


def register(url: str, subject: str, type_: str, text: str, references: Sequence[tuple[str, str, int]] = ()) -> int:
    """Registers a schema; returns its id. References are (name, subject, version)."""
    refers = [{"name": name, "subject": to, "version": version} for name, to, version in references]
    body = {"schemaType": type_, "schema": text, "references": refers}
    id_: int = ask(f"{url}/subjects/{subject}/versions", "POST", body)["id"]
    return id_


def set_compatibility(url: str, subject: str, level: str) -> None:
    ask(f"{url}/config/{subject}", "PUT", {"compatibility": level})


def subjects(url: str) -> list[str]:
    found: list[str] = ask(f"{url}/subjects")
    return found
