"""Traces that follow a job across the broker, as OpenTelemetry has them: on where its exporter is told an endpoint.

While they are off its SDK is not imported, no message has a header more, and a span is nothing.
Progress is not traced: a hundred events of a task would hide the others.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from shared.events import Event, TaskProgressed

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from shared.telemetry.traces import Traces

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

CONTEXT: Final = ("traceparent", "tracestate")
"""The headers of a message that its copies keep."""

Headers = Mapping[str, Any]

_traces: "Traces | None" = None


def configure(service: str) -> None:
    """Looks at the environment. All else that OpenTelemetry's own variables say is kept, too."""
    if any(os.environ.get(name) for name in ENDPOINTS):
        from shared.telemetry.traces import Traces, exporting  # noqa: PLC0415  # costs time and memory

        use(Traces(exporting(service)))


def use(traces: "Traces | None") -> None:
    global _traces  # noqa: PLW0603 -- a process has one, as it has one log
    _traces = traces


def span(name: str, **attributes: str | int) -> AbstractContextManager[None]:
    """A part of what is being traced."""
    return _traces.span(name, attributes) if _traces else nullcontext()


def publishing(event: Event) -> AbstractContextManager[dict[str, Any]]:
    """Gives the headers that the message of `event` is to have."""
    return _traces.publishing(event) if _traces and not isinstance(event, TaskProgressed) else nullcontext({})


def received(name: str, headers: Headers, **attributes: str | int) -> AbstractContextManager[None]:
    """Goes on with the trace of a message."""
    return _traces.received(name, headers, attributes) if _traces else nullcontext()


def folded(messages: Iterable[tuple[Event, Headers]], began_at: int) -> None:
    """Adds to the trace of each message that it was folded, in one go with others, since `began_at` (`time_ns`)."""
    if _traces:
        _traces.folded(messages, began_at)


def ids(headers: Headers) -> dict[str, str]:
    """The `trace_id` of a message, for log lines about it; nothing without a trace."""
    return _traces.ids(headers) if _traces else {}


def current() -> dict[str, str]:
    """The `trace_id` of what is being done, for all other lines."""
    return _traces.current() if _traces else {}


def requests() -> "TelemetryConfig | None":
    """Has FastAPI trace the requests that change something; reads are too many, and end where they are answered."""
    return _traces.requests() if _traces else None
