from typing import get_args

import pytest

from services.gateway.languages import LanguageCode, whisper_language
from shared.web.problem import Problem

LANGUAGES = get_args(LanguageCode)


@pytest.mark.parametrize("code", LANGUAGES)
def test_whispers_own_codes_are_accepted(code: str) -> None:
    assert whisper_language(code, LANGUAGES) == code


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("nb", "no"), ("nob", "no"), ("no-bok", "no"), ("nn", "nn"), ("nno", "nn"), ("jv", "jw"), ("jav", "jw"),
        ("iw", "he"), ("in", "id"), ("ji", "yi"), ("mo", "ro"), ("sh", "sr"), ("fil", "tl"), ("tgl", "tl"),
        ("EN", "en"), ("en-US", "en"), ("en_us", "en"), ("EN-gb-oed", "en"), ("en_US.UTF-8", "en"),
        ("de_AT@euro", "de"), ("eng", "en"), ("ger", "de"), ("deu", "de"), ("chi", "zh"), ("zho", "zh"),
        ("cmn", "zh"), ("zh-Hant-TW", "zh"), ("zh-cmn-Hans", "zh"), ("zh-yue", "yue"), ("pt-BR", "pt"),
        ("es-419", "es"), ("sr-Latn", "sr"), ("hi-Latn", "hi"), ("pes", "fa"), ("ekk", "et"), ("arz", "ar"),
        ("gsw", "de"), (" fr ", "fr"), ("haw", "haw"), ("mri", "mi"),
    ],
)  # fmt: skip
def test_tags_of_other_standards_lead_to_whispers_code(tag: str, code: str) -> None:
    assert whisper_language(tag, LANGUAGES) == code


@pytest.mark.parametrize("tag", ["", " ", "auto", "AUTO", "und"])
def test_the_language_is_detected_if_none_is_named(tag: str) -> None:
    assert whisper_language(tag, LANGUAGES) is None


@pytest.mark.parametrize(
    "tag", ["xx", "tlh", "i-klingon", "x-secret", "mul", "zxx", "en-", "-", "12", "English, please", "猴", "a" * 1000]
)
def test_an_unknown_language_is_refused_with_the_list(tag: str) -> None:
    with pytest.raises(Problem) as refused:
        whisper_language(tag, LANGUAGES)
    assert (refused.value.status_code, refused.value.code) == (422, "invalid_option")
    assert ", ".join(sorted(LANGUAGES)) in refused.value.detail


def test_only_the_models_own_languages_are_accepted() -> None:
    assert whisper_language("en-GB", ["en"]) == "en"
    with pytest.raises(Problem, match="one of: en"):
        whisper_language("de", ["en"])
