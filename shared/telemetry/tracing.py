"""OpenTelemetry traces that follow a job across the broker.

Without an endpoint in the environment the SDK is not imported, and OpenTelemetry's API does nothing: no spans, no
headers. Progress events are not traced: a hundred of them per task would hide the others.

`opentelemetry-instrumentation-aio-pika` is not used: it ends its span when a message is received, which here is long
before the message is processed, and it does not support batches.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from shared.events import Event, TaskProgressed
from shared.telemetry.logs import log_fields, trace_fields

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

ENDPOINT_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

CONTEXT_HEADERS: Final = ("traceparent", "tracestate")
"""Message headers that copies of a message keep."""

REQUESTS: "Final[TelemetryConfig]" = {
    "exclude": lambda scope: scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"),
    "operation_spans": False,
    "metrics": False,  # Prometheus has them
    "logs": False,
}
"""FastAPI setting: trace only requests that change something. Reads are too many, and cause nothing else."""

Headers = Mapping[str, Any]

tracer = trace.get_tracer("karaoke")


def configure(service: str) -> None:
    """Export spans if the environment names an endpoint; the SDK reads OpenTelemetry's other variables itself.

    Spans that are still buffered are sent when the process ends.
    """
    if any(os.environ.get(name) for name in ENDPOINT_VARIABLES):
        # The SDK takes time and memory to import.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 -- see above
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 -- see above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 -- see above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- see above

        os.environ.setdefault("OTEL_SERVICE_NAME", f"karaoke-{service}")
        provider = TracerProvider(resource=Resource.create())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


@contextmanager
def publishing(event: Event) -> Iterator[dict[str, Any]]:
    """Trace the publishing of `event`; yields the headers for its message."""
    headers: dict[str, Any] = {}
    if isinstance(event, TaskProgressed):
        yield headers
        return
    attributes = {"type": event.type, **log_fields(event)}
    with tracer.start_as_current_span(f"publish {event.type}", kind=SpanKind.PRODUCER, attributes=attributes):
        propagate.inject(headers)
        yield headers


def received(name: str, headers: Headers, **attributes: str | int) -> AbstractContextManager[Span]:
    """Continue the trace of a message."""
    return tracer.start_as_current_span(name, _context(headers), SpanKind.CONSUMER, attributes)


def record_folds(messages: Iterable[tuple[Event, Headers]], began_at: int) -> None:
    """Add to the trace of each message that it was folded in a batch that began at `began_at` (`time_ns`)."""
    ended_at = time_ns()
    for event, headers in messages:
        if "traceparent" in headers:
            context, attributes = _context(headers), {"type": event.type, **log_fields(event)}
            tracer.start_span("fold", context, SpanKind.CONSUMER, attributes, start_time=began_at).end(ended_at)


def message_trace_fields(headers: Headers) -> dict[str, str]:
    """Return the `trace_id` of a message for log lines about it; nothing for a message without a trace."""
    return trace_fields(_context(headers)) if "traceparent" in headers else {}


def _context(headers: Headers) -> Context:
    """Return the trace of a message. A header that is no text starts a new one: OpenTelemetry would raise TypeError."""
    return propagate.extract({name: headers[name] for name in CONTEXT_HEADERS if isinstance(headers.get(name), str)})
