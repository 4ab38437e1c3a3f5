"""Ahead: a thread reads and decompresses what comes next, while what came before is audited.

The decompressors let other threads run while they work, so on two cores the slower of the two sets the pace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

FIRST = 4
"""Chunks that are read without a thread: most inputs have no more."""

HELD = 4
"""Chunks that are read ahead at most."""


def read_ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, read by a thread behind the first few. What reading raises is raised in its place.

    Closing the iterator ends the thread with the chunk that it reads.
    """
    yield from islice(chunks, FIRST)
    # Only here: a small audit is not to load these.
    import queue
    import threading

    ready: queue.Queue[bytes | Exception | None] = queue.Queue(HELD)
    stopped = threading.Event()

    def put(one: bytes | Exception | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(one, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for chunk in chunks:
                if not put(chunk):
                    return
            put(None)
        except Exception as error:  # whatever it is, it is for the one who asked for the chunks
            put(error)

    threading.Thread(target=read, daemon=True).start()
    try:
        while (one := ready.get()) is not None:
            if isinstance(one, Exception):
                raise one
            yield one
    finally:
        stopped.set()
