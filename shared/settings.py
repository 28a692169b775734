"""Settings that all services share, read from the environment."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_LENGTH: Final = 32


def _is_long(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < SECRET_LENGTH:
        raise ValueError(f"a secret of {SECRET_LENGTH} characters or more; `openssl rand -hex 32` makes one")
    return secret


LongSecret = Annotated[SecretStr, AfterValidator(_is_long)]
"""A secret of at least SECRET_LENGTH characters, or an empty one."""


class Settings(BaseSettings):
    """Names are environment variables in capitals (`AMQP_URL`); each service adds its own."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = "127.0.0.1"
    port: int = 0
    amqp_url: str = "amqp://guest:guest@127.0.0.1:5672/"
    declare_topology: bool = Field(default=True, description="False where an operator makes exchanges and queues.")
    storage_url: str = str(Path(".run/storage").absolute())
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    grace_seconds: float = 25
    deadline_seconds: float = Field(default=600, gt=0, description="A task's, on top of 5 times its song's length.")
