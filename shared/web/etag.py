"""Validators of what is sent, as RFC 9110 has them, section 8.8.3 and 13.1.2."""

from hashlib import blake2b


def etag(body: bytes) -> str:
    """A strong one, quoted: it is of exactly these bytes."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def etag_matches(condition: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` names `tag`; a proxy that compresses may have made it a weak one."""
    names = [name.strip().removeprefix("W/") for name in (condition or "").split(",")]
    return tag in names or "*" in names
