"""Names of songs from users' computers, in any script: how they are shown, and how results are named after them."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from shared.normal_forms import normalized
from shared.view import slug

MAX_CHARACTERS: Final = 255
MAX_PARTS: Final = 4
"""Characters that are read of a longer name for each that is kept: some are removed or composed."""
MAX_BYTES: Final = 150
"""Longest title in UTF-8. A file name may have 255 bytes, and the name of the result is added."""
JOINERS: Final = "\u200c\u200d"
"""Invisible characters that Persian, Indian scripts and emoji need. Others of their category may reorder text."""
EXTENSION: Final = re.compile(r"\.(?:[a-z][a-z0-9]{1,4}|3gp)$", re.IGNORECASE)
FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\ufffd\s]+')
"""Path separators, other characters that Windows does not allow, replaced bytes, and white space."""
SPACE: Final = re.compile(r"\s")
RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
"""Names of devices on Windows, with any extension."""


def shown_name(path: str) -> str:
    """Return the name of an uploaded file without folders and unsafe characters, for display only."""
    name = path.replace("\\", "/").rpartition("/")[2][: MAX_PARTS * MAX_CHARACTERS]
    return _safe(name)[:MAX_CHARACTERS].strip() or "song"


def title(song_name: str) -> str:
    """Return the song's name without extension, as part of a file name on any system; empty if nothing is left."""
    name = FORBIDDEN.sub(" ", EXTENSION.sub("", _safe(song_name))).strip(" .")
    name = _shortened(name).rstrip(" .")
    return f"_{name}" if RESERVED.match(name) else name


def local_name(song_name: str, path: str) -> str:
    """Return the file name for a result's path in the document. Its `song_` stands for names in other scripts."""
    name = path.rpartition("/")[2]
    unnamed = f"{slug('')}_"
    return f"{title(song_name) or slug('')}_{name.removeprefix(unnamed)}" if name.startswith(unnamed) else name


def attachment(song_name: str, file: str, job_id: str) -> str:
    """Return a `Content-Disposition` (RFC 6266) that names a result after its song.

    The ASCII name is for clients that only read `filename=`, such as curl. If it has no letter of the song's name, it
    contains the job's id, so that different songs have different names.
    """
    name, ascii_name, unnamed = title(song_name), slug(song_name), f"song-{job_id[:8]}"
    if ascii_name == slug("") and name.lower() != ascii_name:
        ascii_name = unnamed
    full = quote(f"{name or unnamed}_{file}", safe="")
    return f"attachment; filename=\"{ascii_name}_{file}\"; filename*=UTF-8''{full}"


def _safe(text: str) -> str:
    """Remove control characters, bidi overrides, other invisible characters, surrogates and private characters."""
    composed = normalized("NFC", SPACE.sub(" ", text))
    return "".join(char for char in composed if unicodedata.category(char)[0] != "C" or char in JOINERS)


def _shortened(name: str) -> str:
    """Cut after a whole character, with its accents and joined parts."""
    if len(name.encode()) <= MAX_BYTES:
        return name
    end = len(name.encode()[:MAX_BYTES].decode(errors="ignore"))
    while end > 1 and (_continues(name[end]) or name[end - 1] in JOINERS):
        end -= 1
    return name[:end]


def _continues(char: str) -> bool:
    """Return whether the character belongs to the one before: an accent, a joiner, or a skin tone."""
    return unicodedata.category(char)[0] == "M" or char in JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff"
