"""A worker with an engine of `tests.faults.engines`: `python -m tests.faults.worker SERVICE`.

CLOCK_AHEAD_SECONDS shifts its clock; RETRY_SECONDS is the delay before another attempt.
"""

import os
import sys
from datetime import UTC, datetime, timedelta, tzinfo

import shared.worker.progress
from shared.broker import topology
from shared.settings import Settings
from shared.tasks import Task
from shared.web.server import run
from shared.worker.worker import work

SERVICES = {
    "separator": (Task.STEM_SEPARATION, "separate"),
    "transcriber": (Task.TRANSCRIPTION, "transcribe"),
    "beats": (Task.BEAT_ANALYSIS, "analyse"),
}
AHEAD = timedelta(seconds=float(os.environ.get("CLOCK_AHEAD_SECONDS", "0")))


class WrongClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = UTC) -> "WrongClock":
        return cls.fromtimestamp(datetime.now(tz).timestamp(), tz) + AHEAD


if __name__ == "__main__":
    shared.worker.progress.datetime = WrongClock  # type: ignore[attr-defined] # the wall clock
    topology.RETRY_SECONDS = (float(os.environ["RETRY_SECONDS"]),)
    service = sys.argv[1]
    task, engine = SERVICES[service]
    settings = Settings()
    engines = "tests.faults.engines"
    run(service, settings, work(task, f"{engines}:{engine}", f"{engines}:warm", settings, wants=("drums",)))
