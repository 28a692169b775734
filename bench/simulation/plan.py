"""Resources for a number of songs a day, and the tables of `docs/scaling.md`."""

import json
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any, Final

from bench.markdown import filled, table
from bench.simulation.inputs import PRICES, STEMS, Inputs, described, inputs
from bench.simulation.traffic import DAY_SECONDS, MEAN_SONG_SECONDS, PEAK
from bench.simulation.trials import CHOSEN, PLANNED, Result, task_seconds

PAGE: Final = Path(__file__).parents[2] / "docs" / "scaling.md"
SIMULATED: Final = Path(__file__).with_name("simulated.json")
SONGS: Final = (10_000, 100_000, 1_000_000)
FULL: Final = 0.6
"""Greatest load of a gateway or status process in the busiest hour, so that it can take a burst."""
CORES: Final = {"transcriber": 2, "beats": 1}
FIXED_CORES: Final = 12
"""Three nodes of the broker and three of the database, two cores each."""
MONTH_DAYS: Final = 30

Simulated = Mapping[str, Any]


def store(results: list[Result], days: Mapping[str, Any]) -> None:
    """Keep what the plan and the tests need from the simulation."""
    lines = ",\n".join(f"  {json.dumps(one)}" for one in results)
    used, planned = json.dumps(inputs()), json.dumps(days)
    text = f'{{\n "inputs": {used},\n "days": {planned},\n "trials": [\n{lines}\n ]\n}}\n'
    SIMULATED.write_text(text, "utf-8")


def simulated() -> Simulated:
    content: Simulated = json.loads(SIMULATED.read_text("utf-8"))
    return content


def page(text: str) -> str:
    """Return the page `text` with new tables."""
    values, found = inputs(), simulated()
    days = {songs: _day(songs, found) for songs in SONGS}
    plans = {songs: plan(songs, values, day) for songs, day in days.items()}
    sizes = [size for _, size in plans.values()]
    rows = [(what, *(size[what] for size in sizes)) for what in sizes[0]]
    return filled(
        text,
        {
            "sizes": table(("songs a day", *(f"{songs:,}" for songs in SONGS)), rows),
            "bytes": _bytes_by_format(values),
            "limits": _limits(values, days[SONGS[0]]["job_seconds"]),
            "prices": table(
                ("", "", "example, dollars"),
                [(letter, f"{what}, {unit}", f"{price:g}") for letter, (what, unit, price) in PRICES.items()],
                left=2,
            ),
            "cost": _cost({songs: dollars for songs, (dollars, _) in plans.items()}),
            "trials": _trials(found["trials"]),
            "measured": table(
                ("", "figure", ""),
                [
                    (one["what"], f"`{one['figure']}`", _number(values[one["name"]], one["unit"]))
                    for one in described("measured")
                ],
                left=2,
            ),
            "assumed": table(
                ("", "why", "assumed", "at least", "at most"),
                [
                    (
                        one["what"],
                        one["source"],
                        *(_number(float(one[n]), one["unit"]) for n in ("value", "low", "high")),
                    )
                    for one in described("assumed")
                ],
                left=2,
            ),
        },
    )


