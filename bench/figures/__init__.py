"""Figures of the benchmark, one module each, in the order of the page."""

from bench.figure import Figure
from bench.figures import (
    beats,
    event_path,
    folding,
    footprint,
    lyrics,
    memory,
    polling,
    processor,
    scale,
    separation,
    song,
)

FIGURES: dict[str, Figure] = {
    "processor": processor,
    "event_path": event_path,
    "polling": polling,
    "folding": folding,
    "song": song,
    "lyrics": lyrics,
    "separation": separation,
    "scale": scale,
    "memory": memory,
    "beats": beats,
    "footprint": footprint,
}
