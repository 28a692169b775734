"""API keys: who may call, and in whose name. `python -m services.gateway.security.auth NAME` makes one.

Where WEBHOOK_SECRET is set, it prints what that name's callbacks are signed with, too; without a name, what those of
jobs without a key are.
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

BEARER: Final = HTTPBearer(auto_error=False, scheme_name="key", description="Only where the operator has set keys.")
HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="keyHeader", description="The same key.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
Header = Annotated[str | None, Security(HEADER)]


class Keys:
    """`hashes` has the SHA-256 of each key by its name; without any, everyone may call, in nobody's name."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = hashes

    def __bool__(self) -> bool:
        return bool(self._hashes)

    async def owner(self, bearer: Bearer, header: Header) -> str | None:
        """The name of the key that a request carries, or None where no keys are set. Raises Problem 401."""
        if not self._hashes:
            return None
        name = self.name(bearer.credentials if bearer else header or "")
        if name is None:
            raise unauthorized("unauthorized", "Send a key that is valid here, as 'Authorization: Bearer <key>'.")
        structlog.contextvars.bind_contextvars(owner=name)
        return name

    def name(self, key: str) -> str | None:
        """Whose key it is. It takes equally long whichever it is."""
        given = digest(key)
        same = [name for name, kept in self._hashes.items() if hmac.compare_digest(kept, given)]
        return same[0] if same else None


def digest(key: str) -> str:
    """What is kept of a key. With 256 random bits it cannot be guessed; a slow hash would protect nothing more."""
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
    parser.add_argument("name", type=key_name, nargs="?", help="whose it is: letters, digits, . _ -")
    name = parser.parse_args().name
    secret = CallbackSettings().webhook_secret
    if name is None and not secret.get_secret_value():
        parser.error("give the name of a key, or set WEBHOOK_SECRET")
    if name is not None:
        key = secrets.token_urlsafe(KEY_BYTES)
        print(f"key, shown only now:  {key}")  # noqa: T201 -- what the command is for
        print(f"for API_KEYS:         {json.dumps({name: digest(key)})}")  # noqa: T201 -- what the command is for
    if secret.get_secret_value():
        print(f"callbacks' secret:    {owner_secret(secret, name)}")  # noqa: T201 -- what the command is for


if __name__ == "__main__":
    main()
