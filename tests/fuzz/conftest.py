"""`--hypothesis-profile=thorough` tries twenty times as many cases as an ordinary run."""

from hypothesis import settings

settings.register_profile("thorough", max_examples=2_500)
