"""A job as the gateway submits it once a song is decoded: its files are stored, the broker has confirmed it."""

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from shared.broker.bus import Bus
from shared.events import JobSubmitted, Options, Song
from shared.job import ready
from shared.storage.job_files import SONG, Storage

NO_SONG: Final = b"\0" * 4096


async def submit(bus: Bus, storage: Storage, options: Options) -> str:
    """The job's id."""
    submission = submitted(options)
    await storage.put(f"{submission.job_id}/{SONG}", NO_SONG)
    await storage.put_manifest(submission)
    await bus.publish(submission, ready(submission, submission))
    await storage.mark_announced(submission.job_id)
    return submission.job_id


def submitted(options: Options) -> JobSubmitted:
    song = Song(name="silence.wav", file_size=len(NO_SONG), audio_duration=1)
    return JobSubmitted(job_id=str(uuid4()), at=datetime.now(UTC), song=song, options=options)
