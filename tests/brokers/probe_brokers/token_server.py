"""A real token server for OAuth client credentials, with signed tokens and their public keys."""

from __future__ import annotations

import json
import os
from pathlib import Path

from . import jars
from .http_server import SMALL_JVM, HttpServer
from .java import find_java
from .process import Life

MAIN = "no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt"
ENVIRONMENT = "TEST_PROBE_TEST_OAUTH"
ISSUER = "kafka"
AUDIENCE = "kafka-broker"
TOKEN_SECONDS = 60
ROLES = {"reader": "sr-readonly", "": "sr-admin"}
"""What a client may do at a registry, by how its name begins."""
STRANGER = "stranger"
"""A client whose name begins so gets tokens for somebody else."""


class TokenServer(HttpServer):
    """Gives every client a token in its own name; any secret will do."""

    title = "the token server"

    def __init__(self, life: Life, name: str = "oauth", token_seconds: int = TOKEN_SECONDS) -> None:
        super().__init__(life, name)
        self._java, _ = find_java()
        self._class_path = os.pathsep.join(str(jar) for jar in jars.TOKENS.fetch(life))
        self._token_seconds = token_seconds

    @property
    def issuer(self) -> str:
        return f"{self.base}/{ISSUER}"

    def environment(self) -> dict[str, str]:
        """Returns the variables by which a command finds it."""
        return {ENVIRONMENT: self.issuer}

    def details(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "jwks": f"{self.issuer}/jwks",
            "audience": AUDIENCE,
        }

    def argv(self) -> list[str]:
        return [self._java, "-Xmx64m", *SMALL_JVM, "-cp", self._class_path, MAIN]

    def variables(self) -> dict[str, str]:
        mappings = [_mapping(STRANGER, {"aud": ["elsewhere"]})]
        mappings += [_mapping(name, {"aud": [AUDIENCE], "groups": [role]}) for name, role in ROLES.items()]
        callback = {"issuerId": ISSUER, "tokenExpiry": self._token_seconds, "requestMappings": mappings}
        settings = {"interactiveLogin": False, "httpServer": "NettyWrapper", "tokenCallbacks": [callback]}
        file: Path = self.folder / "oauth.json"
        file.write_text(json.dumps(settings))
        return {
            "SERVER_HOSTNAME": "127.0.0.1",
            "SERVER_PORT": str(self.ports[0]),
            "JSON_CONFIG_PATH": str(file),
        }

    def probe_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"


def _mapping(name: str, claims: dict[str, object]) -> dict[str, object]:
    """What tokens say of clients whose name begins so; the first that fits counts."""
    claims = {"sub": "${clientId}", "scope": "${scope}", **claims}
    return {"requestParam": "client_id", "match": f"{name}.*" if name else "*", "claims": claims}
