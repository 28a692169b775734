"""Decodes an upload in a child process, so that a hostile file cannot harm the gateway."""

from collections.abc import Hashable
from pathlib import Path
from typing import NamedTuple

from services.gateway.media.processes import MAX_DECODERS, Slots, run_child
from shared.errors import StorageFullError
from shared.events import AudioFacts
from shared.lyrics.tags import Tags
from shared.web.problem import Problem

WAIT_SECONDS = 60.0
"""Longest time an upload waits for a free slot."""

_slots = Slots(MAX_DECODERS, WAIT_SECONDS, "Too many songs are being checked")

PROBLEMS = {
    "not_audio": (415, "This is not an audio file that can be read. Send MP3, WAV, FLAC, M4A, Ogg or the like."),
    "corrupt": (422, "The audio is damaged and cannot be decoded. Try to export or download it again."),
    "too_short": (422, "The song is shorter than {min:g} s."),
    "too_long": (422, "The song is longer than {max:g} s."),
    "too_many_samples": (422, "The audio has too many samples. Convert it to stereo at 48 kHz and send it again."),
    "undecodable": (422, "The audio could not be decoded within the limits of time and memory."),
}


class Decoded(NamedTuple):
    """`seconds` is the length of the decoded song. `tags` are None if the upload names no title or no artist."""

    seconds: float
    facts: AudioFacts
    tags: Tags | None


async def decode(upload: Path, song: Path, min_seconds: float, max_seconds: float, caller: Hashable) -> Decoded:
    """Decode `upload` to `song`: FLAC, 16 bit, 44.1 kHz, stereo. Cancelling ends the child.

    Raises Problem 415 for a file that is not audio, 422 for one that is corrupt, too short, too long or
    too much work; StorageFullError; TransientError `busy` when no slot becomes free in time.
    """
    async with _slots.slot(caller):
        outcome = await run_child("services.gateway.media.decoder", upload, song, str(min_seconds), str(max_seconds))
    outcome = outcome or {"code": "undecodable"}
    if outcome.get("code") == StorageFullError.code:
        raise StorageFullError("The disk is full", "no space for the decoded song")
    if "code" in outcome:
        status, text = PROBLEMS[str(outcome["code"])]
        raise Problem(status, str(outcome["code"]), text.format(min=min_seconds, max=max_seconds))
    title, artist = outcome.pop("title", None), outcome.pop("artist", None)
    tags = Tags(title=title, artist=artist) if title and artist else None
    return Decoded(float(outcome.pop("seconds")), AudioFacts.model_validate(outcome), tags)
