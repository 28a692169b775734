"""Texts for which a regular expression may take quadratic time, made from itself, and the measurement of growth."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, product
from operator import itemgetter
from time import thread_time
from typing import Any

SHORTEST, LONGEST = 32, 1 << 12
"""Characters. Quadratic time takes 10 ms or more at the longest, linear time 0.2 ms."""
SUSPICIOUS_SECONDS = 0.002
MOST_GROWTH = 3.0
"""Between 2, the growth of linear time when the text doubles, and 4, that of quadratic time."""
TEXTS_OF_A_BRANCH = 80
EXAMPLES = {"DIGIT": "0", "NOT_DIGIT": "a", "SPACE": " ", "NOT_SPACE": "a", "WORD": "a", "NOT_WORD": "-"}

PARTS: dict[str, Callable[[Any], Any]] = {
    "SUBPATTERN": itemgetter(-1),
    "MAX_REPEAT": itemgetter(2),
    "MIN_REPEAT": itemgetter(2),
    "POSSESSIVE_REPEAT": itemgetter(2),
    "ATOMIC_GROUP": lambda group: group,
    "ASSERT": itemgetter(1),
    "ASSERT_NOT": itemgetter(1),
}
"""Positions of the patterns inside the parsed parts of a pattern."""


@dataclass(frozen=True)
class Text:
    beginning: str
    part: str
    end: str = ""

    def of(self, length: int) -> str:
        """Repeat the part up to about this length in characters."""
        return self.beginning + self.part * (length // len(self.part)) + self.end


def growth(run: Callable[[str], object], text: Text, shortest: int = SHORTEST) -> float:
    """Return the factor by which the time of `run` grows with a text that is twice as long; 2 if it takes no time."""
    length = shortest
    while length < LONGEST and _seconds(run, text.of(length), 1) < SUSPICIOUS_SECONDS:
        length *= 2
    if _seconds(run, text.of(length), 3) < SUSPICIOUS_SECONDS:
        return 2.0
    return _seconds(run, text.of(2 * length), 5) / _seconds(run, text.of(length), 5)


def _seconds(run: Callable[[str], object], text: str, times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = thread_time()
        run(text)
        best = min(best, thread_time() - start)
    return best


def hostile_texts(pattern: re.Pattern[Any]) -> Iterator[Text]:
    """Yield texts that consist of what the pattern matches."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    parsed = re._parser.parse(source, pattern.flags & ~re.DEBUG)  # type: ignore[attr-defined] # no public parser
    for branch in _branches(parsed):
        found = [*_fragments(branch)]
        beginnings = [*accumulate(found)]
        fragments = list(dict.fromkeys([*found, " ", "a"]))
        repeated = [*fragments, *beginnings, *("".join(pair) for pair in product(fragments, repeat=2))]
        texts = [*product(["", *fragments, *beginnings], repeated, ["", "\0", *fragments])]
        chosen = random.Random(len(texts)).sample(texts, min(len(texts), TEXTS_OF_A_BRANCH))
        yield from (Text(*text) for text in chosen)


def _branches(parsed: Any) -> Iterator[Any]:
    """Yield the alternatives of a pattern, or the pattern if it has none."""
    if len(parsed) == 1 and str(parsed[0][0]) == "BRANCH":
        for branch in parsed[0][1][1]:
            yield from _branches(branch)
    else:
        yield parsed


def _fragments(parsed: Any) -> Iterator[str]:
    """Yield the literal texts of a pattern, and an example of each class of characters."""
    literal = ""
    for code, argument in [*parsed, (None, None)]:
        if str(code) == "LITERAL":
            literal += chr(argument)
            continue
        if literal:
            yield literal
            literal = ""
        if str(code) in {"NOT_LITERAL", "ANY"}:
            yield "a"
        elif str(code) == "IN":
            yield from _members(argument)
        elif str(code) == "BRANCH":
            for branch in argument[1]:
                yield from _fragments(branch)
        elif str(code) in PARTS:
            yield from _fragments(PARTS[str(code)](argument))


def _members(members: Any) -> Iterator[str]:
    if str(members[0][0]) == "NEGATE":
        yield "b"
        members = members[1:]
    for code, argument in members[:4]:
        match str(code):
            case "LITERAL":
                yield chr(argument)
            case "RANGE":
                yield chr(argument[0])
            case "CATEGORY":
                yield EXAMPLES[str(argument).removeprefix("CATEGORY_").removeprefix("UNI_")]
