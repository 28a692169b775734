"""The fold of `shared.job` inside MongoDB: a register is set when the event's claim is greater."""

from typing import Any

from shared.events import Event
from shared.job import claims


def upsert(event: Event) -> list[dict[str, Any]]:
    """The pipeline of an update of the event's job."""
    registers = {
        name: {
            "$cond": [
                {"$gt": [{"$literal": list(claim.order)}, {"$ifNull": [f"${name}.order", []]}]},
                {"$literal": claim.model_dump(mode="json")},
                f"${name}",
            ]
        }
        for name, claim in claims(event).items()
    }
    return [{"$set": registers | {"heard": "$$NOW"}}]
