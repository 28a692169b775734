"""Hostile files occupy neither the memory nor the processors for long, and their decoders see no secret."""

import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

from services.gateway.media.processes import MAX_DECODERS
from services.gateway.media.sandbox import MEMORY_BYTES
from tests.attack.conftest import Report
from tests.attack.target import VICTIM, Target, accepted, submit
from tests.attack.watch import MediaChildren
from tests.integration import hostile

EXPENSIVE = hostile.crowded(channels=2, level=32_767)
"""250 s at 655,350 Hz, which have almost as many samples as are accepted."""
LONGEST = hostile.crowded(seconds=87, level=32_767)
"""The file that takes longest to decode, 5 s."""
REFUSED = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
WAIT_SECONDS = 30
END_SECONDS = 2


def test_a_huge_sample_table_does_not_fill_the_memory(target: Target, report: Report, attacker: str) -> None:
    with MediaChildren(target.pid).watched() as children, target.client(attacker) as client:
        answer = submit(client, hostile.with_huge_sample_table(), name="song.m4a")
    assert answer.status_code in REFUSED
    assert children.peak_bytes
    peak = children.peak_bytes / 2**20
    report("an M4A with a table of 40 million samples: MiB of its decoder", peak, MEMORY_BYTES / 2**20)


def test_expensive_files_of_one_client_hardly_delay_another(target: Target, report: Report, attacker: str) -> None:
    """The victim comes when the attacker's files occupy all decoders."""

    def attack(_: int) -> int:
        with target.client(attacker) as client:
            return submit(client, EXPENSIVE, name="song.flac").status_code

    children = MediaChildren(target.pid)
    with ThreadPoolExecutor(4) as pool, target.client(VICTIM) as client:
        answers = [pool.submit(attack, number) for number in range(4)]
        target.until(lambda: len(children.running()) >= MAX_DECODERS)
        began = time.perf_counter()
        accepted(submit(client))
        waited = time.perf_counter() - began
        earlier = sum(answer.done() for answer in answers)
        assert {answer.result() for answer in answers} <= {HTTPStatus.ACCEPTED, *REFUSED}
    report("four files of 250 s at 655 kHz: those that are decoded before another client's", earlier, MAX_DECODERS)
    report("four files of 250 s at 655 kHz: seconds that another client's upload takes", waited, WAIT_SECONDS)


def test_decoding_ends_when_the_client_disconnects(target: Target, report: Report, attacker: str) -> None:
    children = MediaChildren(target.pid)
    target.until(lambda: not children.running())
    with target.client(attacker) as client:
        request = client.build_request("POST", "/api/process", files={"file": ("song.flac", LONGEST)})
    head = b"\r\n".join(b": ".join(header) for header in request.headers.raw)
    with target.connection(attacker) as connection:
        connection.sendall(b"POST /api/process HTTP/1.1\r\n" + head + b"\r\n\r\n" + request.read())
        target.until(lambda: bool(children.running()))
    seconds = target.until(lambda: not children.running())
    report("a client that disconnects: seconds until its decoder has ended", seconds, END_SECONDS)


def test_a_decoder_is_confined_and_sees_no_secret(target: Target, report: Report, attacker: str) -> None:
    secrets = [secret.encode() for secret in target.secrets]
    own = Path(f"/proc/{target.pid}/environ").read_bytes()
    assert all(secret in own for secret in secrets)
    with MediaChildren(target.pid).watched() as children, target.client(attacker) as client:
        accepted(submit(client, hostile.crowded(seconds=60, channels=2), name="song.flac"))
    assert all(children.environments)
    seen = [secret for environment in children.environments for secret in secrets if secret in environment]
    report("a decoder's environment: secrets of the gateway", len(seen), 0)
    report("decoders without a filter of system calls", len(children.seen - children.confined), 0)
