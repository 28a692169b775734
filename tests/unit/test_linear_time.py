"""Text from users is read in time that grows no faster than its length: hostile text blocks no service."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from services.gateway.file_names import shown_name
from services.gateway.languages import whisper_language
from services.transcriber.text.tokens import tokenize
from shared.callbacks.address import parse
from shared.errors import PermanentError
from shared.normal_forms import normalized
from shared.user_lyrics.charset import decode
from shared.user_lyrics.text import normalize
from shared.web.problem import Problem
from tests.conftest import ROOT
from tests.linear import LONGEST, MOST_GROWTH, Text, growth, hostile_texts

FILES = [
    *(ROOT / "shared/user_lyrics").glob("*.py"),
    *(ROOT / "shared/lyrics").glob("*.py"),
    *(ROOT / "services/transcriber/text").glob("*.py"),
    *(ROOT / "services/gateway/jobs").glob("*.py"),
    *(ROOT / "services/gateway/results").glob("*.py"),
    *(ROOT / f"{name}.py" for name in ("services/gateway/file_names", "services/gateway/languages",
      "shared/callbacks/address", "shared/view", "shared/web/etag", "shared/web/problem")),
]  # fmt: skip
MODULES = [str(file.relative_to(ROOT).with_suffix("")).replace("/", ".") for file in FILES]
WHOLE_TEXTS = {"sub", "split", "findall", "finditer"}


def uses(module: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a module's patterns, and of the methods that the module calls on them."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            yield node.func.value.id, node.func.attr


def patterns() -> dict[str, tuple[re.Pattern[Any], str]]:
    found = {}
    for module in MODULES:
        constants = vars(importlib.import_module(module))
        for name, method in uses(module):
            if isinstance(pattern := constants.get(name), re.Pattern):
                found[f"{module}.{name}.{method}"] = pattern, "sub" if method in WHOLE_TEXTS else method
    return found


PATTERNS = patterns()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_regular_expression_takes_linear_time(name: str) -> None:
    pattern, method = PATTERNS[name]
    call = getattr(pattern, method)

    def run(text: str) -> object:
        argument = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
        return call(argument[:0], argument) if method == "sub" else call(argument)

    slow = {text: factor for text in hostile_texts(pattern) if (factor := growth(run, text)) > MOST_GROWTH}
    assert not slow


@pytest.mark.parametrize("module", MODULES)
def test_regular_expressions_are_constants_so_that_they_are_tested(module: str) -> None:
    assert not {method for name, method in uses(module) if name == "re"} - {"compile", "escape", "fullmatch"}


def test_text_is_normalized_only_in_linear_time() -> None:
    calls = [
        file
        for top in ("services", "shared")
        for file in (ROOT / top).rglob("*.py")
        if "unicodedata.normalize(" in file.read_text() and file.name != "normal_forms.py"
    ]
    assert not calls


def marks(text: str) -> object:
    return [normalized(form, text) for form in ("NFC", "NFKD")]


@pytest.mark.parametrize(
    ("run", "text"),
    [
        *((marks, Text("a", part)) for part in ("\u0301", "\u0301\u0327", "\u0344", "\u0f73", "\u0f81\u0301")),
        *((shown_name, Text("a", part)) for part in ("\u0301\u0327", "\u0f73", " ", ".a")),
        *((parse, Text(f"https://{start}", part)) for start in ("", "a/") for part in ("a.", "ß", "你.", "%41", ":")),
        *((partial(whisper_language, supported=["en"]), Text("en", part)) for part in ("-a", "-abcdefgh", "-", "_")),
        (lambda text: decode(text.encode(), text), Text("utf-8", "-x")),
    ],
)  # fmt: skip
def test_foreign_text_takes_linear_time(run: Callable[[str], object], text: Text) -> None:
    def tolerant(text: str) -> None:
        with suppress(PermanentError, Problem):
            run(text)

    assert growth(tolerant, text) < MOST_GROWTH


LYRICS = [
    Text("a ", "["), Text("a ", "【"), Text("a", "\u0301\u0327"), Text("a", "[a]\u0301"), Text("a", "&#769;"),
    Text("", "a\n"), Text("", "a "), Text("", "a. ! "), Text("a", "."), Text("a", "猴"), Text("", "Verse: Ab Cd\n"),
    Text("", "[0:01]"),
    Text("[0:01]la", "\n[0:01]" + "a" * 80), Text("0:01 --> 0:02\n" + 2000 * "a" + "<c>b</c><0:01>", "\na<c>\n"),
    Text("[0:01]", "<0:01>a "), Text("[0:01]", "a<0:01>[x]"), Text("[0:01]", "<0:01"), Text("[0:01]a", "[0:01.1]"),
    Text("Dialogue: 0,0:00:01.00,0:00:02.00,,,,,,,", "{\\k1}a "),
    Text("Dialogue: 0,0:00:01.00,0:00:02.00,,,,,,,a", "\\N"),
    Text("Dialogue: 0,0:00:01.00,0:00:02.00,,,,,,,a", "{\\k"), Text("", "Dialogue: 0,0:00:01.00,0:00:02.00,,,,,,,a\n"),
    Text("#BPM:300\n", ": 0 1 0 a\n"), Text("#BPM:300\n: 0 1 0 a\n", "B 1 300\n"),
    Text("#BPM:300\n: 0 1 0 a", " ~"), Text("#BPM:300\n: 0 1 0 a\n", "- 1\n"),
    Text("", "1\n0:01 --> 0:02\na\n\n"), Text("", "See a\n"), Text("", "Am G\na---\n"), Text("", "Music: A\n"),
]  # fmt: skip


@pytest.mark.parametrize("text", LYRICS)
def test_lyrics_take_linear_time(text: Text) -> None:
    def read(text: str) -> None:
        with suppress(PermanentError):
            tokenize(normalize(text.encode()))

    assert growth(read, text, shortest=LONGEST) < MOST_GROWTH
