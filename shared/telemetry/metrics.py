"""Structured logs, and the names of all metrics."""

import logging
import sys
from io import StringIO
from typing import TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.events import JobEvent, TaskEvent
from shared.settings import Settings
from shared.telemetry import memory, tracing

FRACTIONS = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
SECONDS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800)
DELAYS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

UPLOADS = Counter("karaoke_uploads_total", "Uploads by the code they were answered with.", ["code"])
UPLOAD_SECONDS = Histogram("karaoke_upload_seconds", "Seconds from request to answer of an upload.", buckets=SECONDS)

TASKS = Counter("karaoke_tasks_total", "Attempts at tasks by how they ended.", ["task", "outcome"])
TASK_ERRORS = Counter("karaoke_task_errors_total", "Attempts at tasks that did not succeed, by why.", ["task", "code"])
TASK_SECONDS = Histogram("karaoke_task_seconds", "Seconds that an attempt at a task took.", ["task"], buckets=SECONDS)
PHASE_SECONDS = Histogram(
    "karaoke_task_phase_seconds",
    "Seconds of an attempt by phase: `queue` (of first attempts alone), `load`, `compute` and `write`.",
    ["task", "phase"],
    buckets=SECONDS,
)
AUDIO_SECONDS = Counter("karaoke_audio_seconds_total", "Seconds of audio of the songs that were computed.", ["task"])
GPU_PEAK = Gauge("karaoke_gpu_memory_peak_bytes", "The most that torch took of its GPU in the last task.", ["task"])
GPU_USED = Gauge("karaoke_gpu_memory_used_bytes", "What all took of the GPU after the last task.", ["task"])
GPU_TOTAL = Gauge("karaoke_gpu_memory_total_bytes", "What the GPU has.", ["task"])

JOBS = Counter(
    "karaoke_jobs_total",
    "Jobs by how they ended, each end counted once by one replica: events that come twice add nothing. "
    "A replica that is killed leaves the ends of its last seconds uncounted.",
    ["outcome"],
)
JOB_SECONDS = Histogram(
    "karaoke_job_seconds", "Seconds from a job's submission to its first completion.", buckets=SECONDS
)
FOLDED = Counter("karaoke_events_folded_total", "Events folded into documents, again those that come twice.", ["type"])
VISIBLE_SECONDS = Histogram(
    "karaoke_event_visible_seconds", "Seconds from when something happened to when readers see it.", buckets=DELAYS
)
TASKS_WAITING = Gauge("karaoke_tasks_waiting", "Tasks that could begin and have not; all replicas say it.", ["task"])
QUEUE_LAG = Gauge(
    "karaoke_queue_lag_seconds", "For how long the first of these tasks has waited; all replicas say it.", ["task"]
)
DEAD_LETTERS = Counter("karaoke_dead_letters_total", "Messages that the broker gave up on.", ["queue"])
SNAPSHOT_SECONDS = Histogram(
    "karaoke_queue_snapshot_seconds", "Seconds that a look at all unfinished jobs took.", buckets=FRACTIONS
)
STREAMS = Gauge("karaoke_streams", "Streams of server-sent events that are open.")
EVENTS_SENT = Counter("karaoke_events_sent_total", "Documents sent to those who follow a job.")
CALLBACKS = Counter("karaoke_callbacks_total", "Attempts to tell that a job is over, by how they ended.", ["outcome"])
EXPIRED = Counter("karaoke_jobs_expired_total", "Jobs removed because their time was over.")

READINESS = Counter("karaoke_readiness_total", "Answers of /readyz: `ready`, or the code of what is not.", ["code"])
MEMORY_USED = Gauge("karaoke_memory_used_bytes", "What the container takes that cannot be given back; 0 if unknown.")
MEMORY_LIMIT = Gauge("karaoke_memory_limit_bytes", "What the container may take; 0 without a limit.")


def configure(service: str, settings: Settings) -> None:
    """Sends this process' logs, the libraries' included, to stderr: one line each, with `service` and what is bound.

    Text from users reaches a line only as the value of a field, escaped.
    """
    MEMORY_USED.set_function(memory.used_bytes)
    MEMORY_LIMIT.set_function(memory.limit_bytes)
    console = settings.log_format == "console"
    structlog.contextvars.bind_contextvars(service=service)
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: list[structlog.typing.Processor] = (
        [_escaped, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("shared").setLevel(settings.log_level.upper())
    logging.getLogger("services").setLevel(settings.log_level.upper())


def at_zero(counter: Counter, *labels: tuple[str, ...]) -> None:
    """Shows a counter from the start: in one that appears at 1 Prometheus sees no increase."""
    for values in labels:
        counter.labels(*values)


def about(event: JobEvent) -> dict[str, str | int]:
    """What log lines and spans about an event have."""
    if isinstance(event, TaskEvent):
        return {"job_id": event.job_id, "task": event.task, "attempt": event.attempt}
    return {"job_id": event.job_id}


def _traced(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {**tracing.current(), **line}


def _escaped(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a terminal would act on, written out: line breaks and escape sequences. JSON does so by itself."""
    return {key: _printable(value) if isinstance(value, str) else value for key, value in line.items()}


def _traceback(to: TextIO, error: structlog.typing.ExcInfo) -> None:
    """An error's text may quote a user's; only its line breaks are kept, for people."""
    text = StringIO()
    structlog.dev.plain_traceback(text, error)
    to.write("\n".join(map(_printable, text.getvalue().split("\n"))))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
