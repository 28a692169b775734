"""Ablations of `make evaluate` on the engines that they change."""

import pytest

from tests.evaluation.ablations import ABLATIONS, Ablation


@pytest.mark.parametrize("ablation", ABLATIONS, ids=lambda ablation: ablation.label)
def test_the_target_of_every_ablation_exists(ablation: Ablation) -> None:
    with ablation.applied():
        pass
