"""The document of `GET /api/status/<job_id>`, field for field; what clients are written against."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.events import Fraction, Frozen, JobId, Moment, Percent, Seconds
from shared.tasks import JobState, Task, TaskState

STEPS: Final = ("validation", *(task.value for task in Task), "completed")


def _known(step: str) -> str:
    if step not in STEPS:
        raise ValueError(f"one of {', '.join(STEPS)}")
    return step


Step = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(STEPS)})]


class TaskDocument(Frozen):
    """One task. `error_code` is stable and for programs."""

    status: TaskState
    progress: Percent
    processing_time: Seconds | None = None
    error: str | None = None
    error_code: str | None = None
    attempt: int | None = Field(default=None, description="Which attempt at the task the rest is about, from 1.")


class StemSeparationDocument(TaskDocument):
    vocals_path: str | None = None
    drums_path: str | None = None
    bass_path: str | None = None
    other_path: str | None = None
    instrumental_path: str | None = None
    model: str | None = None


class TranscriptionDocument(TaskDocument):
    transcription_path: str | None = None
    lrc_path: str | None = None
    srt_path: str | None = None
    vtt_path: str | None = None
    language: str | None = None
    word_count: int | None = None
    model: str | None = None


class BeatAnalysisDocument(TaskDocument):
    tempo_bpm: float | None = None
    beat_count: int | None = None
    time_signature: str | None = None
    beat_confidence: Fraction | None = None
    rhythm_regularity: Fraction | None = None
    key: str | None = Field(default=None, description="`D major`, `C# minor`; null where nothing has a key.")
    refined: bool | None = Field(
        default=None, description="Whether the drums alone were listened to, too. Until then a better result may come."
    )
    beats_path: str | None = None


class JobDocument(Frozen):
    """A job. Every field is always present, null when it is not known."""

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
    run: int = Field(description="How often failed tasks were run again.")
    name: str = Field(description="The uploaded file's name.")
    audio_duration: Seconds
    file_size: int = Field(description="The upload's size in bytes.")
    expires_at: Moment = Field(description="When the job and its results are removed.")
    queue_position: int | None = Field(
        default=None, ge=1, description="In the line of its first task: 1 is next; null once that has begun."
    )
    eta_seconds: Seconds | None = Field(
        default=None, description="Until it is over, as things stand; null when over, or nobody knows."
    )

    def task(self, task: Task) -> TaskDocument:
        document: TaskDocument = getattr(self, task.value)
        return document

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "failed")


class JobDocuments(Frozen):
    """Answer to a question about many jobs at once."""

    jobs: tuple[JobDocument, ...] = Field(description="Those that are there, in the order asked.")
    missing: tuple[str, ...] = Field(description="Ids of which there is no job, or none of the caller's.")
