"""Signatures of submissions: only the gateway can make a job, and say whose it is."""

import hmac
from hashlib import sha256
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import LongSecret, Settings

CONTEXT: Final = b"karaoke.submission."
"""Begins everything that is signed, so that no signature fits anything else."""


class SigningSettings(Settings):
    """Settings of the gateway, which signs submissions, and of status, which verifies them."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # an invalid value may be a secret

    submission_secret: LongSecret = Field(default=SecretStr(""), description="Secret that submissions are signed with.")


class Signer:
    """Signs and verifies with a secret. Without one nothing is signed, and everything counts as genuine."""

    def __init__(self, secret: SecretStr | None = None) -> None:
        self._key = secret.get_secret_value().encode() if secret else b""

    def __bool__(self) -> bool:
        return bool(self._key)

    def sign(self, body: bytes) -> str | None:
        return hmac.new(self._key, CONTEXT + body, sha256).hexdigest() if self._key else None

    def is_genuine(self, body: bytes, signature: object) -> bool:
        expected = self.sign(body)
        if expected is None:
            return True
        return isinstance(signature, str) and hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
