"""Resident memory (RSS, which counts shared pages in each process) of every service, and of the child processes with
the workers' models: idle with loaded models; the peak while processing the sample song with the embedded models; after
five songs. Then, with workers that compute nothing, after 50 jobs and after 200 (without their children, which have no
models). Last, the gateway during 50 concurrent uploads of 100 MB: no upload sends its second half before all have sent
their first half.
"""

import asyncio
from collections.abc import Mapping
from statistics import median
from typing import Final

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.audio import SAMPLE, silence
from bench.clients import JobClient, upload_concurrently
from bench.figure import Bench, Goal, Measured
from bench.processes import memory, peak_memory
from bench.services import ALL, running

TITLE = "Memory"
MODELS: Final = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base"}
SONGS: Final = 5
EARLY, LATE = 50, 200
UPLOADS, UPLOAD_BYTES = 50, 100_000_000
ACCEPTED = 202


def measure(bench: Bench) -> Measured:
    return {
        "with_models_megabytes": _with_models(bench),
        "after_jobs_megabytes": _after_jobs(bench),
        "uploads_megabytes": [asyncio.run(_during_uploads(bench)) for _ in range(bench.runs)],
    }


def goals(measured: Measured) -> list[Goal]:
    early, late = (measured["after_jobs_megabytes"][str(jobs)] for jobs in (EARLY, LATE))
    growth = max(late[name] / early[name] for name in late)
    return [
        Goal(f"greatest growth of a service, {LATE} jobs relative to {EARLY}", growth, at_most=1.05),
        Goal(
            f"gateway, {UPLOADS} concurrent uploads of {UPLOAD_BYTES // 1_000_000} MB",
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
        positions = [position + n / 4 for position in range(len(names))]
        axes.barh(positions, [megabytes.get(name, 0) for name in names], 1 / 4, label=state)
    axes.set_yticks([position + 1 / 4 for position in range(len(names))], names)
    axes.set(xlabel="MB")
    axes.invert_yaxis()
    axes.legend()


def _names(states: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the names in all states: the gateway has children only while it decodes."""
    return list(dict.fromkeys(name for state in sorted(states.values(), key=len, reverse=True) for name in state))


def _with_models(bench: Bench) -> dict[str, dict[str, float]]:
    with running(bench, ALL, MODELS, real=True) as services, JobClient(services.gateway_url) as client:
        idle = memory(services)
        with peak_memory(services) as peak:
            for _ in range(SONGS):
                client.wait_until_refined(client.submit(SAMPLE))
        return {"idle": idle, "peak": dict(peak), f"after {SONGS} songs": memory(services)}


def _after_jobs(bench: Bench) -> dict[str, dict[str, float]]:
    """Return the memory of the services without their children."""
    upload = bench.folder / "silence.wav"
    upload.write_bytes(silence(seconds=1))
    after: dict[str, dict[str, float]] = {}
    with running(bench, ALL) as services, JobClient(services.gateway_url) as client:
        for done in range(1, LATE + 1):
            client.wait_until_completed(client.submit(upload))
            if done in (EARLY, LATE):
                found = memory(services)
                after[str(done)] = {name: found[name] for name in ALL}
    return after


async def _during_uploads(bench: Bench) -> float:
    """Return the peak memory of the gateway's process. Raises RuntimeError if an upload is rejected."""
    with running(bench, {"gateway": 1, "status": 1}) as services, peak_memory(services) as peak:
        codes = await upload_concurrently(services.gateway_url, UPLOADS, UPLOAD_BYTES)
        if set(codes) != {ACCEPTED}:
            raise RuntimeError(f"not all uploads were accepted: {codes}")
        return peak["gateway"]
