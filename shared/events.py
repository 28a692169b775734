"""Events of a job: frozen facts in the past tense, JSON on the wire.

An event carries everything that its readers need, and its order of arrival does not matter:
`shared.job` folds events into one job.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from shared.tasks import Task


@lru_cache(maxsize=1000)  # the moment of one event is written several times
def rfc3339(moment: datetime) -> str:
    """Format as `2024-01-01T10:00:00.123Z`, always UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _is_plausible(moment: datetime) -> datetime:
    """Refuse years with which calendar arithmetic fails. UTC has no year 0, and a job's expiry no year 10000."""
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"a moment from {EARLIEST:%Y} to {LATEST:%Y}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_to_milliseconds), PlainSerializer(rfc3339, return_type=str)]
"""A moment has no more digits than are sent, so that it is the same before and after the wire."""

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
GREATEST = 2**53 - 1
"""Largest number in an event: JSON keeps it exactly, and a database with 64 bits can store it."""
EVENT_BYTES = 1_000_000
"""Largest event on the wire. Usual ones have less than 2,000 bytes; a stored job keeps up to four and has 16 MB."""

JOB_ID = "[A-Za-z0-9-]{1,64}"
JobId = Annotated[str, Field(pattern=f"^{JOB_ID}$", description="Opaque; a UUID when made by the gateway.")]
Owner = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="An API key's name.")]
CallerHash = Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="Keyed hash of a network address.")]
Seconds = Annotated[float, Field(ge=0, description="Seconds.")]
Duration = Annotated[float, Field(ge=0, le=1e9, description="Seconds.")]
Count = Annotated[int, Field(ge=0, le=GREATEST)]
Ordinal = Annotated[int, Field(ge=1, le=GREATEST)]
Percent = Annotated[int, Field(ge=0, le=100, description="Percent, 0 to 100.")]
Fraction = Annotated[float, Field(ge=0, le=1)]
FILE = object()
"""Marks the fields of results that name a file."""
FileName = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(\.[a-z0-9]+)+$", description="A result's name inside its job."), FILE
]

AudioFormat = Literal["wav", "flac", "mp3", "opus"]


class Frozen(BaseModel):
    # Errors are logged, and must not quote texts of users.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class AudioFacts(Frozen):
    """Properties of an upload's sound that its user may want to know. The defaults say that nothing is known."""

    filled_seconds: Duration = Field(default=0, description="Length of the silence that replaces missing sound.")
    channels: Ordinal | None = Field(
        default=None, description="Channels of the upload; 1 also for surround sound with only a centre."
    )
    gain_db: float = Field(
        default=0,
        le=0,
        description="Gain that was necessary so that no sample clips; -1 or -2 is usual for loud music.",
    )
    clipped: bool = Field(
        default=False,
        description="Whether the upload exceeds full scale or has flattened peaks there. A gain alone does not say so: "
        "decoding and mixing raise peaks.",
    )


class Song(Frozen):
    """An accepted upload. `file_size` is in bytes; `name` is the user's file name, for display only.

    `audio_duration` is the length of the decoded song, which includes the silence that replaces missing sound.
    """

    name: str = Field(max_length=255)
    file_size: Count
    audio_duration: Duration
    audio: AudioFacts = AudioFacts()


