"""A private MongoDB: a replica set with one member."""

import os
import shutil
import sysconfig
from contextlib import suppress
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.child import Child, StartError, until
from deploy.local.ports import LOOPBACK, free_ports

# Installed by the extra `local`.
EMBEDDED = Path(sysconfig.get_path("purelib"), "fiftyone", "db", "bin", "mongod")

NOT_YET_INITIALIZED = 94  # https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml


class Database:
    """Keeps its data in `folder`, and listens on a loopback port chosen by the operating system."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self._member = f"{LOOPBACK}:{port}"
        self.url = f"mongodb://{self._member}/?directConnection=true"
        self._data = folder.absolute()
        options = {
            "--dbpath": str(self._data),
            "--port": str(port),
            "--bind_ip": LOOPBACK,
            "--replSet": "karaoke",
            "--wiredTigerCacheSizeGB": "0.25",
            "--oplogSize": "64",  # MB
        }
        command = [_find(), "--nounixsocket", "--quiet", *(part for option in options.items() for part in option)]
        self._server = Child("mongodb", command, os.environ, self._data.with_suffix(".log"))

    def start(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self._server.start()

    def wait(self) -> None:
        """Return once it accepts writes."""
        with MongoClient[dict[str, object]](self.url, serverSelectionTimeoutMS=500) as client:
            until(lambda: self._writable(client), [self._server], seconds=60)

    def end(self) -> None:
        self._server.end()

    def _writable(self, client: MongoClient[dict[str, object]]) -> bool:
        with suppress(PyMongoError):
            hello = client.admin.command("hello")
            if not hello["isWritablePrimary"] and hello.get("me") != self._member:
                self._join(client)
            return bool(hello["isWritablePrimary"])
        return False

    def _join(self, client: MongoClient[dict[str, object]]) -> None:
        """Make this server the only member of the set; with the data of an earlier run, this changes the port."""
        config = {"_id": "karaoke", "version": 1, "members": [{"_id": 0, "host": self._member}]}
        try:
            client.admin.command("replSetReconfig", config, force=True)
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
            client.admin.command("replSetInitiate", config)


def _find() -> str:
    found = EMBEDDED if EMBEDDED.exists() else shutil.which("mongod")
    if found is None:
        raise StartError("mongod is missing", "run `make setup`, install MongoDB, or name a database in MONGO_URL")
    return str(found)
