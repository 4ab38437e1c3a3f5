"""Blessing: the manifest with what was found in place of what was expected, for review.

Only what changed is written: all else of the text stays as it is, letter for letter, comments and order too. A new
recording gets an entry at the end. One that differs from what a pattern says gets one of its own, which wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay_cli.configured import made
from replay_cli.errors import ReplayError, UsageError
from replay_cli.expectations import Compared, Seen
from replay_cli.findings import Ends
from replay_cli.manifest import Entry, Expected, Manifest
from replay_cli.nearby import SHARED_NAME
from replay_cli.patterns import escaped
from replay_cli.tomlplaces import Path as Way
from replay_cli.tomlplaces import Span


class Found(NamedTuple):
    """What is so of a recording. ``path`` goes from the folder of the manifest, ``entry`` is the one that it went by.

    ``compared`` is None if there was none.
    """

    path: str
    entry: Entry | None
    compared: Compared | None
    seen: list[Seen]
    ends: Ends


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def blessed(manifest: Manifest, found: Sequence[Found], gone: Sequence[Entry]) -> str:
    """The text of the manifest, with what was found, and without the entries that are gone.

    Raises UsageError if the manifest is laid out in a way that cannot be written.
    """
    edits: list[_Edit] = []
    new: list[str] = []
    for one in found:
        if one.entry is None or one.compared is None or _is_for_many(one):
            new.append(_block(manifest, one))
        else:
            edits += _edited(manifest, one.entry, one.compared)
    for entry in gone:
        span = manifest.spans.get(_way(manifest, entry))
        if span is None or not manifest.text.startswith("[[", span.start):
            raise manifest.error(("expect", entry.number), "this entry cannot be taken out; take it out by hand")
        edits.append(_Edit(_with_comment(manifest.text, span.start), _end_of_entry(manifest, entry), ""))
    if new:
        edits += _without_empty_array(manifest)
    text = manifest.text
    # From the end on, so that places stay true; of two at one place the later goes in first, and so stands behind.
    edits.sort(key=lambda one: (one.start, one.end))
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    if new:
        text = "\n".join([text.rstrip("\n") + "\n" if text.strip() else "", *new]).lstrip("\n")
    if "\r\n" in manifest.text and not re.search(r"(?<!\r)\n", manifest.text):
        text = re.sub(r"\r?\n", "\r\n", text)
    _hold(manifest, text, found, gone)
    return text


def _without_empty_array(manifest: Manifest) -> Iterator[_Edit]:
    """The change by which ``expect = []`` gives way to tables. Raises UsageError for an array that holds entries."""
    span = manifest.spans.get((*manifest.prefix, "expect"))
    if span is None or manifest.text.startswith("[[", span.start):
        return
    if manifest.entries:
        said = f"expect is an array; write [[{_header(manifest)}]] tables, to which entries can be added (--update)"
        raise manifest.error(("expect",), said)
    yield _Edit(span.key, _line_end(manifest.text, span.end), "")


def _is_for_many(one: Found) -> bool:
    """Whether the entry of a recording is a pattern, not its own."""
    return one.entry is not None and one.entry.path != one.path and one.entry.is_pattern


def _hold(manifest: Manifest, text: str, found: Sequence[Found], gone: Sequence[Entry]) -> None:
    """Raise UsageError if the text does not say what it should; nothing is written then."""
    table = f"[[{_header(manifest)}]]"
    laid_out = f"--update: {manifest.shown} is laid out in a way that cannot be written; use {table} tables"
    try:
        after = made(manifest.file, manifest.shown, text.encode())
    except (ReplayError, UnicodeEncodeError) as error:
        if "is not TOML" in str(error):  # by our own hand: what was read is
            raise UsageError(laid_out) from None
        raise UsageError(f"--update: {manifest.shown} cannot be written: {error}") from None
    told = {entry.full: entry for entry in after.entries}
    new = sum(one.entry is None or _is_for_many(one) for one in found)
    whole = len(after.entries) == len(manifest.entries) + new - len(gone) and (
        after.settings,
        after.paths,
        after.exclude,
    ) == (manifest.settings, manifest.paths, manifest.exclude)
    touched = {one.entry.full for one in found if one.entry is not None}
    same = all(
        _bare(told.get(entry.full)) == _bare(entry)
        for entry in manifest.entries
        if entry not in gone and (entry.full not in touched or entry.is_pattern)
    )
    if not (whole and same):
        raise UsageError(laid_out)


def _header(manifest: Manifest) -> str:
    return "tool.replay.expect" if manifest.file.name == SHARED_NAME else "expect"


def _bare(entry: Entry | None) -> object:
    return entry and (entry.path, entry.settings, entry.findings, *_bounds(entry))


def _bounds(entry: Entry) -> tuple[object, ...]:
    return entry.starts_at_seq, entry.ends_at_seq, entry.ends_with


def _way(manifest: Manifest, entry: Entry) -> Way:
    return (*manifest.prefix, "expect", entry.number)


# -- new entries -----------------------------------------------------------------------------------------------------


def _block(manifest: Manifest, one: Found) -> str:
    """An entry for a recording that has none of its own; what a pattern says of its rules goes on to hold."""
    lines = [f"[[{_header(manifest)}]]", f"path = {quoted(escaped(one.path))}"]
    if one.entry is not None:
        profile, select, ignore, severity, longest, schema = one.entry.settings
        lines += [f"profile = {quoted(profile)}"] if profile is not None else []
        for key, words in (("select", select), ("ignore", ignore)):
            lines += [f"{key} = [{', '.join(map(quoted, words))}]"] if words is not None else []
        grades = (grade.partition("=") for grade in severity or ())
        told = ", ".join(f"{quoted(rule)} = {quoted(level)}" for rule, _, level in grades)
        lines += [f"severity = {{ {told} }}"] if severity is not None else []
        lines += [f"max-line-bytes = {longest}"] if longest is not None else []
        lines += [f"schema = {quoted(os.path.relpath(schema, manifest.folder))}"] if schema is not None else []
    lines += [f"starts-at-seq = {one.ends.seq}"] if one.ends.seq is not None else []
    lines += [f"ends-at-seq = {one.ends.last}"] if one.ends.last is not None else []
    lines += [f"ends-with = {quoted(one.ends.event)}"] if one.ends.event is not None else []
    lines += [f"findings = {_array(one.seen)}"] if one.seen else []
    return "\n".join(lines) + "\n"


def _array(seen: Sequence[Seen]) -> str:
    return "[\n" + "".join(f"  {_inline(one)},\n" for one in seen) + "]"


def _inline(one: Seen) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in _members(one)) + " }"


def _members(one: Seen) -> Iterator[tuple[str, str]]:
    yield "rule", quoted(one.name)
    yield "line", str(one.line)
    if one.seq is not None:
        yield "seq", str(one.seq)
    yield "fingerprint", quoted(one.fingerprint)


def quoted(text: str) -> str:
    """A string of TOML. What does not print is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in escaped) + '"'


