"""Write `docs/openapi.json`, `docs/asyncapi.json` and the policies of a bucket from the code: `make docs`."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import TypeAdapter

from services.gateway.app import create_app
from services.gateway.settings import Settings
from shared.broker.bus import Bus
from shared.broker.topology import EXCHANGE, STATUS_QUEUE
from shared.events import Event
from shared.storage.job_files import Storage
from shared.storage.rights import RIGHTS, Rights
from shared.tasks import Task
from shared.web.health import Health

DOCS = Path(__file__).parent
POLICIES = DOCS.parent / "deploy/k8s/components/s3/policies"
BUCKET, PREFIX = "karaoke", "jobs"
"""They are those of the component's STORAGE_URL."""


async def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the gateway. This needs no connection."""
    async with aiohttp.ClientSession() as status:
        return create_app(Bus("", ""), Storage(str(DOCS)), status, Health(), Settings()).openapi()


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: every event is a message on the topic exchange, with its JSON schema."""
    schema = TypeAdapter(Event).json_schema(ref_template="#/components/schemas/{model}")
    schemas = schema["$defs"]
    result = schemas["TaskCompleted"]["properties"]["result"]
    result["discriminator"] = result["discriminator"]["propertyName"]  # an object in OpenAPI, a name in AsyncAPI
    names = [ref.rpartition("/")[2] for ref in schema["discriminator"]["mapping"].values()]
    channel = {"$ref": "#/channels/events"}
    listeners = {task.queue: f"Starts {task} when the routing key names it as ready." for task in Task}
    listeners[STATUS_QUEUE] = "Folds every event into the job's document."
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Karaoke events",
            "version": "1.0.0",
            "description": "Events of jobs. They may arrive twice, late and in any order.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "{type}.{task}.ready.{tasks}",
                "description": "Events about the whole job have no task.",
                "parameters": {
                    "type": {"enum": sorted(schema["discriminator"]["mapping"])},
                    "task": {"enum": list(Task), "description": "The task that the event is about."},
                    "tasks": {"description": "Tasks that the event makes ready, joined with dots; may be none."},
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic"}}},
            }
        },
        "operations": {
            "publish": {"action": "send", "channel": channel, "summary": "Confirmed by the broker, and mandatory."}
        }
        | {queue: {"action": "receive", "channel": channel, "summary": text} for queue, text in listeners.items()},
        "components": {
            "messages": {name: {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}} for name in names},
            "schemas": schemas,
        },
    }


def policy(rights: Rights) -> dict[str, Any]:
    """Return an IAM policy. It fits into 2048 characters, the limit of a user's policies.

    The bucket may be listed whole: with a condition on the prefix, S3 answers 403 instead of 404 for missing objects.
    """

    def allow(names: Iterable[str], *actions: str) -> dict[str, Any]:
        resources = [f"arn:aws:s3:::{BUCKET}/{PREFIX}/*/{name}" for name in names]
        return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": resources}

    statements = [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{BUCKET}"]},
        allow(rights.reads, "GetObject"),
        allow(rights.writes, "PutObject", "AbortMultipartUpload"),
        allow(rights.deletes, "DeleteObject"),
    ]
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Resource"]]}


def documents() -> dict[Path, str]:
    """Return the expected content of each file."""
    contents = {DOCS / "openapi.json": asyncio.run(openapi()), DOCS / "asyncapi.json": asyncapi()}
    contents |= {POLICIES / f"{service}.json": policy(rights) for service, rights in RIGHTS.items()}
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in contents.items()}


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
