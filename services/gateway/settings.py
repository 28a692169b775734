from pydantic import Field

from shared.settings import Settings as Shared


class Settings(Shared):
    port: int = 8000
    status_url: str = "http://127.0.0.1:8001"
    max_upload_bytes: int = Field(default=200_000_000, gt=0)
    min_seconds: float = Field(default=1, ge=0, description="The shortest song that is accepted.")
    max_seconds: float = Field(default=1200, gt=0, description="The longest song that is accepted.")
    cors_origins: list[str] = Field(default=[], description='Origins allowed to call from a browser, as JSON: ["*"].')
