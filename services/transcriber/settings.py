from pathlib import Path

from pydantic import Field

from shared.machine import processors
from shared.settings import Settings as Shared


class Settings(Shared):
    """`whisper_model` is the name of a whisper model or a folder; `base` is the embedded model if it is installed.

    `align_models` is a folder with subfolders named by language code (`en`, `pt`, ...), each with a Hugging Face
    wav2vec2 model; models for other languages come from the model hub. `cache_folder` is for the embedded model.
    """

    port: int = 8003
    whisper_model: str = "base"
    align_models: Path | None = None
    align_models_kept: int = Field(default=2, ge=1, description="Alignment models that stay in memory.")
    align_languages: frozenset[str] | None = Field(
        default=None, description="Languages that have an alignment model, as JSON; unset: all."
    )
    cache_folder: Path = Path(".run/models").absolute()
    threads: int = Field(default_factory=processors, ge=1, description="Processor threads; unset: all it may use.")
    lyrics_lookup_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]{1,200})?$",
        description="Server that answers like https://lrclib.net, where lyrics are looked up; empty: nowhere.",
    )
