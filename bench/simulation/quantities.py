"""What is read of the benchmark, by name."""

from collections.abc import Callable
from statistics import median
from typing import Final

from bench.simulation.quantity import Measured, Quantity

STEMS: Final = 5
EARLIER: Final = "seen earlier on two cores, not in this run"
GUESS: Final = "a cautious guess until it is measured"


def a_second(read: Callable[[Measured], float]) -> Callable[[Measured], float]:
    """Of the song that the figure `footprint` is about."""
    return lambda measured: read(measured) / float(measured["song_seconds"])


def _other_bytes(measured: Measured) -> float:
    """Of what is neither the song nor a stem: lyrics, beats, outlines, the click."""
    stored = measured["stored_bytes"]
    return float(sum(size for name, size in stored.items() if not name.endswith(".wav") and name != "song.flac"))


def _stems(form: str) -> Callable[[Measured], float]:
    return a_second(lambda measured: measured["copies_bytes"][form] / STEMS)


def _decoding(form: str) -> Callable[[Measured], float]:
    return a_second(lambda measured: median(measured["decode_cpu_seconds"][form]))


def _footprint(what: str, unit: str, read: Callable[[Measured], float], before: float) -> Quantity:
    return Quantity(what, unit, "footprint", read, before, EARLIER)


QUANTITIES: Final = {
    "song_bytes": _footprint(
        "`song.flac`, a second of audio", "bytes", a_second(lambda m: m["stored_bytes"]["song.flac"]), 88_176
    ),
    "stem_bytes": _footprint("a stem as WAV, a second of audio", "bytes", _stems("wav"), 176_400),
    "flac_bytes": _footprint("a stem as FLAC, a second of audio", "bytes", _stems("flac"), 58_487),
    "opus_bytes": _footprint("a stem as Opus, a second of audio", "bytes", _stems("opus"), 21_898),
    "other_bytes": _footprint("lyrics, beats, outlines and click of a song", "bytes", _other_bytes, 1_010_187),
    "upload_bytes": _footprint(
        "an upload as MP3, a second of audio", "bytes", a_second(lambda m: m["upload_bytes"]["mp3"]), 19_163
    ),
    "decode_seconds": _footprint("decoding a second of MP3, one core", "s", _decoding("mp3"), 0.0069),
    "events": _footprint("events of a song", "", lambda m: float(sum(m["events"].values())), 90),
    "event_bytes": _footprint("an event", "bytes", lambda m: m["event_bytes"] / sum(m["events"].values()), 195),
    "document_bytes": _footprint("a job's document", "bytes", lambda m: float(m["document_bytes"]), 2_178),
    "answer_bytes": _footprint(
        "a job's document as clients get it", "bytes", lambda m: float(m["answer_bytes"]), 1_766
    ),
    "transcription": Quantity(
        "transcribing a second of audio, whisper base on two cores",
        "s",
        "footprint",
        a_second(lambda m: m["seconds_alone"]["transcription"]),
        13.5 / 60,
        f"{EARLIER}: 12 to 15 s a minute",
    ),
    "beats": Quantity(
        "the beats of a second of audio, one core",
        "s",
        "footprint",
        a_second(lambda m: m["seconds_alone"]["beat_analysis"]),
        1 / 60,
        f"{EARLIER}: 1 s a minute",
    ),
    "separation": Quantity(
        "separating a second of audio with `htdemucs` on two cores",
        "s",
        "separation",
        lambda m: median(m["models"]["htdemucs"]["seconds"]["ours, warm"]) / float(m["audio_seconds"]),
        34 / 30,
        f"{EARLIER}: 34 s for 30 s",
    ),
    "folds": Quantity(
        "events that a status process folds a second",
        "",
        "folding",
        lambda m: float(median(m["events_per_second"]["status"])),
        1_500,
        EARLIER,
    ),
    "polls": Quantity(
        "status documents that a gateway passes on a second",
        "",
        "polling",
        lambda m: float(median(m["per_second"]["gateway, 200, 100"])),
        500,
        GUESS,
    ),
    "status_polls": Quantity(
        "status documents that a status process serves a second",
        "",
        "polling",
        lambda m: float(median(m["per_second"]["status, 200, 100"])),
        1_000,
        GUESS,
    ),
}
