"""Volatile: what differs between two recordings of one and the same story, as a table of places.

An event is taken here as an object of one form, whatever its shape: its members are those of an envelope, and a
pointer leads from there on (``*`` stands for any one member or element). The payloads are those of CONTRACT.md 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from replay_cli.errors import UsageError, in_quotes

FRAMING = ("schema_version", "kind", "created_at", "previous_seq")
"""Members that not every shape has; they are compared where both recordings are of one shape."""

VOLATILE: tuple[tuple[str, str], ...] = (
    ("/timestamp", "when it was written"),
    ("/created_at", "the same time again"),
    ("/previous_seq", "what the connection sent before"),
    ("/payload/thread/created_at", "time"),
    ("/payload/thread/updated_at", "time"),
    ("/payload/turn/created_at", "time"),
    ("/payload/turn/started_at", "time"),
    ("/payload/turn/ended_at", "time"),
    ("/payload/turn/duration_ms", "duration"),
    ("/payload/turn/effective_dispatched_at", "time"),
    ("/payload/turn/routed_usage/*/route/dispatched_at", "time"),
    ("/payload/item/started_at", "time"),
    ("/payload/item/ended_at", "time"),
    ("/payload/item/metadata/duration_ms", "duration"),
    ("/payload/agents/*/duration_ms", "duration"),
    ("/payload/goal/created_at", "time"),
    ("/payload/goal/updated_at", "time"),
    ("/payload/goal/time_used_seconds", "duration"),
    ("/payload/mail/created_at", "time"),
    ("/payload/mail/updated_at", "time"),
    ("/payload/mail/delivered_at", "time"),
    ("/payload/mail/read_at", "time"),
    ("/payload/timestamp", "time (cycle.advanced)"),
)
"""What is not compared, and what it is. ``--strict`` compares it all."""

IDS: tuple[str, ...] = (
    "/thread_id",
    "/turn_id",
    "/item_id",
    "/payload/id",
    "/payload/thread_id",
    "/payload/turn_id",
    "/payload/call_id",
    "/payload/approval_id",
    "/payload/input_id",
    "/payload/tool_id",
    "/payload/agent_id",
    "/payload/source_thread_id",
    "/payload/dropped_turn_id",
    "/payload/thread/id",
    "/payload/thread/latest_turn_id",
    "/payload/thread/latest_response_bookmark",
    "/payload/thread/task_id",
    "/payload/thread/session_id",
    "/payload/changes/session_id",
    "/payload/turn/id",
    "/payload/turn/thread_id",
    "/payload/turn/item_ids/*",
    "/payload/turn/agent_mail_message_id",
    "/payload/item/id",
    "/payload/item/turn_id",
    "/payload/item/metadata/task_id",
    "/payload/item/metadata/agent_id",
    "/payload/item/metadata/tool_call_id",
    "/payload/tool/id",
    "/payload/agents/*/agent_id",
    "/payload/goal/goal_id",
    "/payload/goal/thread_id",
    "/payload/mail/message_id",
    "/payload/mail/source/thread_id",
    "/payload/mail/destination/thread_id",
    "/payload/mail/delivery_turn_id",
)
"""Where ids stand, of whatever form. They may differ if they do so one to one through both recordings."""

_MADE = "(?:thr|turn|item|call|compact|shell|agent|task|msg|mail|owner)_"
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

ID_FORM = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:(?:{_MADE}[0-9a-f]{{8,32}}|(?:[a-z]{{1,20}}-)?{_UUID})(?![A-Za-z0-9_])"
    rf"|{_MADE}[0-9a-f]{{1,32}}(?=\.\.\.\Z))"
)
"""Ids as the runtime makes them (CONTRACT.md 2.2): these are known wherever they stand, in any text.

The last form is one that a summary was cut in (CONTRACT.md 5.3, 25).
"""

LONGEST_POINTER = 1000
"""Characters of a pointer of the user's."""


@dataclass(slots=True)
class Node:
    """A place in an event: whether it is left out, whether an id stands there, and the places inside."""

    skipped: bool = False
    is_id: bool = False
    inside: dict[str, Node] = field(default_factory=dict)
    any: Node | None = None

    def at(self, name: str) -> Node | None:
        """The place of a member or element; None where the table says nothing of it."""
        return self.inside.get(name, self.any)


NOWHERE = Node()
"""A place of which, and inside of which, nothing is said."""


def places(strict: bool, ignored: Iterable[str] = (), besides: Iterable[str] = ()) -> Node:
    """The table as a tree. ``ignored`` are pointers of the user's, ``besides`` members of ours to leave out.

    Raises UsageError for what is no pointer.
    """
    root = Node()
    for pointer in IDS:
        _grow(root, _tokens(pointer)).is_id = True
    skipped = [] if strict else [pointer for pointer, _ in VOLATILE]
    for pointer in (*skipped, *(f"/{name}" for name in besides)):
        _grow(root, _tokens(pointer)).skipped = True
    for pointer in ignored:
        _grow(root, _asked(pointer)).skipped = True
    _spread(root)
    return root


def _asked(pointer: str) -> list[str]:
    shown = pointer if len(pointer) <= 80 else pointer[:80] + "…"
    if not pointer.startswith("/") or pointer == "/" or len(pointer) > LONGEST_POINTER:
        raise UsageError(f"--ignore: {in_quotes(shown)} is no JSON Pointer, as /payload/item/summary")
    if re.search(r"~(?![01])", pointer):
        raise UsageError(f"--ignore: {in_quotes(shown)}: ~ is written ~0, and / in a name ~1")
    return _tokens(pointer)


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _grow(root: Node, tokens: list[str]) -> Node:
    node = root
    for token in tokens:
        if token == "*":
            node.any = node.any or Node()
            node = node.any
        else:
            node = node.inside.setdefault(token, Node())
    return node


def _spread(node: Node) -> None:
    """Let what is said of any member hold for the named ones too, so that one look-up tells all."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        for named in one.inside.values() if one.any else ():
            _overlay(named, one.any)
        waiting += [*one.inside.values(), *([one.any] if one.any else [])]


def _overlay(target: Node, source: Node | None) -> None:
    pairs = [(target, source)]
    while pairs:
        one, other = pairs.pop()
        if other is None:
            continue
        one.skipped, one.is_id = one.skipped or other.skipped, one.is_id or other.is_id
        for name, inner in other.inside.items():
            pairs.append((one.inside.setdefault(name, Node()), inner))
        if other.any is not None:
            one.any = one.any or Node()
            pairs.append((one.any, other.any))
