"""Spans by OpenTelemetry; imported only where `shared.telemetry.tracing` is on.

`opentelemetry-instrumentation-aio-pika` ends its span when a message is taken, which here is long before it is worked
on, and knows no batches; so context is put into headers, and taken from them, here.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import time_ns
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind

from shared.events import Event
from shared.telemetry.metrics import about

Attributes = Mapping[str, str | int]

READS = ("GET", "HEAD", "OPTIONS")


def exporting(service: str) -> TracerProvider:
    """Sends to where OTEL_EXPORTER_OTLP_ENDPOINT says; what was not sent yet is when the process ends."""
    os.environ.setdefault("OTEL_SERVICE_NAME", f"karaoke-{service}")
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class Traces:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("karaoke")

    @contextmanager
    def span(self, name: str, attributes: Attributes) -> Iterator[None]:
        with self._tracer.start_as_current_span(name, attributes=attributes):
            yield

    @contextmanager
    def publishing(self, event: Event) -> Iterator[dict[str, Any]]:
        headers: dict[str, Any] = {}
        with self._tracer.start_as_current_span(
            f"publish {event.type}", kind=SpanKind.PRODUCER, attributes={"type": event.type, **about(event)}
        ):
            propagate.inject(headers)
            yield headers

    @contextmanager
    def received(self, name: str, headers: Mapping[str, Any], attributes: Attributes) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name, propagate.extract(headers), SpanKind.CONSUMER, attributes=attributes
        ):
            yield

    def folded(self, messages: Iterable[tuple[Event, Mapping[str, Any]]], began_at: int) -> None:
        ended_at = time_ns()
        for event, headers in messages:
            if "traceparent" in headers:
                self._tracer.start_span(
                    "fold",
                    propagate.extract(headers),
                    SpanKind.CONSUMER,
                    {"type": event.type, **about(event)},
                    start_time=began_at,
                ).end(ended_at)

    def ids(self, headers: Mapping[str, Any]) -> dict[str, str]:
        return _ids(trace.get_current_span(propagate.extract(headers))) if "traceparent" in headers else {}

    def current(self) -> dict[str, str]:
        return _ids(trace.get_current_span())

    def requests(self) -> TelemetryConfig:
        return {
            "tracer_provider": self._provider,
            "exclude": lambda scope: scope["type"] != "http" or scope["method"] in READS,
            "operation_spans": False,
            "metrics": False,  # Prometheus has them
            "logs": False,
        }


def _ids(span: Span) -> dict[str, str]:
    context = span.get_span_context()
    return {"trace_id": trace.format_trace_id(context.trace_id)} if context.is_valid else {}
