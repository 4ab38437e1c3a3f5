"""From times to figures: the rows of the table, each with what it must reach. Nothing here runs or reads anything.

A figure is made of the times of one round; what is reported is the median of the rounds, with the least and the most.
Rows that cannot be measured here say why, and are never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

Unit = Literal["x", "%", "MB", "MB/s", "ms"]
"""Times as fast; per cent; megabytes of 1,000,000 bytes, and those a second; milliseconds."""

State = Literal["aim", "must", "reached", "missed", "measured", "absent", "failed"]
"""Both marks reached; only the lower one; the only one there is; none; no mark set; could not be measured here; a run
was wrong."""

WORDS: dict[State, str] = {
    "aim": "aim reached",
    "must": "must reached, aim missed",
    "reached": "must reached",
    "missed": "**missed**",
    "measured": "",
    "absent": "not measured",
    "failed": "**FAILED**",
}

Seconds = Mapping[str, float]
"""The time of each contender in one round."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure must reach and should; ``most`` when it is better the smaller it is."""

    must: float | None = None
    aim: float | None = None
    most: bool = False

    def state(self, measured: float) -> State:
        """Which of the two a figure has reached."""
        sign = -1 if self.most else 1
        if self.must is None:
            return "measured"
        if sign * measured < sign * self.must:
            return "missed"
        if self.aim is None:
            return "reached"
        return "aim" if sign * measured >= sign * self.aim else "must"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; ``low`` and ``high`` are the least and the most of so many ``runs``."""

    title: str
    unit: Unit
    must: float | None = None
    aim: float | None = None
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    runs: int = 0
    state: State = "measured"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A row to be measured: the contenders that it needs, and the figure of one round, from their times."""

    title: str
    unit: Unit
    mark: Mark
    needs: tuple[str, ...]
    figure: Callable[[Seconds], float]
    note: str = ""


def rounds_of(times: Mapping[str, Sequence[float]], names: Sequence[str]) -> list[dict[str, float]]:
    """The times of these contenders, round by round; only rounds in which all ran."""
    columns = zip(*(times[name] for name in names), strict=False)
    return [dict(zip(names, column, strict=True)) for column in columns]


def row(ask: Ask, times: Mapping[str, Sequence[float]], wrong: Mapping[str, str], absent: Mapping[str, str]) -> Row:
    """The row, from the times of all rounds in seconds; failed or absent if any contender it needs is."""
    for name in ask.needs:
        if wrong.get(name):
            return empty(ask.title, ask.unit, ask.mark, "failed", f"{name}: {wrong[name]}")
        if absent.get(name) or name not in times:
            return empty(ask.title, ask.unit, ask.mark, "absent", absent.get(name, f"{name} did not run"))
    values = [ask.figure(one) for one in rounds_of(times, ask.needs)]
    if not values:
        return empty(ask.title, ask.unit, ask.mark, "failed", "nothing was measured")
    return of_values(ask.title, ask.unit, ask.mark, values, ask.note)


def of_values(title: str, unit: Unit, mark: Mark, values: Sequence[float], note: str = "") -> Row:
    """The row of these figures, one for each round."""
    middle = median(values)
    state = mark.state(middle)
    return Row(title, unit, mark.must, mark.aim, middle, min(values), max(values), len(values), state, note)


def empty(title: str, unit: Unit, mark: Mark, state: State, note: str) -> Row:
    """A row without a figure, which says why."""
    return Row(title, unit, mark.must, mark.aim, state=state, note=note)


def at_size(one: Row, mb: float, meant: float, missed: bool = True) -> Row:
    """The row, not judged if its log is much smaller than the one that its marks are meant for (sizes in MB).

    ``missed``: whether a mark that is missed on the small log might be reached on the large one.
    """
    judged = ("aim", "must", "reached", "missed") if missed else ("aim", "must", "reached")
    if mb >= 0.95 * meant or one.state not in judged:
        return one
    note = "; ".join(part for part in (f"not judged: the marks are for {meant:,.0f} MB", one.note) if part)
    return replace(one, state="measured", note=note)


# --- Figures of one round -----------------------------------------------------------------------------------------


def faster(ours: str, theirs: str) -> Callable[[Seconds], float]:
    """How many times as fast as they we are, over the same log."""
    return lambda seconds: seconds[theirs] / seconds[ours]


def speed(ours: str, mb: float) -> Callable[[Seconds], float]:
    """Megabytes of a log a second."""
    return lambda seconds: mb / seconds[ours]


def share(ours: str, amount: float, base: str, of: float) -> Callable[[Seconds], float]:
    """Our speed as per cent of another run's; the amounts are what each went through, in one unit (MB, or events)."""
    return lambda seconds: 100 * (amount / seconds[ours]) / (of / seconds[base])


def share_of_lower(ours: str, bases: Sequence[str]) -> Callable[[Seconds], float]:
    """Our speed as per cent of the slowest of several, all over the same bytes."""
    return lambda seconds: 100 * max(seconds[base] for base in bases) / seconds[ours]


def fastest(times: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    """The contender with the least median time."""
    return min((name for name in names if times.get(name)), key=lambda name: median(times[name]))
