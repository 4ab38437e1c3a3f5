"""Caching: the command ``replay cache``: what is kept of big logs, in words."""

from __future__ import annotations

from replay_cli.errors import one_line
from replay_cli.index import clear, folder, kept
from replay_cli.wording import count, size


def listed() -> str:
    """A line for each index, and one for all."""
    lines, total = [], 0
    for name, taken, index in kept():
        total += taken
        if index is None:
            lines.append(f"{name}: damaged, or of another version; it will not be used")
        else:
            places = count(len(index.entries), "place")
            lines.append(f"{one_line(index.path)}: {places} in {size(index.end)}, up to seq {index.top}")
    told = f"{len(lines):,} {'index' if len(lines) == 1 else 'indexes'}, {size(total)}, in {one_line(str(folder()))}"
    return "\n".join([*lines, told]) + "\n"


def cleared() -> str:
    """Removes them, and says so. Raises UsageError if that cannot be done."""
    number = clear()
    return f"removed {number:,} {'index' if number == 1 else 'indexes'} from {one_line(str(folder()))}\n"
