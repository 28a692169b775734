from services.beats.settings import Settings
from shared.tasks import Task
from shared.web.server import run
from shared.worker.worker import work

if __name__ == "__main__":
    settings = Settings()
    engine, warm = "services.beats.rhythm:analyse", "services.beats.rhythm:warm"
    run("beats", settings, work(Task.BEAT_ANALYSIS, engine, warm, settings, wants=("drums",)))
