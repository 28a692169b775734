"""Limits of what a caller's jobs use, with a database that only the test changes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from fastapi import Request

from services.gateway.security.quota import Quota
from services.gateway.settings import DEMUCS_MODELS, Settings
from shared.events import JobSubmitted, Options
from shared.usage import Part, Usage
from shared.web.problem import Problem
from tests.fakes import submitted

REQUEST = Request({"type": "http", "client": ("192.0.2.1", 1)})
SONG_SECONDS = submitted().song.audio_duration


class Database:
    """Answers with `usage`, whoever is asked for."""

    def __init__(self, usage: Usage | None = None, **settings: object) -> None:
        self.usage = usage or Usage()
        self.asked: list[Mapping[str, str]] = []
        self.quota = Quota(self._read, Settings.model_validate(settings))

    async def _read(self, query: Mapping[str, str]) -> Usage:
        self.asked.append(query)
        return self.usage

    async def accept(self, job_id: str = "new", owner: str = "web", **options: str) -> None:
        song = submitted(job_id=job_id).model_copy(update={"options": Options.model_validate(options)})
        async with self.quota.reserved(REQUEST, owner, song):
            pass

    async def refusal(self, **options: str) -> tuple[str, int]:
        """Return the code of the refusal of another song, and the hours of its `Retry-After`."""
        with pytest.raises(Problem) as refused:
            await self.accept("another", **options)
        assert refused.value.status_code == 429
        seconds = int((refused.value.headers or {})["Retry-After"])
        return refused.value.code, round(seconds / 3600)


def parts(*amounts: float, model: str = "") -> tuple[Part, ...]:
    """Return parts that end in one hour, in two, and so on, in the wrong order."""
    now = datetime.now(UTC)
    found = [Part(until=now + timedelta(hours=hour), amount=each, model=model) for hour, each in enumerate(amounts, 1)]
    return tuple(reversed(found))


@pytest.mark.parametrize(("limit", "hours"), [(3.5, 1), (2.5, 2), (1.5, 3), (0.5, 3)])
async def test_a_refusal_says_when_enough_minutes_leave_the_day(limit: float, hours: int) -> None:
    usage = Usage(audio=parts(SONG_SECONDS, SONG_SECONDS, SONG_SECONDS))
    database = Database(usage, max_minutes_per_day=limit * SONG_SECONDS / 60)
    assert await database.refusal() == ("too_many_minutes", hours)


async def test_a_refusal_says_when_enough_files_expire() -> None:
    database = Database(Usage(storage=parts(1e9, 9e9, 1e9)), max_stored_bytes=2_000_000_000)
    assert await database.refusal() == ("too_many_stored_bytes", 2)


async def test_a_bag_of_models_counts_more_often() -> None:
    limit = {"max_minutes_per_day": 4.5 * SONG_SECONDS / 60}
    used = Database(Usage(audio=parts(SONG_SECONDS, model="htdemucs_ft")), **limit)
    assert await used.refusal() == ("too_many_minutes", 1)
    new = Database(Usage(audio=parts(SONG_SECONDS)), **limit)
    assert await new.refusal(model="htdemucs_ft") == ("too_many_minutes", 1)
    await new.accept(model="htdemucs")


async def test_a_song_that_exceeds_the_limit_alone_is_accepted_when_nothing_else_counts() -> None:
    database = Database(max_minutes_per_day=1, max_stored_bytes=1)
    await database.accept()
    assert (await database.refusal())[0] == "too_many_minutes"


async def test_an_accepted_job_counts_until_the_database_counts_it() -> None:
    database = Database(max_unfinished_jobs=2, max_minutes_per_day=2.5 * SONG_SECONDS / 60)
    await database.accept("first")
    await database.accept("second", owner="phone")
    database.usage = Usage(unfinished=1, audio=parts(SONG_SECONDS), recent={"first": 0})
    await database.accept("third")
    assert await database.refusal() == ("too_many_unfinished_jobs", 0)


async def test_a_job_that_is_not_published_does_not_count() -> None:
    database = Database(max_unfinished_jobs=1)
    with pytest.raises(OSError, match="full"):
        async with database.quota.reserved(REQUEST, "web", submitted()):
            raise OSError("full")
    await database.accept()


async def test_another_run_counts_its_audio_but_no_bytes() -> None:
    full = Usage(audio=parts(SONG_SECONDS), storage=parts(10), recent={"abc123": 0})
    database = Database(full, max_minutes_per_day=2.5 * SONG_SECONDS / 60, max_stored_bytes=10)
    async with database.quota.reserved(REQUEST, "web", submitted(), run=1):
        with pytest.raises(Problem) as refused:
            async with database.quota.reserved(REQUEST, "web", submitted(), run=1):
                pass
    assert refused.value.code == "too_many_minutes"


async def test_without_limits_the_database_is_not_asked() -> None:
    database = Database(max_unfinished_jobs=0, max_minutes_per_day=0, max_stored_bytes=0)
    await database.accept()
    await database.quota.check_usage(REQUEST, None)
    assert database.asked == []


async def test_a_full_day_is_refused_before_the_upload() -> None:
    database = Database(Usage(audio=parts(601 * 60)))
    with pytest.raises(Problem, match="600 minutes"):
        await database.quota.check_usage(REQUEST, "web")


async def test_gateways_with_the_same_secret_store_the_same_hash_of_an_address() -> None:
    first, second, other = (Quota(Database()._read, Settings(link_secret=secret)) for secret in ("a", "a", "b"))
    hashes = [each.caller_hash(REQUEST, None) for each in (first, second, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert JobSubmitted.model_validate(dict(submitted()) | {"caller": hashes[0]}).caller == hashes[0]


@pytest.mark.skipif(find_spec("demucs") is None, reason="needs the list of demucs' models")
def test_each_model_of_demucs_counts_as_often_as_its_bag_has_models() -> None:
    spec = find_spec("demucs")
    assert spec
    assert spec.origin
    bags = {
        file.stem: len(yaml.safe_load(file.read_text())["models"])
        for file in (Path(spec.origin).parent / "remote").glob("*.yaml")
        if not file.stem.endswith("_q")  # compressed by diffq, which is not installed
    }
    assert bags | {"embedded": 1} == DEMUCS_MODELS
