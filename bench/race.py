"""One song by us, by the same engines in one warm process, and by programs from the command line, in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from bench.commands import one_after_another
from bench.plain import Plain
from bench.singer import Singer

TASKS: Final = ("stem_separation", "transcription", "beat_analysis")


@dataclass(frozen=True)
class Race:
    """`options` are the form's; `model` is the same for the `demucs` command, and lies in `repo`.

    Without words no `whisper`.
    """

    song: Path
    options: Mapping[str, str]
    repo: Path
    model: str
    whisper: Path | None

    def run(self, singer: Singer, plain: Plain, runs: int, command_runs: int) -> dict[str, Any]:
        """Seconds of each side, run by run; commands take part in the first `command_runs`.

        First each way of the one process is tried, and the faster is the limit.
        """
        ours, _ = self._ours(singer)
        ways = {way: plain.seconds(self.song, self.options, beside=way == "beside") for way in ("before", "beside")}
        beside = ways["beside"] < ways["before"]
        taken: dict[str, list[float]] = {"ours": [], "limit": [], "commands": []}
        parts, programs = [], []
        for turn in range(runs):
            ours, shares = self._ours(singer)
            taken["ours"].append(ours)
            parts.append(shares)
            taken["limit"].append(round(plain.seconds(self.song, self.options, beside=beside), 3))
            if turn < command_runs:
                programs.append(one_after_another(self.song, self.repo, self.model, self.whisper))
                taken["commands"].append(round(sum(programs[-1].values()), 3))
        return {
            "seconds": taken,
            "limit_has_beats": "beside" if beside else "before",
            "limit_tried_seconds": {way: round(seconds, 3) for way, seconds in ways.items()},
            "our_parts_seconds": _medians(parts),
            "program_seconds": _medians(programs),
        }

    def _ours(self, singer: Singer) -> tuple[float, dict[str, float]]:
        """From the first byte of the upload to the event that tells the end, and what parts of it took."""
        began = perf_counter()
        job_id = singer.submit(self.song, **self.options)
        accepted = perf_counter()
        document = singer.completed(job_id)
        seconds = perf_counter() - began
        singer.refined(job_id)  # what still computes would slow down whoever has the next turn
        tasks = {task: document[task]["processing_time"] or 0.0 for task in TASKS}
        rest = seconds - (accepted - began) - tasks["stem_separation"] - tasks["transcription"]
        return round(seconds, 3), {"upload": accepted - began, **tasks, "between": rest}


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rows), 3) for name in rows[0]} if rows else {}
