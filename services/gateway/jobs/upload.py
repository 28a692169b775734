"""Reads a multipart upload as a stream, with constant memory for any size of song."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO, ParamSpec, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException
from streaming_form_data.targets import BaseTarget, ValueTarget
from streaming_form_data.validators import MaxSizeValidator
from streaming_form_data.validators import ValidationError as TooLongError

from services.gateway.file_names import shown_name
from services.gateway.jobs.part_headers import PartHeaders, boundary_of, parameter
from services.gateway.languages import whisper_language
from services.gateway.settings import Settings
from shared.errors import PermanentError
from shared.events import Options
from shared.tasks import Task
from shared.user_lyrics.text import normalize
from shared.web.problem import Problem

FIELD_BYTES = {"tasks": 1000, "language": 1000, "model": 1000, "format": 1000, "callback_url": 20_000}
"""Most bytes that are read of each field besides `file` and `lyrics`. A `callback_url` that is too long to be accepted
is read nevertheless, to be refused with a message of its own."""
FORM_OVERHEAD_BYTES = 100_000
"""Most bytes of a form besides the song. The parser keeps headers of a part in memory, and is slow at tiny parts."""
LYRICS_BYTES = 90_000
"""Most bytes of lyrics: less than `FORM_OVERHEAD_BYTES`, and more than the longest accepted lyrics."""
LYRICS_READER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lyrics")
"""Lyrics take up to half a second. One thread, so that the event loop waits for no other."""
SWITCH_SECONDS = 0.0005
"""Longest time that the event loop waits for the interpreter's lock while lyrics are read, which is 5 ms otherwise.

A request waits for it many times, because each access to a file releases it.
"""
P = ParamSpec("P")
T = TypeVar("T")
CLOSE = {"Connection": "close"}
"""Headers of a refusal before the end of a body of unknown length."""


@dataclass(frozen=True)
class Upload:
    name: str
    file_size: int
    options: Options
    lyrics: str | None
    callback_url: str


async def receive(request: Request, path: Path, limits: Settings) -> Upload:
    """Write the form's `file` to `path`, and return the other fields.

    Raises Problem: 400 if the upload ends early, 408 if it is too slow, 413 if it is too large, 415 if it is not a
    form, 422 for a missing file or an invalid option.
    """
    max_bytes = limits.max_upload_bytes
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "not_a_form", "Send the song as the field 'file' of a multipart/form-data form.")
    content_length = int(request.headers.get("content-length", 0))
    # A browser reads the refusal only after it has sent everything, so a body that is not much too large is received.
    close = content_length == 0 or content_length > 2 * max_bytes
    too_large = Problem(
        413, "too_large", f"The file is larger than {max_bytes / 1e6:.0f} MB.", CLOSE if close else None
    )
    if content_length > max_bytes + FORM_OVERHEAD_BYTES:
        raise too_large
    with path.open("wb") as file:
        song = _FileTarget(file)
        fields = {name: ValueTarget(validator=MaxSizeValidator(most)) for name, most in FIELD_BYTES.items()}
        lyrics = ValueTarget(validator=MaxSizeValidator(LYRICS_BYTES))
        try:
            boundary = boundary_of(request.headers["content-type"])
            headers = PartHeaders(boundary)
            parser = StreamingFormDataParser({"Content-Type": f'multipart/form-data; boundary="{boundary}"'})
            for name, target in {"file": song, "lyrics": lyrics, **fields}.items():
                parser.register(name, target)
            received = 0
            async for chunk in paced(request, limits):
                parser.data_received(headers.feed(chunk))
                received += len(chunk)
                if song.size > max_bytes:
                    raise too_large
                if received - song.size > FORM_OVERHEAD_BYTES:
                    code = "invalid_form" if song.parts else "file_missing"
                    raise Problem(422, code, "The form has too much data besides the song in the field 'file'.", CLOSE)
            parser.data_received(headers.flush())
        except (ParseFailedException, TooLongError, UnicodeDecodeError) as error:
            raise Problem(422, "invalid_form", f"The form cannot be read: {error}.") from error
        except ClientDisconnect as error:
            raise Problem(400, "incomplete_upload", "The upload ended before the whole file had arrived.") from error
    song.check()
    values = {name: target.value.decode(errors="replace").strip() for name, target in fields.items()}
    callback_url = values.pop("callback_url")
    options = _options(values, limits)
    _, charset = parse_content_type(headers.content_types.get("lyrics", ""))
    name = shown_name(headers.file_names.get("file", ""))
    return Upload(name, song.size, options, await _lyrics(lyrics.value, charset, options), callback_url)


async def paced(request: Request, limits: Settings) -> AsyncIterator[bytes]:
    """Yield the request's body. Raises Problem 408 after a long pause, or below the lowest average speed."""
    chunks, started, received = request.stream(), monotonic(), 0
    too_slow = Problem(408, "upload_too_slow", "The upload was too slow. Try again on a better connection.", CLOSE)
    while True:
        try:
            async with asyncio.timeout(limits.upload_silence_seconds):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise too_slow from error
        received += len(chunk)
        seconds = monotonic() - started
        if seconds > limits.upload_silence_seconds and received < seconds * limits.upload_bytes_per_second:
            raise too_slow
        yield chunk


