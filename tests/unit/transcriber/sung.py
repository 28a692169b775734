from services.transcriber.text.lyrics import Word


def sung(text: str, *, start: float = 0.0, each: float = 0.3, pause: float = 0.0) -> list[Word]:
    """Return the words of a text, sung one after another from `start`; `each` and `pause` are seconds."""
    return [
        Word(word, start + n * (each + pause), start + n * (each + pause) + each, 0.9)
        for n, word in enumerate(text.split())
    ]
