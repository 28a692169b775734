from shared.settings import Settings as Shared


class Settings(Shared):
    """`beats_model` is a beat_this checkpoint, a path or a name that it knows; without one we track the beats."""

    port: int = 8004
    beats_model: str | None = None
