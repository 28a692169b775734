from shared.settings import Settings as Shared


class Settings(Shared):
    """`beats_model` is a beat_this checkpoint, by path or by name; if unset, the built-in beat tracker is used."""

    port: int = 8004
    beats_model: str | None = None
