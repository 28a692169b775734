import asyncio
from random import Random

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from services.status.database.store import Store
from shared.events import Event, Song
from shared.job import fold_all
from shared.tasks import Task
from tests.fakes import JOB_ID, completed, failed, progressed, submitted
from tests.histories import histories

SAME_STORE = [HealthCheck.function_scoped_fixture]


@settings(max_examples=60, suppress_health_check=SAME_STORE)
@given(histories, st.randoms(use_true_random=False))
async def test_the_store_folds_like_the_pure_function(store: Store, history: list[Event], random: Random) -> None:
    shuffled = [*history, *random.choices(history, k=5)]
    random.shuffle(shuffled)
    await store.delete(JOB_ID)
    for start in range(0, len(shuffled), 7):
        await store.fold(shuffled[start : start + 7])
    assert await store.get(JOB_ID) == fold_all(history)


async def test_three_replicas_fold_one_job_at_the_same_time(store: Store, mongo_url: str) -> None:
    events: list[Event] = [
        submitted(),
        *(progressed(task, n, seq=n) for n in range(60) for task in Task),
        completed(Task.BEAT_ANALYSIS),
    ]
    async with (
        Store.connected(mongo_url, store._database.name) as second,
        Store.connected(mongo_url, store._database.name) as third,
    ):
        replicas = (store, second, third)
        shuffled = [Random(n).sample(events, len(events)) for n in range(3)]
        await asyncio.gather(
            *(
                replica.fold(part[n : n + 10])
                for replica, part in zip(replicas, shuffled, strict=True)
                for n in range(0, len(part), 10)
            )
        )
    assert await store.get(JOB_ID) == fold_all(events)


async def test_text_that_looks_like_an_expression_is_stored_as_text(store: Store) -> None:
    song = Song(name="$where{$gt: ''}.mp3", file_size=1, audio_duration=1)
    submission = submitted().model_copy(update={"song": song})
    await store.fold([submission])
    assert await store.get(JOB_ID) == fold_all([submission])


async def test_a_job_whose_last_task_lost_its_input_is_not_read_as_unfinished(store: Store) -> None:
    await store.fold([submitted(), failed(Task.STEM_SEPARATION), completed(Task.BEAT_ANALYSIS)])
    assert await store.unfinished_rows({}) == []
