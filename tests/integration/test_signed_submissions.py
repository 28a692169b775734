"""Only the gateway, which has the secret, can make a job and say whose it is; on a real broker and database."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldValue
from pydantic import SecretStr

from services.status.api import create_app as create_status
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.settings import Settings
from services.status.sweeps.orphans import Orphans
from services.status.sweeps.stalled import recover_stalled_tasks
from shared.broker.bus import Bus
from shared.broker.topology import DEAD_LETTERS, STATUS_QUEUE, dead_letter_queue
from shared.events import JobSubmitted, encode
from shared.signing import Signer
from shared.storage.job_files import BEATS as BEATS_FILE
from shared.storage.job_files import MANIFEST, SIGNATURE, SONG, Storage
from shared.tasks import Task
from shared.telemetry.metrics import EVENTS_REFUSED
from shared.web.health import Health
from tests.audio import tone
from tests.fakes import JOB_ID, submitted
from tests.system import KEYS, PHONE, WEB, gateway, recent, status_service, until

BEATS = Task.BEAT_ANALYSIS
SIGNER = Signer(SecretStr("a secret of thirty-two characters"))
OTHER = Signer(SecretStr("another one of thirty-two characters"))
AT_ONCE = timedelta(0)


def owned(owner: str | None, job_id: str = JOB_ID) -> JobSubmitted:
    return JobSubmitted.model_validate(dict(recent(submitted(BEATS, job_id=job_id))) | {"owner": owner})


@pytest.fixture
async def signing(amqp_url: str, channel: AbstractChannel) -> AsyncIterator[Bus]:
    async with Bus(amqp_url, "test", signer=SIGNER) as bus:
        yield bus


@pytest.fixture
def storage(storage: Storage) -> Storage:
    """Verify manifests, and sign those that the test stores."""
    storage._signer = SIGNER
    return storage


async def _owner(store: Store) -> str | None:
    job = await store.get(JOB_ID)
    return job.submission.owner if job and job.submission else None


async def test_a_submission_by_another_service_changes_no_job_whenever_it_arrives(
    signing: Bus, bus: Bus, store: Store, amqp_url: str
) -> None:
    """By its digest, one of so many forged submissions would win without the signature."""
    unsigned = EVENTS_REFUSED.labels("unsigned")
    before = unsigned._value.get()
    async with Bus(amqp_url, "test", signer=OTHER) as other, Consumer(signing, store).consuming():
        for number in range(10):
            await bus.publish(owned(f"thief-{number}"))
        await signing.publish(owned("alice"))
        for number in range(10):
            await other.publish(owned(f"thief-{number}"))
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
        await until(lambda: _owner(store), "alice")
    assert unsigned._value.get() - before == 20
    assert await _owner(store) == "alice"
    assert await signing.backlog(dead_letter_queue(STATUS_QUEUE)) == 0


async def test_a_signature_of_one_submission_fits_no_other(
    signing: Bus, store: Store, channel: AbstractChannel
) -> None:
    exchange = await channel.get_exchange("karaoke")
    signatures: list[FieldValue] = [str(SIGNER.sign(encode(owned("alice", "other")))), "\u00e4", 5, ["x"]]
    for signature in signatures:
        message = aio_pika.Message(encode(owned("thief")), headers={"x-signature": signature})
        await exchange.publish(message, "job_submitted.ready")
    async with Consumer(signing, store).consuming():
        await signing.publish(owned("alice"))
        await until(lambda: _owner(store), "alice")
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
    assert await _owner(store) == "alice"


async def test_a_dead_letter_is_not_signed_by_status(signing: Bus, store: Store, channel: AbstractChannel) -> None:
    dead = await channel.get_exchange(DEAD_LETTERS)
    async with Consumer(signing, store).consuming():
        await dead.publish(aio_pika.Message(encode(owned("thief"))), STATUS_QUEUE)
        await signing.publish(owned("alice", "other"))
        await until(lambda: signing.backlog(dead_letter_queue(STATUS_QUEUE)), 0)
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
    assert await store.get(JOB_ID) is None


async def test_a_lost_submission_that_status_publishes_again_is_signed(signing: Bus, store: Store) -> None:
    await store.fold([owned("alice")])
    before = EVENTS_REFUSED.labels("unsigned")._value.get()
    await recover_stalled_tasks(signing, store, AT_ONCE)
    assert await signing.backlog(BEATS.queue) == 1
    async with Consumer(signing, store).consuming():
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
    assert EVENTS_REFUSED.labels("unsigned")._value.get() == before


async def test_a_manifest_counts_only_with_its_signature(signing: Bus, store: Store, storage: Storage) -> None:
    """Each sweep restores a lost job from its manifest, or removes files that belong to no job."""
    app = create_status(store, storage, Health(store.check), Settings())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://status") as client:
        for job_id in ("signed", "unsigned", "copied"):
            await storage.put_manifest(owned("alice", job_id))
            await storage.mark_announced(job_id)
        await storage.put(f"unsigned/{MANIFEST}", encode(owned("thief", "unsigned")))
        await storage.put(f"copied/{MANIFEST}", await storage.get(f"signed/{MANIFEST}"))
        await storage.put(f"copied/{SIGNATURE}", await storage.get(f"signed/{SIGNATURE}"))
        answers = [
            (await client.get(f"/api/status/{job_id}")).status_code for job_id in ("signed", "unsigned", "copied")
        ]
    assert answers == [200, 404, 404]
    await Orphans(signing, store, storage, AT_ONCE).sweep()
    jobs = [await store.get(job_id) for job_id in ("signed", "unsigned", "copied")]
    assert [bool(job and job.submission) for job in jobs] == [True, False, False]


async def test_a_gateway_signs_no_manifest_that_another_service_wrote(
    signing: Bus, store: Store, storage: Storage
) -> None:
    files, key = {"file": ("song.wav", tone(2))}, {"Idempotency-Key": "mine"}
    async with (
        status_service(store, storage) as url,
        Consumer(signing, store).consuming(),
        gateway(signing, storage, status_url=url) as client,
    ):
        job_id = (await client.post("/api/process", files=files, headers=key)).json()["job_id"]
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
        await store.delete(job_id)
        await storage.delete_job(job_id)
        await storage.put(f"{job_id}/{MANIFEST}", encode(owned("thief", job_id)))
        assert (await client.post("/api/process", files=files, headers=key)).json()["job_id"] == job_id
        await until(lambda: signing.backlog(STATUS_QUEUE), 0)
        manifest = await storage.signed_manifest(job_id)
        assert manifest
        assert manifest.owner is None
        assert await storage.head(f"{job_id}/{SONG}")


@pytest.mark.parametrize("signature", ["missing", "of another job"])
async def test_a_manifest_that_another_service_wrote_gives_nobody_the_results(
    signing: Bus, store: Store, storage: Storage, signature: str
) -> None:
    """Without a genuine manifest, also of a job from before there was a secret, the owner that status knows counts."""
    await store.fold([owned("web")])
    await storage.put_manifest(owned("web"))
    await storage.put(f"{JOB_ID}/{BEATS_FILE}", b"{}")
    async with status_service(store, storage) as url, gateway(signing, storage, status_url=url, **KEYS) as client:

        async def answers() -> list[int]:
            path = f"/api/jobs/{JOB_ID}/beats.json"
            return [(await client.get(path, headers={"X-API-Key": key})).status_code for key in (WEB, PHONE)]

        assert await answers() == [200, 404]
        await storage.put(f"{JOB_ID}/{MANIFEST}", encode(owned("phone")))
        if signature == "missing":
            await storage.delete(f"{JOB_ID}/{SIGNATURE}")
        assert await answers() == [200, 404]
