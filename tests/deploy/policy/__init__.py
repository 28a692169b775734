"""What we ask of the manifests beyond their schemas. Each rule says what is wrong, in words; nothing if all is well."""

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
"""Of overlays, and of each component on the base."""

OVERLAID: Iterable[Rule] = (*EVERYWHERE, *references.RULES)
"""Of what can be applied: nothing is missing."""


def complaints(manifests: Manifests, rules: Iterable[Rule] = OVERLAID) -> list[str]:
    """What all of them say; of settings that are refused, only that, as others read them."""
    refused = list(settings.values_are_taken(manifests))
    return refused or list(chain.from_iterable(rule(manifests) for rule in rules))
