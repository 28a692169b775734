"""A multipart upload, streamed to a file: memory stays flat however large the song."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException
from streaming_form_data.targets import BaseTarget, ValueTarget
from streaming_form_data.validators import MaxSizeValidator
from streaming_form_data.validators import ValidationError as TooLongError

from services.gateway.settings import Settings
from shared.errors import PermanentError
from shared.events import Options, Task
from shared.user_lyrics import normalize
from shared.web.problem import Problem

FIELDS = ("tasks", "language", "model", "format", "callback_url")
LONGEST = {"callback_url": 20_000}
"""Bytes of a field that are read, where they are more than a thousand; what is too long is refused by its name."""
FORM_OVERHEAD_BYTES = 100_000
"""All of the form that is not the song. The parser keeps a part's headers in memory and is slow at tiny parts."""
LYRICS_BYTES = 90_000
"""As much as fits in with the rest; more than the longest lyrics that are taken."""
CLOSE = {"Connection": "close"}
"""For a refusal in the middle of a body of which nobody knows how much is to come."""


@dataclass(frozen=True)
class Upload:
    name: str
    file_size: int
    options: Options
    words: str | None
    callback_url: str


async def receive(request: Request, path: Path, limits: Settings) -> Upload:
    """Writes the form's `file` to `path`.

    Raises Problem: 408 when it comes too slowly, 413 when it is too large, 415 when it is not a form, 422 for a missing
    file or an invalid option.
    """
    max_bytes = limits.max_upload_bytes
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "not_a_form", "Send the song as the field 'file' of a multipart/form-data form.")
    announced = int(request.headers.get("content-length", 0))
    # A browser sees the refusal only once it has sent everything; what is not much too large may come, and is dropped.
    endless = announced == 0 or announced > 2 * max_bytes
    too_large = Problem(
        413, "too_large", f"The file is larger than {max_bytes / 1e6:.0f} MB.", CLOSE if endless else None
    )
    if announced > max_bytes + FORM_OVERHEAD_BYTES:
        raise too_large
    with path.open("wb") as file:
        song = _FileTarget(file)
        fields = {name: ValueTarget(validator=MaxSizeValidator(LONGEST.get(name, 1000))) for name in FIELDS}
        lyrics = ValueTarget(validator=MaxSizeValidator(LYRICS_BYTES))
        try:
            parser = StreamingFormDataParser(dict(request.headers))
            for name, target in {"file": song, "lyrics": lyrics, **fields}.items():
                parser.register(name, target)
            received = 0
            async for chunk in paced(request, limits):
                parser.data_received(chunk)
                received += len(chunk)
                if song.size > max_bytes:
                    raise too_large
                if received - song.size > FORM_OVERHEAD_BYTES:
                    code = "invalid_form" if song.parts else "file_missing"
                    raise Problem(422, code, "The form has too much in it beside a field 'file' with the song.", CLOSE)
        except (ParseFailedException, TooLongError, UnicodeDecodeError) as error:
            raise Problem(422, "invalid_form", f"The form cannot be read: {error}.") from error
        except ClientDisconnect as error:
            raise Problem(400, "incomplete_upload", "The upload ended before the whole file had come.") from error
    song.check()
    values = {name: target.value.decode(errors="replace").strip() for name, target in fields.items()}
    callback_url = values.pop("callback_url")
    options = _options(values)
    return Upload(song.name, song.size, options, _words(lyrics.value, options), callback_url)


async def paced(request: Request, limits: Settings) -> AsyncIterator[bytes]:
    """The request's body. Raises Problem 408 when it stands still, or is slower than the slowest connection in use."""
    chunks, began, received = request.stream(), monotonic(), 0
    too_slow = Problem(408, "upload_too_slow", "The upload came too slowly. Try again on a better connection.", CLOSE)
    while True:
        try:
            async with asyncio.timeout(limits.upload_silence_seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise too_slow from error
        received += len(chunk)
        seconds = monotonic() - began
        if seconds > limits.upload_silence_seconds and received < seconds * limits.upload_bytes_per_second:
            raise too_slow
        yield chunk


def validated_lyrics(body: bytes) -> str:
    """Return normalized lyrics. Raises Problem 422: `invalid_lyrics`, `lyrics_too_long` or `empty_lyrics`."""
    try:
        return normalize(body)
    except PermanentError as error:
        raise Problem(422, error.code, f"{error.summary}.") from error


def _options(values: dict[str, str]) -> Options:
    given: dict[str, object] = {name: value for name, value in values.items() if value}
    if "tasks" in given:
        given["tasks"] = list(dict.fromkeys(task.strip() for task in values["tasks"].split(",")))
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, "invalid_option", f"The option '{first['loc'][0]}' is not valid: {first['msg']}.") from error


def _words(lyrics: bytes, options: Options) -> str | None:
    if not lyrics.strip():
        return None
    if Task.TRANSCRIPTION not in options.tasks:
        raise Problem(422, "invalid_option", "The option 'lyrics' needs the task 'transcription'.")
    return validated_lyrics(lyrics)


class _FileTarget(BaseTarget):  # type: ignore[misc] # the library has no types
    """Writes a part to an open file and counts."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.size = 0
        self.parts = 0
        self.complete = False

    def on_start(self) -> None:
        self.parts += 1
        self.complete = False

    def on_data_received(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.size += len(chunk)

    def on_finish(self) -> None:
        self.complete = True

    def check(self) -> None:
        """Raises Problem 422 unless exactly one whole file with something in it has come."""
        if not self.complete:
            raise Problem(422, "file_missing", "The form has no complete field 'file' with the song.")
        if self.parts > 1:
            raise Problem(422, "invalid_form", "The form has more than one field 'file'. Send one song at a time.")
        if self.size == 0:
            raise Problem(422, "empty_file", "The file is empty.")

    @property
    def name(self) -> str:
        """The user's file name, to be shown only, without folders and control characters."""
        name = str(self.multipart_filename or "song").replace("\\", "/").rpartition("/")[2]
        return "".join(char for char in name if char.isprintable())[:255] or "song"
