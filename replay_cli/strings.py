"""Strings: the insides of JSON strings as patterns, by RFC 8259, 7; their UTF-8 is looked at apart.

Sets are written by what is in them, not by what is not: ``re`` goes through those faster.
"""

from __future__ import annotations

_ESCAPED = (
    rb'\\(?:["\\/bfnrt]|u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}'
    # Halves of a surrogate pair only as a pair: serde_json refuses one alone (CONTRACT.md 1, run).
    rb"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"
)
_PLAIN = rb"[ !#-\[\]-\xff]*+"
_PLAIN_ASCII = rb"[ !#-\[\]-\x7f]*+"

TEXT = _PLAIN + b"(?:" + _ESCAPED + _PLAIN + b")*+"
"""The inside of a string."""

ASCII = _PLAIN_ASCII + b"(?:" + _ESCAPED + _PLAIN_ASCII + b")*+"
"""The same of ASCII characters alone."""

STRING = b'"' + _PLAIN + b'(?:"|(?:' + _ESCAPED + _PLAIN + b')++")'
"""A string, its quotes included; made so that nothing is tried twice."""


def is_utf8(text: bytes) -> bool:
    """Whether a text is UTF-8."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
