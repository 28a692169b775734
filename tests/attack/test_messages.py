"""Hostile events, services and receivers of callbacks stop no job, and take none over."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import httpx2
from aiormq.exceptions import ChannelAccessRefused
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import SecretStr

from deploy.local.ports import LOOPBACK
from shared.broker.delivery import SIGNATURE_HEADER
from shared.broker.topology import EXCHANGE, STATUS_QUEUE, TASK_QUEUES
from shared.events import JobCancelled, encode
from shared.signing import Signer
from tests.attack.conftest import SLOW, Report
from tests.attack.target import SECRETS, Target, accepted, document, submit
from tests.fakes import submitted
from tests.hostile_events import expanded, messages, routing_key
from tests.integration.receiver import Receiver
from tests.name_server import NameServer
from tests.system import recent, until

SERVICES = ("gateway", "status", *TASK_QUEUES)
EVENTS = 100
FOLD_SECONDS = 10
CALLBACK_SECONDS = 5
COPIES = 11
"""Times that an event which cannot be folded is published at most."""


def submission(job_id: str, **fields: object) -> bytes:
    """Return a submission as JSON. Its fields may be invalid."""
    document = json.loads(encode(recent(submitted(job_id=job_id))))
    return json.dumps(document | fields).encode()


async def publish(url: str, key: str, body: bytes, exchange: str = EXCHANGE) -> bool:
    """Publish a message and return whether the broker takes it."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        try:
            await target.publish(aio_pika.Message(body), key, mandatory=False)
        except ChannelAccessRefused:
            return False
    return True


async def next_job(target: Target) -> float:
    """Submit a job, and return the seconds until status has folded it, and so everything that came before it."""
    with target.client() as client:
        job_id = accepted(await asyncio.to_thread(submit, client))

        async def is_folded() -> bool:
            return (await asyncio.to_thread(client.get, f"{target.status.url}/api/status/{job_id}")).is_success

        began = time.perf_counter()
        await until(is_folded, wanted=True)
        return time.perf_counter() - began


async def waiting(target: Target) -> int:
    """Return the number of messages of status and of the dead letters, including unacknowledged ones."""
    listed = await asyncio.to_thread(target.broker.control, "list_queues", "name", "messages")
    rows = (line.split() for line in listed.splitlines())
    return sum(int(count) for name, count in rows if name == STATUS_QUEUE or name.endswith(".dead"))


def hostile_messages() -> list[tuple[bytes, dict[str, Any]]]:
    found: list[tuple[bytes, dict[str, Any]]] = []

    @settings(max_examples=EVENTS, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(messages)
    def collect(message: tuple[bytes, dict[str, Any]]) -> None:
        found.append(message)

    collect()
    return found


async def test_hostile_events_stop_neither_status_nor_the_next_job(target: Target, report: Report) -> None:
    """The attacker has the rights and the secret of the gateway."""
    signer = Signer(SecretStr(SECRETS["SUBMISSION_SECRET"]))
    bodies = [(expanded(body), headers) for body, headers in hostile_messages()]
    job_id = f"invalid-{uuid4()}"
    bodies.append((submission(job_id, callback_url="http://xn--/"), {}))
    bodies.append((encode(JobCancelled(job_id=job_id, at=datetime.now(UTC))), {}))
    async with await aio_pika.connect(target.broker.url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        copies = await channel.declare_queue(f"copies-{job_id}", exclusive=True)
        await copies.bind(exchange, "#")
        for body, headers in bodies:
            signed = headers | {SIGNATURE_HEADER: signer.sign(body)}
            await exchange.publish(aio_pika.Message(body, headers=signed), routing_key(body))
        seconds = await next_job(target)
        for _ in range(2):  # a message may just be moved from one queue to another
            await until(lambda: waiting(target), 0)
        count = (await copies.declare()).message_count or 0
    report(f"{EVENTS} hostile events: seconds until the next job is folded", seconds, FOLD_SECONDS)
    report(f"{EVENTS} hostile events: messages for each of them", count / len(bodies), COPIES)


async def test_a_service_takes_over_no_job(target: Target, report: Report) -> None:
    """Each service but the gateway, and the gateway without its secret, says that a job belongs to another owner."""
    with target.client(key="alice") as alice, target.client(key="mallory") as mallory:
        job_id = accepted(submit(alice))
        forged = 0
        for user in SERVICES:
            for key in ("job_submitted.ready", "task_started.beat_analysis.ready", "task_failed.transcription.ready"):
                for callback in (f"http://{LOOPBACK}:1/", f"http://{LOOPBACK}:2/"):
                    body = submission(job_id, owner="mallory", callback_url=callback)
                    await publish(target.broker.url_of(user), key, body)
                    forged += 1
        await next_job(target)
        readers = bool(document(mallory, job_id))
        report(f"{forged} forged submissions of a job: other owners who can read it", readers, 0)
        assert document(alice, job_id)["status"] == "queued"


async def test_a_service_cannot_write_to_queues_past_the_exchange(target: Target, report: Report) -> None:
    attempts = [(user, queue) for user in SERVICES for queue in (STATUS_QUEUE, *TASK_QUEUES)]
    taken = [await publish(target.broker.url_of(user), queue, submission("x"), exchange="") for user, queue in attempts]
    report(f"messages of services to a queue, without the exchange: taken, of {len(attempts)}", sum(taken), 0)


async def test_slow_name_servers_of_one_owner_do_not_delay_another(
    target: Target, report: Report, names: NameServer, attacker: str
) -> None:
    def submit_each(client: httpx2.Client, *urls: str) -> list[str]:
        with ThreadPoolExecutor(len(urls)) as pool:
            answers = [pool.submit(submit, client, callback_url=url) for url in urls]
        return [accepted(answer.result()) for answer in answers]

    def cancel(client: httpx2.Client, *job_ids: str) -> None:
        for job_id in job_ids:
            client.delete(f"/api/jobs/{job_id}").raise_for_status()

    async def is_asked() -> bool:
        return len(names.asked & {*SLOW}) >= 2

    async def is_notified() -> bool:
        return bool(receiver.requests)

    async with Receiver().listening() as receiver:
        with target.client(key="alice") as alice, target.client(attacker, key="mallory") as mallory:
            mine = await asyncio.to_thread(submit_each, alice, f"http://fast.example:{receiver.port}/")
            others = await asyncio.to_thread(submit_each, mallory, *(f"http://{name}/" for name in SLOW))
            await next_job(target)  # all are folded
            names.asked.clear()
            await asyncio.to_thread(cancel, mallory, *others)
            await until(is_asked, wanted=True)
            began = time.perf_counter()
            await asyncio.to_thread(cancel, alice, *mine)
            await until(is_notified, wanted=True)
            waited = time.perf_counter() - began
    report(f"slow name servers for {len(SLOW)} callbacks: seconds until another owner's", waited, CALLBACK_SECONDS)
