"""Plain JSON: texts that orjson and the reference surely read alike, numbers apart, read by orjson.

What orjson takes the reference takes as well (tests hold it to that), but for nesting: orjson goes deeper than the
runtime. So a text with so few brackets that it cannot be nested too deep is read here, and any other is left to the
reference. The values are equal but for ``-0`` and integers beyond 64 bits.
"""

from __future__ import annotations

import orjson

MOST_BRACKETS = 120
"""Opening brackets up to which a text, with a frame around it, is not too deep (``jsontext.MAX_DEPTH``)."""


def read_plain(text: bytes) -> object:
    """The value of a text. Raises ValueError where it is no JSON, or the reference should be asked."""
    if text.count(b"{") + text.count(b"[") > MOST_BRACKETS:
        raise ValueError("may be nested too deep")
    return orjson.loads(text)
