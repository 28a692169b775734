"""Files as workers store them, of a song of two seconds."""

import json

from shared.lyrics.document import to_json
from shared.lyrics.formats import PLAYABLE
from shared.lyrics.words import Line, Metadata, Word

METADATA = Metadata(language="en", model="base", alignment="whisper", source="heard")
LINES = (
    Line((Word("Early", 0.5, 0.8, 0.9), Word("mourning", 0.8, 1.2, 0.3))),
    Line((Word("by", 1.3, 1.4, 0.8), Word("the", 1.4, 1.5, 0.7, estimated=True), Word("river", 1.5, 1.9, 0.9))),
)


def beats_json(first: float = 0.5) -> bytes:
    """Return beats with 120.0 BPM in 4/4, the first bar at the second beat."""
    beats = [{"time": round(first + 0.5 * index, 3), "position": (index - 1) % 4 + 1} for index in range(9)]
    document = {"tempo_bpm": 120.0, "beat_count": 9, "time_signature": "4/4", "pulse": "quarter", "beats": beats}
    document |= {"downbeats": [beat["time"] for beat in beats if beat["position"] == 1], "chords": [], "refined": False}
    return json.dumps(document).encode()


def lyrics_files(*lines: Line) -> dict[str, bytes]:
    """Return the lyrics in every format, by the names of the files."""
    contents = {"json": to_json(lines, METADATA)} | {form: of(lines) for form, of in PLAYABLE.items()}
    return {f"lyrics.{form}": content.encode() for form, content in contents.items()}
