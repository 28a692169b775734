"""Remarks about what is unusual in a song or its results, for the people who use them."""

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from shared.events import AudioFacts, CorrectedLyrics, FoundAt, Frozen, GivenTimes, Lyrics, Result, Rhythm

NoteCode = Literal[
    "audio_gaps_filled",
    "mono_source",
    "clipping_source",
    "no_singing",
    "language_uncertain",
    "lyrics_times_shifted",
    "lyrics_times_ignored",
    "lyrics_found",
    "lyrics_deleted",
    "tempo_uncertain",
]
MIN_LANGUAGE_PROBABILITY = 0.6
MIN_BEAT_CONFIDENCE = 0.6


class Note(Frozen):
    """A remark about a song or its results; nothing failed."""

    code: NoteCode = Field(description="Stable, for programs; more codes may follow.")
    message: str = Field(description="A sentence or two, for people.")


def notes(
    audio: AudioFacts, results: Iterable[Result], corrected_lyrics: CorrectedLyrics | None = None
) -> tuple[Note, ...]:
    """Return the notes about an upload and about the results so far, with lyrics as a user corrected them."""
    return (*_of_audio(audio), *(note for result in results for note in _of_result(result, corrected_lyrics)))


def of_corrected_lyrics(lyrics: CorrectedLyrics) -> Note | None:
    """Return the only note about corrected lyrics: a correction ends those about what was recognized or given."""
    if lyrics.word_count:
        return None
    return Note(code="lyrics_deleted", message="The lyrics were corrected, and have no words.")


def of_given_times(times: GivenTimes) -> Note | None:
    """Return the note about the times of the user's lyrics, if these could not be used as they are."""
    if not times.used:
        return Note(
            code="lyrics_times_ignored", message="The times of your lyrics do not fit this song and were not used."
        )
    if not times.shift:
        return None
    late = "late" if times.shift < 0 else "early"
    return Note(
        code="lyrics_times_shifted",
        message=f"The times of your lyrics were {abs(times.shift):.1f} s {late} for this song and were moved.",
    )


def of_found_lyrics(at: FoundAt) -> Note:
    message = f"The words were looked up at {at.server} (entry {at.entry}). They agree with what was heard."
    return Note(code="lyrics_found", message=message)


def _of_audio(audio: AudioFacts) -> Iterator[Note]:
    if audio.filled_seconds:
        lost = f"{audio.filled_seconds:.1f} s" if audio.filled_seconds >= 1 else f"{1000 * audio.filled_seconds:.0f} ms"
        yield Note(code="audio_gaps_filled", message=f"The upload lacks {lost} of sound; silence replaces it.")
    if audio.channels == 1:
        yield Note(code="mono_source", message="The upload is mono: both channels are the same.")
    if audio.clipped and audio.gain_db:
        lower = f"It was turned down by {-audio.gain_db:.1f} dB so that nothing clips."
        yield Note(code="clipping_source", message=f"The upload exceeds full scale. {lower}")
    elif audio.clipped:
        yield Note(code="clipping_source", message="The upload is clipped: its loudest parts are distorted.")


def _of_result(result: Result, corrected_lyrics: CorrectedLyrics | None) -> Iterator[Note]:
    if isinstance(result, Lyrics) and corrected_lyrics:
        if note := of_corrected_lyrics(corrected_lyrics):
            yield note
        return
    if isinstance(result, Lyrics) and result.given_times and (note := of_given_times(result.given_times)):
        yield note
    if isinstance(result, Lyrics) and result.found_at:
        yield of_found_lyrics(result.found_at)
    match result:
        case Lyrics(word_count=0):
            yield Note(code="no_singing", message="No singing was found, so there are no lyrics.")
        case Lyrics(language=str(language), language_probability=float(probability)) if (
            probability < MIN_LANGUAGE_PROBABILITY
        ):
            yield Note(
                code="language_uncertain",
                message=f"The language of the lyrics is uncertain: {language} with a probability of {probability:.0%}. "
                "If it is wrong, send the song again and name its language.",
            )
        case Rhythm(tempo_bpm=None):
            yield Note(code="tempo_uncertain", message="No steady beat was found.")
        case Rhythm(beat_confidence=float(confidence)) if confidence < MIN_BEAT_CONFIDENCE:
            yield Note(
                code="tempo_uncertain",
                message=f"Tempo and beats are uncertain: their confidence is {confidence:.0%}.",
            )
        case _:
            pass
