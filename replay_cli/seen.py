"""Seen: which events came before, and with what content; exact at any size, in bounded memory.

A temporary database of SQLite's holds them: in memory up to some megabytes, beyond that in a file that is gone when
the process is.
"""

from __future__ import annotations

import sqlite3

_CACHE_KB = 16 * 1024


class Seen:
    """Events by thread and seq. It is its own context manager."""

    def __init__(self) -> None:
        # An empty name: a database that spills to a temporary file of its own, and asks for no durability.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE seen (thread TEXT, seq INTEGER, digest BLOB, PRIMARY KEY (thread, seq)) WITHOUT ROWID"
        )

    def first(self, thread: str, seq: int, digest: bytes) -> bytes:
        """The digest of the first event with this thread and seq: the very one that is given, if it is new."""
        # SQLite's integers are signed.
        place = (thread.encode(errors="surrogatepass"), seq - 2**63)
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (*place, digest)).rowcount
        if added:
            return digest
        (found,) = self._database.execute("SELECT digest FROM seen WHERE thread = ? AND seq = ?", place).fetchone()
        return bytes(found)

    def close(self) -> None:
        """Forget all."""
        self._database.close()

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
