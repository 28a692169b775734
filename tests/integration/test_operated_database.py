"""Status with the permissions of its user in `deploy/k8s`, on a database with authentication."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from services.status.database.outbox import Outbox
from services.status.database.store import Store
from services.status.queue.reading import read_queue, read_speeds, read_waiting
from shared.tasks import Task
from tests.fakes import JOB_ID, START, progressed, submitted
from tests.integration.operated import OperatedDatabase

DATABASE = "karaoke"


@pytest.fixture(scope="module")
def database(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedDatabase]:
    database = OperatedDatabase(tmp_path_factory.mktemp("operated") / "database")
    try:
        database.begin()
        yield database
    finally:
        database.end()


async def test_status_has_the_permissions_that_it_needs(database: OperatedDatabase) -> None:
    async with Store.connected(database.url_of("status", DATABASE), DATABASE) as store:
        await store.check()
        await store.prepare()
        changes = store.changes()
        assert await anext(changes) is None
        await store.fold([submitted(), progressed(Task.BEAT_ANALYSIS, 50)])
        changed = await asyncio.wait_for(anext(changes), 10)
        assert changed
        assert changed.job_id == JOB_ID
        assert await store.get(JOB_ID)
        assert (await store.many([JOB_ID])).keys() == {JOB_ID}
        await read_queue(store)
        await read_speeds(store)
        await read_waiting(store)
        await Outbox(store).remove_given_up(3600)
        assert [job async for job in store.silent_for(timedelta(hours=1))] == []
        assert [job_id async for job_id in store.due(START + timedelta(days=1))] == [JOB_ID]
        await store.delete(JOB_ID)


def test_status_may_not_read_other_databases_or_create_users(database: OperatedDatabase) -> None:
    with MongoClient[dict[str, object]](database.url_of("status", DATABASE)) as client:
        with pytest.raises(OperationFailure, match="not authorized"):
            client["other"]["jobs"].find_one()
        with pytest.raises(OperationFailure, match="not authorized"):
            client[DATABASE].command("createUser", "another", pwd="x", roles=["readWrite"])


def test_the_database_requires_authentication(database: OperatedDatabase) -> None:
    with MongoClient[dict[str, object]](database.url) as client, pytest.raises(OperationFailure, match="requires auth"):
        client[DATABASE]["jobs"].find_one()
