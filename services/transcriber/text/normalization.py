"""Text normalization: words without case, accents and punctuation; English numbers are spelled out."""

import re
import unicodedata
from typing import Final

from shared.normal_forms import normalized

ONES: Final = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS: Final = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER = re.compile(r"\d+")
SIGNS: Final = {"&": " and ", "+": " plus ", "%": " percent ", "@": " at ", "$": " dollars "}
APOSTROPHES = "'’‘ʼ`´"  # noqa: RUF001 -- all of them are in use
LARGEST = 9999


def spoken_words(text: str, language: str | None) -> list[str]:
    """Return the lower-case words that are spoken for a written one: `24/7` gives `twenty four seven`."""
    text = normalized("NFKC", text.casefold())
    if language == "en":
        for sign, name in SIGNS.items():
            text = text.replace(sign, name)
        text = NUMBER.sub(lambda digits: f" {spell_number(digits[0])} ", text)
    text = "".join("'" if each in APOSTROPHES else each for each in text)
    kept = (
        each if each.isalnum() or unicodedata.category(each)[0] == "M" else "'" if each == "'" else " " for each in text
    )
    return [word for word in (piece.strip("'") for piece in "".join(kept).split()) if word]


def normalize(text: str, language: str | None) -> str:
    """Return the form in which words are compared: only letters and digits, without accents."""
    letters = normalized("NFKD", "".join(spoken_words(text, language)))
    return "".join(each for each in letters if each.isalnum())


def spell_number(digits: str) -> str:
    """Return English words: as a year from 1100 to 1999; digit by digit above 9999 or after a leading zero."""
    value = int(digits) if len(digits) <= len(str(LARGEST)) else LARGEST + 1
    if value > LARGEST or (digits.startswith("0") and len(digits) > 1):
        return " ".join(ONES[int(digit)] for digit in digits)
    hundreds, rest = divmod(value, 100)
    if 1100 <= value < 2000:  # noqa: PLR2004 -- years are read in pairs of digits
        return f"{ONES[hundreds]} {_tens(rest) if rest > 9 else 'oh ' + ONES[rest] if rest else 'hundred'}"  # noqa: PLR2004 -- one digit
    thousands, hundreds = divmod(hundreds, 10)
    parts = [f"{ONES[thousands]} thousand"] * bool(thousands) + [f"{ONES[hundreds]} hundred"] * bool(hundreds)
    return " ".join([*parts, _tens(rest)] if rest or not parts else parts)


def _tens(value: int) -> str:
    if value < len(ONES):
        return ONES[value]
    tens, ones = divmod(value, 10)
    return f"{TENS[tens]} {ONES[ones]}" if ones else TENS[tens]