# -- entries that are there ------------------------------------------------------------------------------------------


def _edited(manifest: Manifest, entry: Entry, compared: Compared) -> Iterator[_Edit]:
    """The changes to an entry of a recording."""
    way = _way(manifest, entry)
    inline = manifest.text[manifest.spans[way].start] == "{"
    for key, _, found in compared.bounds:
        span = manifest.spans.get((*way, key))
        if span is not None and found is not None:
            yield _Edit(span.start, span.end, _value(found))
        elif span is not None:
            yield _without_member(manifest.text, span, inline)
    kept = [
        *compared.same,
        *((one.expected, one.found) for one in compared.differences if one.expected and one.found),
    ]
    for expected, seen in kept:
        yield from _refreshed(manifest, (*way, "findings", expected.number), expected, seen)
    missing = [one.expected for one in compared.differences if one.expected and not one.found]
    more = [one.found for one in compared.differences if one.found and not one.expected]
    whole = manifest.spans.get((*way, "findings"))
    if whole is not None and manifest.text[whole.start] == "[":
        yield from _changed_array(manifest, (*way, "findings"), len(entry.findings), missing, more)
        return
    for one in missing:
        span = manifest.spans[(*way, "findings", one.number)]
        yield _Edit(_with_comment(manifest.text, span.start), span.end, "")
    if not more:
        return
    if entry.findings:
        header = manifest.text[manifest.spans[(*way, "findings", 0)].start :].partition("\n")[0].partition("#")[0]
        tables = (
            "\n".join([header.strip(), *(f"{key} = {value}" for key, value in _members(one))]) + "\n" for one in more
        )
        at = manifest.spans[(*way, "findings", len(entry.findings) - 1)].end
        yield _Edit(at, at, "".join(f"\n{table}" for table in tables))
    elif inline:
        at = len(manifest.text[: manifest.spans[way].end - 1].rstrip())
        yield _Edit(at, at, f", findings = {_array(more)}")
    else:
        at = manifest.spans[way].end
        start = "" if manifest.text[:at].endswith("\n") else "\n"
        yield _Edit(at, at, f"{start}findings = {_array(more)}\n")


