"""A day of the whole: songs are separated, then transcribed; beats are found beside that, and again with the drums."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.simulation.policy import Policy
from bench.simulation.pool import Pool
from bench.simulation.record import Record
from bench.simulation.service import Service
from bench.simulation.traffic import Floats, Traffic


@dataclass(frozen=True)
class Day:
    """Records by service. That of `beats` has the first passes of all songs and then the second ones, as they came."""

    traffic: Traffic
    records: Mapping[str, Record]
    completed: Floats
    """When each song's job was: the second pass of the beats is not waited for."""

    @property
    def waits(self) -> Floats:
        """Seconds from queued until the separation starts."""
        return self.records["separator"].waits

    @property
    def job_seconds(self) -> Floats:
        return self.completed - self.traffic.at


def simulate(traffic: Traffic, services: Mapping[str, Service], policies: Mapping[str, Policy]) -> Day:
    """No stage holds up one before it, so each is run by itself with what the one before it hands on."""

    def run(name: str, at: Floats, lengths: Floats) -> tuple[Record, Floats]:
        """The record, and when each task ended, in the order in which they were given."""
        order = np.argsort(at, kind="stable")
        service = services[name]
        record = Pool(at[order], service.seconds(lengths[order]), policies[name], service.startup).run()
        ended = np.empty(len(at))
        ended[order] = record.ended
        return record, ended

    separator, separated = run("separator", traffic.at, traffic.lengths)
    transcriber, transcribed = run("transcriber", separated, traffic.lengths)
    twice = np.concatenate([traffic.lengths, traffic.lengths])
    beats, found = run("beats", np.concatenate([traffic.at, separated]), twice)
    completed = np.maximum(transcribed, found[: len(traffic.at)])
    return Day(traffic, {"separator": separator, "transcriber": transcriber, "beats": beats}, completed)
