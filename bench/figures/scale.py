"""Separators that wait instead of computing, a second each, on a queue that is long enough: tasks in a second by the
number of workers, from the end of their first round to that of the last but one. Then 1 to 3 replicas of status fold
20,000 events that wait for them. Last, a queue of 10,000 jobs on which nobody works: the memory of those who know of
it, the time of a poll through the gateway, and of a look at the whole queue; then four workers that do nothing but what
surrounds a task take from it. All of it shares the cores: what does not grow with the replicas has run out of them.
"""

import asyncio
from itertools import product
from statistics import median

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.backlog import backlog
from bench.bench import Bench
from bench.figure import Goal, Measured
from bench.figures.folding import folded_per_second
from bench.workforce import SECONDS_EACH, tasks_per_second

TITLE = "Scale"
WORKERS = (1, 2, 4, 8)
REPLICAS = (1, 2, 3)
JOBS = 10_000


def measure(bench: Bench) -> Measured:
    tasks: dict[str, list[float]] = {str(workers): [] for workers in WORKERS}
    folded: dict[str, list[float]] = {str(replicas): [] for replicas in REPLICAS}
    for _, workers in product(range(bench.runs), WORKERS):
        tasks[str(workers)].append(asyncio.run(tasks_per_second(bench, workers)))
    bench.say(f"tasks in a second: {tasks}")
    for _, replicas in product(range(bench.runs), REPLICAS):
        folded[str(replicas)].append(asyncio.run(folded_per_second(bench, replicas)))
    bench.say(f"events folded in a second: {folded}")
    return {
        "task_seconds": SECONDS_EACH,
        "tasks_per_second": tasks,
        "folded_per_second": folded,
        "backlog": asyncio.run(backlog(bench, JOBS)),
    }


def goals(measured: Measured) -> list[Goal]:
    return [
        Goal(f"{workers} workers, of {workers} times what one does", _efficiency(measured, workers), at_least=0.95)
        for workers in WORKERS[1:]
    ]


def table(measured: Measured) -> str:
    tasks = measured["tasks_per_second"]
    by_workers = [
        (str(workers), f"{median(tasks[str(workers)]):.2f}", f"{_efficiency(measured, workers):.3f}")
        for workers in WORKERS
    ]
    by_replicas = [(replicas, f"{median(rates):,.0f}") for replicas, rates in measured["folded_per_second"].items()]
    return "\n\n".join(
        (
            markdown.table(("workers", "tasks a second", "of so many times one's"), by_workers),
            markdown.table(("status replicas", "events folded a second"), by_replicas),
            markdown.table((f"a queue of {JOBS:,} jobs", ""), _of_the_backlog(measured)),
        )
    )


def plot(measured: Measured, picture: Picture) -> None:
    left, right = picture.subplots(1, 2)
    left.plot(WORKERS, [median(measured["tasks_per_second"][str(n)]) for n in WORKERS], marker="o", label="measured")
    one = median(measured["tasks_per_second"]["1"])
    left.plot(WORKERS, [one * n for n in WORKERS], linestyle=":", label="so many times one's")
    left.set(xlabel="separators", ylabel="tasks a second", xlim=(0, None), ylim=(0, None))
    left.legend()
    folded = measured["folded_per_second"]
    right.bar(list(folded), [median(rates) for rates in folded.values()])
    right.set(xlabel="status replicas", ylabel="events folded a second")


def _efficiency(measured: Measured, workers: int) -> float:
    tasks: dict[str, list[float]] = measured["tasks_per_second"]
    return median(tasks[str(workers)]) / (workers * median(tasks["1"]))


def _of_the_backlog(measured: Measured) -> list[tuple[str, str]]:
    found = measured["backlog"]
    grown = [
        (f"memory of {name}", f"{found['megabytes_before'][name]:,.0f} to {after:,.0f} MB")
        for name, after in found["megabytes_after"].items()
        if name in found["megabytes_before"]
    ]
    return [
        ("submitted a second, confirmed", f"{found['submitted_per_second']:,}"),
        *grown,
        ("a poll through the gateway, p50", f"{found['poll_p50_ms']} ms"),
        ("p99", f"{found['poll_p99_ms']} ms"),
        ("a look at the whole queue", f"{found['snapshot_seconds']} s"),
        (f"tasks that {found['workers']} workers take a second", f"{found['drained_per_second']}"),
    ]
