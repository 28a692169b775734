"""The tables of `docs/scaling.md`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.marks import filled
from bench.simulation import assumed, summary
from bench.simulation.known import Known, known
from bench.simulation.limit import limits
from bench.simulation.prices import EXAMPLE, LETTERS
from bench.simulation.size import PEAK, Size, stem_bytes, stored_bytes, upload_bytes
from bench.tables import table

PAGE: Final = Path(__file__).parents[2] / "docs" / "scaling.md"
SONGS: Final = (10_000, 100_000, 1_000_000)
SIMULATED: Final = 100_000
"""The most that was simulated: for more, its nodes grow with the songs. Larger pools are used a little better."""


def write() -> None:
    PAGE.write_text(page(PAGE.read_text("utf-8"), known(), summary.read()), "utf-8")


def page(text: str, figures: Known, simulated: Mapping[str, Any]) -> str:
    """`text` with its tables made anew."""
    sizes = [_size(songs, figures, simulated) for songs in SONGS]
    return filled(
        text,
        {
            "known": _known(figures),
            "assumed": _assumed(),
            "sizes": _sizes(sizes),
            "bytes": _bytes(figures),
            "cost": _cost(sizes),
            "prices": _prices(),
            "limits": _limits(figures, sizes[0].job_seconds),
        },
    )


def _size(songs: int, figures: Known, simulated: Mapping[str, Any]) -> Size:
    whole = simulated["days"][str(min(songs, SIMULATED))]
    factor = songs / min(songs, SIMULATED)
    pools = {
        name: {what: factor * pool[what] for what in ("node_hours", "most_replicas")}
        for name, pool in whole["pools"].items()
    }
    return Size(songs, figures, pools, whole["job_mean"])


def _known(figures: Known) -> str:
    rows = [
        (quantity.what, figures.source(name), f"{_number(figures.value(name))} {quantity.unit}".strip())
        for name, quantity in figures.quantities.items()
    ]
    return table(("", "from", ""), rows, left=2)


def _assumed() -> str:
    rows = [
        (one.what, one.source, *(f"{_number(value)} {one.unit}".strip() for value in (one.value, one.low, one.high)))
        for one in assumed.ALL
    ]
    return table(("", "why", "assumed", "at least", "at most"), rows, left=2)


def _sizes(sizes: list[Size]) -> str:
    rows = [(what, *(cell(size) for size in sizes)) for what, cell in _ROWS.items()]
    return table(("songs a day", *(f"{size.songs:,}" for size in sizes)), rows)


_ROWS: Final[dict[str, Callable[[Size], str]]] = {
    f"songs a second, busiest hour ({PEAK:.1f} times the mean)": lambda size: f"{size.peak_songs:.2g}",
    "**GPU hours** paid a day": lambda size: f"{size.pools['separator']['node_hours']:,.0f}",
    "GPUs at work, busiest hour": lambda size: f"{size.peak_songs * size.task_seconds('separator'):,.0f}",
    "separators at most, `maxReplicaCount`": lambda size: f"{size.pools['separator']['most_replicas']:,.0f}",
    "transcribers at work, busiest hour": lambda size: f"{size.peak_songs * size.task_seconds('transcriber'):,.0f}",
    "transcribers at most, two cores each": lambda size: f"{size.pools['transcriber']['most_replicas']:,.0f}",
    "beats workers at most, a core each": lambda size: f"{size.pools['beats']['most_replicas']:,.0f}",
    "gateways": lambda size: f"{size.gateways}",
    "status replicas": lambda size: f"{size.status_replicas}",
    "core hours a day, all but the separators": lambda size: f"{size.core_hours:,.0f}",
    "events a second, busiest hour": lambda size: f"{size.peak_events:,.0f}",
    "polls a second, busiest hour": lambda size: f"{size.peak_polls:,.0f}",
    "queues named `status`": lambda size: f"{_ceil(size.peak_events / assumed.BROKER.value)}",
    "MongoDB: documents kept": lambda size: _bytes_of(size.documents_bytes),
    "MongoDB: shards": lambda size: f"{_ceil(size.peak_events / assumed.DATABASE.value)}",
    "files kept for 24 hours, stems as WAV": lambda size: _bytes_of(size.stored_bytes),
    "uploads a day, as MP3": lambda size: _bytes_of(size.songs * upload_bytes(size.known)),
    "egress a day, stems as FLAC": lambda size: _bytes_of(size.egress_bytes),
    "egress in the busiest hour": lambda size: f"{8 * size.egress_bytes * PEAK / 86_400 / 1e9:.2g} Gbit/s",
}


def _bytes(figures: Known) -> str:
    rows = [
        (form.upper(), _bytes_of(stem_bytes(figures, name)), _bytes_of(stored_bytes(figures, name)))
        for form, name in {"wav": "stem_bytes", "flac": "flac_bytes", "opus": "opus_bytes"}.items()
    ]
    return table(("stems as", "five stems", "all of a song"), rows)


def _cost(sizes: list[Size]) -> str:
    costs = [size.dollars(EXAMPLE) for size in sizes]
    rows = [
        (f"{letter}: {LETTERS[letter][0]}", *(f"{1000 * cost[letter]:.2f}" for cost in costs)) for letter in LETTERS
    ]
    total = ("**a thousand songs**", *(f"**{1000 * sum(cost.values()):.2f}**" for cost in costs))
    return table(("example dollars, a thousand songs", *(f"{size.songs:,} a day" for size in sizes)), [*rows, total])


def _prices() -> str:
    return table(
        ("", "", "example, dollars"),
        [(letter, f"{what}, {unit}", f"{price:g}") for letter, (what, unit, price) in LETTERS.items()],
        left=2,
    )


def _limits(figures: Known, job_seconds: float) -> str:
    rows = [(one.part, one.removed_by, f"{_rounded(one.songs):,}") for one in limits(figures, job_seconds)]
    return table(("one of", "removed by", "full at songs a day"), rows, left=2)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rounded(songs: float) -> int:
    """To two digits: no more is known."""
    return int(float(f"{songs:.2g}"))


def _bytes_of(size: float) -> str:
    for unit, factor in {"TB": 1e12, "GB": 1e9, "MB": 1e6}.items():
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"


def _ceil(value: float) -> int:
    return max(1, -int(-value // 1))
