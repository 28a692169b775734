"""A parsed Dockerfile."""

import json
import re
from dataclasses import dataclass
from functools import cached_property

from tests.conftest import ROOT


@dataclass(frozen=True)
class Dockerfile:
    """`instructions` are pairs such as (`RUN`, command), in order, without comments and line breaks."""

    instructions: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [rest for word, rest in self.instructions if word == name]

    @cached_property
    def defaults(self) -> dict[str, str]:
        """Build arguments that have a default."""
        return dict(argument.split("=", 1) for argument in self.all("ARG") if "=" in argument)

    @cached_property
    def final(self) -> "Dockerfile":
        """The last stage, which becomes the image."""
        last = max(place for place, (word, _) in enumerate(self.instructions) if word == "FROM")
        return Dockerfile(self.instructions[last:])

    @cached_property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for line in self.all("ENV") for pair in line.split())


def dockerfile(service: str) -> Dockerfile:
    text = (ROOT / "deploy" / "images" / f"{service}.Dockerfile").read_text()
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    parts = [line.split(maxsplit=1) for line in lines if line.strip()]
    return Dockerfile(tuple((word, " ".join(rest.split())) for word, rest in parts))


def argv(instruction: str) -> list[str]:
    """Return the arguments of a command in exec form, without its options. Raises ValueError for the shell form."""
    words: list[str] = json.loads(instruction[instruction.index("[") :])
    return words
