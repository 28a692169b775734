"""What the separator can be told by its environment."""

from pydantic import DirectoryPath

from shared.settings import Settings as Shared


class Settings(Shared):
    """`demucs_repo` is a folder of demucs checkpoints and bags; without it they come from demucs' own hub."""

    port: int = 8002
    demucs_model: str = "htdemucs"
    demucs_repo: DirectoryPath | None = None
