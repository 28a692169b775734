import pytest

from shared.events import AudioFacts, Event, FoundAt, GivenTimes, JobCancelled, Lyrics, Result
from shared.job import fold_all
from shared.notes import notes
from shared.tasks import Task
from shared.view import view
from tests.fakes import JOB_ID, LYRICS, NO_PULSE, RESULTS, RHYTHM, SILENCE, after, completed, found_nothing, submitted

FOUND_AT = FoundAt(server="lrclib.net", entry=12, url="https://lrclib.net/api/get/12")
FOUND = LYRICS.model_copy(update={"found_at": FOUND_AT})
DOUBTFUL = LYRICS.model_copy(update={"language_probability": 0.413})


def times_of_lyrics(*, used: bool, shift: float = 0) -> Lyrics:
    return LYRICS.model_copy(update={"given_times": GivenTimes(used=used, shift=shift)})


def codes(audio: AudioFacts, *results: Result) -> list[str]:
    return [note.code for note in notes(audio, results)]


def test_nothing_is_noted_about_an_ordinary_song() -> None:
    certain = LYRICS.model_copy(update={"language_probability": 0.97})
    assert codes(AudioFacts(channels=2, gain_db=-0.4), RHYTHM, LYRICS, certain, times_of_lyrics(used=True)) == []


@pytest.mark.parametrize(
    ("audio", "code", "words"),
    [
        (AudioFacts(filled_seconds=5), "audio_gaps_filled", "5.0 s"),
        (AudioFacts(filled_seconds=0.026), "audio_gaps_filled", "26 ms"),
        (AudioFacts(channels=1), "mono_source", "mono"),
        (AudioFacts(gain_db=-6.02, clipped=True), "clipping_source", "6.0 dB"),
        (AudioFacts(clipped=True), "clipping_source", "distorted"),
    ],
)
def test_an_unusual_upload_is_noted(audio: AudioFacts, code: str, words: str) -> None:
    (note,) = notes(audio, [])
    assert note.code == code
    assert words in note.message


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        (SILENCE, "no_singing", "No singing"),
        (DOUBTFUL, "language_uncertain", "en with a probability of 41%"),
        (times_of_lyrics(used=True, shift=-1.52), "lyrics_times_shifted", "1.5 s late"),
        (times_of_lyrics(used=True, shift=3.04), "lyrics_times_shifted", "3.0 s early"),
        (times_of_lyrics(used=False), "lyrics_times_ignored", "do not fit"),
        (FOUND, "lyrics_found", "lrclib.net (entry 12)"),
        (NO_PULSE, "tempo_uncertain", "No steady beat"),
        (RHYTHM.model_copy(update={"beat_confidence": 0.45}), "tempo_uncertain", "45%"),
    ],
)
def test_a_doubtful_result_is_noted(result: Result, code: str, words: str) -> None:
    (note,) = notes(AudioFacts(), [result])
    assert note.code == code
    assert words in note.message


def test_notes_about_the_upload_come_first() -> None:
    audio = AudioFacts(filled_seconds=1, channels=1, clipped=True)
    assert codes(audio, SILENCE, NO_PULSE) == [
        "audio_gaps_filled",
        "mono_source",
        "clipping_source",
        "no_singing",
        "tempo_uncertain",
    ]


def test_the_document_has_the_notes_of_the_latest_results() -> None:
    events: list[Event] = [submitted(), *(completed(task) for task in RESULTS)]
    assert view(fold_all(events)).notes == ()
    instrumental: list[Event] = [submitted(), found_nothing(Task.TRANSCRIPTION)]
    assert [note.code for note in view(fold_all(instrumental)).notes] == ["no_singing"]
    cancelled = JobCancelled(job_id=JOB_ID, at=after(90))
    assert view(fold_all([*instrumental, cancelled])).notes == ()
