"""The packages that an extra of pyproject.toml installs, read from this environment."""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
OVERRIDES = [Requirement(line) for line in PYPROJECT["tool"]["uv"]["override-dependencies"]]
NEVER = {canonicalize_name(rule.name) for rule in OVERRIDES if rule.marker and not rule.marker.evaluate()}
"""Required packages that are never installed."""


@cache
def closure(*extras: str) -> frozenset[NormalizedName]:
    """Return the names of all distributions in an image with these extras."""
    found: set[tuple[NormalizedName, str]] = set()
    asked = [*PYPROJECT["project"]["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    todo = [(Requirement(line), "") for line in asked]
    while todo:
        wanted, extra_of_parent = todo.pop()
        name = canonicalize_name(wanted.name)
        if name in NEVER or (wanted.marker and not wanted.marker.evaluate({"extra": extra_of_parent})):
            continue
        for extra in {"", *wanted.extras}:
            if (name, extra) not in found:
                found.add((name, extra))
                todo += [(Requirement(line), extra) for line in distribution(name).requires or ()]
    return frozenset(name for name, _ in found)


def packages_bytes(names: Iterable[str]) -> int:
    """Return the size on disk, without bytecode."""
    return sum(file.stat().st_size for name in names for file in installed(distribution(name)))


def lay_out(names: Iterable[str], folder: Path) -> None:
    """Fill `folder` with links, so that it is a site-packages with only these distributions."""
    for name in names:
        here = distribution(name)
        top = Path(str(here.locate_file("")))
        for file in installed(here):
            _link(file, folder / file.relative_to(top))
            compiled = Path(cache_from_source(str(file))) if file.suffix == ".py" else None
            if compiled and compiled.exists():
                _link(compiled, folder / compiled.relative_to(top))


def installed(here: Distribution) -> Iterator[Path]:
    """Yield the distribution's files in site-packages, without bytecode."""
    for file in here.files or ():
        path = Path(str(here.locate_file(file)))
        if ".." not in file.parts and file.suffix != ".pyc" and path.exists():
            yield path


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)
