"""Keys and chords, which change at bars, within bars or an eighth before a bar."""

from dataclasses import dataclass
from random import Random

from tests.evaluation.generated.metre import Metre

MIDDLE_C = 60
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
TONES = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11), "dim": (0, 3, 6),
    "m7b5": (0, 3, 6, 10), "sus4": (0, 5, 7),
}  # fmt: skip
DEGREES = {"I": 0, "bII": 1, "II": 2, "bIII": 3, "III": 4, "IV": 5, "V": 7, "bVI": 8, "VI": 9, "bVII": 10, "VII": 11}
MAJOR = (
    "I V vi IV", "I vi IV V", "I IV V IV", "vi IV I V", "I iii IV V", "I V IV IV", "I I IV V", "ii V I I", "I vi ii V",
    "I IV ii V", "I bVII IV I", "IV V iii vi", "I IV I V", "I ii IV I", "I III vi IV", "IV iv I V",
)  # fmt: skip
MINOR = (
    "i bVI bIII bVII", "i iv V i", "i bVII bVI V", "i iv bVII bIII", "i i bVI bVII", "i v iv i", "iio V i i",
    "i bVI iv V", "i bIII bVII iv", "i bVII i v", "i iv i V", "bVI bVII i i",
)  # fmt: skip


@dataclass(frozen=True)
class Sonority:
    """A chord: its root, 0 (C) to 11 (B), and its quality, which follows the root in a label."""

    root: int
    quality: str

    @property
    def label(self) -> str:
        return NAMES[self.root] + self.quality

    @property
    def tones(self) -> tuple[int, ...]:
        """Semitones above C, not folded into one octave."""
        return tuple(self.root + interval for interval in TONES[self.quality])

    @property
    def low(self) -> int:
        """MIDI pitch of the root in the lowest octave of the bass, E to D sharp."""
        return 28 + (self.root - 4) % 12

    @property
    def voicing(self) -> list[int]:
        """MIDI pitches in close position around middle C."""
        return sorted(MIDDLE_C - 5 + (tone - 7) % 12 for tone in self.tones)


@dataclass(frozen=True)
class Harmony:
    """Chords of one song; `changes` are (beat, chord), in order, and the first is at or before the first beat."""

    tonic: int
    minor: bool
    changes: tuple[tuple[float, Sonority], ...]

    @property
    def key(self) -> str:
        return f"{NAMES[self.tonic]} {'minor' if self.minor else 'major'}"

    def at(self, beat: float) -> Sonority:
        return next(
            chord for start, chord in reversed(self.changes) if start <= beat + 1e-6 or start == self.changes[0][0]
        )

    def changes_at(self, beat: float) -> bool:
        return any(abs(start - beat) < 1e-6 for start, _ in self.changes)


def harmony(metre: Metre, bars: int, section_bars: int, anticipation: float, random: Random) -> Harmony:
    tonic, minor = random.randrange(12), random.random() < 0.4
    sevenths = random.choice((0.0, 0.1, 0.3, 0.8))
    slow = (metre.beats <= 3 and random.random() < 0.4) or random.random() < 0.15  # a chord for two bars
    changes: list[tuple[float, Sonority]] = []
    progressions = [random.choice(MINOR if minor else MAJOR).split() for _ in range(2)]
    for bar in range(bars):
        section, within = divmod(bar, section_bars)
        degrees = progressions[section % 2]
        downbeat = bar * metre.beats
        if not (slow and within % 2):
            chord = _chord(degrees[within // (2 if slow else 1) % len(degrees)], tonic, sevenths, random)
            early = within > 0 and random.random() < anticipation
            changes.append((downbeat - 1 / metre.division if early else float(downbeat), chord))
        if len(metre.groups) > 1 and random.random() < 0.15:
            passing = _chord(random.choice(progressions[section % 2]), tonic, sevenths, random)
            changes.append((float(downbeat + metre.starts[-1]), passing))
    changes.append((float(bars * metre.beats), Sonority(tonic, "m" if minor else "")))
    kept = [change for index, change in enumerate(changes) if index == 0 or change[1] != changes[index - 1][1]]
    return Harmony(tonic, minor, tuple(kept))


def _chord(degree: str, tonic: int, sevenths: float, random: Random) -> Sonority:
    diminished, numeral = degree.endswith("o"), degree.removesuffix("o")
    accidental = "b" if numeral.startswith("b") else ""
    roman = numeral.removeprefix("b")
    minor = roman.islower()
    root = (tonic + DEGREES[accidental + roman.upper()]) % 12
    seventh = random.random() < sevenths
    if diminished:
        return Sonority(root, "m7b5" if seventh else "dim")
    if minor:
        return Sonority(root, "m7" if seventh else "m")
    if not seventh:
        return Sonority(root, "")
    return Sonority(root, "maj7" if roman in {"I", "IV"} or accidental else "7")
