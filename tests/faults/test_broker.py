"""Faults of the broker and of the connections to it."""

import json
import time
from uuid import uuid4

import pytest

from tests.faults.system import System


def kill_broker(system: System) -> None:
    system.broker._server.kill()
    system.until(lambda: not system.ready())


def start_broker(system: System) -> None:
    system.broker._server.start()
    system.broker.wait()
    system.strike()


@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_the_broker_is_killed_with_jobs_running(system: System, count: int) -> None:
    for name in ("separator-2", "separator-3"):
        system.start(name)
    system.until(lambda: system.ready(system.children))
    jobs = [system.submit(model="seconds-2") for _ in range(count)]
    system.until(lambda: any(system.task(job).get("status") == "processing" for job in jobs))
    kill_broker(system)
    assert system.alive()
    assert system.post().status_code == 503
    start_broker(system)
    assert set(system.until_ended(*jobs)) == {"completed"}
    system.until_ready(*system.children)


@pytest.mark.slow
def test_the_broker_is_unavailable_for_a_minute(system: System) -> None:
    jobs = [system.submit(model="seconds-5") for _ in range(3)]
    system.until_working(jobs[0])
    kill_broker(system)
    away_until = time.monotonic() + 60
    while time.monotonic() < away_until:
        assert system.alive()
        assert not system.ready()
    start_broker(system)
    assert system.until_ended(*jobs) == ["completed"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, str(uuid4())], ids=["without a key", "with a key"])
def test_the_connection_is_cut_before_the_confirm(system: System, key: str | None) -> None:
    gateway = system.proxies["gateway"]
    gateway.hold(up=False)  # the broker receives the job; its confirm does not arrive
    answer = system.post(key)
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
    gateway.cut()
    gateway.mend()
    system.strike()
    system.until_ready("gateway")
    again = system.post(key)
    assert again.status_code == 202
    assert system.until_ended(again.json()["job_id"]) == ["completed"]


@pytest.mark.slow
def test_a_workers_network_loses_all_packets_for_ninety_seconds(system: System) -> None:
    job = system.submit(model="seconds-4")
    system.until_working(job)
    system.proxies["separator"].hold()
    system.strike()
    hole_until = time.monotonic() + 90
    system.start("separator-2", AMQP_URL=system.broker.url)
    assert system.until_ended(job) == ["completed"]
    assert system.task(job)["attempt"] == 2
    while time.monotonic() < hole_until:
        assert system.alive()
    system.proxies["separator"].mend()
    system.until_ready("separator")
    system.children.pop("separator-2").end()
    assert system.until_ended(system.submit()) == ["completed"]


@pytest.mark.slow
def test_a_queue_is_deleted_with_a_job_in_it(system: System) -> None:
    system.start("status", SILENCE_MINUTES=0.05)
    system.children["beats"].end()
    system.until_ready("status")
    job = system.submit(tasks="beat_analysis")
    system.control("delete_queue", "beats")
    system.strike()
    system.start("beats")
    assert system.until_ended(job) == ["completed"]


@pytest.mark.slow
def test_a_consumer_is_cancelled_by_the_server(system: System) -> None:
    for queue in ("separator", "transcriber", "beats", "status"):
        system.control("delete_queue", queue)
    system.strike()

    def consumed() -> bool:
        return system.consumers() >= {"separator", "transcriber", "beats", "status"}

    system.until(consumed)
    assert system.until_ended(system.submit()) == ["completed"]


@pytest.mark.slow
def test_a_task_takes_longer_than_the_consumer_timeout(system: System) -> None:
    patience = {"consumer_timeout": 2_000, "channel_tick_interval": 500}
    usual = {name: json.loads(system.evaluate(f"application:get_env(rabbit, {name}, 0)")) for name in patience}
    try:
        for name, milliseconds in patience.items():
            system.evaluate(f"application:set_env(rabbit, {name}, {milliseconds})")
        system.start("separator")
        system.until_ready("separator")
        job = system.submit(model="seconds-6", tasks="stem_separation")
        system.until_working(job)
        system.strike()
        assert system.until_ended(job) == ["completed"]
    finally:
        for name, milliseconds in usual.items():
            system.evaluate(f"application:set_env(rabbit, {name}, {milliseconds})")
        system.start("separator")


@pytest.mark.slow
def test_the_brokers_disk_is_full(system: System) -> None:
    system.control("set_disk_free_limit", "100000GB")
    try:
        answer = system.post()
        assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert system.alive()
    finally:
        system.control("set_disk_free_limit", "64MB")
    system.strike()
    system.until(system.ready)
    assert system.until_ended(system.submit()) == ["completed"]


@pytest.mark.slow
def test_an_undecodable_message_is_published(system: System) -> None:
    system.strike()
    for queue in ("separator", "transcriber", "beats", "status"):
        for body in (b"\xff\x00", b"{}", b'{"type":"job_danced"}', b'{"type":"job_submitted","version":2}'):
            system.tap.put(queue, body)
    assert system.until_ended(system.submit()) == ["completed"]
    assert system.alive()
