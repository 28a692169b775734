"""API keys. `python -m services.gateway.security.auth NAME` makes one.

If WEBHOOK_SECRET is set, it also prints the secret that signs the callbacks of this name; without NAME, the secret for
jobs without a key.
"""

import argparse
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Annotated, Final

import structlog
from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter

from shared.callbacks.address import CallbackSettings, owner_secret
from shared.events import Owner
from shared.web.problem import Problem

KEY_BYTES = 32

BEARER: Final = HTTPBearer(auto_error=False, scheme_name="key", description="Only if the operator has set keys.")
HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="keyHeader", description="The same key.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
Header = Annotated[str | None, Security(HEADER)]


class Keys:
    """`hashes` maps the name of each key to its SHA-256. Without keys, everyone may call, and jobs have no owner."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = hashes

    def __bool__(self) -> bool:
        return bool(self._hashes)

    async def owner(self, bearer: Bearer, header: Header) -> str | None:
        """Return the name of the request's key, or None if no keys are set. Raises Problem 401."""
        if not self._hashes:
            return None
        name = self.name(bearer.credentials if bearer else header or "")
        if name is None:
            raise unauthorized("unauthorized", "Send a key that is valid here, as 'Authorization: Bearer <key>'.")
        structlog.contextvars.bind_contextvars(owner=name)
        return name

    def name(self, key: str) -> str | None:
        """Return the name of a key, in constant time, or None."""
        hashed = digest(key)
        matches = [name for name, known in self._hashes.items() if hmac.compare_digest(known, hashed)]
        return matches[0] if matches else None


def digest(key: str) -> str:
    """Return the SHA-256 of a key. A key has 256 random bits, so that a slow hash would not protect it better."""
    return hashlib.sha256(key.encode()).hexdigest()


def unauthorized(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, {"WWW-Authenticate": "Bearer"})


def key_name(text: str) -> str:
    name: str = TypeAdapter(Owner).validate_python(text)
    return name


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.gateway.security.auth", description="Makes a new API key."
    )
    parser.add_argument("name", type=key_name, nargs="?", help="name of the owner: letters, digits, . _ -")
    name = parser.parse_args().name
    secret = CallbackSettings().webhook_secret
    if name is None and not secret.get_secret_value():
        parser.error("give the name of a key, or set WEBHOOK_SECRET")
    if name is not None:
        key = secrets.token_urlsafe(KEY_BYTES)
        print(f"key, shown only now:  {key}")  # noqa: T201 -- the command's output
        print(f"for API_KEYS:         {json.dumps({name: digest(key)})}")  # noqa: T201 -- the command's output
    if secret.get_secret_value():
        print(f"callbacks' secret:    {owner_secret(secret, name)}")  # noqa: T201 -- the command's output


if __name__ == "__main__":
    main()
