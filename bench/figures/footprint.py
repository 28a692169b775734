"""What one song of common length leaves behind: the sample song, played over and over for three and a half minutes,
goes through the running services with the embedded models. Counted are the events that the broker hands on, the
document in the database, the files in the storage, and the copies in other formats that a client asks for afterwards.
Then the song is submitted again for some tasks only, to see how long each takes while no other runs.
Decoding is measured as the processor time of the gateway's own decoder, in its child process. There is no other side:
`docs/scaling.md` reckons with these.
"""

from collections.abc import Mapping
from statistics import median
from typing import Final

from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.bench import Bench
from bench.decoding import decode_seconds
from bench.figure import Goal, Measured
from bench.footprint import footprint
from bench.sample import write_sample

TITLE = "What a song leaves behind"
SONG_SECONDS: Final = 210
FORMATS: Final = ("mp3", "wav")
MEGABYTE: Final = 1e6


def measure(bench: Bench) -> Measured:
    uploads = {form: bench.folder / f"song.{form}" for form in FORMATS}
    for upload in uploads.values():
        write_sample(upload, SONG_SECONDS)
    return {
        "song_seconds": SONG_SECONDS,
        "upload_bytes": {form: upload.stat().st_size for form, upload in uploads.items()},
        "decode_cpu_seconds": {form: decode_seconds(upload, bench) for form, upload in uploads.items()},
        **footprint(bench, uploads["mp3"]),
    }


def goals(_measured: Measured) -> list[Goal]:
    return []


def table(measured: Measured) -> str:
    stored, copies = measured["stored_bytes"], measured["copies_bytes"]
    rows = [
        ("events", f"{sum(measured['events'].values())}, {measured['event_bytes'] / 1000:.0f} kB"),
        ("of them progress", f"{measured['events'].get('task_progressed', 0)}"),
        ("the document", f"{measured['document_bytes'] / 1000:.1f} kB"),
        ("as clients get it", f"{measured['answer_bytes'] / 1000:.1f} kB"),
        *((f"the upload, {form}", _megabytes(size)) for form, size in measured["upload_bytes"].items()),
        ("files in the storage", _megabytes(sum(stored.values()))),
        ("of them `song.flac`", _megabytes(stored["song.flac"])),
        *((f"five stems as {form}", _megabytes(size)) for form, size in copies.items()),
        *(
            (f"decoding, {form}", f"{median(taken):.1f} s of a processor")
            for form, taken in measured["decode_cpu_seconds"].items()
        ),
        *((f"{task}, alone", f"{seconds:.0f} s") for task, seconds in measured["seconds_alone"].items()),
    ]
    return markdown.table((f"a song of {measured['song_seconds']} s", ""), rows)


def plot(measured: Measured, picture: Picture) -> None:
    sizes: Mapping[str, float] = {"song.flac": measured["stored_bytes"]["song.flac"], **measured["copies_bytes"]}
    axes = picture.subplots()
    bars = axes.barh(
        [name if "." in name else f"stems, {name}" for name in sizes], [n / MEGABYTE for n in sizes.values()]
    )
    axes.bar_label(bars, fmt="%.0f")
    axes.set(xlabel="MB of a song")
    axes.invert_yaxis()


def _megabytes(size: float) -> str:
    return f"{size / MEGABYTE:.1f} MB"
