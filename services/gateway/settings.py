"""Settings of the gateway, read from the environment."""

from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from shared.callbacks.address import SECRET_LENGTH, CallbackSettings
from shared.events import Owner

PUBLISH_SECONDS: Final = 8.0
"""Longest wait for the broker to confirm an event, in seconds."""


class Settings(CallbackSettings):
    port: int = 8000
    status_url: str = "http://127.0.0.1:8001"
    max_upload_bytes: int = Field(default=200_000_000, gt=0)
    upload_silence_seconds: float = Field(default=30, gt=0, description="How long an upload may stand still.")
    upload_bytes_per_second: float = Field(default=4000, ge=0, description="The slowest upload, over all of its time.")
    min_seconds: float = Field(default=1, ge=0, description="The shortest song that is accepted.")
    max_seconds: float = Field(default=1200, gt=0, description="The longest song that is accepted.")
    cors_origins: list[str] = Field(default=[], description='Origins allowed to call from a browser, as JSON: ["*"].')
    api_keys: dict[Owner, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default={}, description="SHA-256 of each key by its name, as JSON; without any, everyone may call."
    )
    link_secret: SecretStr = Field(default=SecretStr(""), description="What links to results are signed with.")
    link_minutes: float = Field(default=60, gt=0, description="How long a link to a result works.")
    uploads_per_minute: int = Field(default=60, ge=0, description="By one key or address; 0 for no limit.")
    max_uploads_at_once: int = Field(default=32, ge=0, description="Of one key or address; 0 for no limit.")
    max_unfinished_jobs: int = Field(default=100, ge=0, le=1000, description="Of one key; 0 for no limit.")

    max_streams: int = Field(default=1000, gt=0, description="Of events, open at once.")
    max_streams_of_one: int = Field(default=50, gt=0, description="Of one key or address.")

    @model_validator(mode="after")
    def _links_can_be_signed(self) -> Self:
        if self.api_keys and len(self.link_secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(
                f"API_KEYS needs a LINK_SECRET of {SECRET_LENGTH} characters or more, the same for every gateway; "
                "`openssl rand -hex 32` makes one"
            )
        return self
