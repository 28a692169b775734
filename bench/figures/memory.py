"""Resident memory (RSS; pages that processes share count in each) of every service, and of the children in which the
workers' models run: idle, models loaded; the most while it works on the sample song with the embedded models; after
five songs. Then, with workers that only pretend, what is left after 50 jobs and after 200 (children have no models
there and are left out). Last, the gateway under 50 uploads of 100 MB at once: no upload sends its second half before
all have sent their first.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.bench import Bench
from bench.crowd import upload_at_once
from bench.figure import Goal, Measured
from bench.programs.karaoke import silence
from bench.resident import peaks, resident
from bench.sample import SAMPLE
from bench.singer import Singer
from bench.system import system

TITLE = "Memory"
SERVICES: Final = dict.fromkeys(("gateway", "status", "separator", "transcriber", "beats"), 1)
MODELS: Final = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base"}
SONGS: Final = 5
EARLY, LATE = 50, 200
UPLOADS, UPLOAD_BYTES = 50, 100_000_000
ACCEPTED = 202


def measure(bench: Bench) -> Measured:
    return {
        "with_models_megabytes": _with_models(bench),
        "after_jobs_megabytes": _after_jobs(bench),
        "uploads_megabytes": [asyncio.run(_under_uploads(bench)) for _ in range(bench.runs)],
    }


def goals(measured: Measured) -> list[Goal]:
    early, late = (measured["after_jobs_megabytes"][str(jobs)] for jobs in (EARLY, LATE))
    growth = max(late[name] / early[name] for name in late)
    return [
        Goal(f"the most that a service holds after {LATE} jobs, of what it holds after {EARLY}", growth, at_most=1.05),
        Goal(
            f"gateway, {UPLOADS} uploads of {UPLOAD_BYTES // 1_000_000} MB at once",
            median(measured["uploads_megabytes"]),
            at_most=150,
            unit=" MB",
            digits=0,
        ),
    ]


def table(measured: Measured) -> str:
    states: Mapping[str, Mapping[str, float]] = measured["with_models_megabytes"]
    jobs: Mapping[str, Mapping[str, float]] = measured["after_jobs_megabytes"]
    rows = [
        (name, *(f"{column[name]:,.0f} MB" if name in column else "" for column in (*states.values(), *jobs.values())))
        for name in _names(states)
    ]
    return markdown.table(("", *states, *(f"after {count} jobs" for count in jobs)), rows)


def plot(measured: Measured, picture: Picture) -> None:
    states: Mapping[str, Mapping[str, float]] = measured["with_models_megabytes"]
    axes, names = picture.subplots(), _names(states)
    for n, (state, megabytes) in enumerate(states.items()):
        places = [place + n / 4 for place in range(len(names))]
        axes.barh(places, [megabytes.get(name, 0) for name in names], 1 / 4, label=state)
    axes.set_yticks([place + 1 / 4 for place in range(len(names))], names)
    axes.set(xlabel="MB")
    axes.invert_yaxis()
    axes.legend()


def _names(states: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Of all processes: the gateway has children only while it decodes."""
    return list(dict.fromkeys(name for state in sorted(states.values(), key=len, reverse=True) for name in state))


def _with_models(bench: Bench) -> dict[str, dict[str, float]]:
    with system(bench, SERVICES, MODELS, real=True) as services, Singer(services.url) as singer:
        idle = resident(services)
        with peaks(services) as at_work:
            for _ in range(SONGS):
                singer.refined(singer.submit(SAMPLE))
        return {"idle": idle, "at work, at most": dict(at_work), f"after {SONGS} songs": resident(services)}


def _after_jobs(bench: Bench) -> dict[str, dict[str, float]]:
    """Of the services themselves."""
    upload = bench.folder / "silence.wav"
    upload.write_bytes(silence(seconds=1))
    after: dict[str, dict[str, float]] = {}
    with system(bench, SERVICES) as services, Singer(services.url) as singer:
        for done in range(1, LATE + 1):
            _job(singer, upload)
            if done in (EARLY, LATE):
                found: dict[str, Any] = {k: v for k, v in resident(services).items() if k in SERVICES}
                after[str(done)] = found
    return after


def _job(singer: Singer, upload: Path) -> None:
    singer.completed(singer.submit(upload))


async def _under_uploads(bench: Bench) -> float:
    """The most that the gateway's process held. Raises RuntimeError when an upload is refused."""
    with system(bench, {"gateway": 1, "status": 1}) as services, peaks(services) as highest:
        codes = await upload_at_once(services.url, UPLOADS, UPLOAD_BYTES)
        if set(codes) != {ACCEPTED}:
            raise RuntimeError(f"not all uploads were accepted: {codes}")
        return highest["gateway"]
