"""What is tried, table by table, and which settings are to be preferred."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from bench.simulation import assumed
from bench.simulation.chosen import CHOSEN, WAIT_SECONDS
from bench.simulation.outcome import Outcome
from bench.simulation.policy import Policy, Step
from bench.simulation.trial import Trial

TARGETS: Final = {
    "separator": (1, 1.5, 2, 3, 4, 5, 10),
    "transcriber": (1, 1.5, 2, 3, 5),
    "beats": (1, 2, 3, 5, 10),
}
WINDOWS: Final = {
    "separator": (60, 300, 600, 900),
    "transcriber": (60, 300, 900),
    "beats": (60, 300, 900),
}
MOSTS: Final = {
    "separator": (8, 12, 16, 24, 32),
    "transcriber": (30, 40, 60, 80),
    "beats": (4, 6, 9, 12, 18),
}
LITTLE: Final = (50, 300)
"""Songs a day where going to zero matters."""
POLLINGS: Final = (5, 15, 30, 60)
STEPS: Final = {
    "an HPA's own": Policy().down,
    "one pod, or a tenth, a minute": Step(pods=1, percent=10, period=60),
    "one pod a minute": Step(pods=1, percent=0, period=60),
}
MUCH: Final = 100_000
"""Songs a day where the steps matter."""


def targets(service: str) -> Iterator[Trial]:
    """The windows are KEDA's cooldown and the HPA's stabilization alike."""
    for target in TARGETS[service]:
        for seconds in WINDOWS[service]:
            yield Trial(service, replace(CHOSEN[service], target=target, cooldown=seconds, stabilization=seconds))


def mosts(service: str) -> Iterator[Trial]:
    return (Trial(service, replace(CHOSEN[service], most=most)) for most in MOSTS[service])


def leasts(service: str) -> Iterator[Trial]:
    for songs in LITTLE:
        for least in (0, 1, 2):
            yield Trial(service, replace(CHOSEN[service], least=least), songs)


def pollings() -> Iterator[Trial]:
    return (Trial("separator", replace(CHOSEN["separator"], polling=seconds), LITTLE[0]) for seconds in POLLINGS)


def steps() -> Iterator[Trial]:
    for songs, seeds in ((10_000, (1, 2, 3)), (MUCH, (1,))):
        for step in STEPS.values():
            yield Trial("separator", replace(scaled(CHOSEN["separator"], songs), down=step), songs, seeds=seeds)


def doubts() -> Iterator[Trial]:
    """What is assumed, as low and as high as it may well be; there may be as many as are asked for."""
    policy = replace(CHOSEN["separator"], most=100)
    for seconds in (assumed.GPU_SECONDS.low, assumed.GPU_SECONDS.value, assumed.GPU_SECONDS.high):
        for provision in (assumed.GPU_NODE.low, assumed.GPU_NODE.value, assumed.GPU_NODE.high):
            yield Trial("separator", policy, gpu_seconds=seconds, provision=provision)


def trials() -> Iterator[Trial]:
    """The longest first, so that no core is left with one at the end."""
    yield from steps()
    for service in CHOSEN:
        yield from targets(service)
        yield from mosts(service)
    yield from doubts()
    yield from leasts("separator")
    yield from leasts("transcriber")
    yield from pollings()


def scaled(policy: Policy, songs: int) -> Policy:
    """With a maximum for so many songs a day, where they are more than it is for."""
    return replace(policy, most=policy.most * max(1, songs // 10_000))


def preferred(service: str, found: Mapping[Trial, Outcome], tried: Iterable[Trial]) -> Trial:
    """The cheapest of those that keep the limit of waiting."""
    kept = [trial for trial in tried if found[trial].p95 <= WAIT_SECONDS[service]]
    return min(kept, key=lambda trial: found[trial].node_hours)
