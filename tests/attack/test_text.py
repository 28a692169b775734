"""Text of users does not keep the gateway from answering others."""

from collections.abc import Callable

import pytest

from tests.attack.conftest import Report
from tests.attack.target import VICTIM, Target, submit
from tests.attack.watch import Silence

LONGEST_SECONDS = 0.5
"""The promise is 10 ms, and other tests count it exactly. Here other programs may take the processor meanwhile."""
TRIES = 3

MARKS = "\u0301\u0316"
"""Accents above and below a letter: normalization sorts them."""
LYRICS = {
    "20 kB of brackets": "a " + 19_990 * "[",
    "45,000 combining marks": "a" + 22_450 * MARKS,
    "spaces": f"a{19_990 * ' '}b",
    "colons": f"la la {19_990 * ':'}",
    "chords": 4_900 * "[C]a",
    "parentheses": f"a {19_990 * '('}",
    "times": 1_990 * "[00:01.00]" + "a",
}
REFUSALS = ("empty_lyrics", "lyrics_too_long", "invalid_lyrics")


def silence_during(target: Target, attack: Callable[[], object]) -> float:
    """Return the longest time, in seconds, that another client waits during the attack.

    This is the shortest of several attacks: a loaded machine disturbs one or another of them, the attack all.
    """
    shortest = float("inf")
    for _ in range(TRIES):
        with Silence().measured(target.gateway.port, VICTIM) as silence:
            attack()
        shortest = min(shortest, silence.seconds)
        if shortest <= LONGEST_SECONDS:
            break
    return shortest


@pytest.mark.parametrize("kind", LYRICS)
def test_lyrics_do_not_silence_the_gateway(target: Target, report: Report, attacker: str, kind: str) -> None:
    with target.client(attacker) as client:

        def attack() -> None:
            answer = submit(client, tasks="transcription", lyrics=LYRICS[kind])
            assert answer.status_code == 202 or answer.json()["code"] in REFUSALS

        silence = silence_during(target, attack)
    report(f"lyrics of {kind}: seconds without an answer", silence, LONGEST_SECONDS)


def test_a_file_name_does_not_silence_the_gateway(target: Target, report: Report, attacker: str) -> None:
    with target.client(attacker) as client:
        silence = silence_during(target, lambda: submit(client, name="a" + 4_500 * MARKS))
    report("a file name of 9,000 combining marks: seconds without an answer", silence, LONGEST_SECONDS)
