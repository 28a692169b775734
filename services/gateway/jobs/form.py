"""What an upload looks like, for the OpenAPI document: it is read as a stream, not by the framework."""

from typing import Final, get_args

from shared.callbacks.address import LENGTH
from shared.events import AudioFormat
from shared.user_lyrics import MAX_CHARACTERS

KEY_LENGTH: Final = 255

FORM: Final = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "maxLength": KEY_LENGTH},
            "description": "Any text of your own; sending it again gives the same job, not another.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The song."},
                        "tasks": {
                            "type": "string",
                            "description": "Comma-separated, of stem_separation, transcription, beat_analysis; all.",
                        },
                        "language": {"type": "string", "description": "ISO 639-1 code of the lyrics; detected."},
                        "model": {"type": "string", "description": "A demucs model's name; the operator's choice."},
                        "lyrics": {
                            "type": "string",
                            "maxLength": MAX_CHARACTERS,
                            "description": "The words, line by line, where they are known; heard.",
                        },
                        "format": {"type": "string", "enum": [*get_args(AudioFormat)], "default": "wav"},
                        "callback_url": {
                            "type": "string",
                            "maxLength": LENGTH,
                            "description": "Where the document is posted when the job is over; https or http.",
                        },
                    },
                }
            }
        },
    },
}
