from services.transcriber.settings import Settings
from shared.tasks import Input, Task
from shared.web.server import run
from shared.worker.worker import work

if __name__ == "__main__":
    settings = Settings()
    wants: tuple[Input, ...] = ("lyrics", "beats", "instrumental", "tags")
    if not settings.lyrics_lookup_url:
        wants = tuple(name for name in wants if name != "tags")
    engine, warm = "services.transcriber.engine:transcribe", "services.transcriber.engine:warm"
    aligner = "services.transcriber.engine:align"
    run("transcriber", settings, work(Task.TRANSCRIPTION, engine, warm, settings, wants, aligner=aligner))
