"""Tells genuine events from forged ones."""

import structlog
from aio_pika.abc import AbstractIncomingMessage

from shared.broker.delivery import SIGNATURE_HEADER
from shared.broker.topology import EXCHANGE, subject
from shared.events import Event, JobSubmitted
from shared.signing import Signer
from shared.telemetry.logs import log_fields
from shared.telemetry.metrics import EVENTS_REFUSED

log = structlog.get_logger()


def is_genuine(event: Event, message: AbstractIncomingMessage, signer: Signer) -> bool:
    """Return False, log and count it if the event was published by a service that may not publish it.

    The broker's permissions limit the routing keys of a service, and the gateway signs submissions.
    """
    if message.exchange == EXCHANGE and not f"{message.routing_key}.".startswith(f"{subject(event)}.ready."):
        log.error("event under a routing key of another kind ignored", key=message.routing_key, **log_fields(event))
        EVENTS_REFUSED.labels("wrong_key").inc()
        return False
    signature = message.headers.get(SIGNATURE_HEADER)
    if not isinstance(event, JobSubmitted) or signer.is_genuine(message.body, signature):
        return True
    log.error("submission without a valid signature ignored", is_signed=signature is not None, **log_fields(event))
    EVENTS_REFUSED.labels("unsigned").inc()
    return False
