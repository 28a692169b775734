"""Text of users does not keep the gateway from answering others."""

import pytest

from tests.attack.conftest import Report
from tests.attack.target import Target, submit
from tests.attack.watch import quietest

LONGEST_SECONDS = 0.5
"""The promise is 10 ms, and other tests count it exactly. Here other programs may take the processor meanwhile."""

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


@pytest.mark.parametrize("kind", LYRICS)
def test_lyrics_do_not_silence_the_gateway(target: Target, report: Report, attacker: str, kind: str) -> None:
    with target.client(attacker) as client:

        def attack() -> None:
            answer = submit(client, tasks="transcription", lyrics=LYRICS[kind])
            assert answer.status_code == 202 or answer.json()["code"] in REFUSALS

        silence = quietest(target, attack, LONGEST_SECONDS)
    report(f"lyrics of {kind}: seconds without an answer", silence, LONGEST_SECONDS)


def test_a_file_name_does_not_silence_the_gateway(target: Target, report: Report, attacker: str) -> None:
    with target.client(attacker) as client:
        silence = quietest(target, lambda: submit(client, name="a" + 4_500 * MARKS), LONGEST_SECONDS)
    report("a file name of 9,000 combining marks: seconds without an answer", silence, LONGEST_SECONDS)
