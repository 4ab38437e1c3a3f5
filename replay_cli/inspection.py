"""Inspection: one source, from its plan to its report.

Here the parts meet: its blocks are audited, the order is looked at again if it is broken, and the tally is told.

The second look, the statistics and what reads ahead are imported where they are wanted: start-up is held to what a
clean log needs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from replay_cli import rules
from replay_cli.auditor import audit_blocks
from replay_cli.compat import DONE
from replay_cli.cutting import cut
from replay_cli.errors import ReplayError, SchemaError, SourceError, WorkerDiedError
from replay_cli.findings import Content, Ends, Finding, Rule
from replay_cli.opening import EXCERPT
from replay_cli.planning import Options, planned
from replay_cli.profiles import Plan, Shape
from replay_cli.sources import Source, read_at
from replay_cli.spans import audit_spans, is_large
from replay_cli.tally import Tally
from replay_cli.told import (
    CompressionName,
    Report,
    RuleCount,
    counts,
    first_findings,
    order_numbers,
    per_rule,
    seq_range,
    tell,
    time_range,
)
from replay_cli.verdict import compat_end, verdict
from replay_cli.walk import FRAMINGS, not_offered

if TYPE_CHECKING:
    from replay_cli.contents import Contents
    from replay_cli.history import History

Reopen = Callable[[], Source]
"""Opens a source once more, from its beginning."""

Progress = Callable[[Source, int], None]
"""Told, now and then, the source that is read and how many bytes of it were audited."""


Listen = Callable[[list[Finding]], None]
"""Told findings as soon as they are final, all of them."""


def inspect(
    source: Source,
    options: Options,
    again: Reopen | None = None,
    progress: Progress | None = None,
    listen: Listen | None = None,
) -> Report:
    """Audit an opened source. Never raises for what the source holds, nor for its end in the middle of it.

    ``again`` opens the same source once more, for exact numbers where the order is broken; without it they are
    lower bounds. ``listen`` is told every finding, those that the second look may change last.
    """
    if options.statistics:
        # So that the share that is proven goes by the source, and not by what was read before.
        from replay_cli.prover import forget

        forget()
    begun = planned(source, options)
    plan, failure = begun.plan, begun.failure
    tally, history = Tally(), None
    # Only a second look may change what the first one finds of links.
    final = again is None
    kept = _contents(source, plan, options)
    if plan.shape is Shape.FOREIGN:
        tally += _told_at_start(rules.FOREIGN_LOG, what=begun.what)
    else:
        # Who listens is told all findings of a block, also those that the sum does not keep.
        telling = replace(plan, kept=sys.maxsize) if listen else plan
        # Spans would bring all findings of each at once, and none before the first is through.
        spans = listen is None and failure is None and options.max_bytes is None
        # With statistics also by one process: they are to be the same, by however many.
        if spans and (options.jobs > 1 or options.statistics) and is_large(source):
            steady = options.statistics and not_offered(plan) is None
            parts = audit_spans(source, plan, options.jobs, steady=steady)
        else:
            chunks = begun.chunks
            if source.compression is not None and options.jobs > 1:
                from replay_cli.ahead import read_ahead

                chunks = read_ahead(chunks, source)
            blocks = cut(chunks, FRAMINGS[plan.framing], plan.limit, source.more)
            parts = audit_blocks(kept.watch(blocks) if kept else blocks, telling)
        tally, failure = _summed(parts, plan, source, progress, listen, kept, final)
        if wants_history(tally, plan) and again is not None and failure is None:
            history = _second_look(again, plan, tally, listen, kept)
        _add_source_findings(tally, plan, failure is not None, sys.maxsize if listen else plan.kept)
    if listen:
        listen(_untold(tally, history, final))
    found = _with_excerpts(first_findings(tally, options.grading, options.max_findings), source)
    numbers = counts(tally, options.grading)
    asked, unseen = _statistics(tally, plan, options)
    return Report(
        source=source.name,
        framing="sse" if plan.framing == "sse" else "jsonl",
        profile=plan.shape.value,
        chosen_by=begun.chosen_by,
        compression=cast("CompressionName | None", source.compression),
        bytes=tally.size,
        lines=tally.lines,
        events=tally.events,
        threads=len(tally.heads),
        seq=seq_range(tally),
        time=time_range(tally),
        keepalives=tally.comments,
        order=order_numbers(tally, history),
        verdict=verdict(tally, plan, history, begun.what, failure is not None),
        failure=str(failure) if failure else None,
        counts=numbers,
        rules=per_rule(tally, options.grading),
        findings=[
            tell(
                one,
                options.grading.of(one.code),
                _content(one, source, plan, tally, kept) if options.contents else None,
            )
            for one in found
        ],
        not_shown=numbers.error + numbers.warning + numbers.note - len(found),
        statistics=asked,
        caveats=unseen,
        proven=tally.proven if options.statistics else None,
        unproven=dict(tally.unproven) if options.statistics else None,
        read_again=(tally.size if history is not None else 0) if options.statistics else None,
        ends=_ends(source, plan, tally, again, begun.whole) if options.ends else None,
    )


def _statistics(tally: Tally, plan: Plan, options: Options) -> tuple[list[RuleCount] | None, list[str] | None]:
    """How often each rule was asked, and what the source cannot show, if that is wanted."""
    if not options.statistics:
        return None, None
    from replay_cli.statistics import caveats, rule_counts

    return rule_counts(tally, plan, options.grading), caveats(tally, plan)


def _summed(
    parts: Iterable[Tally],
    plan: Plan,
    source: Source,
    progress: Progress | None,
    listen: Listen | None,
    kept: Contents | None,
    final: bool,
) -> tuple[Tally, SourceError | None]:
    """The tally of a source, and what stopped the reading; the findings so far are kept.

    ``final`` tells that no second look can change broken links.
    """
    tally = Tally(plan.kept, plan.gaps, leads=True)
    try:
        for part in parts:
            brought = tally.absorb(part)
            if kept:
                kept.keep(brought)
            if listen and brought:
                listen(brought if final else _settled(brought, tally))
            if progress:
                progress(source, tally.size)
    except SourceError as error:
        return tally, error
    except SchemaError as error:
        raise error.met(source.name, tally.lines) from None
    except WorkerDiedError:
        raise WorkerDiedError(source.name) from None
    return tally, None


def _settled(brought: list[Finding], tally: Tally) -> list[Finding]:
    """What a second look cannot change: it may change the broken links that are kept, not those behind them."""
    links = tally.findings.get(rules.BROKEN_LINK.code, ())
    end = links[-1].place if links else None
    return [one for one in brought if one.code != rules.BROKEN_LINK.code or end is None or one.place > end]


def wants_history(tally: Tally, plan: Plan) -> bool:
    """Whether the order of a source is broken, or it mixes threads, so that a second look is due."""
    mixed = len(tally.heads) > 1 and (plan.framing == "sse" or plan.thread is not None)
    # No reader takes an event numbered 0: the client's count and since_seq begin there (CONTRACT.md 3.2, 3.3).
    zero = tally.seqs is not None and tally.seqs[0] == 0
    return mixed or zero or any(tally.broken[code] for code in rules.ORDER_CODES)


def _second_look(
    again: Reopen, plan: Plan, tally: Tally, listen: Listen | None, kept: Contents | None
) -> History | None:
    """Read the source again for exact numbers; None if it cannot be read a second time."""
    from replay_cli.history import apply, look_again

    try:
        with again() as source:
            blocks = cut(source.chunks(tally.size), FRAMINGS[plan.framing], plan.limit)
            if kept:
                blocks = kept.watch(blocks)
            history = look_again(blocks, plan, tally, listen or (kept.keep if kept else None))
    except ReplayError:
        return None
    apply(tally, history)
    return history


def _untold(tally: Tally, history: History | None, final: bool) -> list[Finding]:
    """What could not be told while the source was read: what a second look decides, and what only the whole shows."""
    whole = [rules.FOREIGN_LOG, rules.COMPAT_STREAM, rules.NO_EVENTS, rules.SECOND_THREAD]
    if not final:
        whole.append(rules.BROKEN_LINK)
    untold = [one for rule in whole for one in tally.findings.get(rule.code, ())]
    if history is not None:
        untold += history.regraded
    return sorted(untold, key=lambda one: one.place)


def _told_at_start(rule: Rule, **facts: str | int) -> Tally:
    tally = Tally()
    tally.broken[rule.code] += 1
    tally.findings[rule.code] = [Finding(0, 1, rule.code, dict(facts))]
    return tally


def _add_source_findings(tally: Tally, plan: Plan, cut_short: bool, kept: int) -> None:
    """What only the whole of a source shows."""
    if plan.shape is Shape.COMPAT:
        _add(tally, _told_at_start(rules.COMPAT_STREAM, events=tally.events, end=compat_end(tally)))
    if plan.framing == "sse" and plan.shape in (Shape.ENVELOPE, Shape.LEGACY):
        _add_second_threads(tally, kept)
    if not tally.events and not cut_short:
        what = (
            "empty" if not tally.size else "no event in it that could be read" if tally.frames else "no event in it"
        )
        _add(tally, _told_at_start(rules.NO_EVENTS, what=what))


def _add(tally: Tally, more: Tally) -> None:
    tally.broken.update(more.broken)
    for code, found in more.findings.items():
        tally.findings.setdefault(code, []).extend(found)


def _add_second_threads(tally: Tally, kept: int) -> None:
    """The server streams one thread at a time, so a further one does not belong (CONTRACT.md 3.2)."""
    if len(tally.heads) < 2:
        return
    first, *others = sorted(tally.heads.items(), key=lambda item: item[1].offset)
    code = rules.SECOND_THREAD.code
    tally.broken[code] += len(others)
    tally.findings[code] = [
        Finding(mark.offset, mark.line, code, {"found": thread, "expected": first[0]})
        for thread, mark in others[:kept]
    ]


def _contents(source: Source, plan: Plan, options: Options) -> Contents | None:
    """Takes the contents at findings while the blocks go by, where they are asked for and cannot be read later."""
    if not options.contents or (source.plain and source.path is not None):
        return None
    from replay_cli.contents import Contents

    return Contents(plan.framing, plan.kept)


def _content(one: Finding, source: Source, plan: Plan, tally: Tally, kept: Contents | None) -> Content | None:
    """What stands at a finding."""
    if kept is not None:
        return kept.of(one)
    from replay_cli.contents import content_in

    return content_in(source.path, one, plan.framing, tally.size) if source.path is not None else None


def _ends(source: Source, plan: Plan, tally: Tally, again: Reopen | None, whole: bytes | None) -> Ends:
    """How the stream begins and ends; nothing of a source that is not held and cannot be read again."""
    if plan.shape is Shape.COMPAT:
        return Ends(None, DONE if tally.done else None)
    if not tally.heads:
        return Ends(None, None)
    from replay_cli.ends import event_at, lines_at, read_event

    offsets = [min(one.offset for one in tally.heads.values()), max(one.offset for one in tally.tails.values())]
    if whole is not None and offsets[1] < len(whole):
        first, last = (event_at(whole[offset : offset + plan.limit]) for offset in offsets)
        return Ends(first.seq, last.event, last.seq)
    if source.plain and source.path is not None:
        first, last = (read_event(partial(read_at, source.path, offset), plan.limit) for offset in offsets)
        return Ends(first.seq, last.event, last.seq)
    if again is None:
        return Ends(None, None)
    try:
        with again() as reopened:
            texts = lines_at(reopened.chunks(tally.size), offsets, plan.limit)
    except ReplayError:
        return Ends(None, None)
    first, last = map(event_at, texts)
    return Ends(first.seq, last.event, last.seq)


def _with_excerpts(findings: list[Finding], source: Source) -> list[Finding]:
    """Findings of order carry no text, for the sake of memory; a plain file can be read at their place again."""
    if not source.plain or source.path is None:
        return findings
    path = source.path

    def read(one: Finding) -> Finding:
        if one.excerpt or one.code[0] in "LC":
            return one
        text = re.split(rb"[\r\n]", read_at(path, one.offset, EXCERPT), maxsplit=1)[0]
        return replace(one, excerpt=text, caret=0)

    return [read(one) for one in findings]
