"""Rules for the manifests beyond their schemas. Each rule yields a text per violation."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from tests.deploy.manifests import Manifests
from tests.deploy.policy import confinement, gpu, grace, presence, references, scaling, secrets, settings

Rule = Callable[[Manifests], Iterator[str]]

EVERYWHERE: Iterable[Rule] = (
    *confinement.RULES,
    *gpu.RULES,
    *grace.RULES,
    *presence.RULES,
    *scaling.RULES,
    *secrets.RULES,
    *settings.RULES,
)
"""Rules for overlays and for each component on the base."""

OVERLAID: Iterable[Rule] = (*EVERYWHERE, *references.RULES)
"""Rules for complete overlays: no reference is missing."""


def complaints(manifests: Manifests, rules: Iterable[Rule] = OVERLAID) -> list[str]:
    """Return the violations of all rules; only the invalid settings if there are any, as other rules read them."""
    refused = list(settings.values_are_taken(manifests))
    return refused or list(chain.from_iterable(rule(manifests) for rule in rules))
