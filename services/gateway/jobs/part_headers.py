"""Headers of a form's parts, in any encoding.

The form's parser refuses headers that are not UTF-8, changes backslashes in file names, drops the parameters of
content types, and takes seconds for hostile headers. So this module reads the headers, and passes on only the name of
the part.
"""

import re
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final
from urllib.parse import unquote_to_bytes

from streaming_form_data.parser import ParseFailedException

FILE_NAME: Final = re.compile(
    rb';\s*filename\s*=\s*(?:"(.*?)"(?=\s*(?:;\s*[\w*]+\s*=|$))|([^;\s]+))', re.IGNORECASE | re.DOTALL
)
"""The name may contain quotes and backslashes that are not escaped; it ends where another parameter starts."""
EXTENDED_NAME: Final = re.compile(rb";\s*filename\*\s*=\s*\"?([\w.-]*)'[^']*'([^;\s\"]*)\"?", re.IGNORECASE)
"""RFC 8187. RFC 7578 forbids it in forms, but some clients send it."""
PART_NAME: Final = re.compile(rb'[;\s]name\s*=\s*"?([\w.-]{1,100})(?![^";\s])', re.IGNORECASE)
"""All names with a meaning are of this form."""
BOUNDARY: Final = re.compile(r"[ !#-\[\]-~]{0,255}[!#-\[\]-~]")
"""Accepted boundaries: any printable ASCII that needs no escape in quotes. RFC 2046 allows fewer, and 70 characters."""
CONTENT_TYPE_CHARACTERS: Final = 1000
"""Most characters that are read of a content type. Python's parser of its parameters takes quadratic time."""
MAX_BYTES: Final = 20_000
"""Longest headers of all parts together."""
MAX_PARTS: Final = 100
"""Most parts of a form; only a few have a meaning."""
BROWSER_ESCAPES: Final = {"%22": '"', "%0D": "\r", "%0A": "\n"}
"""https://html.spec.whatwg.org/#multipart-form-data: all that browsers escape."""
ESCAPED: Final = re.compile(r'\\(["\\])')


def boundary_of(content_type: str) -> str:
    """Return the boundary that a form's content type states. Raises ParseFailedException."""
    boundary = parameter(content_type, "boundary") or ""
    if not BOUNDARY.fullmatch(boundary):
        raise ParseFailedException("its boundary is missing, too long, or has unusual characters")
    return boundary


def parameter(content_type: str, name: str) -> str | None:
    """Return a parameter of a content type, or None."""
    message = Message()
    message["Content-Type"] = content_type[:CONTENT_TYPE_CHARACTERS]
    try:
        value = message.get_param(name)
    except (TypeError, ValueError):  # Python's parser fails for some malformed parameters
        return None
    return None if value is None else collapse_rfc2231_value(value).strip()


class PartHeaders:
    """Receives a form in chunks, and remembers file names and content types by the name of their part."""

    def __init__(self, boundary: str) -> None:
        self.file_names: dict[str, str] = {}
        self.content_types: dict[str, str] = {}
        self._delimiter = b"\r\n--" + boundary.encode()
        self._held = b"\r\n"  # the first delimiter of a form has no line end before it
        self._surplus = len(self._held)
        self._is_in_headers = False
        self._parts = self._bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return the data that is complete so far, with readable headers. The rest is kept for the next call.

        Raises ParseFailedException if the form has too many parts.
        """
        data, start, done = self._held + chunk, 0, []
        while True:
            separator = b"\r\n\r\n" if self._is_in_headers else self._delimiter
            end = data.find(separator, start)
            if end < 0:
                break
            piece = data[start:end]
            done += [self._read(piece) if self._is_in_headers else piece, separator]
            start, self._is_in_headers = end + len(separator), not self._is_in_headers
            self._parts += self._is_in_headers
            if self._parts > MAX_PARTS:
                raise ParseFailedException(f"it has more than {MAX_PARTS} parts")
        data = data[start:]
        if not self._is_in_headers:
            whole = len(data) - _overlap(data, self._delimiter)
            done.append(data[:whole])
            data = data[whole:]
        self._held = data
        return self._without_surplus(b"".join(done))

    def flush(self) -> bytes:
        """Return what is left at the end of the form."""
        return self._without_surplus(self._held)

    def _without_surplus(self, data: bytes) -> bytes:
        surplus, self._surplus = self._surplus, max(0, self._surplus - len(data))
        return data[surplus:]

    def _read(self, head: bytes) -> bytes:
        """Note the headers of a part, and return the one that the parser needs. Raises ParseFailedException."""
        first, *lines = head.split(b"\r\n")
        if first:  # the end of the form, or a part's content that resembles a delimiter
            return head
        self._bytes += len(head)
        if self._bytes > MAX_BYTES:
            raise ParseFailedException(f"its parts have more than {MAX_BYTES} bytes of headers")
        disposition = content_type = b""
        for line in lines:
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-disposition":
                    disposition = value
                case b"content-type":
                    content_type = value.strip()
        plain = EXTENDED_NAME.sub(b"", disposition)
        found = PART_NAME.search(_without_file_name(plain))
        if not found:
            raise ParseFailedException("a part has no name")
        part = found[1].decode("ascii")
        self.content_types[part] = content_type.decode("latin-1")
        file_name = _file_name(disposition, plain)
        if file_name is not None:
            self.file_names[part] = file_name
        return f'\r\nContent-Disposition: form-data; name="{part}"'.encode()


def _without_file_name(plain: bytes) -> bytes:
    found = FILE_NAME.search(plain)
    return plain[: found.start()] + plain[found.end() :] if found else plain


def _file_name(disposition: bytes, plain: bytes) -> str | None:
    """Return the file name in a header, which is `plain` without the name of RFC 8187."""
    if extended := EXTENDED_NAME.search(disposition):
        return _decoded(unquote_to_bytes(extended[2]), extended[1].decode())
    if found := FILE_NAME.search(plain):
        name = _decoded(found[1] if found[1] is not None else found[2])
        for escape, char in BROWSER_ESCAPES.items():
            name = name.replace(escape, char)
        return ESCAPED.sub(r"\1", name)
    return None


def _decoded(text: bytes, charset: str = "utf-8") -> str:
    """Decode; show what cannot be decoded as U+FFFD. Other encodings of file names cannot be told apart for certain."""
    try:
        return text.decode(charset or "utf-8", errors="replace")
    except LookupError:  # an unknown charset
        return text.decode(errors="replace")


def _overlap(data: bytes, delimiter: bytes) -> int:
    """Return the length of the end of `data` with which a delimiter may start."""
    longest = min(len(data), len(delimiter) - 1)
    return next((length for length in range(longest, 0, -1) if delimiter.startswith(data[-length:])), 0)
