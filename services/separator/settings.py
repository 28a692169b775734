"""Settings of the separator, from environment variables."""

from pydantic import DirectoryPath

from shared.settings import Settings as Shared


class Settings(Shared):
    """`demucs_repo` is a folder with demucs checkpoints and bags; if unset, they are downloaded from demucs' hub."""

    port: int = 8002
    demucs_model: str = "htdemucs"
    demucs_repo: DirectoryPath | None = None
