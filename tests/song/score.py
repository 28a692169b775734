"""Score: tempo, form, chords, words and tune. Times are in beats from the first bar."""

from collections.abc import Callable
from dataclasses import dataclass, replace

Clock = Callable[[float], float]

TITLE = "River Town"
TEMPO_BPM = 116.0
BEATS_PER_BAR = 4
LEAD_IN = 0.25  # seconds of silence before the first beat
RING = 2.2  # seconds that the last chord rings

# One chord per bar. Numbers are MIDI notes: the root in the bass, then the chord in close position.
CHORDS = {
    "D": (38, (54, 57, 62)),
    "A": (33, (52, 57, 61)),
    "Bm": (35, (54, 59, 62)),
    "G": (31, (55, 59, 62)),
}
INTRO = ("D", "G")
VERSE = ("D", "A", "Bm", "G", "D", "A", "G", "A")
CHORUS = ("Bm", "G", "D", "A", "Bm", "G", "A", "A")
ENDING = ("D",)
BARS = INTRO + VERSE + CHORUS + ENDING

VERSE_BAR = len(INTRO)
CHORUS_BAR = VERSE_BAR + len(VERSE)
ENDING_BAR = CHORUS_BAR + len(CHORUS)


@dataclass(frozen=True)
class Line:
    """One sung line: for each syllable the beat on which its vowel begins, and its MIDI note."""

    text: str
    bar: int
    beats: tuple[float, ...]
    notes: tuple[int, ...]
    end: float

    @property
    def onsets(self) -> tuple[float, ...]:
        """Beats from the first bar of the song: one for each syllable, then the end of the last one."""
        return tuple(self.bar * BEATS_PER_BAR + beat for beat in (*self.beats, self.end))


_VERSE_8 = (0, 0.5, 1, 1.5, 2, 3, 4, 5)
_CHORUS_8 = (0, 0.5, 1, 2, 3, 3.5, 4, 5)

LINES = (
    Line("Early morning by the water", VERSE_BAR, _VERSE_8, (54, 54, 57, 54, 52, 54, 57, 52), 6.5),
    Line("I can hear the river say", VERSE_BAR + 2, _VERSE_8[:7], (50, 52, 54, 52, 54, 52, 50), 6.5),
    Line("Leave your worries all behind you", VERSE_BAR + 4, _VERSE_8, (54, 54, 57, 54, 57, 59, 61, 57), 6.5),
    Line("There is music on the way", VERSE_BAR + 6, _VERSE_8[:7], (59, 57, 55, 54, 55, 54, 52), 6.5),
    Line("Sing it louder, sing together", CHORUS_BAR, _CHORUS_8, (62, 61, 62, 59, 57, 57, 59, 55), 6.5),
    Line("Let the whole town hear the sound", CHORUS_BAR + 2, _CHORUS_8[:7], (57, 59, 62, 61, 59, 57, 57), 7),
    Line(
        "We will dance until tomorrow",
        CHORUS_BAR + 4,
        (0, 0.5, 1, 2, 2.5, 3.5, 4, 5),
        (62, 61, 62, 59, 59, 57, 59, 62),
        6.5,
    ),
    Line("While the world keeps spinning round", CHORUS_BAR + 6, _CHORUS_8[:7], (61, 59, 57, 57, 59, 61, 62), 9),
)

_SCALE = [note for note in range(128) if note % 12 in (2, 4, 6, 7, 9, 11, 1)]  # D major


def _third_below(line: Line) -> Line:
    return replace(line, notes=tuple(_SCALE[_SCALE.index(note) - 2] for note in line.notes))


HARMONY = tuple(_third_below(line) for line in LINES if line.bar >= CHORUS_BAR)


def seconds(beat: float) -> float:
    """Return the time of `beat` in the recording."""
    return LEAD_IN + beat * 60 / TEMPO_BPM


def clock(bar: int) -> Clock:
    """Return a function from a beat of `bar` (both from 0) to seconds."""
    return lambda beat: seconds(bar * BEATS_PER_BAR + beat)


DURATION = seconds(ENDING_BAR * BEATS_PER_BAR) + RING
