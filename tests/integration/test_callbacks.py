"""Callbacks for ended jobs, with a real receiver, database and broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from deploy.local.ports import LOOPBACK
from services.status.callbacks import dispatcher as dispatcher_module
from services.status.callbacks import sender as sender_module
from services.status.callbacks.dispatcher import CallbackDispatcher
from services.status.callbacks.ended_jobs import record_ended_jobs
from services.status.callbacks.sender import CallbackSender, callback_session
from services.status.database import outbox as outbox_module
from services.status.database.outbox import Outbox
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from services.status.queue.snapshots import Snapshots
from services.status.read.documents import Documents
from services.status.settings import Settings
from services.status.sweeps.sweeper import Sweeper
from shared.broker.bus import Bus
from shared.callbacks import lookup
from shared.callbacks.address import owner_secret
from shared.callbacks.lookup import Resolve, resolve
from shared.events import Event, JobCancelled, JobExpired, JobSubmitted, TasksRerun
from shared.storage.job_files import Storage
from shared.tasks import Task
from tests.audio import tone
from tests.fakes import JOB_ID, completed, failed, refined, started, submitted
from tests.integration.receiver import Receiver
from tests.name_server import name_server
from tests.system import gateway, recent, submit, until

BEATS = Task.BEAT_ANALYSIS
SECRET = SecretStr("a secret of thirty-two characters")
HERE = [ip_network(f"{LOOPBACK}/32"), ip_network("::1/128")]  # `localhost` has both
Start = Callable[..., Awaitable[CallbackDispatcher]]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher_module, "FIRST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(dispatcher_module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(sender_module, "SECONDS", 0.5)


@pytest.fixture
async def start(store: Store, storage: Storage) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(callback_session())

        async def start(networks: Sequence[object] = HERE, resolving: Resolve = resolve) -> CallbackDispatcher:
            documents = Documents(store, storage, Snapshots(store), timedelta(hours=24))
            sender = CallbackSender(session, networks, resolving)  # type: ignore[arg-type] # both are networks
            dispatcher = CallbackDispatcher(store, documents, sender, SECRET)
            await stack.enter_async_context(dispatcher.delivering(grace_seconds=1))
            return dispatcher

        yield start


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver().listening() as receiver:
        yield receiver


def song(url: str, owner: str | None = None, job_id: str = JOB_ID) -> JobSubmitted:
    return recent(submitted(BEATS, job_id=job_id)).model_copy(update={"callback_url": url, "owner": owner})


def of(job_id: str, event: Event) -> Event:
    return event.model_copy(update={"job_id": job_id})


async def fold_and_record(store: Store, *events: Event) -> None:
    """Fold and record events as a consumer does whose replica then dies."""
    await store.fold(events)
    await record_ended_jobs(store, Outbox(store), events)


async def received(receiver: Receiver, count: int = 1) -> None:
    async def enough() -> bool:
        return len(receiver.requests) >= count

    await until(enough, wanted=True)


async def state(store: Store, callback_id: str = f"{JOB_ID}.0") -> str:
    kept = await store.callbacks.find_one({"_id": callback_id}) or {}
    return next((name for name in ("due", "told_at", "gave_up_at", "dropped_at") if name in kept), "deleted")


async def test_a_finished_job_sends_a_callback_with_a_valid_signature(
    store: Store, bus: Bus, start: Start, receiver: Receiver
) -> None:
    async with Consumer(bus, store, callbacks=await start()).consuming():
        for event in (song(receiver.url, "web"), started(BEATS), completed(BEATS)):
            await bus.publish(event)
        await received(receiver)
        await until(lambda: state(store), "told_at")
    (request,) = receiver.requests
    document = Webhook(owner_secret(SECRET, "web")).verify(request.body, request.headers)
    assert (document["job_id"], document["status"]) == (JOB_ID, "completed")
    assert "callback_url" not in request.body
    assert request.headers["webhook-id"] == f"{JOB_ID}.0"
    assert request.headers["host"] == f"{LOOPBACK}:{receiver.port}"
    with pytest.raises(WebhookVerificationError):
        Webhook(owner_secret(SECRET, "phone")).verify(request.body, request.headers)


async def test_each_run_and_a_cancellation_send_one_callback_despite_duplicate_events(
    store: Store, start: Start, receiver: Receiver
) -> None:
    await start()
    again = TasksRerun(job_id=JOB_ID, at=datetime.now(UTC), run=1, tasks=(BEATS,))
    cancelled = JobCancelled(job_id=JOB_ID, at=datetime.now(UTC))
    story: list[list[Event]] = [[song(receiver.url), failed(BEATS)], [again, completed(BEATS, run=1)], [cancelled]]
    for number, events in enumerate(story, 1):
        for _ in range(3):
            await fold_and_record(store, *events)
        await received(receiver, number)
    await until(lambda: state(store, f"{JOB_ID}.cancelled"), "told_at")
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids == [f"{JOB_ID}.0", f"{JOB_ID}.1", f"{JOB_ID}.cancelled"]
    assert ['"failed"' in request.body for request in receiver.requests] == [True, False, True]


async def test_a_refinement_after_the_end_sends_no_second_callback(
    store: Store, start: Start, receiver: Receiver
) -> None:
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    await until(lambda: state(store), "told_at")
    await fold_and_record(store, refined(BEATS))
    await fold_and_record(store, of("next", song(receiver.url)), of("next", completed(BEATS)))
    await until(lambda: state(store, "next.0"), "told_at")
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"{JOB_ID}.0", "next.0"]


async def test_an_unfinished_job_or_one_without_a_callback_url_sends_no_callback(store: Store) -> None:
    await fold_and_record(store, song("http://127.0.0.1:1/"), started(BEATS))
    await fold_and_record(store, recent(submitted(BEATS, job_id="unasked")), of("unasked", completed(BEATS)))
    assert await store.callbacks.count_documents({}) == 0
    await fold_and_record(store, completed(BEATS))
    assert await state(store) == "due"


async def test_a_failed_callback_is_retried_with_the_same_id(store: Store, start: Start, receiver: Receiver) -> None:
    receiver.answers = ["500 Internal Server Error", "404 Not Found", "200 OK"]
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    await until(lambda: state(store), "told_at")
    assert [request.headers["webhook-id"] for request in receiver.requests] == [f"{JOB_ID}.0"] * 3


async def test_a_callback_is_delivered_when_its_receiver_is_available_again(store: Store, start: Start) -> None:
    receiver = Receiver()
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    tried = store.callbacks.count_documents

    async def twice() -> bool:
        return bool(await tried({"attempts": {"$gte": 2}}))

    await until(twice, wanted=True)
    async with receiver.listening():
        await until(lambda: state(store), "told_at")


async def test_a_callback_is_superseded_when_its_job_runs_again(store: Store, start: Start, receiver: Receiver) -> None:
    await fold_and_record(store, song(receiver.url), failed(BEATS))
    await fold_and_record(
        store, TasksRerun(job_id=JOB_ID, at=datetime.now(UTC), run=1, tasks=(BEATS,)), started(BEATS, run=1)
    )
    await start()
    await until(lambda: state(store), "dropped_at")
    await fold_and_record(store, completed(BEATS, run=1))
    await until(lambda: state(store, f"{JOB_ID}.1"), "told_at")
    (request,) = receiver.requests
    assert (request.headers["webhook-id"], '"completed"' in request.body) == (f"{JOB_ID}.1", True)


async def test_an_unexpected_error_counts_as_an_attempt(
    store: Store, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(host: str, port: int) -> list[str]:
        raise ZeroDivisionError

    monkeypatch.setattr(dispatcher_module, "RETRY_FOR_SECONDS", 0.3)
    await start(resolving=broken)
    await fold_and_record(store, song("https://example.com/"), completed(BEATS))
    await until(lambda: state(store), "gave_up_at")


async def test_an_invalid_callback_url_does_not_stop_other_jobs_from_being_folded(
    store: Store, bus: Bus, start: Start, receiver: Receiver
) -> None:
    async with Consumer(bus, store, callbacks=await start()).consuming():
        for event in (song("ftp://example.com/", job_id="bad"), of("bad", completed(BEATS)), song(receiver.url)):
            await bus.publish(event)
        await bus.publish(completed(BEATS))
        await until(lambda: state(store), "told_at")
    assert await state(store, "bad.0") == "deleted"


async def test_slow_receivers_do_not_delay_others(
    store: Store, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "SECONDS", 60)  # no slow request ends and is repeated during the test
    async with Receiver([None]).listening() as hanging:
        await start()
        for n in range(dispatcher_module.CONCURRENT * 2):
            await fold_and_record(store, song(hanging.url, job_id=f"slow-{n}"))
            await fold_and_record(store, of(f"slow-{n}", completed(BEATS)))
        await received(hanging, dispatcher_module.PER_HOST)
        await fold_and_record(store, song(receiver.url.replace(LOOPBACK, "localhost")), completed(BEATS))
        await until(lambda: state(store), "told_at")
        assert len(hanging.requests) == dispatcher_module.PER_HOST


async def test_slow_name_servers_of_one_owner_do_not_delay_another_owner(
    store: Store, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((sender_module, "SECONDS"), (sender_module, "LOOKUP_SECONDS"), (lookup, "QUERY_SECONDS")):
        monkeypatch.setattr(module, name, 60)  # no slow look-up ends and is repeated during the test
    slow = {f"slow-{n}.example": f"slow-{n}" for n in range(dispatcher_module.CONCURRENT)}
    async with name_server({"fast.example": LOOPBACK}, slow) as server:

        async def resolving(host: str, port: int) -> list[str]:
            return await resolve(host, port, [server.address])

        await start(resolving=resolving)
        for host, job_id in slow.items():
            await fold_and_record(store, song(f"http://{host}/", "web", job_id), of(job_id, completed(BEATS)))
        await until(lambda: attempted(store, "web"), dispatcher_module.PER_OWNER)
        await fold_and_record(store, song(receiver.url.replace(LOOPBACK, "fast.example"), "phone"), completed(BEATS))
        await until(lambda: state(store), "told_at")
        assert len(server.asked & slow.keys()) == sender_module.LOOKUPS_OF_ONE


async def attempted(store: Store, owner: str) -> int:
    return int(await store.callbacks.count_documents({"owner": owner, "attempts": {"$gte": 1}}))


async def test_a_redirect_is_not_followed(store: Store, start: Start, receiver: Receiver) -> None:
    async with Receiver([f"307 Temporary Redirect\r\nLocation: {receiver.url}", "204 No Content"]).listening() as first:
        await start()
        await fold_and_record(store, song(first.url), completed(BEATS))
        await until(lambda: state(store), "told_at")
        assert (len(first.requests), len(receiver.requests)) == (2, 0)


async def test_a_callback_answered_with_410_is_given_up_at_once(store: Store, start: Start, receiver: Receiver) -> None:
    receiver.answers = ["410 Gone"]
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    await until(lambda: state(store), "gave_up_at")
    assert len(receiver.requests) == 1


async def test_a_callback_is_given_up_after_an_hour(
    store: Store, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = ["503 Service Unavailable"]
    monkeypatch.setattr(dispatcher_module, "RETRY_FOR_SECONDS", 0.3)
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    await until(lambda: state(store), "gave_up_at")
    assert len(receiver.requests) > 1
    await until(lambda: _swept(store), "deleted")


async def _swept(store: Store) -> str:
    await Outbox(store).remove_given_up(0.3)
    return await state(store)


async def test_a_long_response_is_not_read(store: Store, start: Start, receiver: Receiver) -> None:
    receiver.answers, receiver.more = ["200 OK"], bytes(50_000_000)
    await start()
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    await until(lambda: state(store), "told_at")


async def test_a_private_address_gets_no_request(store: Store, start: Start, receiver: Receiver) -> None:
    await start(networks=[])
    await fold_and_record(store, song(receiver.url), completed(BEATS))

    async def tried() -> bool:
        return bool(await store.callbacks.count_documents({"attempts": {"$gte": 2}}))

    await until(tried, wanted=True)
    assert not receiver.requests


async def test_dns_rebinding_does_not_change_the_address(store: Store, start: Start, receiver: Receiver) -> None:
    asked = 0

    async def rebinding(host: str, port: int) -> list[str]:
        """Return an allowed address for the check, and the receiver's after that."""
        nonlocal asked
        assert host == "rebound.example"
        asked += 1
        return ["192.0.2.1" if asked == 1 else LOOPBACK]

    await start(networks=[ip_network("192.0.2.0/24")], resolving=rebinding)  # the network of the first address
    await fold_and_record(store, song(receiver.url.replace(LOOPBACK, "rebound.example")), completed(BEATS))

    async def tried() -> bool:
        return asked >= 3

    await until(tried, wanted=True)
    assert not receiver.requests


