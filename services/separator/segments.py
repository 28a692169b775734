"""A faster version of demucs' separator, with several segments at once and fewer copies, and equal results.

docs/separation.md lists the changes that were tried and the gain of each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import torch
from demucs.api import Separator
from demucs.apply import BagOfModels, TensorChunk
from demucs.audio import convert_audio
from demucs.htdemucs import HTDemucs
from demucs.utils import center_trim
from torch import Tensor

Net = Any
"""A demucs model; demucs has no types."""


MIN_MEAN_POWER = 0.25
"""Minimum power of the mean of the channels, relative to that of their difference, in a song that is not inverted."""


class SegmentSeparator(Separator):
    """Separator that always splits songs into segments and never shifts them; `jobs` (at least 1) is the batch size."""

    def separate_tensor(self, wav: Tensor, sr: int | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the song, [channel, time], in the model's format, and each source with the same shape."""
        if sr not in (None, self.samplerate):
            wav = convert_audio(wav, sr, self.samplerate, self.audio_channels)
        polarity = _polarity(wav)
        song = polarity * wav
        mono = song.mean(0)
        mean, deviation = mono.mean(), mono.std() + 1e-8
        with torch.inference_mode(), _attention(self._device):
            out = self._separate(song.sub_(mean).div_(deviation))
            out *= deviation
            out += mean
            out *= polarity
        return wav, dict(zip(self.model.sources, out, strict=True))

    def _separate(self, song: Tensor) -> Tensor:
        """Return the mean of all models, weighted for each source, [source, channel, time]."""
        bag = self.model if isinstance(self.model, BagOfModels) else BagOfModels([self.model])
        weights = torch.tensor(bag.weights, dtype=torch.float32)  # a bag may have integers
        weights /= weights.sum(0)
        out = torch.zeros(len(bag.sources), *song.shape)
        for index, (model, weight) in enumerate(zip(bag.models, weights, strict=True)):
            self._add(model, song, weight[:, None, None], out, {"model_idx_in_bag": index, "models": len(bag.models)})
        return out

    def _add(self, model: Net, song: Tensor, weight: Tensor, out: Tensor, event: dict[str, int]) -> None:
        """Add the model's sources, times `weight`, to `out`; segments are cross-faded."""
        # This makes transposed convolutions faster on a CPU; not measured on a GPU.
        layout = torch.channels_last if torch.device(self._device).type == "cpu" else torch.preserve_format
        model.to(self._device, memory_format=layout).eval()
        length = song.shape[-1]
        size = int(model.samplerate * (self._segment or model.segment))
        chunks = [TensorChunk(song, start, size) for start in range(0, length, int((1 - self._overlap) * size))]
        fade = torch.cat([torch.arange(1, size // 2 + 1), torch.arange(size - size // 2, 0, -1)]).float()
        total = torch.zeros(length)
        for chunk in chunks:
            total[chunk.offset :][: chunk.length] += fade[: chunk.length]
        for batch in self._batches(model, chunks):
            if self._callback:
                self._callback({**event, "segment_offset": batch[0].offset, "audio_length": length})
            padded = torch.stack([chunk.padded(self._padded(model, chunk)) for chunk in batch])
            for chunk, sources in zip(batch, model(padded.to(self._device)).to(song.device), strict=True):
                span = slice(chunk.offset, chunk.offset + chunk.length)
                share = fade[: chunk.length] / total[span]
                out[..., span] += center_trim(sources, chunk.length).mul_(share).mul_(weight)

    def _batches(self, model: Net, chunks: list[TensorChunk]) -> Iterator[list[TensorChunk]]:
        """Yield batches of up to `jobs` segments of equal length; some models do not pad a short last segment."""
        for _, same_length in groupby(chunks, lambda chunk: self._padded(model, chunk)):
            group = list(same_length)
            yield from (group[first : first + self._jobs] for first in range(0, len(group), self._jobs))

    def _padded(self, model: Net, chunk: TensorChunk) -> int:
        """Return the padded length of the chunk in samples."""
        if isinstance(model, HTDemucs) and self._segment:
            return int(self._segment * model.samplerate)
        length: int = getattr(model, "valid_length", int)(chunk.length)
        return length


def _polarity(wav: Tensor) -> Tensor:
    """Return factors for the channels, [channel, 1], that invert the last one if it is mostly the inverse of the first.

    Models learned from songs in phase, and their input is scaled by the level of the mean, which would be almost 0.
    """
    polarity = torch.ones(len(wav), 1)
    if (wav[0] + wav[-1]).square().sum() < MIN_MEAN_POWER * (wav[0] - wav[-1]).square().sum():
        polarity[-1] = -1
    return polarity


@contextmanager
def _attention(device: str) -> Iterator[None]:
    """Disable torch's fast path for attention on a CPU: it writes a matrix of all pairs of frames and is slower."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(before and torch.device(device).type != "cpu")
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
