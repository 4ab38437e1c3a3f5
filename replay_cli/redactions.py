"""Redactions: what somebody wants taken out, from the words of ``--redact``.

``/pointer``, ``key:name``, ``re:pattern`` and presets; each becomes places (``places``) from the root of an event on.
What order and agreement rest on survives all of them: numbers, times, names and ids of events, links, and what a
payload mirrors of those (CONTRACT.md 5.3).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from replay_cli import payloads
from replay_cli.allowed import NAMES, PAYLOADS, Allowed, Each, Sort
from replay_cli.errors import UsageError, in_quotes
from replay_cli.masking import Masks
from replay_cli.places import (
    Covered,
    Elements,
    Guard,
    Guarded,
    Leaf,
    Listed,
    Matched,
    Named,
    Place,
    Pointed,
    Shielded,
)
from replay_cli.profiles import KNOWN, RECORD_ORDER, Shape
from replay_cli.resembling import suggestion
from replay_cli.telltale import PATHS, SECRET_NAMES, SECRETS, Form
from replay_cli.timestamps import chrono_refuses, is_rfc3339
from replay_cli.userschema import PATIENCE, bounded

TEXT = "@text"
PRESETS = (TEXT, "@secrets", "@paths")

_FIELDS = KNOWN[Shape.ENVELOPE] - {"payload"}
_KEPT = _FIELDS | {"previous_seq"}
"""Members of an event that survive, whatever is asked."""

_WORDS = "there are /pointer, key:name, re:pattern, " + ", ".join(PRESETS)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is to be taken out: specs that have been looked at, and how values are masked. Pure data."""

    specs: tuple[str, ...]
    masks: Masks

    def rules(self) -> list[Rule]:
        """A rule for each spec, in the order in which they are followed: the broader one is the later one."""
        rules = [_rule(spec, self.masks) for spec in self.specs]
        return sorted(rules, key=lambda rule: rule.breadth)


class Rule:
    """What becomes of an event by one spec. ``breadth`` orders rules; ``timed`` tells that a pattern is a user's."""

    def __init__(self, spec: str, place: Place, breadth: int) -> None:
        self.spec, self.breadth = spec, breadth
        self.timed = spec.startswith("re:")
        self._place = place

    def root(self, event: str, shape: Shape) -> Place:
        """The place where an event of this name begins."""
        return _Root(self._place, _GUARDS.get(event, _NO_GUARD), shape is Shape.RECORD)


def parsed(specs: Sequence[str], key: bytes | None = None, keep_length: bool = False) -> Redaction:
    """What ``--redact`` asks, from its words; values are hashed with ``key``, or masked alike if it is None.

    With ``keep_length`` a masked string has as many characters as it had. Raises UsageError, which names the spec,
    for one that cannot be meant: no pointer (RFC 6901), no regular expression or one that takes exponential time, or
    one that would change what survives.
    """
    if key is not None and not key:
        raise UsageError("--redact: the key is empty; with no key everybody could make the hashes")
    unique = tuple(dict.fromkeys(specs))
    for spec in unique:
        if spec.startswith("/"):
            _check_pointer(spec)
        elif spec.startswith("key:"):
            _check_name(spec)
        elif spec.startswith("re:"):
            _check_pattern(spec)
        elif spec not in PRESETS:
            raise UsageError(f"--redact: {_shown(spec)} is no redaction; {_WORDS}{suggestion(spec, PRESETS)}")
    return Redaction(unique, Masks(key, keep_length))


def _shown(spec: str) -> str:
    return in_quotes(spec if len(spec) <= 120 else spec[:119] + "…")


def _check_pointer(spec: str) -> None:
    if re.search(r"~(?![01])", spec):
        raise UsageError(f"--redact: {_shown(spec)} is no JSON Pointer; ~ is written ~0 there, and / in a name ~1")
    segments = _segments(spec)
    if segments[0] in _KEPT or segments == ("*",):
        raise UsageError(f"--redact: {_shown(spec)} would change {_KEPT_TOLD}")
    if spec in _MIRRORED:
        raise UsageError(f"--redact: {_shown(spec)} mirrors the event's own ids or name, which are kept")


