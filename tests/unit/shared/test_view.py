import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import AudioFacts, CorrectedLyrics, Event, JobCancelled, JobSubmitted, TasksRerun, decode, encode
from shared.job import fold, fold_all
from shared.tasks import Task
from shared.view import slug, view
from tests.fakes import (
    JOB_ID,
    WALTZ,
    after,
    completed,
    corrected,
    corrected_lyrics,
    failed,
    found_nothing,
    previewed,
    progressed,
    refined,
    started,
    submitted,
)

SEPARATION, TRANSCRIPTION, BEATS = Task


def test_a_job_is_queued_until_a_task_starts() -> None:
    assert view(fold_all([submitted()]), after(5)).status == "queued"
    assert view(fold_all([submitted(), started(BEATS)]), after(5)).status == "processing"


def test_a_failed_separation_skips_the_transcription_and_waits_for_the_beats() -> None:
    events: list[Event] = [submitted(), failed(SEPARATION), progressed(BEATS, 40)]
    document = view(fold_all(events), after(99))
    assert (document.status, document.transcription.status) == ("processing", "skipped")
    document = view(fold_all([*events, completed(BEATS)]), after(99))
    assert (document.status, document.progress, document.current_step) == ("failed", 0, "stem_separation")


def test_an_attempt_that_starts_over_does_not_lower_the_bar() -> None:
    events: list[Event] = [
        submitted(),
        progressed(SEPARATION, 80),
        started(SEPARATION, attempt=2),
        progressed(SEPARATION, 3, attempt=2),
    ]
    document = view(fold_all(events), after(40))
    assert (document.stem_separation.progress, document.stem_separation.attempt) == (80, 2)


def test_a_retry_starts_the_bars_of_its_tasks_again() -> None:
    retry = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(SEPARATION, TRANSCRIPTION))
    document = view(
        fold_all([submitted(), progressed(SEPARATION, 80), failed(SEPARATION), completed(BEATS), retry]), after(80)
    )
    assert (document.stem_separation.status, document.stem_separation.progress) == ("queued", 0)
    assert (document.transcription.status, document.beat_analysis.status) == ("queued", "completed")
    assert (document.status, document.error_message) == ("processing", None)


def test_a_cancelled_job_is_failed_for_clients_that_know_no_other_end() -> None:
    events: list[Event] = [
        submitted(),
        completed(BEATS),
        started(SEPARATION),
        JobCancelled(job_id=JOB_ID, at=after(90)),
    ]
    document = view(fold_all(events), after(99))
    assert (document.status, document.error_code, document.processing_time) == ("failed", "cancelled", 90.0)
    assert (document.stem_separation.status, document.beat_analysis.status) == ("skipped", "skipped")
    assert document.beat_analysis.beats_path is None


def test_the_processing_time_of_an_ended_job_stands_still() -> None:
    job = fold_all([submitted(BEATS), completed(BEATS, at=60), progressed(BEATS, 5, at=500, attempt=2)])
    assert view(job, after(1000)).processing_time == 60


def test_a_refined_result_replaces_the_first_and_reopens_nothing() -> None:
    first: list[Event] = [submitted(SEPARATION, BEATS), completed(BEATS, at=20), completed(SEPARATION, at=60)]
    before, after_it = view(fold_all(first)), view(fold_all([*first, refined(BEATS, at=4000)]))
    assert (before.beat_analysis.tempo_bpm, before.beat_analysis.refined) == (120.5, False)
    assert (after_it.beat_analysis.tempo_bpm, after_it.beat_analysis.refined) == (60.2, True)
    assert (before.status, after_it.status, after_it.progress) == ("completed", "completed", 100)
    assert before.processing_time == after_it.processing_time == 60
    assert (after_it.run, after_it.current_step) == (0, "completed")
    assert after_it.updated_at > before.updated_at


def test_a_refinement_that_comes_first_is_shown_and_the_late_first_pass_changes_nothing() -> None:
    events: list[Event] = [submitted(SEPARATION, BEATS), completed(SEPARATION, at=60), refined(BEATS, at=70)]
    shown = view(fold_all(events))
    late: list[Event] = [started(BEATS, at=65), progressed(BEATS, 50, at=66, attempt=2), completed(BEATS, at=67)]
    assert shown.status == "completed"
    assert view(fold_all([*events, *late])) == shown


