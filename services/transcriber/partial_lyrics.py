"""Lyrics that are certain, written while the transcription continues."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from services.transcriber.text.phrasing import regroup, resolve_overlaps, split_lines
from shared.lyrics.document import to_json
from shared.lyrics.words import Metadata, Word
from shared.rhythm.bars import Bars
from shared.storage.job_files import PARTIAL_LYRICS


class PartialLyrics:
    """Collects phrases and writes them as lines, with whisper's times: those of the final lines differ a little."""

    def __init__(
        self, out: Path, metadata: Metadata, bars: Bars | None, duration: float, announce: Callable[[int], None]
    ) -> None:
        """`announce` is called with the number of lines each time after they were written into the folder `out`.

        `duration` is that of the song in seconds.
        """
        self._file = out / PARTIAL_LYRICS
        self._metadata = metadata
        self._bars = bars
        self._duration = duration
        self._announce = announce
        self._phrases: list[Sequence[Word]] = []

    def add(self, phrases: Sequence[Sequence[Word]], language: str | None) -> None:
        """Write the lines of these and all earlier phrases; the `language` of the first ones is that of the lyrics."""
        if not phrases:
            return
        self._metadata = replace(self._metadata, language=self._metadata.language or language)
        self._phrases = sorted([*self._phrases, *phrases], key=lambda phrase: phrase[0].start)
        words = resolve_overlaps([*chain(*self._phrases)], self._duration)
        lines = split_lines(regroup(words, self._phrases))
        written = self._file.with_suffix(".new")
        written.write_text(to_json(lines, self._metadata, self._bars, partial=True), encoding="utf-8")
        written.replace(self._file)  # the worker may read it at any time
        self._announce(len(lines))
