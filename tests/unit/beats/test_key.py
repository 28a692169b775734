"""The key of a song."""

import numpy as np
import pytest

from services.beats import spectra, spectrum
from services.beats.chords import chords
from services.beats.key import Key, key
from services.beats.tones import tones
from tests.unit.beats.synth import HZ, NOT_MUSIC, Samples, drums, noise, played

MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")


def found(samples: Samples) -> Key:
    tonality = key(tones(samples, HZ))
    assert tonality is not None
    return tonality


@pytest.mark.parametrize("tonic", range(12))
def test_a_cadence_determines_the_key(tonic: int) -> None:
    major, minor = played(["C", "F", "G7", "C"], higher=tonic), played(["Am", "Dm", "E7", "Am"], higher=tonic)
    assert found(major).name == f"{MAJOR[tonic]} major"
    assert found(minor).name == f"{MINOR[(tonic + 9) % 12]} minor"


@pytest.mark.parametrize("cents", [-40, -15, 15, 40])
def test_a_song_may_be_tuned_higher_or_lower(cents: float) -> None:
    song = played(["D", "A", "Bm", "G"], cents=cents)
    assert found(song).name == "D major"
    assert tones(song, HZ).tuning_cents == pytest.approx(cents, abs=5)


def test_drums_do_not_change_the_key() -> None:
    song = played(["Eb", "Bb", "Cm", "Ab"], 2.5)
    assert found(song + drums(10)).name == "Eb major"


def test_an_ambiguous_key_has_less_confidence() -> None:
    clear = found(played(["G", "C", "D7", "G", "Em", "C", "D7", "G"]))
    vague = found(played(["C", "G", "D", "A", "E", "B"]))
    assert 0 <= vague.confidence < clear.confidence <= 1


def test_chords_raise_the_confidence() -> None:
    heard = tones(played(["C", "G", "C", "F", "C", "G", "C", "C"]), HZ)
    alone, with_chords = key(heard), key(heard, chords(heard, [2.0 * bar for bar in range(9)]))
    assert alone is not None
    assert with_chords is not None
    assert alone.name == with_chords.name == "C major"
    assert alone.confidence < with_chords.confidence <= 1


@pytest.mark.parametrize("samples", NOT_MUSIC.values(), ids=NOT_MUSIC)
def test_audio_without_notes_has_no_key(samples: Samples) -> None:
    assert key(tones(samples, HZ)) is None


def test_noise_lowers_the_purity() -> None:
    song = played(["C", "F", "G7", "C"])
    mixed = song + noise(8)
    purities = [tones(samples, HZ).purity(slice(None)) for samples in (song, mixed, noise(8))]
    assert purities == sorted(purities, reverse=True)
    assert purities[0] > 0.7
    assert purities[-1] < 0.1
    assert np.isfinite(tones(mixed, HZ).notes).all()


def test_computation_in_blocks_gives_the_same_tones(monkeypatch: pytest.MonkeyPatch) -> None:
    song = played(["C", "Am", "F", "G"])
    whole = tones(song, HZ)
    monkeypatch.setattr(spectra, "BLOCK", 5 * spectrum.FFT)  # 10 frames
    monkeypatch.setattr(spectrum, "BLOCK", 7)
    pieces = tones(song, HZ)
    for name, values in vars(whole).items():
        assert getattr(pieces, name) == pytest.approx(values, rel=1e-3, abs=1e-3)
