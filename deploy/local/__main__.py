"""Command line of `python -m deploy.local`."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.backing import backing
from deploy.local.child import DIES_WITH_PARENT, StartError
from deploy.local.demo import demo
from deploy.local.up import up

RUN = Path(__file__).parents[2] / ".run"

app = typer.Typer(help="Run the whole project on this machine.", no_args_is_help=True, add_completion=False)


@app.command("up")
def up_command(port: Annotated[int, typer.Option(envvar="PORT", help="Port of the page.")] = 8000) -> None:
    """Start everything and serve the page until Ctrl-C."""
    try:
        code = up(RUN / "local", port)
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


@app.command("demo")
def demo_command() -> None:
    """Process the sample song and show the results."""
    sys.exit(demo(RUN / "demo"))


@app.command("backing")
def backing_command(command: Annotated[list[str], typer.Argument(help="Command to run, after `--`.")]) -> None:
    """Run a command with AMQP_URL and MONGO_URL of a broker and a database that run until it ends."""
    with tempfile.TemporaryDirectory() as folder, backing(Path(folder)) as urls:
        process = subprocess.Popen([*DIES_WITH_PARENT, *command], env={**os.environ, **urls})
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: process.terminate())
        if _in_terminal():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, too
        code = process.wait()
    sys.exit(code)


def _in_terminal() -> bool:
    """Return whether this process is in the foreground of a terminal."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def main() -> None:
    # Handle SIGTERM and a closed terminal like Ctrl-C, so that no process is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` ignores it
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        app()
    except StartError as error:
        sys.exit(f"cannot start: {error}")


if __name__ == "__main__":
    main()
