"""What the database has: jobs, and that they have changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from shared.job import Job, Register

_adapter = TypeAdapter(dict[str, Register])


def registers(document: Mapping[str, Any]) -> dict[str, Register]:
    return _adapter.validate_python(document)


def storable(job: Job) -> dict[str, Any]:
    """What `registers` reads."""
    stored: dict[str, Any] = _adapter.dump_python(dict(job), mode="json")
    return stored


class Stored(dict[str, Register]):
    """A job, as its document's `revision` has it: the first is 1, and each fold makes the next."""

    def __init__(self, revision: int, document: Mapping[str, Any]) -> None:
        super().__init__(registers(document))
        self.revision = revision


class Change(NamedTuple):
    """`revision` is None for a document that is gone."""

    job_id: str
    revision: int | None
