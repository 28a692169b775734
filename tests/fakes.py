"""Events of one song, each made in one line."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import (
    CorrectedLyrics,
    CountedRhythm,
    JobSubmitted,
    Lyrics,
    LyricsCorrected,
    Options,
    Result,
    Rhythm,
    RhythmCorrected,
    Song,
    Stems,
    TaskCompleted,
    TaskFailed,
    TaskPreviewed,
    TaskProgressed,
    TaskStarted,
)
from shared.tasks import Task

START = datetime(2024, 1, 1, 10, tzinfo=UTC)
JOB_ID = "abc123"

STEMS = Stems(
    model="htdemucs",
    vocals="vocals.wav",
    drums="drums.wav",
    bass="bass.wav",
    other="other.wav",
    instrumental="instrumental.wav",
)
LYRICS = Lyrics(
    model="base",
    language="en",
    word_count=42,
    transcription="lyrics.json",
    lrc="lyrics.lrc",
    srt="lyrics.srt",
    vtt="lyrics.vtt",
)
RHYTHM = Rhythm(
    tempo_bpm=120.5,
    beat_count=240,
    time_signature="4/4",
    beat_confidence=0.95,
    rhythm_regularity=0.9,
    beats="beats.json",
)
REFINED = RHYTHM.model_copy(update={"tempo_bpm": 60.2, "beat_count": 120, "refined": True})
WALTZ = CountedRhythm(tempo_bpm=241.0, beat_count=479, time_signature="3/4")
"""As a user counts it."""
SILENCE = LYRICS.model_copy(update={"language": None, "word_count": 0})
NO_PULSE = Rhythm(
    tempo_bpm=None,
    beat_count=0,
    time_signature=None,
    beat_confidence=None,
    rhythm_regularity=None,
    beats="beats.json",
)
RESULTS: dict[Task, Result] = {
    Task.STEM_SEPARATION: STEMS,
    Task.TRANSCRIPTION: LYRICS,
    Task.BEAT_ANALYSIS: RHYTHM,
}
NOTHING_FOUND = RESULTS | {Task.TRANSCRIPTION: SILENCE, Task.BEAT_ANALYSIS: NO_PULSE}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def submitted(*tasks: Task, name: str = "espresso.mp3", job_id: str = JOB_ID) -> JobSubmitted:
    song = Song(name=name, file_size=4_500_000, audio_duration=180.0)
    return JobSubmitted(job_id=job_id, at=START, song=song, options=Options(tasks=tasks or tuple(Task)))


def _stamp(task: Task, at: float, place: dict[str, Any]) -> dict[str, Any]:
    return {"job_id": JOB_ID, "at": after(at), "task": task, "attempt": 1, "seq": 1} | place


def started(task: Task, at: float = 1, **place: Any) -> TaskStarted:
    return TaskStarted(**_stamp(task, at, {"seq": 0} | place))


def progressed(task: Task, progress: int, at: float = 30, **place: Any) -> TaskProgressed:
    return TaskProgressed(**_stamp(task, at, place), progress=progress)


def previewed(lines: int, at: float = 40, **place: Any) -> TaskPreviewed:
    return TaskPreviewed(**_stamp(Task.TRANSCRIPTION, at, {"seq": 2} | place), lines=lines)


def completed(task: Task, at: float = 60, seconds: float = 5.0, **place: Any) -> TaskCompleted:
    return TaskCompleted(**_stamp(task, at, {"seq": 9} | place), result=RESULTS[task], processing_time=seconds)


def found_nothing(task: Task, at: float = 60, **place: Any) -> TaskCompleted:
    return completed(task, at, **place).model_copy(update={"result": NOTHING_FOUND[task]})


def refined(task: Task, at: float = 80, **place: Any) -> TaskCompleted:
    better = REFINED if task is Task.BEAT_ANALYSIS else RESULTS[task]
    return completed(task, at, **place).model_copy(update={"result": better, "refined": True})


def corrected(number: int = 1, at: float = 90, rhythm: CountedRhythm | None = WALTZ) -> RhythmCorrected:
    return RhythmCorrected(job_id=JOB_ID, at=after(at), number=number, rhythm=rhythm)


def corrected_lyrics(number: int = 1, at: float = 90, words: int | None = 7) -> LyricsCorrected:
    lyrics = None if words is None else CorrectedLyrics(word_count=words)
    return LyricsCorrected(job_id=JOB_ID, at=after(at), number=number, lyrics=lyrics)


def failed(task: Task, at: float = 60, **place: Any) -> TaskFailed:
    said = {"summary": "Unsupported audio format", "error": "Unsupported audio format: .xyz", "error_code": "format"}
    return TaskFailed(**_stamp(task, at, {"seq": 9} | place), **said)
