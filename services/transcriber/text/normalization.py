"""Words as they are compared and spoken: without case, accents and punctuation, digits in English spelled out."""

import re
import unicodedata
from typing import Final

ONES: Final = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS: Final = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER = re.compile(r"\d+")
SIGNS: Final = {"&": " and ", "+": " plus ", "%": " percent ", "@": " at ", "$": " dollars "}
APOSTROPHES = "'’‘ʼ`´"  # noqa: RUF001 -- people write any of them
LARGEST = 9999


def spoken(text: str, language: str | None) -> list[str]:
    """What is spoken of a word, in small letters: `24/7` gives `twenty four seven`, `rock'n'roll` `rock'n'roll`."""
    plain = unicodedata.normalize("NFKC", text.casefold())
    if language == "en":
        for sign, name in SIGNS.items():
            plain = plain.replace(sign, name)
        plain = NUMBER.sub(lambda digits: f" {number(digits[0])} ", plain)
    plain = "".join("'" if each in APOSTROPHES else each for each in plain)
    kept = (
        each if each.isalnum() or unicodedata.category(each)[0] == "M" else "'" if each == "'" else " "
        for each in plain
    )
    return [word for word in (piece.strip("'") for piece in "".join(kept).split()) if word]


def form(text: str, language: str | None) -> str:
    """A word as it is compared with others: letters and digits alone, accents off."""
    letters = unicodedata.normalize("NFKD", "".join(spoken(text, language)))
    return "".join(each for each in letters if each.isalnum())


def number(digits: str) -> str:
    """In English words: as a year from 1100 to 1999, digit by digit when it is long or begins with zero."""
    value = int(digits) if len(digits) <= len(str(LARGEST)) else LARGEST + 1
    if value > LARGEST or (digits.startswith("0") and len(digits) > 1):
        return " ".join(ONES[int(digit)] for digit in digits)
    hundreds, rest = divmod(value, 100)
    if 1100 <= value < 2000:  # noqa: PLR2004 -- as years are said
        return f"{ONES[hundreds]} {_tens(rest) if rest > 9 else 'oh ' + ONES[rest] if rest else 'hundred'}"  # noqa: PLR2004 -- one digit
    thousands, hundreds = divmod(hundreds, 10)
    parts = [f"{ONES[thousands]} thousand"] * bool(thousands) + [f"{ONES[hundreds]} hundred"] * bool(hundreds)
    return " ".join([*parts, _tens(rest)] if rest or not parts else parts)


def _tens(value: int) -> str:
    if value < len(ONES):
        return ONES[value]
    tens, ones = divmod(value, 10)
    return f"{TENS[tens]} {ONES[ones]}" if ones else TENS[tens]
