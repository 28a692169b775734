from collections.abc import Iterator
from urllib.error import URLError

import pytest

from services.separator import engine


@pytest.fixture(autouse=True)
def cold() -> Iterator[None]:
    """Clear the model caches after each test."""
    yield
    engine._default.cache_clear()
    engine._requested.cache_clear()


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_kwargs: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("demucs.hf.get_hf_model", unreachable)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", unreachable)
