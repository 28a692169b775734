"""Classes that the checkpoint of whisperx' voice activity detection contains beside weights: training settings."""

from collections import defaultdict
from typing import Any, Final

from omegaconf.base import ContainerMetadata, Metadata
from omegaconf.listconfig import ListConfig
from omegaconf.nodes import AnyNode
from torch.torch_version import TorchVersion

from shared.audio import torchaudio_shim

torchaudio_shim.install()

from pyannote.audio.core.model import Introspection  # noqa: E402 -- importable only after the shim is installed
from pyannote.audio.core.task import Problem, Resolution, Specifications  # noqa: E402 -- as above

CONTENT: Final = (
    *(Introspection, Problem, Resolution, Specifications, TorchVersion),
    *(ListConfig, ContainerMetadata, Metadata, AnyNode, (Any, "typing.Any"), defaultdict, dict, list, int),
)
