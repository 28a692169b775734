"""Run all tests in groups, three at a time: `python -m tests`; arguments go to each pytest, a path to a single one.

The group `broker-4.3` repeats tests of the broker on RabbitMQ 4.3, if `deploy/local/rabbitmq` has unpacked it; CI does.

The groups use different servers. A group's output is in `.run/tests/<group>.log`, and is printed when the group fails.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.child import DIES_WITH_PARENT
from tests.conftest import ENGINE_TESTS

ROOT = Path(__file__).parents[1]
LOGS = ROOT / ".run" / "tests"
PYTEST = (sys.executable, "-m", "pytest", "-q")
BACKING = (sys.executable, "-m", "deploy.local", "backing", "--")
NO_TESTS = 5
"""Exit status of pytest when it has selected no test."""
AT_ONCE = 3

NEWER_BROKER = ROOT / ".run" / "rabbitmq" / "bin"
NEWER_BROKER_GROUP = "broker-4.3"
WITH_NEWER_BROKER = {"RABBITMQ_BIN": str(NEWER_BROKER), "AMQP_URL": ""}

GROUPS: dict[str, Sequence[str]] = {
    "services": ("tests/browser", "tests/e2e"),
    "integration": ("-n", "2", "--dist", "loadfile", "tests/integration"),
    "models": tuple(map(str, ENGINE_TESTS)),
    "faults": ("tests/faults",),
    "attack": ("tests/attack",),
    "fast": ("--fast", "tests/unit", "tests/contract"),
    "deploy": ("tests/deploy", "tests/fuzz"),
    NEWER_BROKER_GROUP: tuple(
        f"tests/integration/test_{name}.py" for name in ("topology", "operated_broker", "bus", "worker", "status")
    ),
}
"""Arguments of pytest. The longest group comes first; each group imports only what it needs."""
LOW_PRIORITY = ("nice", "-n", "5")
"""Keeps the processor free for the browser, whose tests measure times of 50 ms."""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""Models in groups that run at the same time would compete for the cores with more threads."""


def main(arguments: Sequence[str]) -> int:
    if any(Path(argument.partition("::")[0]).exists() for argument in arguments):
        return subprocess.call([*DIES_WITH_PARENT, *PYTEST, *arguments], cwd=ROOT)
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = [*pool.map(lambda group: run(group, arguments), GROUPS)]
    totals: Counter[str] = Counter()
    for _, counts in results:
        totals += counts
    summary = ", ".join(f"{count} {outcome}" for outcome, count in totals.items())
    print(f"====== {summary} in {time.monotonic() - began:.0f} s ======")
    return 0 if all(passed for passed, _ in results) else 1


def why_not_newer_broker() -> str:
    """Return why RabbitMQ 4.3 cannot be used, or nothing. In CI this waits until it is unpacked."""
    if "CI" in os.environ:
        done = subprocess.run(["deploy/local/rabbitmq"], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
        return done.stderr.strip() or "deploy/local/rabbitmq failed" if done.returncode else ""
    there = NEWER_BROKER.with_name("unpacked").exists()
    return "" if there else "RabbitMQ 4.3 is missing; `deploy/local/rabbitmq` unpacks it"


def run(group: str, arguments: Sequence[str]) -> tuple[bool, Counter[str]]:
    """Run one group; return whether it passed, and its number of tests by outcome."""
    began = time.monotonic()
    if group == NEWER_BROKER_GROUP and (reason := why_not_newer_broker()):
        print(f"{group}: {'FAILED' if 'CI' in os.environ else 'skipped'}: {reason}", flush=True)
        return "CI" not in os.environ, Counter()
    print(f"{group}: started", flush=True)
    log = LOGS / f"{group}.log"
    priority, env = ((), None) if group == "services" else (LOW_PRIORITY, {**os.environ, **ONE_THREAD})
    with log.open("w") as output:
        command = [*PYTEST, *GROUPS[group], *arguments]
        if group == NEWER_BROKER_GROUP:
            command, env = [*BACKING, *command], {**os.environ, **ONE_THREAD, **WITH_NEWER_BROKER}
        command = [*DIES_WITH_PARENT, *priority, *command]
        status = subprocess.call(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text()
    passed = status in (0, NO_TESTS)
    last = text.rstrip().rpartition("\n")[2]
    counts = Counter({outcome: int(count) for count, outcome in re.findall(r"(\d+) ([a-z]+)", last)})
    report = f"{group}: {'passed' if passed else 'FAILED'} after {time.monotonic() - began:.0f} s: {last.strip('= ')}"
    print(report if passed else f"{text}\n{report}", flush=True)
    return passed, counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
