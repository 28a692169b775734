"""Settings of the gateway, read from the environment."""

from typing import Annotated, Final, Self, get_args

from pydantic import Field, SecretStr, model_validator

from services.gateway.languages import LanguageCode
from shared.callbacks.address import CallbackSettings
from shared.events import Owner
from shared.settings import SECRET_LENGTH
from shared.signing import SigningSettings

PUBLISH_SECONDS: Final = 8.0
"""Longest wait for the broker to confirm an event, in seconds."""

DEMUCS_MODELS: Final = {
    "htdemucs": 1,
    "htdemucs_6s": 1,
    "hdemucs_mmi": 1,
    "embedded": 1,
    **dict.fromkeys(("htdemucs_ft", "mdx", "mdx_extra"), 4),
    **dict.fromkeys(("repro_mdx_a", "repro_mdx_a_hybrid_only", "repro_mdx_a_time_only"), 4),
}
"""Models of demucs' hub by name, with the number of models in each bag: they separate one after another."""


class Settings(CallbackSettings, SigningSettings):
    port: int = 8000
    status_url: str = "http://127.0.0.1:8001"
    max_upload_bytes: int = Field(default=200_000_000, gt=0)
    upload_silence_seconds: float = Field(default=30, gt=0, description="Longest pause in an upload, in seconds.")
    upload_bytes_per_second: float = Field(default=4000, ge=0, description="Lowest average speed of an upload.")
    languages: list[LanguageCode] = Field(
        default=[*get_args(LanguageCode)],
        description="Languages that uploads may name, as JSON.",
    )
    min_seconds: float = Field(default=1, ge=0, description="Shortest song that is accepted, in seconds.")
    max_seconds: float = Field(default=1200, gt=0, description="Longest song that is accepted, in seconds.")
    cors_origins: list[str] = Field(default=[], description='Origins whose pages may call the API, as JSON: ["*"].')
    api_keys: dict[Owner, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default={}, description="SHA-256 of each key by its name, as JSON. Without keys, everyone may call."
    )
    allowed_hosts: list[str] = Field(
        default=["localhost"],
        description="Host names of a gateway without keys, as JSON, in addition to localhost and IP addresses: "
        '["*.example.com"]. If empty, every name is accepted.',
    )
    link_secret: SecretStr = Field(default=SecretStr(""), description="Secret that signs links to results.")
    link_minutes: float = Field(default=60, gt=0, description="Lifetime of a link to a result, in minutes.")
    uploads_per_minute: int = Field(default=60, ge=0, description="Uploads per minute, by key or address; 0: no limit.")
    max_uploads_at_once: int = Field(
        default=32, ge=0, description="Concurrent uploads, by key or address; 0: no limit."
    )
    max_unfinished_jobs: int = Field(
        default=100, ge=0, le=1000, description="Unfinished jobs, by key or address; 0: no limit."
    )
    max_minutes_per_day: float = Field(
        default=600, ge=0, description="Minutes of audio in 24 hours, by key or address; 0: no limit."
    )
    max_stored_bytes: int = Field(
        default=50_000_000_000, ge=0, description="Estimated bytes of stored jobs, by key or address; 0: no limit."
    )
    models: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default=DEMUCS_MODELS,
        description="Separation models that uploads may name, and how many times each counts, as JSON; empty: any.",
    )

    max_streams: int = Field(default=1000, gt=0, description="Open event streams.")
    max_streams_of_one: int = Field(default=50, gt=0, description="Open event streams of one key or address.")
    max_connections_of_one: int = Field(default=200, ge=0, description="Open connections of an address; 0: no limit.")

    @model_validator(mode="after")
    def _require_link_secret(self) -> Self:
        if self.api_keys and len(self.link_secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(
                f"API_KEYS needs a LINK_SECRET of {SECRET_LENGTH} characters or more, the same for every gateway; "
                "`openssl rand -hex 32` makes one"
            )
        return self
