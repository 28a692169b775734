"""Headers of a form's parts, in any encoding.

The form's parser refuses headers that are not UTF-8, changes backslashes in file names, and drops the parameters of
content types. So this module reads the headers first, and passes them on to the parser without what it cannot read.
"""

import re
from email.message import Message
from typing import Final
from urllib.parse import unquote_to_bytes

FILE_NAME: Final = re.compile(
    rb';\s*filename\s*=\s*(?:"(.*?)"(?=\s*(?:;\s*[\w*]+\s*=|$))|([^;\s]+))', re.IGNORECASE | re.DOTALL
)
"""The name may contain quotes and backslashes that are not escaped; it ends where another parameter starts."""
EXTENDED_NAME: Final = re.compile(rb";\s*filename\*\s*=\s*\"?([\w.-]*)'[^']*'([^;\s\"]*)\"?", re.IGNORECASE)
"""RFC 8187. RFC 7578 forbids it in forms, but some clients send it."""
PART_NAME: Final = re.compile(rb'[;\s]name\s*=\s*"?([^";]*)', re.IGNORECASE)
MAX_BYTES: Final = 20_000
"""Longest headers of a part that are read. The patterns are slow at hostile ones."""
BROWSER_ESCAPES: Final = {"%22": '"', "%0D": "\r", "%0A": "\n"}
"""https://html.spec.whatwg.org/#multipart-form-data: all that browsers escape."""
ASCII: Final = bytes(range(128)) + b"?" * 128


class PartHeaders:
    """Receives a form in chunks, and remembers file names and content types by the name of their part."""

    def __init__(self, content_type: str) -> None:
        self.file_names: dict[str, str] = {}
        self.content_types: dict[str, str] = {}
        message = Message()
        message["Content-Type"] = content_type
        self._delimiter = b"\r\n--" + (message.get_boundary() or "").encode("latin-1", "replace")
        self._held = b"\r\n"  # the first delimiter of a form has no line end before it
        self._surplus = len(self._held)
        self._is_in_headers = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the data that is complete so far, with readable headers. The rest is kept for the next call."""
        data, done = self._held + chunk, []
        while True:
            head, separator, rest = data.partition(b"\r\n\r\n" if self._is_in_headers else self._delimiter)
            if not separator:
                break
            done.append((self._read(head) if self._is_in_headers else head) + separator)
            data, self._is_in_headers = rest, not self._is_in_headers
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
        """Note the headers of a part, and return those that the parser needs."""
        if len(head) > MAX_BYTES:
            return head.translate(ASCII)
        lines, part, file_name, content_type = [], "", None, ""
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-disposition":
                    file_name = _file_name(value)
                    plain = FILE_NAME.sub(b"", EXTENDED_NAME.sub(b"", line))
                    part = _decoded(found[1]) if (found := PART_NAME.search(plain)) else ""
                    lines.append(plain)
                case b"content-type":
                    content_type = value.decode("latin-1").strip()
                    lines.append(line)
                case _:
                    lines.append(line)
        self.content_types[part] = content_type
        if file_name is not None:
            self.file_names[part] = file_name
        return b"\r\n".join(lines).translate(ASCII)


def _file_name(disposition: bytes) -> str | None:
    if extended := EXTENDED_NAME.search(disposition):
        return _decoded(unquote_to_bytes(extended[2]), extended[1].decode())
    if plain := FILE_NAME.search(EXTENDED_NAME.sub(b"", disposition)):
        name = _decoded(plain[1] if plain[1] is not None else plain[2])
        for escape, char in BROWSER_ESCAPES.items():
            name = name.replace(escape, char)
        return re.sub(r'\\(["\\])', r"\1", name)
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
