"""ETags as defined by RFC 9110, sections 8.8.3 and 13.1.2."""

from hashlib import blake2b


def etag(body: bytes) -> str:
    """Return a strong, quoted ETag of these bytes."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def etag_matches(condition: str | None, tag: str) -> bool:
    """Return whether the `If-None-Match` value contains `tag`, also as a weak tag, as compressing proxies send it."""
    names = [name.strip().removeprefix("W/") for name in (condition or "").split(",")]
    return tag in names or "*" in names
