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
from deploy.local.child import StartError
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
        process = subprocess.Popen(command, env={**os.environ, **urls})
        for number in (signal.SIGINT, signal.SIGHUP):  # the terminal sends them to the command, too
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
    sys.exit(code)


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
