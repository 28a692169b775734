"""The contract's five example documents, reproduced by feeding events.

Where two of them contradict one another, one rule decides: a skipped task hands its share of the progress to the
others, so the first document's 45 is 59 here, as its transcription is skipped. Times are in UTC and say so with a `Z`.
"""

from typing import Any

from shared.document import JobDocument
from shared.events import Event
from shared.job import fold_all
from shared.tasks import Task
from shared.view import view
from tests.fakes import after, completed, failed, progressed, submitted

SEPARATION, TRANSCRIPTION, BEATS = Task


def document(*events: Event, seconds: float) -> dict[str, Any]:
    return view(fold_all(events), after(seconds)).model_dump(mode="json")


def contains(whole: dict[str, Any], part: dict[str, Any]) -> bool:
    return all(contains(whole[k], v) if isinstance(v, dict) else whole[k] == v for k, v in part.items())


def test_the_whole_document_has_every_field_of_the_contract() -> None:
    shown = document(submitted(SEPARATION, BEATS), progressed(SEPARATION, 65, at=150), seconds=150.5)
    expected = {
        "job_id": "abc123",
        "status": "processing",
        "progress": 59,
        "current_step": "stem_separation",
        "created_at": "2024-01-01T10:00:00.000Z",
        "updated_at": "2024-01-01T10:02:30.000Z",
        "processing_time": 150.5,
        "error_message": None,
        "stem_separation": {
            "status": "processing",
            "progress": 65,
            "vocals_path": None,
            "drums_path": None,
            "bass_path": None,
            "other_path": None,
            "processing_time": None,
            "error": None,
        },
        "transcription": {
            "status": "skipped",
            "progress": 100,
            "transcription_path": None,
            "language": None,
            "word_count": None,
            "processing_time": None,
            "error": None,
        },
        "beat_analysis": {
            "status": "queued",
            "progress": 0,
            "tempo_bpm": None,
            "beat_count": None,
            "time_signature": None,
            "beat_confidence": None,
            "rhythm_regularity": None,
            "processing_time": None,
            "error": None,
        },
        "audio_duration": 180.0,
        "file_size": 4500000,
    }
    assert contains(shown, expected)


def test_example_1_a_job_that_has_just_started() -> None:
    queued = {"status": "queued", "progress": 0}
    assert contains(
        document(submitted(), seconds=0.1),
        {
            "job_id": "abc123",
            "status": "queued",
            "progress": 10,
            "current_step": "validation",
            "processing_time": 0.1,
            "stem_separation": queued,
            "transcription": queued,
            "beat_analysis": queued,
        },
    )


def test_example_2_a_separation_in_progress() -> None:
    queued = {"status": "queued", "progress": 0}
    assert contains(
        document(submitted(), progressed(SEPARATION, 65), seconds=30.5),
        {
            "job_id": "abc123",
            "status": "processing",
            "progress": 45,
            "current_step": "stem_separation",
            "processing_time": 30.5,
            "stem_separation": {"status": "processing", "progress": 65, "vocals_path": None, "processing_time": None},
            "transcription": queued,
            "beat_analysis": queued,
        },
    )


def test_example_3_a_job_completed() -> None:
    separation = completed(SEPARATION, at=107.1, seconds=65.2)
    assert contains(
        document(submitted(SEPARATION, BEATS), completed(BEATS, at=3, seconds=2.1), separation, seconds=9999),
        {
            "job_id": "abc123",
            "status": "completed",
            "progress": 100,
            "current_step": "completed",
            "processing_time": 107.1,
            "stem_separation": {
                "status": "completed",
                "progress": 100,
                "vocals_path": "/storage/abc123/espresso_vocals.wav",
                "drums_path": "/storage/abc123/espresso_drums.wav",
                "bass_path": "/storage/abc123/espresso_bass.wav",
                "other_path": "/storage/abc123/espresso_other.wav",
                "processing_time": 65.2,
            },
            "transcription": {"status": "skipped", "progress": 100, "transcription_path": None},
            "beat_analysis": {
                "status": "completed",
                "progress": 100,
                "tempo_bpm": 120.5,
                "beat_count": 240,
                "time_signature": "4/4",
                "beat_confidence": 0.95,
                "processing_time": 2.1,
            },
        },
    )


def test_example_4_a_job_failed() -> None:
    assert contains(
        document(submitted(SEPARATION), failed(SEPARATION, at=5.2), seconds=9999),
        {
            "job_id": "abc123",
            "status": "failed",
            "progress": 0,
            "current_step": "stem_separation",
            "processing_time": 5.2,
            "error_message": "Audio processing failed: Unsupported audio format",
            "stem_separation": {"status": "failed", "progress": 0, "error": "Unsupported audio format: .xyz"},
        },
    )


def test_every_field_is_present_even_when_unknown() -> None:
    fields = set(JobDocument.model_fields)
    for events in ([], [failed(BEATS)], [completed(task) for task in Task]):
        assert set(document(submitted(), *events, seconds=1)) == fields