async def test_a_request_goes_to_the_checked_address_with_the_host_of_the_url(
    store: Store, start: Start, receiver: Receiver
) -> None:
    async def once(host: str, port: int) -> list[str]:
        return [LOOPBACK]

    await start(resolving=once)
    await fold_and_record(store, song(receiver.url.replace(LOOPBACK, "receiver.example")), completed(BEATS))
    await received(receiver)
    assert receiver.requests[0].headers["host"] == f"receiver.example:{receiver.port}"


async def test_several_replicas_send_each_callback_once(store: Store, start: Start, receiver: Receiver) -> None:
    await asyncio.gather(start(), start(), start())
    for n in range(10):
        await asyncio.gather(*(fold_and_record(store, song(receiver.url, job_id=f"job-{n}")) for _ in range(2)))
        await asyncio.gather(*(fold_and_record(store, of(f"job-{n}", completed(BEATS))) for _ in range(2)))
    for n in range(10):
        await until(lambda n=n: state(store, f"job-{n}.0"), "told_at")  # type: ignore[misc] # a default of a lambda
    assert len(receiver.requests) == 10


async def test_a_callback_claimed_by_a_dead_replica_is_sent_by_another(
    store: Store, start: Start, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LEASE_SECONDS", 0.3)
    await fold_and_record(store, song(receiver.url), completed(BEATS))
    assert await Outbox(store).claim([], [])
    assert await Outbox(store).claim([], []) is None
    await start()
    await until(lambda: state(store), "told_at")
    assert len(receiver.requests) == 1


async def test_a_callback_is_deleted_with_its_job(store: Store, bus: Bus, storage: Storage) -> None:
    await fold_and_record(store, song("http://127.0.0.1:1/"), completed(BEATS))
    await store.fold([JobExpired(job_id=JOB_ID, at=datetime.now(UTC))])
    await Sweeper(bus, store, storage, Settings()).sweep()
    assert await state(store) == "deleted"


OPEN: dict[str, object] = {"webhook_secret": SECRET, "callback_networks": ["127.0.0.1/32"]}


@pytest.mark.parametrize(
    ("url", "settings", "code"),
    [
        ("https://127.0.0.1/", {}, "callbacks_disabled"),
        ("https://127.0.0.2/", OPEN, "invalid_callback_url"),
        ("https://[::1]/", OPEN, "invalid_callback_url"),
        ("ftp://127.0.0.1/", OPEN, "invalid_callback_url"),
        ("https://me:secret@127.0.0.1/", OPEN, "invalid_callback_url"),
        (f"https://127.0.0.1/{'x' * 2000}", OPEN, "invalid_callback_url"),
    ],
)
async def test_a_submission_with_a_forbidden_callback_url_is_refused(
    bus: Bus, storage: Storage, url: str, settings: dict[str, object], code: str
) -> None:
    async with gateway(bus, storage, **settings) as http:
        answer = await submit(http, tone(2), callback_url=url)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_callback_url_is_stored_in_the_manifest(bus: Bus, storage: Storage) -> None:
    async with gateway(bus, storage, **OPEN) as http:
        answer = await submit(http, tone(2), callback_url="http://127.0.0.1:1/told")
    assert answer.status_code == 202
    submission = await storage.manifest(answer.json()["job_id"])
    assert submission
    assert submission.callback_url == "http://127.0.0.1:1/told"
