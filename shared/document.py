"""The document of `GET /api/status/<job_id>`, field by field: the contract with clients."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from shared.events import FoundAt, Fraction, Frozen, JobId, Moment, Percent, Seconds
from shared.notes import Note
from shared.tasks import JobState, Task, TaskState

STEPS: Final = ("validation", *(task.value for task in Task), "completed")


def _known(step: str) -> str:
    if step not in STEPS:
        raise ValueError(f"one of {', '.join(STEPS)}")
    return step


Step = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(STEPS)})]


Revision = Annotated[
    int | None,
    Field(description="How often users corrected the result or took corrections back. It changes when the files do."),
]


class TaskDocument(Frozen):
    """State of one task. `error_code` is stable and for programs."""

    status: TaskState
    progress: Percent
    processing_time: Seconds | None = None
    error: str | None = None
    error_code: str | None = None
    attempt: int | None = Field(default=None, description="Attempt that the other fields describe, from 1.")


class StemSeparationDocument(TaskDocument):
    vocals_path: str | None = None
    drums_path: str | None = None
    bass_path: str | None = None
    other_path: str | None = None
    instrumental_path: str | None = None
    model: str | None = None


class AlignmentDocument(Frozen):
    """State of the latest alignment of lines. Failed, it changed nothing; `error_code` is stable and for programs."""

    number: int = Field(description="Number of the request, from 1.")
    status: Literal["queued", "completed", "failed"]
    updated_at: Moment = Field(description="When it was requested or ended.")
    error: str | None = None
    error_code: str | None = None


class TranscriptionDocument(TaskDocument):
    transcription_path: str | None = None
    lrc_path: str | None = None
    srt_path: str | None = None
    vtt_path: str | None = None
    language: str | None = None
    language_probability: Fraction | None = Field(
        default=None, description="How certain the detected language is; null if you named it."
    )
    word_count: int | None = None
    partial: bool | None = Field(
        default=None,
        description="True while `lyrics.json` has the lines that are certain, and the transcription continues; false "
        "when it has all.",
    )
    partial_lines: int | None = Field(default=None, description="Number of lines in partial lyrics; else null.")
    review: Fraction | None = Field(
        default=None,
        description="Expected share of words that are wrong, 0 to 1: in their text, or in their times if you gave the "
        "lyrics. It follows your corrections.",
    )
    doubtful_line_count: int | None = Field(
        default=None, description="Lines with a word that is probably wrong; `lyrics.json` marks these words."
    )
    found_at: FoundAt | None = Field(
        default=None, description="Where the lyrics were looked up; null if they were recognized, or you gave them."
    )
    corrected: bool | None = Field(
        default=None, description="Whether the lyrics, `word_count` and `review` are those that a user corrected."
    )
    revision: Revision = None
    alignment: AlignmentDocument | None = Field(
        default=None, description="Latest alignment of lines of the lyrics; null if nobody asked for one."
    )
    model: str | None = None


class BeatAnalysisDocument(TaskDocument):
    tempo_bpm: float | None = None
    beat_count: int | None = None
    time_signature: str | None = None
    beat_confidence: Fraction | None = None
    rhythm_regularity: Fraction | None = None
    key: str | None = Field(default=None, description="`D major`, `C# minor`; null for music without a key.")
    refined: bool | None = Field(
        default=None,
        description="Whether the drums were analysed, too. Until then a better result may follow.",
    )
    corrected: bool | None = Field(
        default=None, description="Whether tempo, metre and beats are counted as a user corrected them."
    )
    revision: Revision = None
    beats_path: str | None = None


class JobDocument(Frozen):
    """A job. Every field is always present, and null when it is unknown."""

    job_id: JobId
    status: JobState
    progress: Percent
    current_step: Step
    created_at: Moment
    updated_at: Moment
    processing_time: Seconds
    error_message: str | None
    error_code: str | None
    stem_separation: StemSeparationDocument
    transcription: TranscriptionDocument
    beat_analysis: BeatAnalysisDocument
    run: int = Field(description="How often tasks were run again by a retry or for supplied lyrics.")
    name: str = Field(description="The uploaded file's name; empty once the job was cancelled.")
    audio_duration: Seconds
    audio_filled_seconds: Seconds = Field(
        default=0, description="Part of `audio_duration` that is silence in place of sound that the upload lacks."
    )
    file_size: int = Field(description="The upload's size in bytes.")
    notes: tuple[Note, ...] = Field(default=(), description="What is unusual about the song or its results.")
    expires_at: Moment = Field(description="When the job and its results are removed.")
    queue_position: int | None = Field(
        default=None,
        ge=1,
        description="Position in the queue of its first task, from 1; null once that has started.",
    )
    eta_seconds: Seconds | None = Field(
        default=None, description="Estimated seconds until the job has ended; null when it has, or when unknown."
    )

    def task(self, task: Task) -> TaskDocument:
        document: TaskDocument = getattr(self, task.value)
        return document

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "failed")


class JobDocuments(Frozen):
    """Status documents of several jobs."""

    jobs: tuple[JobDocument, ...] = Field(description="Documents of the jobs that exist, in the order of the request.")
    missing: tuple[str, ...] = Field(description="Ids without a job, or with one of another owner.")
