"""The rights of each service cover what it reads, and its policy fits where it has to."""

import ast
import json

import pytest

from docs.generate import BUCKET, POLICIES, PREFIX
from shared.events import Options
from shared.storage.job_files import audio_file, input_file
from shared.storage.rights import RIGHTS
from shared.tasks import Task
from tests.conftest import ROOT
from tests.deploy.manifests import SERVICES, rendered


def wants(service: str) -> tuple[str, ...]:
    """Return the inputs that the service's program passes to `work`."""
    tree = ast.parse((ROOT / f"services/{service}/__main__.py").read_text())
    passed = (each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "wants")
    named = (each.value for each in ast.walk(tree) if isinstance(each, ast.AnnAssign))
    found = next((each for each in (*passed, *named) if each), None)
    return tuple(ast.literal_eval(found)) if found else ()


def test_every_service_has_rights() -> None:
    assert RIGHTS.keys() == {*SERVICES}


@pytest.mark.parametrize("task", Task)
def test_a_worker_may_read_its_inputs_and_no_others(task: Task) -> None:
    every, alone = Options(tasks=tuple(Task), format="mp3"), Options(tasks=(task,), format="mp3")
    names = {"manifest.json", audio_file(task, every), audio_file(task, alone)}
    names |= {input_file(name, every) for name in wants(task.queue)}  # type: ignore[arg-type] # checked by `work`
    names |= {f"{task}.refined"} if task.refined_by else set()
    names |= {"alignment-*.json", "lyrics-*"} if task is Task.TRANSCRIPTION else set()  # lines that are aligned again
    assert {name.replace(".mp3", ".*") for name in names} == {*RIGHTS[task.queue].reads}


@pytest.mark.parametrize("service", SERVICES)
def test_a_policy_fits_into_those_of_a_user_and_names_the_bucket_of_the_component(service: str) -> None:
    text = (POLICIES / f"{service}.json").read_text()
    assert len("".join(text.split())) <= 2048
    assert rendered("s3").environment(service)["STORAGE_URL"] == f"s3://{BUCKET}/{PREFIX}"
    for statement in json.loads(text)["Statement"]:
        for resource in statement["Resource"]:
            assert resource.startswith(f"arn:aws:s3:::{BUCKET}")