def test_a_correction_outlasts_refined_repeated_and_late_results_and_ends_nothing() -> None:
    song: list[Event] = [submitted(SEPARATION, BEATS), completed(SEPARATION, at=60), completed(BEATS, at=50)]
    later: list[Event] = [refined(BEATS, at=100), completed(BEATS, at=120, attempt=2), refined(BEATS, at=130, run=1)]
    heard = view(fold_all(song)).beat_analysis
    assert (heard.tempo_bpm, heard.corrected) == (120.5, False)
    for order in ([*song, corrected(), *later], [*later, *song, corrected()], [corrected(), *song, *later]):
        document = view(fold_all(order))
        shown = document.beat_analysis
        assert shown.model_dump().items() >= WALTZ.model_dump().items()
        assert (shown.corrected, shown.refined, shown.beat_confidence) == (True, True, 0.95)
        assert (document.status, document.processing_time) == ("completed", 60.0)
    taken_back = view(fold_all([*song, corrected(2, rhythm=None), corrected(1), corrected(2, rhythm=None)]))
    assert taken_back.beat_analysis == heard.model_copy(update={"revision": 2})
    assert view(fold_all([submitted(), corrected()])).beat_analysis.corrected is None


def test_corrected_lyrics_outlast_repeated_and_late_results_and_end_nothing() -> None:
    song: list[Event] = [submitted(TRANSCRIPTION), completed(TRANSCRIPTION, at=60)]
    later: list[Event] = [completed(TRANSCRIPTION, at=120, attempt=2), completed(TRANSCRIPTION, at=130, run=1)]
    heard = view(fold_all(song)).transcription
    assert (heard.word_count, heard.corrected) == (42, False)
    for order in ([*song, corrected_lyrics(), *later], [*later, *song, corrected_lyrics()]):
        document = view(fold_all(order))
        assert (document.transcription.word_count, document.transcription.corrected) == (7, True)
        assert (document.status, document.transcription.language) == ("completed", "en")
    reviewed = corrected_lyrics(3).model_copy(
        update={"lyrics": CorrectedLyrics(word_count=7, review=0.1, doubtful_line_count=1)}
    )
    document = view(fold_all([*song, reviewed, *later]))
    assert (document.transcription.review, document.transcription.doubtful_line_count) == (0.1, 1)
    taken_back = [*song, corrected_lyrics(2, words=None), corrected_lyrics(1), corrected()]
    assert heard.revision == 0
    assert view(fold_all(taken_back)).transcription == heard.model_copy(update={"revision": 2})
    assert view(fold_all([submitted(), corrected_lyrics()])).transcription.corrected is None


@pytest.mark.parametrize(("words", "notes"), [(None, ["no_singing"]), (0, ["lyrics_deleted"]), (7, [])])
def test_words_that_a_user_adds_remove_the_note_that_there_are_none(words: int | None, notes: list[str]) -> None:
    job = fold_all([submitted(TRANSCRIPTION), found_nothing(TRANSCRIPTION), corrected_lyrics(words=words)])
    assert [note.code for note in view(job).notes] == notes


def shown_partial(*events: Event) -> tuple[bool | None, int | None]:
    transcription = view(fold_all([submitted(TRANSCRIPTION), *events])).transcription
    return transcription.partial, transcription.partial_lines


def test_partial_lyrics_are_shown_until_the_transcription_ends_whatever_the_order_of_events() -> None:
    running: list[Event] = [started(TRANSCRIPTION), previewed(3), progressed(TRANSCRIPTION, 60, seq=3), previewed(8)]
    for order in permutations(running):
        assert shown_partial(*order) == (True, 8)
    for end, shown in ((completed(TRANSCRIPTION), False), (failed(TRANSCRIPTION), None)):
        for order in permutations([*running, end]):
            assert shown_partial(*order) == (shown, None)


