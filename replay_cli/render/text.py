"""Text: for a person at a terminal. Grouped by source, with the offending line and a caret, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.render.concise import statistics
from replay_cli.told import Finding, Order, Range, Report
from replay_cli.wording import count, size

if TYPE_CHECKING:
    from replay_cli.render import Style

_COLORS = {"error": "1;31", "warning": "33", "note": "36", "dim": "2", "bold": "1", "ok": "32"}
"""Bold red, yellow, cyan, dim, bold, green (ECMA-48, SGR). Not by rich, which takes longer to load than a small
audit: on a terminal text is coloured in every run."""

_SHAPES = {
    "envelope": "runtime event envelopes",
    "record": "store records",
    "legacy": "events from before v0.8.48",
    "compat": "compat stream",
    "custom": "another log, by its own schema",
    "foreign": "another log",
}


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """A paragraph for each source, a line for all."""
    for report in reports:
        yield from _source(report, style)
    if style.quiet:
        return
    counts = outcome.counts
    line = ", ".join(count(counts[level], level) for level in ("error", "warning", "note"))
    skipped = f", {count(outcome.skipped, 'other log')} skipped" if outcome.skipped else ""
    color = "error" if counts["error"] else "warning" if counts["warning"] else "ok"
    sources = f"{count(outcome.sources, 'source')}{skipped}, {count(outcome.events, 'event')}"
    yield f"{sources}: {_paint(line, color, style)}\n"


def _source(report: Report, style: Style) -> Iterator[str]:
    if style.quiet and not report.findings and report.statistics is None:
        return
    yield _paint(one_line(report.source), "bold", style) + "\n"
    for one in report.findings:
        yield from _finding(one, style)
    if report.not_shown:
        yield f"  {count(report.not_shown, 'more finding')} not shown (--max-findings)\n"
    if not style.quiet:
        yield f"  {_paint(_about(report), 'dim', style)}\n"
        if report.order and (report.order.repeated or report.order.conflicting):
            yield f"  {_paint(_order(report.order), 'dim', style)}\n"
        if report.failure:
            yield f"  {_paint('unread', 'error', style)}: {report.failure}\n"
        color = "error" if report.counts.error or report.failure else "warning" if report.counts.warning else "ok"
        yield f"  {_paint('verdict', color, style)}: {one_line(report.verdict)}\n"
    yield from statistics(report)
    yield "\n"


def _about(report: Report) -> str:
    """What the source is and how much of it there is, in one line."""
    parts = [_SHAPES[report.profile], count(report.events, "event"), count(report.threads, "thread")]
    if report.profile in ("compat", "foreign"):
        parts = parts[:2] if report.profile == "compat" else parts[:1]
    parts += [f"{name} {_range(span)}" for name, span in (("seq", report.seq), ("time", report.time)) if span]
    packed = f" ({report.compression})" if report.compression else ""
    parts.append(f"{size(report.bytes)}{packed}" if report.profile != "foreign" else "not read further")
    return f"{report.framing}, " + ", ".join(parts)


def _order(order: Order) -> str:
    least = "" if order.exact else "at least "
    return (
        f"order, {least}{count(order.repeated, 'event')} again with the same content,"
        f" {least}{count(order.conflicting, 'event')} with a seq that came before with other content"
    )


def _range(span: Range) -> str:
    return str(span.first) if span.first == span.last else f"{span.first} to {span.last}"


def _finding(one: Finding, style: Style) -> Iterator[str]:
    place = f"{one.line}:{one.column}"
    severity = _paint(f"{one.severity:<7}", one.severity, style)
    yield f"  {place:<9} {severity} {one.code} {_paint(one.name, 'bold', style)}: {one.message}\n"
    if style.content and one.excerpt and one.caret >= 0:
        line, caret = shortened(one.excerpt, one.caret, max(40, style.width - 16))
        yield f"            {_paint('| ', 'dim', style)}{line}\n"
        yield f"            {_paint('| ', 'dim', style)}{' ' * caret}{_paint('^', one.severity, style)}\n"


def shortened(excerpt: bytes, caret: int, width: int) -> tuple[str, int]:
    """A piece of a line around its byte ``caret`` (0-based), escaped, at most ``width`` cells wide.

    Returns it with the cell (from 0) that the caret points at.
    """
    before = one_line(excerpt[:caret].decode(errors="backslashreplace"))
    behind = one_line(excerpt[caret:].decode(errors="backslashreplace"))
    room = width // 2
    while _cells(before) > room:
        before = before[_cells(before) - room :]
    room = width - _cells(before)
    while _cells(behind) > room:
        behind = behind[: room - _cells(behind)]
    return before + behind, _cells(before)


def _cells(text: str) -> int:
    """The cells of a terminal that a text takes, nothing in it that does not print."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _paint(text: str, style_name: str, style: Style) -> str:
    return f"\x1b[{_COLORS[style_name]}m{text}\x1b[0m" if style.color and text else text
