from services.transcriber.settings import Settings
from shared.events import Task
from shared.web.server import run
from shared.worker.worker import work

if __name__ == "__main__":
    settings = Settings()
    engine, warm = "services.transcriber.engine:transcribe", "services.transcriber.engine:warm"
    run("transcriber", settings, work(Task.TRANSCRIPTION, engine, warm, settings))