def test_partial_lyrics_are_no_result_for_clients_that_know_only_the_others() -> None:
    document = view(fold_all([submitted(TRANSCRIPTION), started(TRANSCRIPTION), previewed(3)]))
    lyrics = document.transcription
    assert (document.status, lyrics.status, lyrics.transcription_path, lyrics.word_count) == (
        *("processing", "processing"),
        *(None, None),
    )


def test_partial_lyrics_of_an_earlier_attempt_or_run_are_not_shown() -> None:
    first: list[Event] = [started(TRANSCRIPTION), previewed(8)]
    again: list[Event] = [TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(TRANSCRIPTION,))]
    for later in ([started(TRANSCRIPTION, attempt=2)], again, [*again, started(TRANSCRIPTION, run=1)]):
        for order in permutations([*first, *later]):
            assert shown_partial(*order) == (None, None)
    second: list[Event] = [started(TRANSCRIPTION, attempt=2), previewed(1, attempt=2)]
    for order in permutations([*first, *second]):
        assert shown_partial(*order) == (True, 1)


def test_a_cancelled_or_skipped_transcription_has_no_partial_lyrics() -> None:
    running: list[Event] = [started(TRANSCRIPTION), previewed(8)]
    assert shown_partial(*running, JobCancelled(job_id=JOB_ID, at=after(90))) == (None, None)
    skipped = view(fold_all([submitted(), *running, failed(SEPARATION)])).transcription
    assert (skipped.status, skipped.partial) == ("skipped", None)


def test_a_partial_result_of_a_task_without_one_changes_nothing() -> None:
    running = fold_all([submitted(BEATS), started(BEATS, at=90)])
    assert view(fold(running, previewed(3).model_copy(update={"task": BEATS}))) == view(running)


def test_a_separation_that_was_run_again_refines_the_beats_of_the_run_before() -> None:
    retry = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(SEPARATION,))
    events: list[Event] = [submitted(SEPARATION, BEATS), failed(SEPARATION), completed(BEATS), retry]
    events += [completed(SEPARATION, at=100, run=1), refined(BEATS, at=110, run=1)]
    document = view(fold_all(events))
    assert (document.status, document.run, document.beat_analysis.refined) == ("completed", 1, True)


def test_a_refinement_of_the_run_before_does_not_end_a_task_that_runs_again() -> None:
    retry = TasksRerun(job_id=JOB_ID, at=after(70), run=1, tasks=(BEATS,))
    events: list[Event] = [submitted(SEPARATION, BEATS), completed(SEPARATION), failed(BEATS), retry]
    document = view(fold_all([*events, refined(BEATS, at=80)]))
    assert (document.status, document.beat_analysis.status) == ("processing", "queued")


@given(st.lists(st.tuples(st.sampled_from(Task), st.integers(0, 100), st.integers(1, 3)), max_size=30))
def test_progress_never_falls_while_a_job_lives(steps: list[tuple[Task, int, int]]) -> None:
    job, shown = fold_all([submitted()]), 0
    for seq, (task, percent, attempt) in enumerate(steps):
        job = fold(job, progressed(task, percent, seq=seq, attempt=attempt))
        document = view(job, after(1))
        assert shown <= document.progress <= 100
        shown = document.progress


def test_a_path_holds_only_letters_digits_and_dashes_of_the_users_name() -> None:
    assert slug("Café del Mar (live).MP3") == "cafe-del-mar-live"
    assert slug("../../etc/passwd") == "passwd"
    assert slug("🎤.wav") == "song"
    assert len(slug("x" * 4000)) == 40


def test_a_submission_of_an_older_gateway_has_no_facts_about_its_audio() -> None:
    old = json.loads(encode(submitted()))
    del old["song"]["audio"]
    event = decode(json.dumps(old).encode())
    assert isinstance(event, JobSubmitted)
    assert event.song.audio == AudioFacts()
    assert view(fold_all([event])).audio_filled_seconds == 0


def test_the_document_says_how_much_sound_is_missing() -> None:
    song = submitted().song.model_copy(update={"audio": AudioFacts(filled_seconds=1.5)})
    assert view(fold_all([submitted().model_copy(update={"song": song})])).audio_filled_seconds == 1.5
