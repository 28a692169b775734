"""One owner can use neither all workers nor the whole storage."""

from concurrent.futures import ThreadPoolExecutor

import httpx2

from shared.usage import SONG_BYTES, STEMS_BYTES
from tests.attack.conftest import Report
from tests.attack.target import MAX_BYTES, MAX_JOBS, MAX_MINUTES, SONG, Target, submit
from tests.integration import hostile

MINUTES = 4
LONG = hostile.crowded(seconds=60 * MINUTES, rate=8000, channels=1)
"""A song in 1 kB."""


def refusals(answers: list[httpx2.Response]) -> set[str]:
    """Return the codes of the answers that are not 202."""
    return {answer.json()["code"] for answer in answers if answer.status_code != httpx2.codes.ACCEPTED}


def test_simultaneous_uploads_do_not_exceed_the_number_of_jobs(target: Target, report: Report) -> None:
    with target.client(key="jobs") as client, ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: submit(client, SONG, tasks="beat_analysis"), range(30))]
    assert refusals(answers) == {"too_many_unfinished_jobs"}
    accepted = sum(answer.is_success for answer in answers)
    report(f"{len(answers)} simultaneous songs of one owner: those that are accepted", accepted, MAX_JOBS)


def test_deleted_songs_count_as_minutes(target: Target, report: Report) -> None:
    answers = []
    with target.client(key="minutes") as client:
        for _ in range(5):
            answers.append(submit(client, LONG, tasks="beat_analysis"))
            if answers[-1].is_success:
                client.delete(f"/api/jobs/{answers[-1].json()['job_id']}").raise_for_status()
    assert refusals(answers) == {"too_many_minutes"}
    accepted = sum(answer.is_success for answer in answers)
    report(f"{5 * MINUTES} minutes in songs that are deleted: those accepted in a day", accepted * MINUTES, MAX_MINUTES)


def test_stored_songs_count_as_bytes(target: Target, report: Report) -> None:
    with target.client(key="bytes") as client:
        answers = [submit(client, LONG) for _ in range(4)]
    assert refusals(answers) == {"too_many_stored_bytes"}
    accepted = sum(answer.is_success for answer in answers)
    megabytes = 60 * MINUTES * (SONG_BYTES + STEMS_BYTES["wav"]) / 1e6
    report(f"{4 * megabytes:.0f} MB of stems: those accepted of one owner", accepted * megabytes, MAX_BYTES / 1e6)
