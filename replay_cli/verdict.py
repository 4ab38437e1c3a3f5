"""The verdict: one sentence on what the runtime, or a client, would do with a source.

That sentence is why a person runs this tool. It is true in every case that CONTRACT.md fixes (2.4, 2.5, 3.2, 3.3)
and claims nothing beyond it; the cases are those of DECISIONS, "The verdict sentence".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Tally

if TYPE_CHECKING:
    from replay_cli.history import History


def verdict(tally: Tally, plan: Plan, history: History | None, foreign: str = "", cut: bool = False) -> str:
    """The sentence, without a full stop. ``history`` is what a second look found, None if none was taken.

    ``cut`` tells that the source could not be read to its end, so that nothing can be said of what follows.
    """
    if cut:
        return f"cannot be told: only {_count(tally.size, 'byte')} in whole lines could be read"
    if plan.shape is Shape.FOREIGN:
        return f"not read as events: {foreign}"
    if plan.shape is Shape.CUSTOM:
        rejected = tally.broken["E108"]
        return f"another log: its schema rejects {rejected:,} of {_count(tally.events, 'object')}"
    if plan.shape is Shape.COMPAT:
        broken = f", the frame at line {tally.refused.line} cannot be read" if tally.refused else ""
        return f"compat stream of POST /v1/stream: {_count(tally.events, 'event')}, {compat_end(tally)}{broken}"
    if not tally.events and not tally.frames:
        return "holds no event"
    store = plan.shape is Shape.RECORD and plan.framing == "jsonl"
    parts = _store(tally, plan, history) if store else _stream(tally, plan, history)
    return "; ".join(part for part in parts if part)


def compat_end(tally: Tally) -> str:
    """How a compat stream ended (CONTRACT.md 3.4)."""
    if tally.done:
        return "ended by done"
    return "going on behind done" if tally.broken["C103"] else "no done at its end: cut, or closed after an error"


def _store(tally: Tally, plan: Plan, history: History | None) -> list[str]:
    """What the runtime does with the log of a thread (CONTRACT.md 2.4, 2.5, 3.2)."""
    torn = f"cuts {_count(tally.torn[1], 'byte')} of torn tail at its next start" if tally.torn else ""
    if tally.refused:
        line = tally.refused.line
        if tally.completed:
            return [f"the runtime does not start because of line {line}", torn]
        return [f"the runtime starts, but streaming this thread fails at line {line}", torn]
    if tally.unexamined:
        line = tally.unexamined.line
        return [f"the runtime reads it, as far as it was examined: line {line} was too long to examine", torn]
    return [f"the runtime reads it whole{' and ' + torn if torn else ''}", _dropped(tally, plan, history)]


def _dropped(tally: Tally, plan: Plan, history: History | None) -> str:
    """What full replay leaves out: it drops what is not newer, and other threads' records (CONTRACT.md 3.2)."""
    least = "" if history or _is_exact(tally) else "at least "
    zero = int(tally.seqs is not None and tally.seqs[0] == 0)
    passed_over = history.passed_over if history else _passed_over_at_least(tally) + zero
    other = history.other_thread if history else tally.broken["S108"]
    reasons = []
    if passed_over:
        reasons.append(f"{least}{passed_over:,} dropped as not newer")
    if other:
        reasons.append(f"{other:,} dropped as of another thread")
    if not reasons:
        return ""
    most = "at most " if least and passed_over else ""
    streamed = tally.events - passed_over - other
    return f"streams {most}{streamed:,} of {_count(tally.events, 'event')}, {', '.join(reasons)}"


def _passed_over_at_least(tally: Tally) -> int:
    """Without the past, each step back or repetition passes over one event at least."""
    return sum(_met(tally, code) for code in ("S101", "S102", "S103"))


def _met(tally: Tally, code: str) -> int:
    """How many findings stand before the first line that no reader gets past."""
    if tally.refused is None:
        return tally.broken[code]
    return sum(found.offset < tally.refused.offset for found in tally.findings.get(code, ()))


def _is_exact(tally: Tally) -> bool:
    """Whether no past is needed to tell what is passed over."""
    return not _passed_over_at_least(tally)


def _stream(tally: Tally, plan: Plan, history: History | None) -> list[str]:
    """What a client does that follows CONTRACT.md 3.3."""
    parts = [_taken(tally, plan, history)]
    reloads, first = _reloads(tally, history)
    if reloads:
        at = f" at seq {first}" if first is not None else ""
        parts.append(f"reloads{at}, {_count(reloads, 'time')} in all")
    if tally.refused:
        parts.append(f"stops at the broken frame at line {tally.refused.line}")
    if tally.torn:
        parts.append(f"never sees the {_count(tally.torn[1], 'byte')} of the unfinished end")
    told = ", ".join(parts)
    if tally.unexamined and not tally.refused:
        told = f"as far as it was examined, {told}; line {tally.unexamined.line} was too long to examine"
    return [told]


def _taken(tally: Tally, plan: Plan, history: History | None) -> str:
    """How many events a client accepts, and why not the others."""
    events = tally.refused.events if tally.refused else tally.events
    several = plan.framing == "jsonl" and len(tally.heads) > 1
    client = "a client of each thread" if several else "a client"
    if not events:
        return f"{client} gets no event"
    exact = history is not None or _is_exact(tally)
    passed_over = history.passed_over if history else _passed_over_at_least(tally) + _met(tally, "E107")
    other = _other_threads(tally, plan, history)
    reloads = _reloads(tally, history)[0]
    # The event that shows a gap is not taken from the stream: it comes with the snapshot.
    accepted = events - passed_over - other - reloads
    least = "" if exact and (history or not other) else "at least "
    seen = "already seen" if history and history.repeated >= passed_over else "as not newer"
    ignored = [f"{least}{passed_over:,} {seen}"] if passed_over else []
    if other:
        ignored.append(f"{least}{other:,} of another thread")
    count = _count(events, "event")
    if ignored:
        most = "at most " if least else ""
        return f"{client} accepts {most}{accepted:,} of {count} and ignores {' and '.join(ignored)}"
    if reloads:
        return f"{client} accepts {accepted:,} of {count}"
    return f"{client} accepts {'' if tally.refused else 'all '}{count}"


def _other_threads(tally: Tally, plan: Plan, history: History | None) -> int:
    """Events of other threads than the first, in a capture of one thread."""
    if plan.framing != "sse" or len(tally.heads) < 2:
        return 0
    return history.other_thread if history else len(tally.heads) - 1


def _reloads(tally: Tally, history: History | None) -> tuple[int, int | None]:
    """How often a client meets a gap, and the seq of the first."""
    if history:
        return history.reloads, history.first_reload
    # Behind a frame that was too long to examine the link is broken for us only: the client got that frame.
    codes = ("S104", "S106") if tally.unexamined else ("S104", "S105", "S106")
    links = [found for code in codes for found in tally.findings.get(code, ())]
    end = tally.refused.offset if tally.refused else tally.size
    links = sorted((one for one in links if "previous" in one.facts and one.offset < end), key=lambda one: one.place)
    ahead = [found for found in links if int(str(found.facts["seq"])) > int(str(found.facts["previous"]))]
    return len(ahead), int(str(ahead[0].facts["seq"])) if ahead else None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
