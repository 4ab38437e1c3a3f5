"""Tokens: what proves to a runtime that one may read; never shown, never on a command line."""

from __future__ import annotations

import os
import re

from replay_cli.errors import UsageError
from replay_cli.sources import open_path

VARIABLE = "CODEWHALE_RUNTIME_TOKEN"
"""Where the runtime itself takes its token from."""

_MOST = 4096
_TOKEN = re.compile(r"[\x21-\x7e]+")


def token_from(file: str | None) -> str | None:
    """The token in ``file``, or in the environment if that is None; None if there is none.

    Raises UsageError if the file holds none, or what is found is none; the message never holds it. Raises SourceError
    if the file cannot be read.
    """
    if file is None:
        text, where = os.environ.get(VARIABLE, ""), VARIABLE
        if not text:
            return None
    else:
        where = f"--token-file: {file}"
        with open_path(file, raw=True) as source:
            text = next(iter(source.chunks(_MOST + 1)), b"").decode(errors="replace")
    text = text.strip()
    if len(text) > _MOST or not _TOKEN.fullmatch(text):
        raise UsageError(f"{where} holds no token; that is one word of printable ASCII")
    return text