def plan(songs: int, values: Inputs, day: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the cost of a song in dollars, by the letters of PRICES, and the rows of the table of resources.

    `day` has the mean `job_seconds` and each service's `node_hours` and `replicas`.
    """
    peak = songs * PEAK / DAY_SECONDS
    events, polls = peak * values["events"], peak * day["job_seconds"] / values["poll_interval"]
    decoding = peak * MEAN_SONG_SECONDS * values["decoding"] / values["gateway_cores"]
    uploads = songs * MEAN_SONG_SECONDS * values["upload_bytes"]
    network = uploads * PEAK / DAY_SECONDS / values["network_rate"]
    gateways = max(2, ceil(max(decoding + polls / values["gateway_polls"], network) / FULL))
    status = max(2, ceil((events / values["folds"] + polls / values["status_polls"]) / FULL))
    fixed_cores = FIXED_CORES + values["gateway_cores"] * gateways + status
    core_hours = 24 * fixed_cores + sum(cores * day[name]["node_hours"] for name, cores in CORES.items())
    stored, egress = songs * _stored_bytes(values, "wav"), songs * values["downloads"] * _stem_bytes(values, "flac")
    dollars = {
        "G": PRICES["G"][2] * day["separator"]["node_hours"] / songs,
        "C": PRICES["C"][2] * core_hours / songs,
        "S": PRICES["S"][2] * stored / 1e9 / MONTH_DAYS / songs,
        "E": PRICES["E"][2] * egress / 1e9 / songs,
    }
    return dollars, {
        f"songs a second, busiest hour ({PEAK:.1f} times the mean)": f"{peak:.2g}",
        "**GPU hours** paid a day": f"{day['separator']['node_hours']:,.0f}",
        "GPUs at work, busiest hour": f"{peak * _task(values, 'separator'):,.0f}",
        "separators at most, `maxReplicaCount`": f"{day['separator']['replicas']:,.0f}",
        "transcribers at work, busiest hour": f"{peak * _task(values, 'transcriber'):,.0f}",
        "transcribers at most, two cores each": f"{day['transcriber']['replicas']:,.0f}",
        "beats workers at most, one core each": f"{day['beats']['replicas']:,.0f}",
        "gateways": f"{gateways}",
        "status replicas": f"{status}",
        "core hours a day, without the separators": f"{core_hours:,.0f}",
        "events a second, busiest hour": f"{events:,.0f}",
        "polls a second, busiest hour": f"{polls:,.0f}",
        "queues named `status`": f"{ceil(events / values['queue_rate'])}",
        "MongoDB: documents kept": _bytes(songs * values["document_bytes"]),
        "MongoDB: shards": f"{ceil(events / values['database_rate'])}",
        "files kept for 24 hours, stems as WAV": _bytes(stored),
        "uploads a day, as MP3": _bytes(uploads),
        "egress a day, stems as FLAC": _bytes(egress),
        "egress in the busiest hour": f"{8 * egress * PEAK / DAY_SECONDS / 1e9:.2g} Gbit/s",
    }


def limits(values: Inputs, job_seconds: float) -> list[tuple[float, str, str]]:
    """Return songs a day at which a single part is full in the busiest hour, the part, and its remedy; least first."""
    day, events, polls = DAY_SECONDS / PEAK, values["events"], job_seconds / values["poll_interval"]
    decoding = MEAN_SONG_SECONDS * values["decoding"] / values["gateway_cores"]
    more, fewer = (
        "more of them: KEDA adds them",
        "fewer progress events, one per 2 s; then one queue per range of job ids",
    )
    return sorted([
        (day / (values["cpu_separation"] * MEAN_SONG_SECONDS),
         "a separator without a GPU, two cores", "more of them, or a GPU"),
        (day / _task(values, "separator"), "a separator with a GPU", more),
        (day / _task(values, "transcriber"), "a transcriber, two cores", more),
        (day / (2 * _task(values, "beats")), "a beats worker", more),
        (values["disk_bytes"] / _stored_bytes(values, "wav"),
         "a disk of 1 TB for a day's files", "an object store (`s3`); `format=flac` takes a third of the space"),
        (day / (decoding + polls / values["gateway_polls"]),
         "a gateway's cores: decoding and polls", "more gateways: they share nothing"),
        (day * values["network_rate"] / (MEAN_SONG_SECONDS * values["upload_bytes"]),
         "a gateway's network: uploads", "more gateways; at 1,000,000 clients download from the object store directly"),
        (day / (events / values["folds"] + polls / values["status_polls"]), "a status process: folds and polls",
         "more of them: folds commute; clients that follow the event stream instead of polling"),
        (3600 / values["listing"], "the hourly search for orphans, one listing per job",
         "a longer `ORPHAN_MINUTES`, and an expiry rule of the bucket, which needs no listing"),
        (day * values["queue_rate"] / events, "the queue `status`", f"{fewer} (consistent-hash exchange)"),
        (day * values["database_rate"] / events,
         "a MongoDB primary", "shards by `hashed` job id: each fold and each poll names one job"),
    ])  # fmt: skip


def _day(songs: int, found: Simulated) -> Mapping[str, Any]:
    """Return the simulated day, or the greatest one in proportion. Larger pools are used slightly better."""
    base = min(songs, max(PLANNED))
    day = found["days"][str(base)]
    pools = {name: {what: songs / base * day[name][what] for what in day[name]} for name in CHOSEN}
    return {"job_seconds": day["job_seconds"], **pools}


def _task(values: Inputs, service: str) -> float:
    return values["task_overhead"] + task_seconds(values)[service] * MEAN_SONG_SECONDS


def _stem_bytes(values: Inputs, form: str) -> float:
    return STEMS * MEAN_SONG_SECONDS * values[f"{form}_bytes"]


def _stored_bytes(values: Inputs, form: str) -> float:
    return _stem_bytes(values, form) + MEAN_SONG_SECONDS * values["song_bytes"] + values["small_files_bytes"]


def _bytes_by_format(values: Inputs) -> str:
    rows = [
        (form.upper(), _bytes(_stem_bytes(values, form)), _bytes(_stored_bytes(values, form)))
        for form in ("wav", "flac", "opus")
    ]
    return table(("stems as", "five stems", "all files of a song"), rows)


def _limits(values: Inputs, job_seconds: float) -> str:
    rows = [(part, remedy, f"{int(float(f'{songs:.2g}')):,}") for songs, part, remedy in limits(values, job_seconds)]
    return table(("a single", "remedy", "full at songs a day"), rows, left=2)


def _cost(dollars: Mapping[int, Mapping[str, float]]) -> str:
    rows = [
        (f"{letter}: {what}", *(f"{1000 * one[letter]:.2f}" for one in dollars.values()))
        for letter, (what, *_) in PRICES.items()
    ]
    total = (f"**{1000 * sum(one.values()):.2f}**" for one in dollars.values())
    head = ("example dollars, a thousand songs", *(f"{songs:,} a day" for songs in dollars))
    return table(head, [*rows, ("**a thousand songs**", *total)])


def _trials(results: list[Result]) -> str:
    rows = []
    for one in results:
        cells = (
            f"{one['value']:g}",
            *(f"{one[name]:.0f} s" for name in ("p50", "p95", "p99")),
            f"{one['node_hours']:.1f}",
        )
        chosen = one["value"] == getattr(CHOSEN[one["service"]], one["setting"], None)
        what = f"`{one['setting']}`"
        rows.append((one["service"], f"{one['songs']:,}", what, *(f"**{cell}**" if chosen else cell for cell in cells)))
    return table(("", "songs a day", "setting", "value", "wait p50", "p95", "p99", "node hours"), rows)


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}".strip() if value >= 100 else f"{value:.3g} {unit}".strip()


def _bytes(size: float) -> str:
    for unit, factor in {"TB": 1e12, "GB": 1e9, "MB": 1e6}.items():
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"
