"""Structured logs: one line per record on stderr, safe to show in a terminal."""

import logging
import sys
import traceback
from io import StringIO
from typing import TextIO

import structlog
from opentelemetry import trace
from opentelemetry.context import Context

from shared.events import JobEvent, TaskEvent
from shared.settings import Settings


def configure(service: str, settings: Settings) -> None:
    """Send the logs of this process, its libraries included, to stderr.

    Each line has the field `service` and the bound fields. A user's text appears only as the value of a field, escaped.
    """
    structlog.contextvars.bind_contextvars(service=service)
    shared_processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderers: list[structlog.typing.Processor] = (
        [_escape, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)]
        if settings.log_format == "console"
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("shared").setLevel(settings.log_level.upper())
    logging.getLogger("services").setLevel(settings.log_level.upper())


def log_fields(event: JobEvent) -> dict[str, str | int]:
    """Return the fields of log lines and spans about an event."""
    if isinstance(event, TaskEvent):
        return {"job_id": event.job_id, "task": event.task, "attempt": event.attempt}
    return {"job_id": event.job_id}


def error_fields(error: Exception) -> dict[str, str | list[str]]:
    """Return the fields of log lines about an error whose text may quote a user's: without it."""
    return {"error": type(error).__name__, "trace": traceback.format_tb(error.__traceback__)}


def trace_fields(context: Context | None = None) -> dict[str, str]:
    """Return the `trace_id` of `context`, by default the current one; nothing outside a trace."""
    span = trace.get_current_span(context).get_span_context()
    return {"trace_id": trace.format_trace_id(span.trace_id)} if span.is_valid else {}


def _add_trace_id(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {**trace_fields(), **line}


def _escape(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape line breaks and terminal control sequences. JSON escapes them by itself."""
    return {key: _printable(value) if isinstance(value, str) else value for key, value in line.items()}


def _write_traceback(to: TextIO, error: structlog.typing.ExcInfo) -> None:
    """Write a traceback, escaped except for its line breaks: an error's text may quote a user's."""
    text = StringIO()
    structlog.dev.plain_traceback(text, error)
    to.write("\n".join(map(_printable, text.getvalue().split("\n"))))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
