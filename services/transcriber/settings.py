from pathlib import Path

from pydantic import Field

from shared.settings import Settings as Shared


class Settings(Shared):
    """`whisper_model` is a whisper name or a folder; `base` is the embedded one where its packages are installed.

    `align_models` may hold a folder with a Hugging Face wav2vec2 model for each language code (`en`, `pt`, ...);
    other languages are looked for on the model hub. `cache_folder` is where the embedded model is put together.
    """

    port: int = 8003
    whisper_model: str = "base"
    align_models: Path | None = None
    cache_folder: Path = Path(".run/models").absolute()
    threads: int = Field(default=4, ge=1)
