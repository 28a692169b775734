"""An OpenTelemetry collector for tests: it receives spans by OTLP over HTTP and stores them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import LOOPBACK


@dataclass(frozen=True)
class Sent:
    """A received span; `parent` is empty for the first span of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]


@dataclass
class Collector:
    url: str
    spans: list[Sent] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {each.key: each.value.string_value for each in part.resource.attributes}
            for span in (span for scope in part.scope_spans for span in scope.spans):
                attributes = {each.key: each.value.string_value for each in span.attributes}
                trace, own, parent = (each.hex() for each in (span.trace_id, span.span_id, span.parent_span_id))
                self.spans.append(Sent(about["service.name"], span.name, trace, own, parent, attributes))


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    collector = Collector(f"http://{LOOPBACK}:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
