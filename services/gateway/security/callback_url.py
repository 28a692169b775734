"""Validates the `callback_url` of a submission."""

import asyncio
from typing import Final

from services.gateway.settings import Settings
from shared.callbacks.address import addresses, parse
from shared.callbacks.lookup import Resolve, resolve
from shared.errors import PermanentError, TransientError
from shared.web.problem import Problem

LOOKUP_SECONDS: Final = 3.0


async def validated_callback(text: str, settings: Settings, resolving: Resolve = resolve) -> str | None:
    """Return the URL, or None if it is empty. Raises Problem 422 for an invalid or forbidden one.

    A host name that cannot be resolved in time is accepted: it is resolved and checked again before each call.
    """
    if not text:
        return None
    if not settings.webhook_secret.get_secret_value():
        raise Problem(422, "callbacks_disabled", "Callbacks are disabled: the operator has set no WEBHOOK_SECRET.")
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            await addresses(parse(text), settings.callback_networks, resolving, settings.callback_forbidden_networks)
    except PermanentError as error:
        raise Problem(422, "invalid_callback_url", f"{error}.") from error
    except (TransientError, TimeoutError):
        pass
    return text
