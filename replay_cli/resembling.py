"""Resembling: what there is by a name so like one that leads nowhere, or is unknown, that it may have been meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import islice

LISTED = 2000
"""Names of a folder that are compared; in a larger one nothing is looked for."""

CLOSE = 0.6
"""How like a name is that may have been meant; what difflib takes for close."""

LONGEST = 200
"""Characters of a path that something may be meant by; a longer one may be a line of a log."""


def meant(path: str, folder: str = "", *, only_files: bool = False) -> str:
    """``; did you mean OTHER?`` where ``path`` leads nowhere and another is close to it, else nothing.

    ``folder`` is what the path goes from, the current one if it is empty. Each part that there is not gives way to
    the closest name in its folder; ``only_files`` takes no folder for the last. What is said holds the names as
    they are: it has to be escaped before it is shown.
    """
    if not path or len(path) > LONGEST or "\0" in path:
        return ""
    *folders, last = path.rstrip("/").split("/")
    found, begun = "", f"{folder}/" if folder else ""
    for part in folders:
        there = _closest(begun + found, part, os.path.isdir) if part else ""
        if part and not there:
            return ""
        found += f"{there}/"
    other = _closest(begun + found, last, os.path.isfile if only_files else os.path.exists)
    return f"; did you mean {found}{other}?" if other and f"{found}{other}" != path else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean OTHER?`` where a word is none of those that are known and is close to one, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), list(known), 1)
    return f"; did you mean {close[0]}?" if close and close[0] != word else ""


def _closest(folder: str, name: str, fits: Callable[[str], bool]) -> str:
    """The name itself if it is in the folder, or the one most like it: with a suffix, in another case, misspelt."""
    if not name or fits(folder + name):
        return name
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(entry.name for entry in islice(entries, LISTED + 1))
    except OSError:
        return ""
    if len(names) > LISTED:
        return ""
    shown = [one for one in names if not one.startswith(".") or name.startswith(".")]
    suffixed = [one for one in shown if one.startswith(f"{name}.")]
    close = sorted((-likeness, one) for one in shown if (likeness := _likeness(name.lower(), one.lower())) >= CLOSE)
    return next((one for one in [*suffixed, *(one for _, one in close)] if fits(folder + one)), "")


def _likeness(name: str, other: str) -> float:
    """How like two names are, from 0 to 1, with their suffixes and without: nearly all logs have the same."""
    from difflib import SequenceMatcher  # with all that it loads, and most paths lead somewhere

    pairs = ((name, other), (name.partition(".")[0] or name, other.partition(".")[0] or other))
    return min(SequenceMatcher(None, *pair).ratio() for pair in pairs)
