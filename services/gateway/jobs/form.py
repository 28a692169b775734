"""OpenAPI description of the upload form. The framework does not know it, because the form is read as a stream."""

from typing import Final, get_args

from shared.callbacks.address import LENGTH
from shared.events import AudioFormat
from shared.user_lyrics.text import MAX_CHARACTERS

KEY_LENGTH: Final = 255

FORM: Final = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "maxLength": KEY_LENGTH},
            "description": "Any text. A second request with the same text returns the same job.",
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
                            "description": "Comma-separated: stem_separation, transcription, beat_analysis; else all.",
                        },
                        "language": {
                            "type": "string",
                            "description": "BCP 47 tag or ISO 639 code of the sung language; detected if absent.",
                        },
                        "model": {
                            "type": "string",
                            "description": "A demucs model; the operator's choice if absent.",
                        },
                        "lyrics": {
                            "type": "string",
                            "maxLength": MAX_CHARACTERS,
                            "description": "The lyrics, line by line; recognized if absent.",
                        },
                        "format": {"type": "string", "enum": [*get_args(AudioFormat)], "default": "wav"},
                        "callback_url": {
                            "type": "string",
                            "maxLength": LENGTH,
                            "description": "URL to post the document to when the job has ended; https or http.",
                        },
                    },
                }
            }
        },
    },
}
