"""The compat stream, ``POST /v1/stream``: another vocabulary in the same framing (CONTRACT.md 3.4).

Its frames are no envelopes. What it promises is checked here: JSON objects, known names, nothing behind ``done``.
"""

from __future__ import annotations

NAMES = frozenset(
    {
        "turn.started",
        "message.delta",
        "tool.started",
        "tool.progress",
        "tool.completed",
        "status",
        "error",
        "approval.required",
        "approval.decided",
        "approval.timeout",
        "user_input.required",
        "user_input.answered",
        "user_input.canceled",
        "sandbox.denied",
        "turn.completed",
        "done",
    }
)
"""The names of the compat vocabulary; some of them exist in the thread stream too, with other bodies."""

DONE = "done"
"""The last event of an intact compat stream; the connection closes behind it."""
