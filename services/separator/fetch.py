"""What an init container runs before the service: `python -m services.separator fetch-model`."""

from pathlib import Path

import structlog
import torch
from huggingface_hub.constants import HF_HUB_CACHE

from services.separator import engine
from services.separator.settings import Settings
from shared.errors import KaraokeError

log = structlog.get_logger()


def fetch_model(settings: Settings) -> int:
    """An exit code: 0 when the weights are in the cache, 1 when they cannot be brought there. The log says the rest."""
    before = _cached_bytes()
    try:
        name = engine.fetch(settings)
    except KaraokeError as error:
        log.error("no separation model", wanted=settings.demucs_model, code=error.code, reason=str(error))  # noqa: TRY400 -- says it all
        return 1
    fetched = _cached_bytes() - before
    log.info("separation model is there", model=name, fetched_megabytes=round(fetched / 1e6, 1))
    return 0


def _cached_bytes() -> int:
    """In the caches of both hubs that demucs knows."""
    folders = (Path(HF_HUB_CACHE), Path(torch.hub.get_dir()))
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if not path.is_symlink())
