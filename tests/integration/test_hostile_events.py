"""No event, whatever its contents, stops a service or costs another job anything."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from socket import EAI_NONAME, gaierror
from typing import Any

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractChannel
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from deploy.local.ports import LOOPBACK
from services.status.callbacks.dispatcher import CallbackDispatcher
from services.status.callbacks.sender import CallbackSender, callback_session
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.queue.snapshots import Snapshots
from services.status.read.documents import Documents
from services.status.settings import Settings
from services.status.sweeps.orphans import Orphans
from services.status.sweeps.stalled import recover_stalled_tasks
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import Bus
from shared.broker.topology import EXCHANGE, STATUS_QUEUE, TASK_QUEUES, dead_letter_queue
from shared.events import JobSubmitted
from shared.job import ready
from shared.storage.job_files import MANIFEST, SONG
from shared.tasks import Task
from shared.telemetry.metrics import EVENTS_REFUSED, JOBS_LEFT_OUT
from tests.fakes import completed, started, submitted
from tests.hostile_events import JOB_IDS, bodies, expanded, messages, routing_key
from tests.integration.receiver import Receiver
from tests.system import Bench, recent, until

BEATS = Task.BEAT_ANALYSIS
SECRET = SecretStr("a secret of thirty-two characters")
AT_ONCE = timedelta(0)
QUEUES = (STATUS_QUEUE, *map(dead_letter_queue, (*TASK_QUEUES, STATUS_QUEUE)))


async def resolve_nothing_else(host: str, port: int) -> list[str]:
    if host == LOOPBACK:
        return [host]
    raise gaierror(EAI_NONAME, "no such host")


def beats_job(job_id: str, **fields: object) -> JobSubmitted:
    return recent(JobSubmitted.model_validate(dict(submitted(BEATS, job_id=job_id)) | fields))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    hostile=st.lists(messages, min_size=20, max_size=40),
    manifests=st.dictionaries(st.sampled_from(JOB_IDS), bodies, max_size=2),
)
async def test_hostile_events_harm_no_other_job(
    hostile: Sequence[tuple[bytes, dict[str, Any]]],
    manifests: Mapping[str, bytes],
    store: Store,
    bench: Bench,
    channel: AbstractChannel,
    status_client: httpx2.AsyncClient,
    tmp_path: Path,
) -> None:
    bus, storage = bench.bus, bench.storage
    await store.jobs.delete_many({})
    await store.callbacks.delete_many({})
    for job_id, manifest in manifests.items():
        await storage.put(f"{job_id}/{MANIFEST}", expanded(manifest))
        await storage.mark_announced(job_id)
    receiver = Receiver()
    good, silent = beats_job("good", callback_url=receiver.url), beats_job("silent")
    for job in (good, silent):
        await storage.put(f"{job.job_id}/{SONG}", b"a song")
        await storage.put_manifest(job)
    refused, left_out = EVENTS_REFUSED.labels("unfoldable")._value.get(), JOBS_LEFT_OUT._value.get()
    documents = Documents(store, storage, Snapshots(store), timedelta(hours=24))
    async with receiver.listening(), callback_session() as session:
        sender = CallbackSender(session, [ip_network(f"{LOOPBACK}/32")], resolve_nothing_else)
        dispatcher = CallbackDispatcher(store, documents, sender, SECRET)
        async with (
            dispatcher.delivering(grace_seconds=1),
            Consumer(bus, store, callbacks=dispatcher).consuming(),
            bench.worker("succeed"),
        ):
            exchange = await channel.get_exchange(EXCHANGE)
            for body, headers in hostile:
                message = aio_pika.Message(
                    expanded(body), headers=headers, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
                )
                await exchange.publish(message, routing_key(body))
                await exchange.publish(message, "job_cancelled.ready")  # to each worker
            await bus.publish(started(BEATS).model_copy(update={"job_id": "silent"}))
            await bus.publish(silent)
            await bus.publish(good, ready(good, good))
            await until(lambda: _state(status_client, "good"), "completed")
            await until(lambda: _waiting(bus), 0)
            await recover_stalled_tasks(bus, store, AT_ONCE)
            await until(lambda: _state(status_client, "silent"), "failed")
            await Orphans(bus, store, storage, AT_ONCE).sweep()
            await until(lambda: _waiting(bus), 0)
            await Sweeper(bus, store, storage, Settings()).sweep()
            for path in (*JOB_IDS, "good", "silent"):
                assert (await status_client.get(f"/api/status/{path}")).status_code in (200, 404)
            listed = await status_client.get("/api/status", params={"ids": ",".join((*JOB_IDS, "good"))})
            assert "good" in [job["job_id"] for job in listed.json()["jobs"]]
            await until(lambda: _received(receiver), 1)
    assert EVENTS_REFUSED.labels("unfoldable")._value.get() == refused
    # Each of the two loops over orphans leaves out unreadable ones.
    assert JOBS_LEFT_OUT._value.get() - left_out <= 2 * len(manifests)


async def _state(client: httpx2.AsyncClient, job_id: str) -> str:
    return str((await client.get(f"/api/status/{job_id}")).json().get("status"))


async def _waiting(bus: Bus) -> int:
    return sum([await bus.backlog(queue) for queue in (*QUEUES, BEATS.queue)])


async def _received(receiver: Receiver) -> int:
    return len(receiver.requests)


async def test_one_event_that_cannot_be_folded_becomes_a_dead_letter_and_is_given_up(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's fault stands for one that is not known yet."""
    fold, tried = store.fold, 0

    async def fold_unless_poisoned(events: Sequence[Any]) -> None:
        nonlocal tried
        if any(event.job_id == "poison" for event in events):
            tried += len(events) == 1
            raise OverflowError("MongoDB can only handle up to 8-byte ints")
        await fold(events)

    monkeypatch.setattr(store, "fold", fold_unless_poisoned)
    before = EVENTS_REFUSED.labels("unfoldable")._value.get()

    async def is_given_up() -> bool:
        refused = EVENTS_REFUSED.labels("unfoldable")._value.get() - before
        return bool(refused == 11 and await _waiting(bus) == 0)

    for number in range(20):
        await bus.publish(beats_job(f"good-{number}"))
    await bus.publish(beats_job("poison"))
    await bus.publish(completed(BEATS).model_copy(update={"job_id": "good-0"}))
    async with Consumer(bus, store).consuming():
        await until(is_given_up, wanted=True)
        assert await _state(status_client, "good-0") == "completed"
        assert await _state(status_client, "good-19") == "queued"
    assert tried == 11