def _refreshed(manifest: Manifest, way: Way, expected: Expected, seen: Seen) -> Iterator[_Edit]:
    """What is told of a finding that is still there, as it is now."""
    given = {"line": expected.line, "seq": expected.seq, "fingerprint": expected.fingerprint}
    inline = manifest.text[manifest.spans[way].start] == "{"
    for key, now in (("line", seen.line), ("seq", seen.seq), ("fingerprint", seen.fingerprint)):
        span = manifest.spans.get((*way, key))
        if span is not None and now is None:
            yield _without_member(manifest.text, span, inline)
        elif span is not None and given[key] != now:
            yield _Edit(span.start, span.end, _value(now))
        elif span is None and key != "line" and now is not None:
            end = manifest.spans[(*way, "rule")].end
            yield _Edit(end, end, f"{', ' if inline else chr(10)}{key} = {_value(now)}")


def _value(value: int | str | None) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def _without_member(text: str, span: Span, inline: bool) -> _Edit:
    """The change by which a key goes, with its value and, in a table in one line, a comma."""
    if not inline:
        return _Edit(span.key, _line_end(text, span.end), "")
    if comma := re.compile(r"[ \t]*,[ \t]*").match(text, span.end):
        return _Edit(span.key, comma.end(), "")
    return _Edit(len(text[: span.key].rstrip(" \t,")), span.end, "")


def _changed_array(
    manifest: Manifest, way: Way, size: int, missing: Sequence[Expected], more: Sequence[Seen]
) -> Iterator[_Edit]:
    """The changes to an array of findings: some taken out, some put behind the last."""
    text, whole = manifest.text, manifest.spans[way]
    if not more and not missing:
        return
    close = whole.end - 1
    begin = text.rfind("\n", 0, close) + 1
    in_line = bool(text[begin:close].strip()) or begin <= whole.start
    if len(missing) == size and (in_line or not size):
        yield _Edit(whole.start, whole.end, _array(more) if more else "[]")
        return
    for one in missing:
        span = manifest.spans[(*way, one.number)]
        behind = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\n?").match(text, span.end)
        start = len(text[: span.start].rstrip(" \t"))
        alone = text[:start].endswith("\n") and behind is not None and behind[0].endswith("\n")
        tail = re.compile(r"[ \t]*,?").match(text, span.end)
        end = behind.end() if alone and behind else tail.end() if tail else span.end
        yield _Edit(start, end, "")
    if not more:
        return
    last = manifest.spans[(*way, size - 1)]
    comma = re.compile(r"(?:\s|#[^\n]*\n)*,").match(text, last.end)
    if comma is None and all(one.number != size - 1 for one in missing):
        yield _Edit(last.end, last.end, ",")
    if in_line:
        yield _Edit(close, close, " " + ", ".join(map(_inline, more)))
    else:
        indent = re.match(r"[ \t]*", text[text.rfind("\n", 0, last.start) + 1 :])
        yield _Edit(begin, begin, "".join(f"{indent[0] if indent else '  '}{_inline(one)},\n" for one in more))


def _end_of_entry(manifest: Manifest, entry: Entry) -> int:
    """Where an entry ends, with the tables in it, and the blank lines behind it."""
    way = _way(manifest, entry)
    end = max(span.end for known, span in manifest.spans.items() if known[: len(way)] == way)
    blank = re.compile(r"[^\n]*\n?(?:[ \t]*\n)*").match(manifest.text, end)
    if manifest.text[:end].endswith("\n"):
        blank = re.compile(r"(?:[ \t]*\n)*").match(manifest.text, end)
    return blank.end() if blank else end


def _with_comment(text: str, start: int) -> int:
    """Where the comment begins that stands right above a table; one at the head of the file is of all of it."""
    begin = start
    while True:
        above = text.rfind("\n", 0, max(begin - 1, 0)) + 1
        if above >= begin:
            return start
        if not text[above:begin].lstrip(" \t").startswith("#"):
            return begin
        begin = above


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
