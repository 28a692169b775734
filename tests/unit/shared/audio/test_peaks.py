import json

import numpy as np

from shared.audio.peaks import SAMPLES_PER_PIXEL, peaks

HZ = 44_100


def test_each_pixel_has_only_the_extremes_of_its_own_time() -> None:
    samples = np.zeros((2, 3 * SAMPLES_PER_PIXEL + 1), np.float32)
    samples[:, SAMPLES_PER_PIXEL - 1] = 0.5
    samples[:, SAMPLES_PER_PIXEL] = -0.25
    samples[0, -1] = 0.5  # on one channel of two
    assert json.loads(peaks([samples], HZ)) == {
        "version": 2,
        "channels": 1,
        "sample_rate": HZ,
        "samples_per_pixel": SAMPLES_PER_PIXEL,
        "bits": 8,
        "length": 4,
        "data": [0, 64, -32, 0, 0, 0, 0, 64],
    }


def test_a_channel_that_inverts_the_other_does_not_flatten_the_waveform() -> None:
    wave = np.sin(np.arange(2 * SAMPLES_PER_PIXEL) / 10).astype(np.float32)
    assert json.loads(peaks([np.stack([wave, -wave])], HZ))["data"] == [-128, 127, -128, 127]


def test_full_scale_fits_into_a_byte() -> None:
    samples = np.array([[-1, 1]], np.float32)
    assert json.loads(peaks([samples], HZ))["data"] == [-128, 127]


def test_a_waveform_has_20_to_50_pixels_a_second() -> None:
    assert 20 <= HZ / SAMPLES_PER_PIXEL <= 50


def test_blocks_of_whole_pixels_give_the_same_peaks() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (2, 5 * SAMPLES_PER_PIXEL + 7)).astype(np.float32)
    blocks = np.split(samples, [2 * SAMPLES_PER_PIXEL, 3 * SAMPLES_PER_PIXEL], axis=1)
    assert peaks(blocks, HZ) == peaks([samples], HZ)
