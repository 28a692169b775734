"""Ablations of `make evaluate` on the engines that they change."""

import re
from importlib import import_module

import pytest

from services.beats.meter_hypotheses import weights
from tests.evaluation.ablations import ABLATIONS, FEATURES, Ablation


@pytest.mark.parametrize("ablation", ABLATIONS, ids=lambda ablation: ablation.label)
def test_every_ablation_changes_its_target(ablation: Ablation) -> None:
    module, _, name = ablation.target.partition(":")
    before = getattr(import_module(module), name)
    with ablation.applied():
        assert getattr(import_module(module), name) != before


@pytest.mark.parametrize(("label", "names"), FEATURES.items())
def test_every_omitted_feature_has_a_weight(label: str, names: str) -> None:
    assert [name for name, weight in weights().items() if re.search(names, name) and weight]


def test_no_feature_is_omitted_by_two_ablations() -> None:
    assert all(sum(bool(re.search(names, name)) for names in FEATURES.values()) <= 1 for name in weights())
