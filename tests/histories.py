"""Random histories of one job, for property tests."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st

from shared.events import (
    AlignmentCompleted,
    AlignmentFailed,
    AlignmentRequested,
    CorrectedLyrics,
    CountedRhythm,
    Event,
    JobCancelled,
    JobExpired,
    LyricsCorrected,
    RhythmCorrected,
    TaskEvent,
    TasksRerun,
)
from shared.tasks import Task
from tests.fakes import (
    JOB_ID,
    START,
    completed,
    failed,
    found_nothing,
    previewed,
    progressed,
    refined,
    started,
    submitted,
)

tasks = st.sampled_from(Task)
moments = st.integers(0, 1000).map(lambda seconds: START + timedelta(seconds=seconds))
places = st.fixed_dictionaries(
    {"run": st.integers(0, 2), "attempt": st.integers(1, 3), "seq": st.integers(0, 5), "at": st.integers(0, 1000)}
)
counts = st.sampled_from([None, CountedRhythm(tempo_bpm=60, beat_count=9, time_signature="3/4")])

numbers, codes = st.integers(1, 2), st.just("no")
aligned = st.just(CorrectedLyrics(word_count=9))
corrections = st.sampled_from([None, CorrectedLyrics(word_count=0), CorrectedLyrics(word_count=7)])


def _task_event(make: Callable[..., TaskEvent], task: Task, place: dict[str, int], progress: int) -> TaskEvent:
    place = dict(place)
    at = place.pop("at")
    if make is previewed:
        return make(1 + progress, at, **place)
    return make(task, progress, at, **place) if make is progressed else make(task, at, **place)


events: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from([submitted(), submitted(name="by another gateway.mp3")]),
    st.builds(TasksRerun, job_id=st.just(JOB_ID), at=moments, run=st.integers(1, 2), tasks=st.tuples(tasks)),
    st.builds(RhythmCorrected, job_id=st.just(JOB_ID), at=moments, number=st.integers(1, 2), rhythm=counts),
    st.builds(LyricsCorrected, job_id=st.just(JOB_ID), at=moments, number=st.integers(1, 2), lyrics=corrections),
    st.builds(AlignmentRequested, job_id=st.just(JOB_ID), at=moments, number=numbers),
    st.builds(
        AlignmentFailed, job_id=st.just(JOB_ID), at=moments, number=numbers, error=st.just("no"), error_code=codes
    ),
    st.builds(
        AlignmentCompleted, job_id=st.just(JOB_ID), at=moments, number=numbers, correction=numbers, lyrics=aligned
    ),
    st.builds(JobCancelled, job_id=st.just(JOB_ID), at=moments),
    st.builds(JobExpired, job_id=st.just(JOB_ID), at=moments),
    st.builds(
        _task_event,
        st.sampled_from([started, progressed, previewed, completed, found_nothing, refined, failed]),
        tasks,
        places,
        st.integers(0, 100),
    ),
)
histories = st.lists(events, min_size=1, max_size=25)
