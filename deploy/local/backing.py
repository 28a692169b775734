"""The broker and the database that a run needs, for as long as it needs them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.broker import Broker
from deploy.local.database import Database


@contextmanager
def backing(folder: Path, env: Mapping[str, str] = os.environ) -> Iterator[dict[str, str]]:
    """Yields AMQP_URL and MONGO_URL of servers that take work.

    What `env` names is used as it is; the rest is started in `folder`, both at once, and ended with the context.
    Raises `StartError`.
    """
    servers: dict[str, Broker | Database] = {}
    if not env.get("AMQP_URL"):
        servers["AMQP_URL"] = Broker(folder / "broker")
    if not env.get("MONGO_URL"):
        servers["MONGO_URL"] = Database(folder / "database")
    with ExitStack() as ending:
        for server in servers.values():
            ending.callback(server.end)
            server.start()
        for server in servers.values():
            server.wait()
        own = {name: server.url for name, server in servers.items()}
        yield {name: own.get(name) or env[name] for name in ("AMQP_URL", "MONGO_URL")}
