from types import SimpleNamespace
from typing import get_args

import pytest
from whisperx.utils import LANGUAGES

from services.gateway.languages import LanguageCode
from services.transcriber import engine


def test_the_gateway_accepts_exactly_the_languages_of_the_library() -> None:
    assert set(get_args(LanguageCode)) == set(LANGUAGES)


@pytest.mark.parametrize(("token", "language"), [(None, "zh"), (50358, "yue")])
def test_models_without_cantonese_recognize_it_as_chinese(token: int | None, language: str) -> None:
    model = SimpleNamespace(
        hf_tokenizer=SimpleNamespace(token_to_id=lambda _: token), supported_languages=["yue", "zh"]
    )
    assert engine._supported("yue", model) == language
