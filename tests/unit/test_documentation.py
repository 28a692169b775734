"""Links and paths in the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

ARCHITECTURE = sorted((ROOT / "docs" / "architecture").glob("*.md"))
WEB = "services/gateway/web"
PATTERNS = ("*.md", "docs/**/*.md", "deploy/**/*.md", "bench/**/*.md", f"{WEB}/*.md", f"{WEB}/client/*.md")
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern))
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:shared|services|tests|deploy|bench|docs)/[\w./-]+)`")
MODULE = re.compile(r"`([\w./-]+\.(?:py|tsx?))`")


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_an_existing_file_and_heading(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target / "README.md" if target.is_dir() else target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_exists(page: Path) -> None:
    for path in PATH.findall(prose(page)):
        assert (ROOT / path).exists() or (page.parent / path).exists(), path


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.name)
def test_every_module_exists(page: Path) -> None:
    for module in MODULE.findall(prose(page)):
        tops = (ROOT / "services", ROOT / "shared", ROOT / "tests", ROOT / "deploy")
        assert any(next(top.glob(f"**/{module.removeprefix(f'{top.name}/')}"), None) for top in tops), module


@pytest.mark.parametrize("page", ARCHITECTURE, ids=lambda page: page.name)
def test_lines_are_short_enough_to_read_in_a_diff(page: Path) -> None:
    assert [line for line in page.read_text("utf-8").splitlines() if len(line) > 120] == []


def test_the_overview_names_every_page() -> None:
    overview = (ROOT / "docs" / "architecture" / "00-overview.md").read_text("utf-8")
    assert {page.name for page in ARCHITECTURE} == {"00-overview.md", *re.findall(r"\]\(([\w-]+\.md)\)", overview)}
