"""Polls of `GET /api/status/<job_id>` per second, and the 99th percentile of their response times, while 50 events per
second report progress of the 100 polled jobs. Pollers use persistent connections, and poll again as soon as they have
an answer: without a condition (200), or with the `ETag` of the last answer (304, and 200 after a change). One status
process and one gateway are compared with a FastAPI route that returns the same bytes, and with an ASGI application that
only sends them. All use the same uvicorn with the same settings (uvloop, httptools, our protocol's timeouts).
[wrk](https://github.com/wg/wrk) polls. It, all servers, the broker and the database share the cores.

The gateway's figures date from a version that forwarded polls before FastAPI was involved. No goal needs that, so it
was removed. A poll through the gateway now takes 1.6 ms of processor time, compared with 0.9 ms then, and with 2.5 ms
through FastAPI and httpx (50 pollers, 200, on a machine with other work).
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.clients import WRK_MODES, PollLoad
from bench.comparison import ratio
from bench.events import job_events, publish_all, publish_progress
from bench.figure import Bench, Goal, Measured
from bench.services import Services, running
from deploy.local.child import Child, until
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.stack import READY_SECONDS
from shared.broker.bus import Bus

TITLE = "Polling"
JOBS: Final = 100
EVENTS_PER_SECOND: Final = 50
SECONDS: Final = {1: 1, 100: 2, 1000: 3}
"""Duration by number of pollers. More pollers need longer until all are connected."""
BARE: Final = {"bare route": "fastapi", "bare uvicorn": "uvicorn"}
SERVERS: Final = ("status", "gateway", *BARE)


def measure(bench: Bench) -> Measured:
    job_ids = [str(uuid4()) for _ in range(JOBS)]
    with running(bench, {"status": 1, "gateway": 1}) as services:
        return asyncio.run(_measure(bench, services, job_ids))


def goals(measured: Measured) -> list[Goal]:
    return [
        Goal(
            f"answers 200 of status to {pollers:,} pollers, relative to a bare route",
            _ratio(measured, pollers),
            at_least=0.6,
        )
        for pollers in SECONDS
    ]


def table(measured: Measured) -> str:
    rows = [
        (
            f"{pollers:,} pollers, {code}",
            *(_cell(measured, server, code, pollers) for server in SERVERS),
            f"{_ratio(measured, pollers, code):.2f}",
            f"{_ratio(measured, pollers, code, 'gateway'):.2f}",
        )
        for code, pollers in product(WRK_MODES, SECONDS)
    ]
    head = ("", *(f"{server}, /s (p99)" for server in SERVERS), "status : route", "gateway : route")
    return markdown.table(head, rows)


def plot(measured: Measured, picture: Picture) -> None:
    for axes, code in zip(picture.subplots(1, 2, sharey=True), WRK_MODES, strict=True):
        for n, server in enumerate(SERVERS):
            positions = [position + n / (len(SERVERS) + 1) for position in range(len(SECONDS))]
            heights = [median(measured["per_second"][_name(server, code, pollers)]) for pollers in SECONDS]
            axes.bar(positions, heights, 1 / (len(SERVERS) + 1), label=server)
        axes.set_xticks([position + 0.3 for position in range(len(SECONDS))], [f"{pollers:,}" for pollers in SECONDS])
        axes.set(xlabel="pollers", title=f"answered with {code}", ylabel="answers per second")
        axes.label_outer()
    picture.axes[0].legend()


async def _measure(bench: Bench, services: Services, job_ids: list[str]) -> Measured:
    per_second: dict[str, list[float]] = {}
    p99_ms: dict[str, list[float]] = {}
    load = PollLoad(bench.folder, job_ids)
    async with Bus(bench.amqp_url, "bench") as bus:
        await publish_all(bus, list(job_events(job_ids, events_each=2)))  # submitted and started
        until(lambda: _answer(services, job_ids[-1]) is not None, services.children.values(), READY_SECONDS)
        progress = asyncio.create_task(publish_progress(bus, job_ids, EVENTS_PER_SECOND))
        with _bare(bench.folder, _answer(services, job_ids[0]) or b"") as bare:
            urls = {"status": services.status_url, "gateway": services.gateway_url, **bare}
            for turn, code, pollers, server in product(range(-1, bench.runs), WRK_MODES, SECONDS, SERVERS):
                rate = await load.poll(urls[server], pollers, code, SECONDS[pollers])
                if turn >= 0:
                    per_second.setdefault(_name(server, code, pollers), []).append(rate.per_second)
                    p99_ms.setdefault(_name(server, code, pollers), []).append(rate.p99_ms)
        progress.cancel()
    return {"events_per_second": EVENTS_PER_SECOND, "jobs": JOBS, "per_second": per_second, "p99_ms": p99_ms}


def _answer(services: Services, job_id: str) -> bytes | None:
    connection = HTTPConnection(LOOPBACK, services.services["status"].port, timeout=10)
    connection.request("GET", f"/api/status/{job_id}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return body if answer.status == 200 else None


@contextmanager
def _bare(folder: Path, body: bytes) -> Iterator[dict[str, str]]:
    """Start the servers to compare with, and yield their URLs by name."""
    file, ports = folder / "answer", free_ports(len(BARE))
    file.write_bytes(body)
    with ExitStack() as stack:
        children = []
        for kind, port in zip(BARE.values(), ports, strict=True):
            program: list[str | Path] = [sys.executable, "-m", "bench.programs.baseline_server", kind, str(port), file]
            children.append(Child(kind, program, {}, folder / f"{kind}.log"))
            stack.callback(children[-1].end)
            children[-1].start()
        until(lambda: all(map(_listens, ports)), children, READY_SECONDS)
        yield {server: f"http://{LOOPBACK}:{port}" for server, port in zip(BARE, ports, strict=True)}


def _listens(port: int) -> bool:
    try:
        HTTPConnection(LOOPBACK, port, timeout=1).connect()
    except ConnectionRefusedError:
        return False
    return True


def _ratio(measured: Measured, pollers: int, code: str = "200", server: str = "status") -> float:
    rates = measured["per_second"]
    return ratio(rates[_name(server, code, pollers)], rates[_name("bare route", code, pollers)])


def _cell(measured: Measured, server: str, code: str, pollers: int) -> str:
    name = _name(server, code, pollers)
    return f"{median(measured['per_second'][name]):,.0f} ({median(measured['p99_ms'][name]):.3g} ms)"


def _name(server: str, code: str, pollers: int) -> str:
    return f"{server}, {code}, {pollers}"
