"""Approvals: which tool each is about; what decides one names only its id (CONTRACT.md 5.1)."""

from __future__ import annotations

from replay_cli.envelope import Envelope

KEPT, NAME_KEPT = 1000, 200
"""Approvals whose tools are remembered, and characters of their names."""


class Approvals:
    """Remembers the tools of the approvals that were asked for lately."""

    def __init__(self) -> None:
        self._tools: dict[tuple[str, str], str] = {}

    def tool(self, event: Envelope) -> str:
        """The tool that the approval of this event is about, empty if the event names it or that is not known."""
        payload = event.payload
        if not event.event.startswith("approval.") or not isinstance(payload, dict):
            return ""
        one, tool = payload.get("approval_id"), payload.get("tool_name")
        if not isinstance(one, str) or len(one) > NAME_KEPT:
            return ""
        key = (event.thread_id[:NAME_KEPT], one)
        if isinstance(tool, str):
            if len(self._tools) >= KEPT:
                self._tools.pop(next(iter(self._tools)))
            self._tools[key] = tool[:NAME_KEPT]
            return ""
        return self._tools.get(key, "")
