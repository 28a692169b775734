"""`python -m deploy.local --help`."""

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

app = typer.Typer(help="Runs the whole project on this machine.", no_args_is_help=True, add_completion=False)


@app.command("up")
def up_command(port: Annotated[int, typer.Option(envvar="PORT", help="Where the page is served.")] = 8000) -> None:
    """Starts everything and serves the page until Ctrl-C."""
    try:
        code = up(RUN / "local", port)
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


@app.command("demo")
def demo_command() -> None:
    """Sends the sample song through everything and shows the results."""
    sys.exit(demo(RUN / "demo"))


@app.command("backing")
def backing_command(command: Annotated[list[str], typer.Argument(help="What to run, after `--`.")]) -> None:
    """Runs a command with AMQP_URL and MONGO_URL of a broker and a database that last as long as it does."""
    with tempfile.TemporaryDirectory() as folder, backing(Path(folder)) as urls:
        process = subprocess.Popen(command, env={**os.environ, **urls})
        for sent_by_the_terminal_to_both in (signal.SIGINT, signal.SIGHUP):
            signal.signal(sent_by_the_terminal_to_both, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
    sys.exit(code)


def main() -> None:
    # SIGTERM and a closed terminal unwind as Ctrl-C does, so that nothing stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` sets it
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        app()
    except StartError as error:
        sys.exit(f"cannot start: {error}")


if __name__ == "__main__":
    main()
