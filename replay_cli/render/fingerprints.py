"""Fingerprints: what makes a finding the same one in the next run, whatever was written above it meanwhile.

A fingerprint goes by the rule and the content of the line, never by the line's number. Findings of one rule on lines
of the same content are counted, so each has its own. About a source as a whole, and where the content could not be
had, the facts stand for it.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from replay_cli.render.json import text
from replay_cli.told import Finding


class Fingerprints:
    """The fingerprints of the findings of one source, told in their order."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def of(self, one: Finding) -> str:
        """``digest:n``: 32 hexadecimal digits, and how many with that digest there are up to here, from 1."""
        what = one.content.digest if one.content else text(one.facts)
        digest = digested(one.code, what)
        self._met[digest] += 1
        return f"{digest}:{self._met[digest]}"


def digested(*parts: str) -> str:
    """32 hexadecimal digits that stand for some texts, which may hold halves of surrogate pairs."""
    joined = b"\0".join(part.encode(errors="surrogatepass") for part in parts)
    return blake2b(joined, digest_size=16).hexdigest()
