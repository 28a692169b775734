"""Language of the lyrics: from any common tag to whisper's code."""

from collections.abc import Collection
from typing import Final, Literal

from langcodes import Language, closest_match
from langcodes.tag_parser import LanguageTagError

from shared.web.problem import Problem

LanguageCode = Literal[
    "af", "am", "ar", "as", "az", "ba", "be", "bg", "bn", "bo", "br", "bs", "ca", "cs", "cy", "da", "de", "el",
    "en", "es", "et", "eu", "fa", "fi", "fo", "fr", "gl", "gu", "ha", "haw", "he", "hi", "hr", "ht", "hu", "hy",
    "id", "is", "it", "ja", "jw", "ka", "kk", "km", "kn", "ko", "la", "lb", "ln", "lo", "lt", "lv", "mg", "mi",
    "mk", "ml", "mn", "mr", "ms", "mt", "my", "ne", "nl", "nn", "no", "oc", "pa", "pl", "ps", "pt", "ro", "ru",
    "sa", "sd", "si", "sk", "sl", "sn", "so", "sq", "sr", "su", "sv", "sw", "ta", "te", "tg", "th", "tk", "tl",
    "tr", "tt", "uk", "ur", "uz", "vi", "yi", "yo", "yue", "zh",
]  # fmt: skip
"""Whisper's codes. The gateway does not import whisper; a test of the transcriber compares them to the library's."""

AUTOMATIC: Final = {"", "auto", "und"}
"""Values that ask for a detection; `und` is BCP 47's code for an undetermined language."""

MAX_CHARACTERS: Final = 100
"""Longest tag that is read. langcodes keeps all that it has read."""
MAX_DISTANCE: Final = 10
"""Greatest distance by CLDR of languages that count as one: Swiss German to German is 8, Wu to Chinese is 10."""


def whisper_language(tag: str, supported: Collection[str]) -> str | None:
    """Return one of the `supported` codes for a BCP 47 tag, an ISO 639 code or a POSIX locale; None if automatic.

    Country, script and case are ignored. Raises Problem 422, with the list, for an unknown or unsupported language.
    """
    locale = tag.strip().partition(".")[0].partition("@")[0]  # de_DE.UTF-8@euro
    if locale.casefold() in AUTOMATIC:
        return None
    try:
        language = Language.get(locale).language or "" if len(locale) <= MAX_CHARACTERS else ""
    except LanguageTagError:
        language = ""
    code, _ = closest_match(language, [*supported], MAX_DISTANCE) if language else ("und", 0)
    if code in supported:
        return code
    known = ", ".join(sorted(supported))
    raise Problem(
        422,
        "invalid_option",
        f"The language {tag!r:.40} is not supported. Leave it out to have it detected, or use one of: {known}.",
    )
