"""Scores of the systems' answers, the data of tables and plots."""

from dataclasses import dataclass, field

import soundfile
from rich.progress import Progress

from tests.evaluation.answer import Answer
from tests.evaluation.datasets import Item
from tests.evaluation.engines import always_four
from tests.evaluation.measures import lyrics as words
from tests.evaluation.measures import rhythm as beats
from tests.evaluation.system import NotInstalledError, System, Task
from tests.evaluation.systems import FOUR, OURS, answers_of


@dataclass(frozen=True)
class Result:
    """Result of one system on one clip: `rhythm` for clips with beats; `lyrics` for clips with words or without any."""

    item: Item
    answer: Answer
    minutes: float
    rhythm: beats.Score | None = None
    lyrics: words.Score | None = None


@dataclass(frozen=True)
class Results:
    """Results by system, in the order of the tables; `absent` has the reasons for systems without results."""

    task: Task
    by_system: dict[str, list[Result]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def of(self, system: str, set_name: str) -> list[Result]:
        return [result for result in self.by_system.get(system, []) if result.item.set == set_name]


def results(task: Task, systems: list[System], items: list[Item], progress: Progress) -> Results:
    asked = [item for item in items if (item.for_rhythm if task == "rhythm" else item.for_lyrics)]
    found = Results(task)
    for system in systems:
        if system.task != task:
            continue
        wanted = [item for item in asked if item.set in system.sets]
        try:
            answers = answers_of(system, wanted, progress)
        except NotInstalledError as error:
            found.absent[system.name] = str(error)
            continue
        found.by_system[system.name] = [result_of(task, item, answers[item.name]) for item in wanted]
        if system.name == OURS:
            found.by_system[FOUR] = [result_of(task, item, always_four(answers[item.name])) for item in wanted]
    return found


def result_of(task: Task, item: Item, answer: Answer) -> Result:
    minutes = float(soundfile.info(item.audio).duration) / 60
    if task == "lyrics":
        return Result(item, answer, minutes, lyrics=words.score(item.truth.words, answer.words))
    return Result(item, answer, minutes, rhythm=beats.score(item.truth, answer) if item.truth.beats else None)
