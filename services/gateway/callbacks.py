"""Whether a submission's `callback_url` may be called when its job is over."""

from services.gateway.settings import Settings
from shared.callback import addresses, parse
from shared.errors import PermanentError, TransientError
from shared.problem import Problem


async def accepted(text: str, settings: Settings) -> str | None:
    """The address, if one was given. Raises Problem 422.

    What cannot be looked up now is taken: it is looked up again, and judged, whenever it is called.
    """
    if not text:
        return None
    if not settings.webhook_secret.get_secret_value():
        raise Problem(422, "callbacks_disabled", "Nobody can be called here: the operator has set no WEBHOOK_SECRET.")
    try:
        await addresses(parse(text), settings.callback_networks)
    except PermanentError as error:
        raise Problem(422, "invalid_callback_url", f"{error}.") from error
    except TransientError:
        pass
    return text
