"""What tests of every kind share. Real servers are named by AMQP_URL and MONGO_URL; `make test` starts them."""

import os
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import tracing

ROOT = Path(__file__).parents[1]


def need(what: str, *, there: bool) -> None:
    """Skips a test on a machine that lacks `what`; in CI, where nothing may be lacking, fails it."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is missing: run `make test`")


@pytest.fixture(scope="session")
def amqp_url() -> str:
    need("AMQP_URL, a RabbitMQ to test with,", there="AMQP_URL" in os.environ)
    return os.environ["AMQP_URL"]


@pytest.fixture(scope="session")
def mongo_url() -> str:
    need("MONGO_URL, a MongoDB to test with,", there="MONGO_URL" in os.environ)
    return os.environ["MONGO_URL"]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Switch tracing on, and keep the spans in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("karaoke"))
    return exporter
