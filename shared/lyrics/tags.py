"""The title and the artist that an upload names, by which lyrics can be looked up."""

from typing import Annotated

from pydantic import Field

from shared.events import Frozen

Tag = Annotated[str, Field(min_length=1, max_length=300)]


class Tags(Frozen):
    """Content of a job's `tags.json`. Both are on one line, without control characters."""

    title: Tag
    artist: Tag
