"""Structured logs, and the names of all metrics."""

import logging
import sys
from io import StringIO
from typing import TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.settings import Settings

FRACTIONS = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
SECONDS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800)

TASKS = Counter("karaoke_tasks_total", "Attempts at tasks by how they ended.", ["task", "outcome"])
TASK_SECONDS = Histogram("karaoke_task_seconds", "Seconds that an attempt at a task took.", ["task"], buckets=SECONDS)
UPLOADS = Counter("karaoke_uploads_total", "Uploads by the code they were answered with.", ["code"])
UPLOAD_SECONDS = Histogram("karaoke_upload_seconds", "Seconds from request to answer of an upload.", buckets=SECONDS)
FOLDED = Counter("karaoke_events_folded_total", "Events folded into documents.", ["type"])
DEAD_LETTERS = Counter("karaoke_dead_letters_total", "Messages that the broker gave up on.", ["queue"])
SNAPSHOT_SECONDS = Histogram(
    "karaoke_queue_snapshot_seconds", "Seconds that a look at all unfinished jobs took.", buckets=FRACTIONS
)
STREAMS = Gauge("karaoke_streams", "Streams of server-sent events that are open.")
EVENTS_SENT = Counter("karaoke_events_sent_total", "Documents sent to those who follow a job.")
CALLBACKS = Counter("karaoke_callbacks_total", "Attempts to tell that a job is over, by how they ended.", ["outcome"])
EXPIRED = Counter("karaoke_jobs_expired_total", "Jobs removed because their time was over.")


def configure(service: str, settings: Settings) -> None:
    """Sends this process' logs, the libraries' included, to stderr: one line each, with `service` and what is bound.

    Text from users reaches a line only as the value of a field, escaped.
    """
    console = settings.log_format == "console"
    structlog.contextvars.bind_contextvars(service=service)
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
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
