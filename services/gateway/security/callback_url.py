"""Whether a submission's `callback_url` may be called when its job is over."""

import asyncio
from typing import Final

from services.gateway.settings import Settings
from shared.callbacks.address import Resolve, addresses, parse, resolve
from shared.errors import PermanentError, TransientError
from shared.web.problem import Problem

LOOKUP_SECONDS: Final = 3.0


async def validated_callback(text: str, settings: Settings, resolving: Resolve = resolve) -> str | None:
    """The address, if one was given. Raises Problem 422.

    What cannot be looked up now, or soon, is taken: it is looked up again, and judged, whenever it is called.
    """
    if not text:
        return None
    if not settings.webhook_secret.get_secret_value():
        raise Problem(422, "callbacks_disabled", "Nobody can be called here: the operator has set no WEBHOOK_SECRET.")
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            await addresses(parse(text), settings.callback_networks, resolving)
    except PermanentError as error:
        raise Problem(422, "invalid_callback_url", f"{error}.") from error
    except (TransientError, TimeoutError):
        pass
    return text
