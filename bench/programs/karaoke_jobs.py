"""Jobs with our services, submitted as the gateway does after decoding, or (`http`) by uploading silence."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence

import httpx2

from bench.audio import silence
from bench.events import submit_job
from bench.programs.client import serve
from shared.broker.bus import Bus
from shared.events import Options
from shared.storage.job_files import Storage
from shared.tasks import Task

CONCURRENT_SUBMISSIONS = 8


class DirectQueue:
    def __init__(self, bus: Bus, storage: Storage, status: httpx2.AsyncClient) -> None:
        self._bus = bus
        self._storage = storage
        self._status = status
        self._slots = asyncio.Semaphore(CONCURRENT_SUBMISSIONS)

    async def submit(self, count: int) -> list[str]:
        return await asyncio.gather(*(self._submit() for _ in range(count)))

    async def completed(self, job_ids: Sequence[str]) -> set[str]:
        answer = await self._status.get("/api/status", params={"ids": ",".join(job_ids)})
        jobs = json.loads(answer.raise_for_status().content)["jobs"]
        if failed := [job for job in jobs if job["status"] == "failed"]:
            raise RuntimeError(failed[0]["error_message"])
        return {job["job_id"] for job in jobs if job["status"] == "completed"}

    async def drain(self) -> None:
        """Wait for the refinements of the beats: submit a job that is queued behind them."""
        job_id = await self._submit((Task.BEAT_ANALYSIS,))
        while not await self.completed([job_id]):  # noqa: ASYNC110 -- a client's polling
            await asyncio.sleep(0.01)

    async def _submit(self, tasks: tuple[Task, ...] = tuple(Task)) -> str:
        async with self._slots:
            return await submit_job(self._bus, self._storage, Options(tasks=tasks))


class UploadQueue(DirectQueue):
    def __init__(self, bus: Bus, storage: Storage, status: httpx2.AsyncClient, gateway: httpx2.AsyncClient) -> None:
        super().__init__(bus, storage, status)
        self._gateway = gateway
        self._upload = silence(seconds=1)

    async def submit(self, count: int) -> list[str]:
        return await asyncio.gather(*(self._post() for _ in range(count)))

    async def _post(self) -> str:
        async with self._slots:
            answer = await self._gateway.post("/api/process", files={"file": ("silence.wav", self._upload)})
        return str(answer.raise_for_status().json()["job_id"])


async def main() -> None:
    storage = Storage(os.environ["STORAGE_URL"])
    status = httpx2.AsyncClient(base_url=os.environ["STATUS_URL"], timeout=60)
    gateway = httpx2.AsyncClient(base_url=os.environ.get("GATEWAY_URL", ""), timeout=60)
    async with status, gateway, Bus(os.environ["AMQP_URL"], "bench") as bus:
        await bus.check()
        uploads = UploadQueue(bus, storage, status, gateway)
        await serve(uploads if "http" in sys.argv else DirectQueue(bus, storage, status))


if __name__ == "__main__":
    asyncio.run(main())
