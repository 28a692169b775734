"""Lyrics as they are sent, made plain or refused."""

from shared.errors import PermanentError
from shared.user_lyrics import plain
from shared.web.problem import Problem


def given(lyrics: bytes) -> str:
    """Raises Problem 422: `invalid_lyrics`, `lyrics_too_long` or `empty_lyrics`."""
    try:
        return plain(lyrics)
    except PermanentError as error:
        raise Problem(422, error.code, f"{error.summary}.") from error