def _check_name(spec: str) -> None:
    name = spec.removeprefix("key:")
    if not name:
        raise UsageError("--redact: 'key:' names no member")
    if name.casefold() in _KEPT:
        raise UsageError(f"--redact: {_shown(spec)} would change {_KEPT_TOLD}")


_KEPT_TOLD = "what is kept of every event: seq, event, kind, ids, times, previous_seq, schema_version"


def _check_pattern(spec: str) -> None:
    if spec == "re:":
        raise UsageError("--redact: 're:' has no pattern")
    try:
        pattern = _compiled(spec)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"--redact: {_shown(spec)} is no regular expression: {error}") from None
    try:
        with bounded():
            for sample in _samples(pattern.pattern):
                for _ in pattern.finditer(sample):
                    pass
    except TimeoutError:
        raise UsageError(f"--redact: {_shown(spec)} takes exponential time, make it simpler") from None
    except RecursionError:
        raise UsageError(f"--redact: {_shown(spec)} is nested too deep") from None


def too_long(spec: str) -> UsageError:
    """What is told of a pattern that takes too long for one event."""
    return UsageError(f"--redact: {_shown(spec)} takes longer than {PATIENCE:g} s for one event; make it simpler")


def _samples(pattern: str) -> list[str]:
    """Texts on which a pattern with nested repeats runs for ever: what it is made of, repeated, with another end."""
    runs = re.findall(r"\w{2,12}", pattern)[:20]
    units = dict.fromkeys(["a", "0", " ", "-", "aA", *runs, *pattern[:200]])
    return [unit * (80 // len(unit)) + end for unit in units for end in ("", "\0", "\n!")]


def _compiled(spec: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(spec.removeprefix("re:"))


def _segments(spec: str) -> tuple[str, ...]:
    return tuple(segment.replace("~1", "/").replace("~0", "~") for segment in spec.split("/")[1:])


# -- rules -----------------------------------------------------------------------------------------------------------


def _rule(spec: str, masks: Masks) -> Rule:
    covered = Covered(masks, NAMES)
    if spec.startswith("/"):
        return Rule(spec, Pointed(_segments(spec), covered), 0)
    if spec.startswith("key:"):
        return Rule(spec, Named([spec.removeprefix("key:").casefold()], covered), 0)
    if spec.startswith("re:"):
        return Rule(spec, Matched([Form(_compiled(spec))], masks), 1)
    if spec == "@secrets":
        strings = Covered(masks, NAMES, numbers=False, truths=False)
        return Rule(spec, Matched(SECRETS, masks, SECRET_NAMES, strings), 2)
    if spec == "@paths":
        return Rule(spec, Matched(PATHS, masks), 2)
    return _TextRule(masks)


def _guards() -> dict[str, Guard]:
    """For each event the members that mirror others, or agree with its name, as a tree of names."""
    rows = {event: [pointer for pointer, _ in pointers] for event, pointers in payloads.MIRRORS.items()}
    for event, pair in payloads.ALIASES.items():
        rows.setdefault(event, []).extend(pair)
    for event, (pointer, _) in payloads.STATUSES.items():
        rows.setdefault(event, []).append(pointer)
    return {event: _tree([pointer.split("/")[2:] for pointer in pointers]) for event, pointers in rows.items()}


def _tree(ways: list[list[str]]) -> Guard:
    names = dict.fromkeys(way[0] for way in ways)
    inner = {name: [way[1:] for way in ways if way[0] == name and len(way) > 1] for name in names}
    return {name: _tree(rest) if rest else None for name, rest in inner.items()}


_GUARDS = _guards()
_NO_GUARD: Guard = {}
_MIRRORED = frozenset(pointer for rows in payloads.MIRRORS.values() for pointer, _ in rows)


class _Root(Place):
    """The outermost object or array of an event. ``by_place`` tells that an array is a record without names."""

    __slots__ = ("_by_place", "_guard", "_place")

    def __init__(self, place: Place, guard: Guard, by_place: bool) -> None:
        self._place, self._guard, self._by_place = place, guard, by_place

    def inside(self, name: str) -> Place:
        if name in _FIELDS:
            return Shielded(self._place)
        if name != "payload":
            return self._place.inside(name)
        # Names are looked for inside the payload, and among members that nobody knows.
        inner = self._place.inside(name) if isinstance(self._place, Pointed) else self._place
        return Guarded(inner, self._guard) if self._guard else inner

    def at(self, index: int) -> Place:
        if self._by_place and index < len(RECORD_ORDER):
            return self.inside(RECORD_ORDER[index])
        return self._place.at(index)

    def string(self, text: str) -> str:
        return self._place.string(text)

    def name(self, text: str) -> str | None:
        return None if text in _KEPT or text == "payload" else self._place.name(text)


# -- @text -----------------------------------------------------------------------------------------------------------


class _TextRule(Rule):
    """An allowlist for each event, and for events of other names one on which nothing is."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        # True and false are nobody's words.
        self._unknown = Covered(masks, NAMES, truths=False)
        super().__init__(TEXT, self._unknown, 3)
        self._roots: dict[tuple[str, bool], Place] = {}

    def root(self, event: str, shape: Shape) -> Place:
        which = (event if event in PAYLOADS else "", shape is Shape.RECORD)
        if which not in self._roots:
            self._roots[which] = self._made(*which)
        return self._roots[which]

    def _made(self, event: str, by_place: bool) -> Place:
        masks, unknown = self._masks, self._unknown
        members: dict[str, Place] = {
            **dict.fromkeys(("schema_version", "seq", "previous_seq"), self._place_of(Sort.NUMBER)),
            **dict.fromkeys(("event", "kind"), Leaf(masks.event, False, unknown)),
            **dict.fromkeys(("thread_id", "turn_id", "item_id"), self._place_of(Sort.ID)),
            **dict.fromkeys(("timestamp", "created_at"), self._place_of(Sort.TIME)),
            "payload": self._place_of(PAYLOADS[event]) if event else unknown,
        }
        return _Event(members, masks.of, unknown, by_place)

    def _place_of(self, allowed: Allowed) -> Place:
        masks, unknown = self._masks, self._unknown
        match allowed:
            case Each():
                return Elements(self._place_of(allowed.element), masks.of, unknown)
            case dict():
                members = {name: self._place_of(inner) for name, inner in allowed.items()}
                return Listed(members, masks.of, unknown)
            case frozenset():
                return Leaf(partial(_word, masks, allowed), False, unknown)
            case Sort.ID:
                return Leaf(masks.identifier, False, unknown)
            case Sort.TIME:
                return Leaf(partial(_time, masks), False, unknown)
            case Sort.NUMBER:
                return Leaf(masks.of, True, unknown)
            case _:
                return unknown


class _Event(Listed):
    """The outermost object of an event, or the array of a record without names."""

    __slots__ = ("_by_place",)

    def __init__(
        self, members: dict[str, Place], becomes: Callable[[str], str], unknown: Place, by_place: bool
    ) -> None:
        super().__init__(members, becomes, unknown)
        self._by_place = by_place

    def at(self, index: int) -> Place:
        if self._by_place and index < len(RECORD_ORDER):
            return self.inside(RECORD_ORDER[index])
        return super().at(index)


def _word(masks: Masks, words: frozenset[str], text: str) -> str:
    return text if text in words else masks.of(text)


def _time(masks: Masks, text: str) -> str:
    """A time that anybody reads as one stays: it is all digits."""
    if _PLAIN_TIME(text) or is_rfc3339(text) or not chrono_refuses(text):
        return text
    return masks.of(text)


_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?(?:Z|\+00:00)").fullmatch
