"""A broker and a database with the topology, users and permissions of `deploy/k8s`."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from pymongo import MongoClient

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.ports import LOOPBACK, free_ports
from tests.deploy.manifests import rendered

PASSWORD = "secret"
ADMINISTRATOR = "root"


class OperatedBroker(Broker):
    """A broker with the management API and all users; `make_topology` declares the rest."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (self.management_port,) = free_ports(1)
        self._config += f"management.tcp.ip = {LOOPBACK}\nmanagement.tcp.port = {self.management_port}\n"

    def begin(self) -> None:
        self.start()
        self.wait()
        self.tool("rabbitmq-plugins", "enable", "rabbitmq_management")
        users = [(each["metadata"]["name"], each["spec"]["tags"]) for each in rendered("rabbitmq").of("User")]
        definitions = {
            "users": [
                {"name": name, "password_hash": _hashed(PASSWORD), "tags": ",".join(tags)} for name, tags in users
            ],
            "permissions": [_rights(name, "/") for name, _ in users],
        }
        self._import(definitions)

    def permit(self, name: str, vhost: str) -> None:
        """Give a user the same permissions in another vhost."""
        rights = _rights(name, vhost)
        self.control("set_permissions", "-p", vhost, name, *(rights[each] for each in ("configure", "write", "read")))

    def limit_topics(self, vhost: str) -> None:
        """Set the users' topic permissions. RabbitMQ 4.3 accepts them only when their exchange exists."""
        users = [user["metadata"]["name"] for user in rendered("rabbitmq").of("User")]
        self._import({"topic_permissions": [rights for name in users for rights in _topic_rights(name, vhost)]})

    def _import(self, definitions: dict[str, Any]) -> None:
        file = self._folder / "definitions.json"
        file.write_text(json.dumps(definitions))
        self.control("import_definitions", str(file))

    def add_vhost(self, name: str) -> str:
        """Create a vhost and return the administrator's URL of it."""
        self.control("add_vhost", name)
        self.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        return f"{self.url}{name}"

    def url_of(self, user: str, vhost: str = "") -> str:
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=f"{user}:{PASSWORD}@{parts.hostname}:{parts.port}")) + vhost

    def control(self, *arguments: str) -> str:
        return self.tool("rabbitmqctl", *arguments)

    def definitions(self, vhost: str) -> dict[str, list[dict[str, Any]]]:
        """Return the exported exchanges, queues and bindings of a vhost, sorted, without the broker's own."""
        exported = json.loads(self.control("export_definitions", "-"))
        return {
            kind: sorted(
                (
                    {key: value for key, value in each.items() if key != "vhost"}
                    for each in exported[kind]
                    if each["vhost"] == vhost and not str(each.get("name", "")).startswith("amq.")
                ),
                key=str,
            )
            for kind in ("exchanges", "queues", "bindings")
        }


def _rights(user: str, vhost: str) -> dict[str, str]:
    """Read a user's permissions from the user's Permission manifest."""
    permission = rendered("rabbitmq").one("Permission", user)["spec"]
    assert permission["userReference"] == {"name": user}
    return {"user": user, "vhost": vhost, **permission["permissions"]}


def _topic_rights(user: str, vhost: str) -> list[dict[str, str]]:
    """Read a user's permissions for routing keys from the TopicPermission manifests."""
    specs = [each["spec"] for each in rendered("rabbitmq").of("TopicPermission")]
    mine = [each["permissions"] for each in specs if each["userReference"] == {"name": user}]
    return [{"user": user, "vhost": vhost, **permissions} for permissions in mine]


def _hashed(password: str) -> str:
    """https://www.rabbitmq.com/docs/passwords#computing-password-hash"""
    salt = b"salt"
    return b64encode(salt + sha256(salt + password.encode()).digest()).decode()


async def make_topology(channel: AbstractChannel) -> None:
    """Declare the manifests' topology as the Topology Operator would."""
    manifests = rendered("rabbitmq")
    for exchange in (each["spec"] for each in manifests.of("Exchange")):
        await channel.declare_exchange(exchange["name"], ExchangeType(exchange["type"]), durable=exchange["durable"])
    for queue in (each["spec"] for each in manifests.of("Queue")):
        arguments = {"x-queue-type": queue["type"]} | queue.get("arguments", {})
        await channel.declare_queue(queue["name"], durable=queue["durable"], arguments=arguments)
    for binding in (each["spec"] for each in manifests.of("Binding")):
        assert binding["destinationType"] == "queue"
        queue = await channel.get_queue(binding["destination"], ensure=False)
        await queue.bind(binding["source"], binding["routingKey"])


class OperatedDatabase(Database):
    """A database with authentication and the manifests' user."""

    def begin(self) -> None:
        """Create the users, then start again with authentication."""
        self.start()
        self.wait()
        with MongoClient[dict[str, Any]](self.url) as client:
            client.admin.command("createUser", ADMINISTRATOR, pwd=PASSWORD, roles=["root"])
            for user in rendered("mongodb").one("MongoDBCommunity", "mongodb")["spec"]["users"]:
                roles = [{"role": role["name"], "db": role["db"]} for role in user["roles"]]
                client[user["db"]].command("createUser", user["name"], pwd=PASSWORD, roles=roles)
        self.end()
        key = self._data.with_suffix(".key")
        key.write_text("akeyofmemberstoeachother")
        key.chmod(0o600)
        self._server._command = [*self._server._command, "--auth", "--keyFile", str(key)]
        self.start()
        self.wait()

    def url_of(self, user: str, database: str) -> str:
        return f"mongodb://{user}:{PASSWORD}@{self._member}/{database}?directConnection=true"
