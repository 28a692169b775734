"""A worker with an engine of `bench.engines`: `python -m bench.worker SERVICE`."""

import sys

from shared.events import Task
from shared.settings import Settings
from shared.web.server import run
from shared.worker.worker import work

TASKS = {
    "separator": (Task.STEM_SEPARATION, "separate"),
    "transcriber": (Task.TRANSCRIPTION, "transcribe"),
    "beats": (Task.BEAT_ANALYSIS, "analyse"),
}

if __name__ == "__main__":
    service = sys.argv[1]
    task, engine = TASKS[service]
    settings = Settings()
    run(service, settings, work(task, f"bench.engines:{engine}", "bench.engines:warm", settings))
