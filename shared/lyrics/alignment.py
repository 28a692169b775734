"""A user's request for the times of some lines, as the gateway stores it for the transcriber."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.events import Count, Ordinal


class AlignmentRequest(BaseModel):
    """Lines to align, by their indices in the lyrics, with their new texts; None: the text stays.

    `document` is the `lyrics.json` that the user knew. `correction` is the number of the correction that the result
    becomes, the one after that document: if another correction has this number, the lyrics were changed meanwhile.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    correction: Ordinal
    lines: Mapping[Count, str | None]
    document: Mapping[str, Any]
