"""Judged: what became of each recording of the gate, as the formats of findings tell it, and as a document.

The ways in which a recording may differ from what is expected are rules of their own, in a catalogue as small as they
are few: so whoever shows findings shows these, too. What a finding is called itself is in the message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from replay_cli import rules
from replay_cli.errors import one_line
from replay_cli.expectations import Bound, Compared, Difference, Looked, Seen
from replay_cli.findings import Fact, Rule, Severity
from replay_cli.gate import Recording
from replay_cli.manifest import Entry, Expected, Manifest
from replay_cli.told import FORMAT_VERSION, TOOL, Counts, Finding, Level, Report
from replay_cli.wording import count


def _rule(code: str, name: str, summary: str, explanation: str, severity: Severity = Severity.ERROR) -> Rule:
    return Rule(code, name, severity, summary, summary, explanation)


_BLESS = "`replay check --update` takes the recording as it is, for review."

MISSING = _rule("G101", "missing-finding", "an expected finding is not there", f"Is the damage mended? {_BLESS}")
UNEXPECTED = _rule("G102", "unexpected-finding", "a finding that nobody expects", f"Was it damaged? {_BLESS}")
CHANGED = _rule(
    "G103",
    "changed-finding",
    "an expected finding is on a line that holds something else",
    f"The rule and the line, or the seq, are those of the manifest; what stands there is not. {_BLESS}",
)
BEGINS = _rule("G104", "begins-elsewhere", "the stream begins elsewhere", f"Has it lost its head? {_BLESS}")
ENDS = _rule("G105", "ends-otherwise", "the stream ends otherwise", f"Has it lost its end? {_BLESS}")
NEW = _rule(
    "G106", "new-recording", "a recording without an entry", f"It fails until somebody has looked at it. {_BLESS}"
)
TOO_MANY = _rule("G107", "too-many-findings", "more findings than can be compared", "None can expect so many.")
EMPTY = _rule(
    "G109",
    "no-event-seen",
    "a recording without any event, of which no finding tells",
    "Is it whole, and was it fetched? Let a rule be asked that says so, no-events or foreign-log, or exclude it.",
)
STALE = _rule(
    "G108",
    "stale-entry",
    "an entry by which no recording goes",
    "All that its pattern matches have other entries. Take it out, or mend its pattern.",
    Severity.WARNING,
)

CATALOGUE = (MISSING, UNEXPECTED, CHANGED, BEGINS, ENDS, NEW, TOO_MANY, STALE, EMPTY)


class Judged(NamedTuple):
    """What became of one recording: beside its entry, or as it was found if it has none (``compared`` is None)."""

    recording: Recording
    compared: Compared | None
    looked: Looked

    @property
    def differs(self) -> bool:
        """Whether it is not as expected, or nothing is expected of it."""
        return self.compared is None or self.compared.differs

    @property
    def is_but_empty(self) -> bool:
        """Whether nothing is otherwise than expected, except that it holds no event."""
        return self.compared is not None and self.compared.empty and not self.compared.changed

    @property
    def is_mute(self) -> bool:
        """Whether it holds no event, and no finding tells."""
        return self.looked.is_mute if self.compared is None else self.compared.empty

    @property
    def can_be_expected(self) -> bool:
        """Whether the manifest can say what is in it: it was read, and has neither too much nor nothing."""
        return self.looked.failure is None and not self.looked.uncompared and not self.is_mute

    @property
    def has(self) -> str:
        """What was found in it, in short."""
        found = len(self.looked.seen) + self.looked.uncompared
        said = [count(found, "finding")] if found else []
        said += ["not read to its end"] if self.looked.failure is not None else []
        return ", ".join(said) or ("no event" if self.is_mute else "clean")

    @property
    def moved(self) -> int:
        """Findings that are on another line than expected."""
        return 0 if self.compared is None else self.compared.moved

    @property
    def status(self) -> str:
        """What the document calls it (``checked.CheckRecording``)."""
        if self.compared is None:
            return "new"
        if self.compared.differs:
            return "different"
        return "as expected" if self.looked.failure is None else "unreadable"

    @property
    def is_dated(self) -> bool:
        """Whether the manifest does not tell it as it is now."""
        own = self.recording.entry is not None and not self.recording.entry.is_pattern
        return self.differs or (own and self.compared is not None and self.compared.dated)


def report_of(one: Judged, manifest: Manifest) -> Report:
    """A recording as a report, whose findings are the ways in which it is not as expected."""
    looked, entry = one.looked, one.recording.entry
    if one.compared is None or entry is None:
        found = [_at(NEW, 1, f"has no entry in {manifest.shown} ({one.has})")]
        found += [_unexpected(seen) for seen in looked.seen]
    else:
        place = manifest.place(entry)
        found = [_difference(difference, place) for difference in one.compared.differences]
        found += [_bound(bound, looked.lines, place) for bound in one.compared.bounds]
    if one.is_mute:
        found.append(_at(EMPTY, 1, "holds no event, and no rule was asked that says so"))
    if looked.uncompared and one.differs:
        found.append(_at(TOO_MANY, looked.lines, f"{looked.uncompared} more findings than can be compared"))
    return _report(one.recording.path, looked, found, _VERDICTS[one.status])


_VERDICTS = {
    "as expected": "as expected",
    "different": "not as expected",
    "new": "not expected",
    "unreadable": "not read to its end",
}


def report_of_stale(entries: Sequence[Entry], manifest: Manifest) -> Report:
    """The entries by which no recording goes, as a report on the manifest."""
    found = [
        _at(STALE, manifest.line("expect", one.number), f"stale: all that {one.path!r} matches has other entries")
        for one in entries
    ]
    return _report(manifest.shown, None, found, "has entries by which nothing goes")


def _report(source: str, looked: Looked | None, found: list[Finding], verdict: str) -> Report:
    numbers = Counter(one.severity for one in found)
    return Report(
        source=source,
        framing="jsonl",
        profile="custom",
        chosen_by="content",
        compression=looked.compression if looked else None,
        bytes=looked.size if looked else 0,
        lines=looked.lines if looked else 0,
        events=looked.events if looked else 0,
        threads=0,
        seq=None,
        time=None,
        order=None,
        keepalives=0,
        verdict=verdict,
        failure=looked.failure if looked else None,
        counts=Counts(error=numbers["error"], warning=numbers["warning"]),
        rules=dict(Counter(one.name for one in found)),
        findings=found,
        not_shown=0,
    )


def _at(rule: Rule, line: int, message: str, facts: dict[str, Fact] | None = None) -> Finding:
    level: Level = "warning" if rule.severity is Severity.WARNING else "error"
    # Also what stands in it of a log or a manifest, a name as ends-with, goes to terminals through other programs.
    message = one_line(message)
    return Finding(rule.code, rule.name, level, message, max(line, 1), 1, 0, facts or {"said": message})


def _unexpected(seen: Seen) -> Finding:
    return _seen(UNEXPECTED, seen, f"unexpected {seen.code} {seen.name}: {seen.message}")


def _seen(rule: Rule, seen: Seen, message: str) -> Finding:
    facts: dict[str, Fact] = {"rule": seen.code, "fingerprint": seen.fingerprint}
    found = _at(rule, seen.line, message, facts)
    return found._replace(column=seen.column, offset=seen.offset, content=seen.content)


def _difference(one: Difference, place: str) -> Finding:
    if one.expected is None and one.found is not None:
        return _unexpected(one.found)
    assert one.expected is not None
    name = f"{one.expected.code} {rules.BY_CODE[one.expected.code].name}"
    if one.found is not None:
        return _seen(CHANGED, one.found, f"{name} is on a line that holds something else than at {place}")
    facts: dict[str, Fact] = {"rule": one.expected.code, "number": one.expected.number}
    return _at(MISSING, one.expected.line or 1, f"{name} is missing, which is expected at {place}", facts)


def _bound(one: Bound, lines: int, place: str) -> Finding:
    first = one.key == "starts-at-seq"
    found = "nothing" if one.found is None else str(one.found)
    said = f"{one.key} is {found}, and {one.expected} is expected at {place}"
    return _at(BEGINS if first else ENDS, 1 if first else lines, said, {"key": one.key})


# -- the document ----------------------------------------------------------------------------------------------------


def head_of(manifest: Manifest | None) -> dict[str, Any]:
    """How the document of a run begins (``schemas/check.schema.json``)."""
    return {"format_version": FORMAT_VERSION, "tool": TOOL, "manifest": manifest and manifest.shown}


def told(one: Judged, manifest: Manifest) -> dict[str, Any]:
    """A recording as it is in the document."""
    looked, entry = one.looked, one.recording.entry
    if one.compared is None:
        differences = [Difference(None, seen) for seen in looked.seen]
    else:
        differences = one.compared.differences
    bounds = one.compared.bounds if one.compared is not None else []
    return {
        "path": one.recording.path,
        "status": one.status,
        "entry": manifest.place(entry) if entry is not None and one.differs else None,
        "events": looked.events,
        "failure": looked.failure,
        "differences": list(map(_told, differences)),
        "bounds": [bound._asdict() for bound in bounds],
        "uncompared": looked.uncompared,
    }


def _told(one: Difference) -> dict[str, Any]:
    known = one.found or one.expected
    assert known is not None
    kind = "missing" if one.found is None else "unexpected" if one.expected is None else "changed"
    expected = _told_expected(one.expected) if one.expected is not None else None
    found = _told_seen(one.found) if one.found is not None else None
    name = rules.BY_CODE[known.code].name
    return {"kind": kind, "code": known.code, "name": name, "expected": expected, "found": found}


def _told_expected(one: Expected) -> dict[str, Any]:
    return {"line": one.line, "seq": one.seq, "fingerprint": one.fingerprint}


def _told_seen(one: Seen) -> dict[str, Any]:
    where = {"line": one.line, "column": one.column, "offset": one.offset, "seq": one.seq}
    return {**where, "fingerprint": one.fingerprint, "message": one.message}


def stale(entries: Sequence[Entry], manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The entries by which no recording goes, as they are in the document."""
    for one in entries:
        yield {"path": one.path, "entry": manifest.place(one)}
