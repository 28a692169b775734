"""Tracing: no effect without an endpoint, one connected trace with one."""

from time import time_ns

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.tasks import Task
from shared.telemetry import tracing
from shared.telemetry.logs import trace_fields
from tests.fakes import completed, progressed, submitted


def parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def test_without_tracing_a_message_has_no_header_and_a_log_line_no_trace_id() -> None:
    with tracing.publishing(submitted()) as headers:
        assert headers == {}
    with tracing.received("attempt", headers), tracing.publishing(submitted()) as next_headers:
        assert next_headers == {}
        assert trace_fields() == {}
    assert tracing.message_trace_fields(headers) == {}


def test_a_service_without_tracing_passes_on_the_trace_of_another() -> None:
    traceparent = f"00-{'1' * 32}-{'2' * 16}-01"
    with tracing.received("attempt", {"traceparent": traceparent}), tracing.publishing(submitted()) as headers:
        assert headers == {"traceparent": traceparent}
        assert trace_fields() == {"trace_id": "1" * 32}


def test_a_trace_continues_where_its_message_is_received(spans: InMemorySpanExporter) -> None:
    with tracing.publishing(submitted()) as headers:
        pass
    with tracing.received("attempt", headers, job_id="abc123", attempt=2):
        with tracing.tracer.start_as_current_span("compute"):
            pass
        with tracing.publishing(completed(Task.BEAT_ANALYSIS)) as result:
            pass
    tracing.record_folds([(completed(Task.BEAT_ANALYSIS), result)], time_ns())
    publish, compute, done, attempt, fold = spans.get_finished_spans()
    assert len({span.context.trace_id for span in spans.get_finished_spans() if span.context}) == 1
    assert publish.context
    assert attempt.context
    assert done.context
    assert [parent(span) for span in (publish, attempt, compute, done, fold)] == [
        None,
        publish.context.span_id,
        attempt.context.span_id,
        attempt.context.span_id,
        done.context.span_id,
    ]
    assert attempt.attributes == {"job_id": "abc123", "attempt": 2}
    assert fold.attributes == {"type": "task_completed", "job_id": "abc123", "task": "beat_analysis", "attempt": 1}


def test_log_lines_have_the_trace_id(spans: InMemorySpanExporter) -> None:
    with tracing.publishing(submitted()) as headers:
        pass
    trace_id = headers["traceparent"].split("-")[1]
    with tracing.received("attempt", headers):
        assert trace_fields() == {"trace_id": trace_id}
    assert tracing.message_trace_fields(headers) == {"trace_id": trace_id}


def test_progress_is_not_traced(spans: InMemorySpanExporter) -> None:
    event = progressed(Task.BEAT_ANALYSIS, 50)
    with tracing.publishing(event) as headers:
        assert headers == {}
    tracing.record_folds([(event, headers)], time_ns())
    assert spans.get_finished_spans() == ()
