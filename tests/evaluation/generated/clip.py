"""Rendering of a plan: the audio, the voice alone if there is one, and the truth."""

from random import Random
from typing import NamedTuple

import numpy as np

from tests.evaluation.generated import synth, voice
from tests.evaluation.generated.plan import Plan
from tests.evaluation.generated.song import Song, composed
from tests.evaluation.generated.synth import HZ, Samples
from tests.evaluation.generated.words import LYRICS
from tests.evaluation.truth import Beat, Chord, Truth, Word

PEAK = 0.89
RING_SECONDS = 2.0
FADE_SECONDS = 1.5


class Clip(NamedTuple):
    """Stereo samples at `HZ`; `vocals` are at their level in the mix, None if there is no voice."""

    samples: Samples
    vocals: Samples | None
    truth: Truth


def rendered(plan: Plan) -> Clip:
    song = composed(plan)
    random = Random(f"rendered {plan.name}")
    backing = synth.played(song)
    length = _length(song)
    backing = _fitted(backing, length)
    backing /= np.abs(backing).max()
    vocals: Samples | None = None
    words: tuple[Word, ...] = ()
    if plan.voice is not None:
        lyric = LYRICS[plan.voice]
        first = song.metre.beats * (1 if song.metre.beats * 60 / plan.bpm > 2 else 2)
        last = song.timeline.bars * song.metre.beats
        sung = voice.on_the_beat(lyric, song.metre, song.seconds, first, last, length)
        level = _rms(backing) / _rms(sung.samples[sung.samples != 0]) * 10 ** (random.uniform(1, 5) / 20)
        vocals, words = np.repeat(level * sung.samples[:, None], 2, axis=1), sung.words
    mix = backing if vocals is None else backing + vocals
    if not plan.ritardando and plan.voice is None and random.random() < 0.4:
        fade = round(FADE_SECONDS * HZ)
        mix[-fade:] *= np.linspace(1, 0, fade)[:, None]
    gain = PEAK / np.abs(mix).max()
    start = round(plan.cut * HZ)
    return Clip(
        gain * mix[start:],
        None if vocals is None else gain * vocals[start:],
        truth(song, words, (len(mix) - start) / HZ),
    )


def truth(song: Song, words: tuple[Word, ...], seconds: float) -> Truth:
    """Return the truth of a clip of this length; swing and a player's timing do not move the beats."""
    plan, time = song.plan, song.timeline
    shifted = [(float(at) - plan.cut, time.position(index)) for index, at in enumerate(time.times)]
    beats = tuple(Beat(round(at, 4), position) for at, position in shifted if 0 <= at < seconds)
    median = float(np.median(np.diff([beat.time for beat in beats])))
    return Truth(
        name=plan.name,
        split=plan.split,
        tags=plan.tags,
        tempo_bpm=round(60 / median, 2),
        time_signature=song.metre.signature,
        beats=beats,
        chords=_chords(song, seconds),
        key=song.harmony.key,
        words=words,
        language=None if plan.voice is None else LYRICS[plan.voice].language,
    )


def _chords(song: Song, seconds: float) -> tuple[Chord, ...]:
    """Return the chords, with `N` before the first note."""
    cut = song.plan.cut
    changes = [(max(0.0, song.seconds(beat) - cut), chord.label) for beat, chord in song.harmony.changes]
    opening = (
        min(max(0.0, song.seconds(0) - cut), changes[0][0]) if not song.plan.pickup else max(0.0, song.seconds(0) - cut)
    )
    starts = [(0.0, "N")] if opening > 0 else []
    starts += [(max(opening, at), label) for at, label in changes]
    ends = [at for at, _ in starts[1:]] + [seconds]
    spans = zip(starts, ends, strict=True)
    return tuple(
        Chord(round(start, 4), round(min(end, seconds), 4), label)
        for (start, label), end in spans
        if min(end, seconds) - start > 0.001
    )


def _length(song: Song) -> float:
    """Return the time of the end of the last chord, or an earlier time, because many clips are excerpts."""
    random = Random(f"length {song.plan.name}")
    end = float(song.timeline.times[-1])
    if song.plan.ritardando or song.plan.voice is not None or random.random() < 0.5:
        return end + RING_SECONDS
    return end - random.uniform(0.1, 2.0)


def _fitted(samples: Samples, seconds: float) -> Samples:
    length = round(seconds * HZ)
    return np.pad(samples, ((0, max(0, length - len(samples))), (0, 0)))[:length]


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))
