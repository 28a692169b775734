"""
How many polls of `GET /api/status/<job_id>` are answered in a second, and the time within which 99 % of them are, while
50 events a second tell of progress of the 100 jobs that are asked for. So many pollers ask over connections that stay,
each again as soon as it is answered: without a condition (200), or with the `ETag` of the last answer (304, and 200
after a change). One status process and one gateway, beside a FastAPI route that returns the same bytes, and an ASGI
application that does nothing but send them: all of them in the same uvicorn, set up alike (uvloop, httptools, our
protocol's time limits). [wrk](https://github.com/wg/wrk) asks; it, all servers, the broker and the database share the
cores.

A profile of the gateway had 57 % of a poll in httpx, of which aiohttp beneath it took a third, and a sixth in what
FastAPI does for a route's parameters. So polls go past both: 1,428 a second rather than 442 (100 pollers, 200).
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
from bench.bench import Bench
from bench.figure import Goal, Measured
from bench.pollers import MODES, Pollers
from bench.sides import ratio
from bench.stories import beginnings, keep_telling, tell
from bench.system import System, system
from deploy.local.child import Child, until
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.stack import READY_SECONDS
from shared.broker.bus import Bus

TITLE = "Polling"
JOBS: Final = 100
EVENTS_PER_SECOND: Final = 50
SECONDS: Final = {1: 1, 100: 2, 1000: 3}
"""More of them take longer until all are connected."""
BARE: Final = {"bare route": "fastapi", "bare uvicorn": "uvicorn"}
SIDES: Final = ("status", "gateway", *BARE)


def measure(bench: Bench) -> Measured:
    job_ids = [str(uuid4()) for _ in range(JOBS)]
    with system(bench, {"status": 1, "gateway": 1}) as services:
        return asyncio.run(_measure(bench, services, job_ids))


def goals(measured: Measured) -> list[Goal]:
    return [
        Goal(f"answers 200 of status to {pollers} pollers, of a bare route's", _ratio(measured, pollers), at_least=0.6)
        for pollers in SECONDS
    ]


def table(measured: Measured) -> str:
    rows = [
        (
            f"{pollers:,} pollers, {code}",
            *(_cell(measured, side, code, pollers) for side in SIDES),
            f"{_ratio(measured, pollers, code):.2f}",
            f"{_ratio(measured, pollers, code, 'gateway'):.2f}",
        )
        for code, pollers in product(MODES, SECONDS)
    ]
    head = ("", *(f"{side}, /s (p99)" for side in SIDES), "status : route", "gateway : route")
    return markdown.table(head, rows)


def plot(measured: Measured, picture: Picture) -> None:
    for axes, code in zip(picture.subplots(1, 2, sharey=True), MODES, strict=True):
        for n, side in enumerate(SIDES):
            places = [place + n / (len(SIDES) + 1) for place in range(len(SECONDS))]
            heights = [median(measured["per_second"][_name(side, code, pollers)]) for pollers in SECONDS]
            axes.bar(places, heights, 1 / (len(SIDES) + 1), label=side)
        axes.set_xticks([place + 0.3 for place in range(len(SECONDS))], [f"{pollers:,}" for pollers in SECONDS])
        axes.set(xlabel="pollers", title=f"answered with {code}", ylabel="answers per second")
        axes.label_outer()
    picture.axes[0].legend()


async def _measure(bench: Bench, services: System, job_ids: list[str]) -> Measured:
    per_second: dict[str, list[float]] = {}
    p99_ms: dict[str, list[float]] = {}
    pollers = Pollers(bench.folder, job_ids)
    async with Bus(bench.amqp_url, "bench") as bus:
        await tell(bus, beginnings(job_ids))
        until(lambda: _answer(services, job_ids[-1]) is not None, services.children.values(), READY_SECONDS)
        telling = asyncio.create_task(keep_telling(bus, job_ids, EVENTS_PER_SECOND))
        with _bare(bench.folder, _answer(services, job_ids[0]) or b"") as bare:
            urls = {"status": services.services["status"].url, "gateway": services.url, **bare}
            for turn, code, asking, side in product(range(-1, bench.runs), MODES, SECONDS, SIDES):
                answered = await pollers.poll(urls[side], asking, code, SECONDS[asking])
                if turn >= 0:
                    per_second.setdefault(_name(side, code, asking), []).append(answered.per_second)
                    p99_ms.setdefault(_name(side, code, asking), []).append(answered.p99_ms)
        telling.cancel()
    return {"events_per_second": EVENTS_PER_SECOND, "jobs": JOBS, "per_second": per_second, "p99_ms": p99_ms}


def _answer(services: System, job_id: str) -> bytes | None:
    connection = HTTPConnection(LOOPBACK, services.services["status"].port, timeout=10)
    connection.request("GET", f"/api/status/{job_id}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return body if answer.status == 200 else None


@contextmanager
def _bare(folder: Path, body: bytes) -> Iterator[dict[str, str]]:
    """Where the bare servers answer, by the name of their side."""
    file, ports = folder / "answer", free_ports(len(BARE))
    file.write_bytes(body)
    with ExitStack() as ending:
        children = []
        for kind, port in zip(BARE.values(), ports, strict=True):
            program: list[str | Path] = [sys.executable, "-m", "bench.programs.bare", kind, str(port), file]
            children.append(Child(kind, program, {}, folder / f"{kind}.log"))
            ending.callback(children[-1].end)
            children[-1].start()
        until(lambda: all(map(_listens, ports)), children, READY_SECONDS)
        yield {side: f"http://{LOOPBACK}:{port}" for side, port in zip(BARE, ports, strict=True)}


def _listens(port: int) -> bool:
    try:
        HTTPConnection(LOOPBACK, port, timeout=1).connect()
    except ConnectionRefusedError:
        return False
    return True


def _ratio(measured: Measured, pollers: int, code: str = "200", side: str = "status") -> float:
    rates = measured["per_second"]
    return ratio(rates[_name(side, code, pollers)], rates[_name("bare route", code, pollers)])


def _cell(measured: Measured, side: str, code: str, pollers: int) -> str:
    name = _name(side, code, pollers)
    return f"{median(measured['per_second'][name]):,.0f} ({median(measured['p99_ms'][name]):.3g} ms)"


def _name(side: str, code: str, pollers: int) -> str:
    return f"{side}, {code}, {pollers}"
