"""The plan of an attempt: what it reads, and which of its task's results it makes."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.events import Options
from shared.storage.job_files import Storage, audio_file, input_file
from shared.tasks import Input, Task
from shared.worker.inputs import Inputs


@dataclass(frozen=True)
class Plan:
    """Object names to fetch for one attempt. An attempt that `refines` is the second, better pass of its task."""

    task: Task
    audio: str
    wanted: Mapping[Input, str]
    refines: bool

    @classmethod
    def of(cls, task: Task, options: Options, wants: Collection[Input], *, refines: bool) -> Self:
        """Plan an attempt; `wants` are the inputs that the service declared."""
        return cls(task, audio_file(task, options), {name: input_file(name, options) for name in wants}, refines)

    async def fetch(self, storage: Storage, job_id: str, folder: Path) -> Inputs:
        """Copy the inputs into `folder`. Raises PermanentError without the audio, or what a refinement needs."""
        audio = await storage.fetch(f"{job_id}/{self.audio}", folder / self.audio)
        found = await asyncio.gather(*(self._fetch(storage, job_id, name, folder) for name in self.wanted))
        return Inputs(audio, **dict(zip(self.wanted, found, strict=True)))

    def makes_refined_result(self, inputs: Inputs) -> bool:
        """Return whether the result is the better one: the first pass makes it, too, if it comes late enough."""
        needed = self.task.row.refined_with
        return needed is not None and getattr(inputs, needed) is not None

    async def _fetch(self, storage: Storage, job_id: str, name: Input, folder: Path) -> Path | None:
        key, path = f"{job_id}/{self.wanted[name]}", folder / self.wanted[name]
        if self.refines and name == self.task.row.refined_with:
            return await storage.fetch(key, path)
        return path if await storage.fetch_if_there(key, path) else None
