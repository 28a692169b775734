"""The command for an init container: `python -m services.separator fetch-model`."""

from pathlib import Path

import structlog
import torch
from huggingface_hub.constants import HF_HUB_CACHE

from services.separator import engine
from services.separator.settings import Settings
from shared.errors import KaraokeError

log = structlog.get_logger()


def fetch_model(settings: Settings) -> int:
    """Download the model weights into the cache and log the result; return exit code 0, or 1 on failure."""
    before = _cached_bytes()
    try:
        name = engine.fetch(settings)
    except KaraokeError as error:
        log.error("separation model unavailable", wanted=settings.demucs_model, code=error.code, reason=str(error))  # noqa: TRY400 -- the reason is enough
        return 1
    fetched = _cached_bytes() - before
    log.info("separation model available", model=name, fetched_megabytes=round(fetched / 1e6, 1))
    return 0


def _cached_bytes() -> int:
    """Return the size of the caches of both hubs that demucs uses."""
    folders = (Path(HF_HUB_CACHE), Path(torch.hub.get_dir()))
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if not path.is_symlink())
