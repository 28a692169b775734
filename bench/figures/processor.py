"""A fixed amount of work, to compare this machine with others: the same hash alone, and on all cores at once."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.comparison import alternating_seconds
from bench.figure import Bench, Goal, Measured

TITLE = "The machine"
ROUNDS = 200_000


def measure(bench: Bench) -> Measured:
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(cores) as pool:
        programs = {"alone": _hash, "on every core": lambda: list(pool.map(lambda _: _hash(), range(cores)))}
        return {"cores": cores, "seconds": alternating_seconds(programs, bench.runs)}


def goals(_measured: Measured) -> list[Goal]:
    return []


def table(measured: Measured) -> str:
    rows = [(name, f"{1000 * median(taken):.0f} ms") for name, taken in measured["seconds"].items()]
    return markdown.table(("a hash", "median"), rows)


def plot(measured: Measured, picture: Picture) -> None:
    axes = picture.subplots()
    axes.boxplot(list(measured["seconds"].values()), orientation="horizontal", tick_labels=list(measured["seconds"]))
    axes.set(xlabel="seconds", xlim=(0, None))


def _hash() -> None:
    hashlib.pbkdf2_hmac("sha256", b"karaoke", b"", ROUNDS)
