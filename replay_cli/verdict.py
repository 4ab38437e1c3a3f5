"""The verdict: one sentence on what the runtime, or a client, would do with a source.

That sentence is why a person runs this tool. It is true in every case that CONTRACT.md fixes (2.4, 2.5, 3.2, 3.3)
and claims nothing beyond it; the cases are those of DECISIONS, "The verdict sentence".
"""

from __future__ import annotations

from replay_cli.history import History
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Tally


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
        return f"compat stream of POST /v1/stream: {_count(tally.events, 'event')}, {compat_end(tally)}"
    if not tally.events and not tally.frames:
        return "holds no event"
    parts = _store(tally, plan, history) if plan.shape is Shape.RECORD else _stream(tally, plan, history)
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
    least = "" if history else "at least "
    passed_over = history.passed_over if history else _passed_over_at_least(tally)
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
    return tally.broken["S101"] + tally.broken["S102"] + tally.broken["S103"]


def _stream(tally: Tally, plan: Plan, history: History | None) -> list[str]:
    """What a client does that follows CONTRACT.md 3.3."""
    events = tally.refused.events if tally.refused else tally.events
    passed_over = history.passed_over if history else _passed_over_at_least(tally) + tally.broken["E107"]
    other = _other_threads(tally, plan, history)
    reloads, first = _reloads(tally, history)
    least = "" if history or not passed_over else "at least "
    # The event that shows a gap is not taken from the stream: it comes with the snapshot.
    accepted = events - passed_over - other - reloads
    parts = []
    ignored = [f"{least}{passed_over:,} already seen"] if passed_over else []
    if other:
        ignored.append(f"{'' if history else 'at least '}{other:,} of another thread")
    if ignored:
        most = "at most " if "at least" in " ".join(ignored) else ""
        count = _count(events, "event")
        parts.append(f"a client accepts {most}{accepted:,} of {count} and ignores {' and '.join(ignored)}")
    elif reloads:
        parts.append(f"a client accepts {accepted:,} of {_count(events, 'event')}")
    else:
        parts.append(f"a client accepts {'' if tally.refused else 'all '}{_count(events, 'event')}")
    if reloads:
        at = f" at seq {first}" if first is not None else ""
        parts.append(f"reloads{at}, {_count(reloads, 'time')} in all")
    if tally.refused:
        parts.append(f"stops at the broken frame at line {tally.refused.line}")
    elif tally.unexamined:
        parts.append(f"line {tally.unexamined.line} was too long to examine")
    if tally.torn:
        parts.append(f"never sees the {_count(tally.torn[1], 'byte')} of the unfinished end")
    return [", ".join(parts)]


def _other_threads(tally: Tally, plan: Plan, history: History | None) -> int:
    """Events of other threads than the first, in a capture of one thread."""
    if plan.framing != "sse" or len(tally.heads) < 2:
        return 0
    return history.other_thread if history else len(tally.heads) - 1


def _reloads(tally: Tally, history: History | None) -> tuple[int, int | None]:
    """How often a client meets a gap, and the seq of the first."""
    if history:
        return history.reloads, history.first_reload
    links = [found for code in ("S104", "S105", "S106") for found in tally.findings.get(code, ())]
    end = tally.refused.offset if tally.refused else tally.size
    links = sorted((one for one in links if "previous" in one.facts and one.offset < end), key=lambda one: one.place)
    ahead = [found for found in links if int(str(found.facts["seq"])) > int(str(found.facts["previous"]))]
    return len(ahead), int(str(ahead[0].facts["seq"])) if ahead else None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
