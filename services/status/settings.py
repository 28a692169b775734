from pydantic import Field

from shared.callbacks.address import CallbackSettings


class Settings(CallbackSettings):
    port: int = 8001
    mongo_url: str = "mongodb://127.0.0.1:27017"
    mongo_database: str = "karaoke"
    job_ttl_hours: float = Field(default=24, gt=0, description="Hours from its creation until a job is removed.")
    silence_minutes: float = Field(default=30, gt=0, description="Minutes after which a silent task has failed.")
    janitor_seconds: float = Field(default=60, gt=0, description="Seconds between two searches for what to remove.")
    orphan_minutes: float = Field(
        default=60, gt=0, description="Minutes between two searches for what belongs to nothing, and its least age."
    )
