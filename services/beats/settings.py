from shared.settings import Settings as Shared


class Settings(Shared):
    port: int = 8004
