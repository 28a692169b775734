"""Parses the query parameter `ids=a,b,c`."""

from typing import Final

from shared.web.problem import Problem

MAX_IDS: Final = 200


def parse_job_ids(text: str) -> list[str]:
    """Return the ids in their order, without duplicates. Raises Problem 422 for none, or more than `MAX_IDS`."""
    ids = list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    if not 0 < len(ids) <= MAX_IDS:
        raise Problem(422, "invalid_ids", f"Give 1 to {MAX_IDS} ids: ?ids=<job_id>,<job_id>.")
    return ids
