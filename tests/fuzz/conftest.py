"""Profile `--hypothesis-profile=thorough`: twenty times as many cases as a normal run."""

from hypothesis import settings

settings.register_profile("thorough", max_examples=2_500)
