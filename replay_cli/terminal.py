"""Terminal: whether lines are coloured, and how wide they may be."""

from __future__ import annotations

import os


def colored(wanted: str, terminal: bool) -> bool:
    """Whether to use colour: the option, then NO_COLOR, then FORCE_COLOR, then whether a terminal shows it."""
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def width_of_terminal() -> int:
    """Cells in a line of the terminal; COLUMNS goes before what it says itself."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


def width_of_output(terminal: bool) -> int | None:
    """Cells that a line may take: those of the terminal, or those that COLUMNS names; None if neither does."""
    return width_of_terminal() if terminal or os.environ.get("COLUMNS", "").isdecimal() else None
