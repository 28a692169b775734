from pydantic import Field

from shared.callbacks.address import CallbackSettings
from shared.signing import SigningSettings


class Settings(CallbackSettings, SigningSettings):
    port: int = 8001
    mongo_url: str = "mongodb://127.0.0.1:27017"
    mongo_database: str = "karaoke"
    job_ttl_hours: float = Field(default=24, gt=0, description="Hours from a job's creation to its removal.")
    silence_minutes: float = Field(default=30, gt=0, description="Minutes without an event after which a task fails.")
    janitor_seconds: float = Field(default=60, gt=0, description="Seconds between two sweeps.")
    orphan_minutes: float = Field(
        default=60, gt=0, description="Minutes between two sweeps for orphans, and an orphan's minimum age."
    )
