import argparse
import sys

from services.separator.settings import Settings
from shared.tasks import Task
from shared.telemetry import logs
from shared.web.server import run
from shared.worker.worker import work


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.separator", description="Without a command, run the service."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    about = "download the weights of DEMUCS_MODEL into the cache and exit"
    commands.add_parser("fetch-model", help=about, description=about)
    command, settings = parser.parse_args().command, Settings()
    if command == "fetch-model":
        from services.separator.fetch import fetch_model  # noqa: PLC0415 -- imports torch, which the service process itself never loads

        logs.configure("separator", settings)
        sys.exit(fetch_model(settings))
    engine, warm = "services.separator.engine:separate", "services.separator.engine:warm"
    run("separator", settings, work(Task.STEM_SEPARATION, engine, warm, settings))


if __name__ == "__main__":
    main()
