"""Detection of voices by whisperx' model, with windows that overlap less than in its own detector."""

from collections import defaultdict
from importlib.resources import files
from typing import Any, Final

import torch
from omegaconf.base import ContainerMetadata, Metadata
from omegaconf.listconfig import ListConfig
from omegaconf.nodes import AnyNode
from torch.torch_version import TorchVersion

from shared.audio import torchaudio_shim

torchaudio_shim.install()

from pyannote.audio import Model  # noqa: E402 -- importable only after the shim is installed
from pyannote.audio.core.model import Introspection  # noqa: E402 -- as above
from pyannote.audio.core.task import Problem, Resolution, Specifications  # noqa: E402 -- as above
from whisperx.vads import Vad  # noqa: E402 -- as above
from whisperx.vads.pyannote import Pyannote, VoiceActivitySegmentation  # noqa: E402 -- as above

CHECKPOINT_CONTENT: Final = (
    *(Introspection, Problem, Resolution, Specifications, TorchVersion),
    *(ListConfig, ContainerMetadata, Metadata, AnyNode, (Any, "typing.Any"), defaultdict, dict, list, int),
)
"""Classes that the checkpoint of the model contains beside weights: training settings."""
ONSET, OFFSET = 0.5, 0.363  # thresholds, whisperx's defaults
STEP_SECONDS: Final = 1.0
"""A fifth of a window of the model. Whisperx' step of 0.5 s takes twice as long and is no better.

With 2.5 s, the edges of the voice are less exact, and more words of a user's own lyrics are misplaced.
"""


class VoiceDetector(Pyannote):  # type: ignore[misc] # whisperx has no types
    """Returns the probability of a voice in each frame; `merge_chunks` makes segments of them."""

    def __init__(self, device: str) -> None:
        Vad.__init__(self, ONSET)
        model = Model.from_pretrained(str(files("whisperx") / "assets" / "pytorch_model.bin"))
        self.vad_pipeline = VoiceActivitySegmentation(
            segmentation=model, device=torch.device(device), step=STEP_SECONDS
        )
        self.vad_pipeline.instantiate(
            {"onset": ONSET, "offset": OFFSET, "min_duration_on": 0.1, "min_duration_off": 0.1}
        )
