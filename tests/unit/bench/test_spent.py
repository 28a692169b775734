"""Processor time of processes."""

import os
import subprocess
import sys

from bench.spent import cpu_seconds

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_the_time_of_children_that_have_ended_counts() -> None:
    before = cpu_seconds([os.getpid()])
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert cpu_seconds([os.getpid()]) - before >= 0.3