class Options(Frozen):
    """Options of a job. `model` names a demucs model; `language` is an ISO 639-1 code; None means automatic."""

    tasks: tuple[Task, ...] = Field(default=tuple(Task), min_length=1)
    language: str | None = Field(default=None, pattern="^[a-z]{2,3}$")
    model: str | None = Field(default=None, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    format: AudioFormat = "wav"


class Stems(Frozen):
    """Result of the separator: four stems that add up to the song, and the song without its vocals."""

    kind: Literal["stems"] = "stems"
    model: str
    vocals: FileName
    drums: FileName
    bass: FileName
    other: FileName
    instrumental: FileName


class GivenTimes(Frozen):
    """Use of the times that came with the user's lyrics. `shift`, in seconds, was added to all of them."""

    used: bool
    shift: Annotated[float, Field(ge=-1e9, le=1e9)] = 0


class FoundAt(Frozen):
    """Place of lyrics in a public collection."""

    server: Annotated[str, Field(max_length=260, description="Its host name: `lrclib.net`.")]
    entry: Annotated[Count, Field(description="Number of the entry.")]
    url: Annotated[str, Field(max_length=300, description="Address of the entry, as JSON.")]


class Lyrics(Frozen):
    """Result of the transcriber. The files exist even when no word was sung."""

    kind: Literal["lyrics"] = "lyrics"
    model: str
    language: str | None
    language_probability: Fraction | None = Field(default=None, description="Null if the user named the language.")
    word_count: Count
    review: Fraction | None = Field(
        default=None,
        exclude_if=lambda review: review is None,
        description="Expected share of words that are wrong; null in events of earlier versions.",
    )
    doubtful_line_count: Count | None = Field(
        default=None, exclude_if=lambda count: count is None, description="Lines with a doubtful word."
    )
    given_times: GivenTimes | None = Field(
        default=None,
        exclude_if=lambda times: times is None,  # so that services of earlier versions read the event
        description="Null if the lyrics came without times.",
    )
    found_at: FoundAt | None = Field(
        default=None,
        exclude_if=lambda found_at: found_at is None,
        description="Null if the words were recognized or given.",
    )
    transcription: FileName
    lrc: FileName
    srt: FileName
    vtt: FileName


class Rhythm(Frozen):
    """Result of the beat tracker. Fields are None for music without a beat."""

    kind: Literal["rhythm"] = "rhythm"
    tempo_bpm: float | None
    beat_count: Count
    time_signature: str | None
    beat_confidence: Fraction | None
    rhythm_regularity: Fraction | None
    key: str | None = Field(default=None, description="`D major`, `C# minor`.")
    refined: bool = Field(default=False, description="Whether the separated drums were analysed, too.")
    beats: FileName


Result = Annotated[Stems | Lyrics | Rhythm, Field(discriminator="kind")]


class JobEvent(Frozen):
    version: Literal[1] = 1
    job_id: JobId
    at: Annotated[Moment, AfterValidator(_is_plausible)] = Field(
        description="Time by its sender's clock; nothing is ordered by it."
    )


class JobSubmitted(JobEvent):
    """A song was accepted. `owner` is the name of the API key, if keys are set; other callers do not find the job.

    `callback_url` is notified when the job has ended. It may hold a secret of its owner and is never shown. `caller`
    counts the jobs of callers without a key. Without it the event is the same as before there was this field.
    """

    type: Literal["job_submitted"] = "job_submitted"
    song: Song
    options: Options
    owner: Owner | None = None
    callback_url: str | None = Field(default=None, max_length=2000)
    caller: CallerHash | None = Field(default=None, exclude_if=lambda caller: caller is None)


class TasksRerun(JobEvent):
    """A user asked for `tasks` to run again, because they failed or because the user supplied lyrics.

    `run` is greater than that of every run before. On the wire the type is `job_retried`, its name before lyrics could
    be supplied: services of every version understand it.
    """

    type: Literal["job_retried"] = "job_retried"
    run: Ordinal
    tasks: tuple[Task, ...]


class JobCancelled(JobEvent):
    """A user cancelled the job for good. Its files are deleted, and the stored job forgets the song's name."""

    type: Literal["job_cancelled"] = "job_cancelled"


class JobExpired(JobEvent):
    """The job's time to live has passed, or its files are missing."""

    type: Literal["job_expired"] = "job_expired"


class CountedRhythm(Frozen):
    """A rhythm as the user counts it, without what a correction does not change."""

    tempo_bpm: Annotated[float, Field(gt=0)]
    beat_count: Count
    time_signature: Annotated[str, Field(max_length=10)] | None


class RhythmCorrected(JobEvent):
    """A user said how the beats are counted; None: as they were heard. The correction of the greatest `number` holds.

    It outlasts every result of the beat analysis, also a refined or repeated one.
    """

    type: Literal["rhythm_corrected"] = "rhythm_corrected"
    number: Ordinal
    rhythm: CountedRhythm | None


class CorrectedLyrics(Frozen):
    """The part of corrected lyrics that the job's document shows."""

    word_count: Count
    review: Fraction | None = Field(
        default=None,
        exclude_if=lambda review: review is None,
        description="Expected share of words that are wrong; null in events of earlier versions.",
    )
    doubtful_line_count: Count | None = Field(
        default=None, exclude_if=lambda count: count is None, description="Lines with a doubtful word."
    )


class LyricsCorrected(JobEvent):
    """A user changed words or their times; None: as they were found. The correction of the greatest `number` holds.

    It outlasts every result of the transcription. Lyrics that the user sends to be aligned take it back.
    """

    type: Literal["lyrics_corrected"] = "lyrics_corrected"
    number: Ordinal
    lyrics: CorrectedLyrics | None


class AlignmentRequested(JobEvent):
    """A user asked for the times of some lines of the lyrics. The lines are in `alignment-<number>.json`.

    The alignment of the greatest `number` is shown. It is no run of the transcription, whose state it does not change.
    """

    type: Literal["alignment_requested"] = "alignment_requested"
    number: Ordinal


class AlignmentCompleted(JobEvent):
    """The new times are stored and hold as a correction of the lyrics, as if a user had sent it."""

    type: Literal["alignment_completed"] = "alignment_completed"
    number: Ordinal
    correction: Ordinal
    lyrics: CorrectedLyrics


class AlignmentFailed(JobEvent):
    """The alignment changed nothing. `error` is a sentence for people, `error_code` is for programs."""

    type: Literal["alignment_failed"] = "alignment_failed"
    number: Ordinal
    error: str
    error_code: str


class TaskEvent(JobEvent):
    """An event of one task. `run` counts reruns, `attempt` deliveries from 1, `seq` the attempt's events."""

    type: str

    task: Task
    run: Count = 0
    attempt: Ordinal
    seq: Count


class TaskStarted(TaskEvent):
    type: Literal["task_started"] = "task_started"


class TaskProgressed(TaskEvent):
    type: Literal["task_progressed"] = "task_progressed"
    progress: Percent


class TaskPreviewed(TaskEvent):
    """The lines of the lyrics that are certain are stored, `lines` so far, while the transcription continues."""

    type: Literal["task_previewed"] = "task_previewed"
    lines: Ordinal


class TaskCompleted(TaskEvent):
    """`refined` marks the result of a refinement. It replaces the first result, whichever is published first."""

    type: Literal["task_completed"] = "task_completed"
    result: Result
    processing_time: Duration
    refined: bool = False


class TaskFailed(TaskEvent):
    """`summary` is a short sentence for the job, `error` the full message of the task, `error_code` is for programs."""

    type: Literal["task_failed"] = "task_failed"
    summary: str
    error: str
    error_code: str
    processing_time: Duration | None = None


Event = Annotated[
    JobSubmitted
    | TasksRerun
    | RhythmCorrected
    | LyricsCorrected
    | AlignmentRequested
    | AlignmentCompleted
    | AlignmentFailed
    | JobCancelled
    | JobExpired
    | TaskStarted
    | TaskProgressed
    | TaskPreviewed
    | TaskCompleted
    | TaskFailed,
    Field(discriminator="type"),
]

_adapter: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(hide_input_in_errors=True))


def encode(event: Event) -> bytes:
    return event.model_dump_json().encode()


def decode(body: bytes) -> Event:
    """Raises ValueError for anything but an event of this version."""
    if len(body) > EVENT_BYTES:
        raise ValueError(f"an event has at most {EVENT_BYTES} bytes, not {len(body)}")
    return _adapter.validate_json(body)
