"""A private RabbitMQ that uses the distribution's package, but not the system's broker."""

import asyncio
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import aio_pika
from aio_pika.exceptions import AMQPError

from deploy.local.child import Child, StartError, until
from deploy.local.ports import LOOPBACK, free_ports, listening

# Debian's `rabbitmq-server` on PATH requires root or the user `rabbitmq`; the script that it calls does not.
DEBIAN_SCRIPTS = Path("/usr/lib/rabbitmq/bin")

NODE = "karaoke@localhost"

# consumer_timeout (milliseconds): a message may stay unacknowledged while the longest song is processed, 3 h.
# Above the memory watermark the broker blocks publishers. It needs little disk space.
CONFIG = """\
listeners.tcp.local = {address}:{port}
consumer_timeout = 10800000
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 64MB
log.console = true
log.file = false
"""
METRICS = """\
prometheus.tcp.ip = {address}
prometheus.tcp.port = {port}
"""


class Broker:
    """Keeps its data in `folder`, and listens on loopback ports chosen by the operating system.

    It has its own epmd (Erlang's port mapper), so its node name cannot collide and no daemon is left behind.
    """

    def __init__(self, folder: Path, *, metrics: bool = False) -> None:
        """With `metrics`, Prometheus can scrape `metrics_url`."""
        port, distribution, mapper, metrics_port = free_ports(4)
        self.metrics_url = f"http://{LOOPBACK}:{metrics_port}/metrics"
        self.url = f"amqp://guest:guest@{LOOPBACK}:{port}/"
        self._port = port
        self._mapper_port = mapper
        self._config = CONFIG.format(address=LOOPBACK, port=port)
        if metrics:
            self._config += METRICS.format(address=LOOPBACK, port=metrics_port)
        self._plugins = "[rabbitmq_prometheus].\n" if metrics else "[].\n"
        self._folder = folder.absolute()
        env = {
            **os.environ,
            "HOME": str(self._folder),  # Erlang keeps its cookie there
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none"),  # ignore the system's settings
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_LOGS": "-",
        }
        log = self._folder.with_suffix(".log")
        self._mapper = Child("epmd", [_find("epmd")], env, log)
        self._server = Child("rabbitmq", [_find("rabbitmq-server")], env, log)
        self._env = env

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "rabbitmq.conf").write_text(self._config)
        (self._folder / "plugins").write_text(self._plugins)
        self._mapper.start()
        until(lambda: listening(self._mapper_port), [self._mapper], seconds=10)
        self._server.start()

    def wait(self) -> None:
        """Return once a client can connect."""
        until(self._answers, [self._server, self._mapper], seconds=90)

    def end(self) -> None:
        self._server.end()
        self._mapper.end()

    def tool(self, name: str, *arguments: str) -> str:
        """Run one of RabbitMQ's command line tools on this broker, and return its output."""
        command = [_find(name), "--quiet", "--node", NODE, *arguments]
        return subprocess.run(command, env=self._env, check=True, capture_output=True, text=True).stdout

    def _answers(self) -> bool:
        with suppress(OSError, AMQPError):
            if listening(self._port):
                asyncio.run(self._connect())
                return True
        return False

    async def _connect(self) -> None:
        async with await aio_pika.connect(self.url, timeout=5):
            pass


def _find(program: str) -> str:
    """Return the path of a program of RabbitMQ or Erlang: of the version in the folder RABBITMQ_BIN, if it is set."""
    if folder := os.environ.get("RABBITMQ_BIN"):
        if found := shutil.which(program, path=folder):
            return found
        raise StartError(f"{program} is missing in {folder}", "change RABBITMQ_BIN, or unset it")
    found = shutil.which(program, path=str(DEBIAN_SCRIPTS)) or shutil.which(program)
    if found is None:
        raise StartError(f"{program} is missing", "run `make setup`, install RabbitMQ, or name a broker in AMQP_URL")
    return found
