"""Memory: what glibc does with memory that was freed, and how often Python looks for more, in processes of our own.

By itself glibc gives the top of what is free back to the system and takes it again with every chunk that is read,
page by page, which takes one part in twenty of an audit. Other C libraries do as they like.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress

KEPT = 8 * 1024 * 1024
"""Bytes of free memory at the top that are kept: a few chunks, and what is made of them."""

APART = 4 * 1024 * 1024
"""Bytes from which on a piece stands apart and goes back to the system at once: longer than any chunk."""

COLLECTED = 50_000
"""New objects after which Python looks for cycles among them, instead of 700."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""What mallopt(3) calls them."""


class _Process:
    """This process: whether it is a worker of ours, and whether it was told already what to keep."""

    worker = False
    told = False


def be_worker() -> None:
    """Say that this process is a worker of ours."""
    _Process.worker = True


def keep() -> None:
    """From now on keep what was freed for what comes next, as far as it is little.

    Only where the command runs, or a worker of it: as a library we leave the memory of others alone.
    """
    if _Process.told or not (_Process.worker or "replay_cli.cli" in sys.modules):
        return
    _Process.told = True
    # What was loaded stays; and what an audit makes is freed as it goes, with hardly a cycle in it.
    gc.freeze()
    gc.set_threshold(COLLECTED)
    import ctypes

    with suppress(OSError, AttributeError):  # another C library
        glibc = ctypes.CDLL(None)
        glibc.mallopt(_MMAP_THRESHOLD, APART)
        glibc.mallopt(_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Give freed memory back to the system."""
    import ctypes

    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
