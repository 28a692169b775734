import os
import signal
import subprocess
import sys

from tests.conftest import ROOT

SERVICE = """
import asyncio
from shared.web.server import forever, run
from shared.settings import Settings

async def main():
    try:
        print("up", flush=True)
        await forever()
    finally:
        print("draining", flush=True)
        print(await asyncio.to_thread(input), flush=True)

run("any", Settings(), main())
"""


def test_a_second_sigterm_does_not_interrupt_draining() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdin
        assert service.stdout
        for line in ("up", "draining"):
            assert service.stdout.readline() == f"{line}\n"
            service.send_signal(signal.SIGTERM)
        service.stdin.write("drained\n")
        service.stdin.flush()
        assert service.stdout.read() == "drained\n"
    assert service.returncode == 0
