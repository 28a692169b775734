"""Checkpoints of demucs may contain weights and arguments of demucs' own nets only, from any hub or folder."""

from fractions import Fraction
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from types import SimpleNamespace
from typing import Any, Final

import demucs.hf
import numpy as np
import structlog
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs

from shared.weights import load_only_data

log = structlog.get_logger()

NETS: Final = (Demucs, HDemucs, HTDemucs)

_number, _array = np.float64(0), np.zeros(1, np.float32)
_builders: tuple[Any, ...] = _number.__reduce__()[0], _array.__reduce__()[0]
NUMPY: Final[tuple[Any, ...]] = (
    *(np.ndarray, np.dtype, type(_number.dtype), type(_array.dtype), *_builders),
    *((build, f"numpy.core.multiarray.{build.__name__}") for build in _builders),  # the name in numpy 1
)
"""Numbers and arrays of numpy: published checkpoints contain some."""


def load_only_nets() -> None:
    """Make demucs refuse all other checkpoints with UnpicklingError."""
    load_only_data(*NETS, Fraction, *NUMPY)
    # Safetensors cannot contain code, but demucs imports and calls what their metadata names.
    hub: Any = demucs.hf
    hub.importlib = SimpleNamespace(import_module=_nets_of)


def _nets_of(module: str) -> SimpleNamespace:
    nets = {net.__name__: net for net in NETS if net.__module__ == module}
    if not nets:
        log.warning("separation model of the hub is refused", names=module)  # demucs then tries its older hub
        raise UnpicklingError(f"{module} is not a module with a net of demucs")
    return SimpleNamespace(**nets)
