"""Paths: the names of sources as the formats of others write them."""

from __future__ import annotations

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
"""Bytes that stand for themselves in the path of a URI (RFC 3986, 2.3), and the slash between its segments."""


def relative(source: str) -> str:
    """The name without ``./`` before it: repositories name their files so."""
    while source.startswith("./"):
        source = source[2:].lstrip("/")
    return source or "."


def uri(source: str) -> str:
    """The name as a URI reference: relative as it was named, of an absolute path with the scheme ``file``.

    A byte of a file name that is no UTF-8 comes as that byte. The colon is encoded too, as the first segment of a
    relative path must have none (RFC 3986, 4.2).
    """
    name = relative(source)
    try:
        data = name.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair that stands for no byte
        data = name.encode(errors="backslashreplace")
    path = "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in data)
    return f"file://{path}" if path.startswith("/") else path
