"""Makes torchaudio importable with torch's CPU build; install it before importing modules that import torchaudio.

The wheels of torchaudio are CUDA builds, whose compiled extension cannot be loaded there. torchaudio also works without
the extension, and nothing here needs it.
"""

import importlib
import sys
import warnings
from types import ModuleType


def install() -> None:
    """Declare the extension absent if it cannot be loaded; otherwise change nothing."""
    warnings.filterwarnings(
        "ignore", message=r"\s*torchcodec"
    )  # pyannote warns about a missing torchcodec, but reads no files here
    try:
        importlib.import_module("torchaudio")
    except OSError:
        absent = ModuleType("torchaudio._extension")
        absent.__dict__.update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_absent)
        sys.modules[absent.__name__] = absent


def _absent(function: object) -> object:
    return function
