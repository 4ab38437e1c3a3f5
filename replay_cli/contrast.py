"""Contrast: a recording that is not as expected, as lines for a person: what is missing, unexpected, or changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from replay_cli import rules
from replay_cli.errors import one_line
from replay_cli.expectations import Compared, Difference, Seen
from replay_cli.manifest import Expected
from replay_cli.wording import count

SHOWN = 100
"""Differences that are shown of a recording; all are counted."""

_SIGNED = 8
"""Digits of a fingerprint that are shown."""


def contrast(path: str, place: str, compared: Compared) -> Iterator[str]:
    """The lines that say how a recording differs from what stands at a place of the manifest."""
    kinds = [_kind(one) for one in compared.differences]
    numbers = [f"{kinds.count(kind)} {kind}" for kind in ("missing", "unexpected", "changed") if kind in kinds]
    keys = {one.key for one in compared.bounds}
    numbers += ["begins elsewhere"] if "starts-at-seq" in keys else []
    numbers += ["ends otherwise"] if keys - {"starts-at-seq"} else []
    numbers += [f"{compared.uncompared} more than can be compared"] if compared.uncompared else []
    numbers += ["no event, and no finding that says so"] if compared.empty else []
    yield f"{one_line(path)}: {', '.join(numbers)} (expected at {one_line(place)})"
    yield from islice((line for one in compared.differences for line in _lines(one)), SHOWN)
    if len(kinds) > SHOWN:
        yield _in_all(len(kinds))
    for key, expected, found in compared.bounds:
        yield _line("changed", "-", f"{key} = {_toml(expected)}")
        yield _line("", "+", f"{key} = {_toml(found)}" if found is not None else f"{key}: no such event")


def unknown(path: str, manifest: str, found: Sequence[Seen], has: str) -> Iterator[str]:
    """The lines that say what was found in a recording without an entry; ``has`` is all of it in short."""
    yield f"{one_line(path)}: new, has no entry in {one_line(manifest)} ({has})"
    yield from (_line("unexpected", "+", _seen(one)) for one in found[:SHOWN])
    if len(found) > SHOWN:
        yield _in_all(len(found))


def _in_all(number: int) -> str:
    return f"  … {count(number, 'difference')} in all"


def _kind(one: Difference) -> str:
    if one.found is None:
        return "missing"
    return "unexpected" if one.expected is None else "changed"


def _lines(one: Difference) -> Iterator[str]:
    changed = one.expected is not None and one.found is not None
    if one.expected is not None:
        yield _line(_kind(one), "-", _expected(one.expected, changed))
    if one.found is not None:
        content = f" [content {one.found.fingerprint[:_SIGNED]}]" if changed else ""
        yield _line("" if changed else _kind(one), "+", _seen(one.found) + content)


def _line(kind: str, sign: str, said: str) -> str:
    return f"  {kind:<10}  {sign} {one_line(said)}"


def _expected(one: Expected, changed: bool) -> str:
    content = f" [content {one.fingerprint[:_SIGNED]}]" if changed and one.fingerprint else ""
    return f"{_place(one.line, one.seq)}{one.code} {rules.BY_CODE[one.code].name}{content}"


def _seen(one: Seen) -> str:
    return f"{_place(one.line, one.seq)}{one.code} {one.name}: {one.message}"


def _place(line: int | None, seq: int | None) -> str:
    told = [f"line {line}"] if line is not None else []
    told += [f"seq {seq}"] if seq is not None else []
    return f"{', '.join(told)}: " if told else ""


def _toml(value: int | str | None) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