async def short_body(request: Request, limits: Settings, most_bytes: int) -> bytes:
    """Return the request's body. Raises Problem: 400 if it is incomplete, 408 if too slow, 413 above `most_bytes`."""
    body = bytearray()
    try:
        async for chunk in paced(request, limits):
            body += chunk
            if len(body) > most_bytes:
                raise Problem(413, "too_large", f"More than {most_bytes / 1000:g} kB were sent.", CLOSE)
    except ClientDisconnect as error:
        raise Problem(400, "incomplete_upload", "The request ended before its whole body had arrived.") from error
    return bytes(body)


async def validated_lyrics(body: bytes, charset: str | None, *, unknown_charset: int = 422) -> str:
    """Return normalized lyrics. Raises Problem 422: `invalid_lyrics`, `lyrics_too_long` or `empty_lyrics`.

    `unknown_charset` is the status for a charset that is unknown.
    """
    try:
        return await in_lyrics_thread(normalize, body, charset)
    except PermanentError as error:
        status = unknown_charset if error.code == "unknown_charset" else 422
        raise Problem(status, error.code, f"{error.summary}.") from error


async def in_lyrics_thread(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that works on a user's lyrics, without keeping the event loop from answering others."""

    def call() -> T:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            return read(*args, **kwargs)
        finally:
            sys.setswitchinterval(usual)

    return await asyncio.get_running_loop().run_in_executor(LYRICS_READER, call)


def parse_content_type(header: str) -> tuple[str, str | None]:
    """Return the media type in lower case, and the charset if it is declared."""
    charset = parameter(header, "charset")
    return header.partition(";")[0].strip().lower(), charset.lower() if charset else None


def _options(values: dict[str, str], settings: Settings) -> Options:
    options: dict[str, object] = {name: value for name, value in values.items() if value}
    options["language"] = whisper_language(values["language"], settings.languages)
    if "tasks" in options:
        options["tasks"] = list(dict.fromkeys(task.strip() for task in values["tasks"].split(",")))
    if values["model"] and settings.models and values["model"] not in settings.models:
        raise Problem(422, "invalid_option", f"The option 'model' is not one of {', '.join(settings.models)}.")
    try:
        return Options.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, "invalid_option", f"The option '{first['loc'][0]}' is not valid: {first['msg']}.") from error


async def _lyrics(lyrics: bytes, charset: str | None, options: Options) -> str | None:
    if not lyrics.strip():
        return None
    if Task.TRANSCRIPTION not in options.tasks:
        raise Problem(422, "invalid_option", "The option 'lyrics' needs the task 'transcription'.")
    return await validated_lyrics(lyrics, charset)


class _FileTarget(BaseTarget):  # type: ignore[misc] # the library has no types
    """Writes a part to an open file, and counts its bytes and the parts."""

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
        """Raise Problem 422 unless exactly one complete, non-empty file has arrived."""
        if not self.complete:
            raise Problem(422, "file_missing", "The form has no complete field 'file' with the song.")
        if self.parts > 1:
            raise Problem(422, "invalid_form", "The form has more than one field 'file'. Send one song at a time.")
        if self.size == 0:
            raise Problem(422, "empty_file", "The file is empty.")
