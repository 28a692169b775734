from services.separator.settings import Settings
from shared.events import Task
from shared.server import run
from shared.worker import work

if __name__ == "__main__":
    settings = Settings()
    engine, warm = "services.separator.engine:separate", "services.separator.engine:warm"
    run("separator", settings, work(Task.STEM_SEPARATION, engine, warm, settings))
