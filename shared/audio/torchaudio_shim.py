"""Lets torchaudio be imported beside torch's CPU build; call before importing what imports it.

torchaudio's wheels are CUDA builds, whose compiled extension does not load there. torchaudio knows builds without
that extension, and nothing here needs it.
"""

import importlib
import sys
import warnings
from types import ModuleType


def install() -> None:
    """Declares the extension absent where it cannot be loaded, and changes nothing where it can."""
    warnings.filterwarnings("ignore", message=r"\s*torchcodec")  # torchaudio's successor: pyannote reads no file here
    try:
        importlib.import_module("torchaudio")
    except OSError:
        absent = ModuleType("torchaudio._extension")
        absent.__dict__.update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_absent)
        sys.modules[absent.__name__] = absent


def _absent(function: object) -> object:
    return function
