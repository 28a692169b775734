"""A broker and a database for the duration of a run."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database


@contextmanager
def backing(folder: Path, env: Mapping[str, str] = os.environ) -> Iterator[dict[str, str]]:
    """Yield AMQP_URL and MONGO_URL of servers that are ready.

    Servers that `env` names are used; missing ones are started in `folder`, both at once, and stopped at the end.
    Raises `StartError`.
    """
    servers: dict[str, Broker | Database] = {}
    if not env.get("AMQP_URL"):
        servers["AMQP_URL"] = Broker(folder / "broker")
    if not env.get("MONGO_URL"):
        servers["MONGO_URL"] = Database(folder / "database")
    with ExitStack() as stack:
        for server in servers.values():
            stack.callback(server.end)
            server.start()
        for server in servers.values():
            server.wait()
        own = {name: server.url for name, server in servers.items()}
        yield {name: own.get(name) or env[name] for name in ("AMQP_URL", "MONGO_URL")}
