"""Selection: which events somebody asked for. What is asked of an event is asked of its fields alone.

So a selection of a selection is the selection of both, whatever stood around the events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Any, Self

from replay_cli.envelope import Envelope
from replay_cli.errors import UsageError, in_quotes, one_line

Question = Callable[[dict[str, object]], bool]
"""Asks something of a whole event, as it was read."""


class Globs:
    """Patterns of event names: the last one that fits a name decides, ``!`` before it leaves the name out.

    What no pattern fits is taken if the first one leaves out, and left out if the first one takes. ``unused`` are the
    patterns that have fitted no name so far.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._globs: list[tuple[bool, str, re.Pattern[str]]] = []
        for pattern in patterns:
            name = pattern.removeprefix("!")
            if not name:
                raise UsageError(f"--event: {in_quotes(pattern)} names no event")
            self._globs.append((not pattern.startswith("!"), pattern, re.compile(translate(name))))
        self.unused = dict.fromkeys(pattern for _, pattern, _ in self._globs)
        self.takes = lru_cache(maxsize=4096)(self._takes)
        """Whether an event of this name is taken."""

    def _takes(self, name: str) -> bool:
        taken = not self._globs[0][0]
        for takes, pattern, glob in self._globs:
            if glob.match(name):
                self.unused.pop(pattern, None)
                taken = takes
        return taken


class Ids(frozenset[str]):
    """Ids as a person names them, after the option ``option``: in full, or in one of the ``forms`` of an id.

    ``unused`` are the words that have named no id so far.

    Asking whether an id is among them raises UsageError if a word names two.
    """

    unused: dict[str, None]
    _option: str
    _forms: Callable[[str], set[str]]
    _named: dict[str, str]
    _takes: Callable[[str], bool]

    def __new__(cls, option: str, words: Iterable[str], forms: Callable[[str], set[str]]) -> Self:
        """Make them of the words that were typed."""
        self = super().__new__(cls, words)
        self._option, self._forms = option, forms
        self._named = {}
        self.unused = dict.fromkeys(sorted(self))
        self._takes = lru_cache(maxsize=4096)(self._looked_up)
        return self

    def __contains__(self, one: object) -> bool:
        return isinstance(one, str) and self._takes(one)

    def _looked_up(self, one: str) -> bool:
        words = self & {one, *self._forms(one)}
        for word in words:
            self.unused.pop(word, None)
            other = self._named.setdefault(word, one)
            if other != one:
                named = " and ".join(one_line(id_[:ID_SHOWN]) for id_ in (other, one))
                raise UsageError(f"{self._option}: {one_line(word[:ID_SHOWN])} stands for {named}; name one in full")
        return bool(words)


ID_SHOWN = 80
"""Characters of an id that a message shows."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for; None or empty where nothing was.

    ``since_seq`` is exclusive, as the runtime's own parameter (CONTRACT.md 3.2), ``until_seq`` inclusive; ``since``
    and ``until`` are nanoseconds since 1970, both inclusive. ``where`` asks something of the whole event.
    """

    since_seq: int | None = None
    until_seq: int | None = None
    since: int | None = None
    until: int | None = None
    threads: frozenset[str] = frozenset()
    turns: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    events: Globs | None = None
    where: Question | None = field(default=None, compare=False)

    @property
    def takes_all(self) -> bool:
        """Whether nothing was asked, so that also what is no event is taken."""
        asked = (self.since_seq, self.until_seq, self.since, self.until, self.events, self.where)
        return all(one is None for one in asked) and not (self.threads or self.turns or self.items)

    @property
    def by_content(self) -> bool:
        """Whether more is asked than seq, time, thread and event name."""
        return bool(self.turns or self.items or self.where)

    def takes_seq(self, seq: int) -> bool:
        """Whether an event with this number may be taken."""
        return (self.since_seq is None or seq > self.since_seq) and (self.until_seq is None or seq <= self.until_seq)

    def takes_instant(self, instant: int | None) -> bool:
        """Whether an event of this time may be taken; one whose time cannot be told is in no range of times."""
        if self.since is None and self.until is None:
            return True
        if instant is None:
            return False
        return (self.since is None or instant >= self.since) and (self.until is None or instant <= self.until)

    def takes_ids(self, turn: str | None, item: str | None) -> bool:
        """Whether an event with these ids may be taken."""
        return (not self.turns or turn in self.turns) and (not self.items or item in self.items)

    def takes(self, event: Envelope, instant: int | None, value: dict[str, object]) -> bool:
        """Whether this event is asked for; ``instant`` is its time, ``value`` all of it as it was read."""
        return (
            (self.events is None or self.events.takes(event.event))
            and self.takes_seq(event.seq)
            and (not self.threads or event.thread_id in self.threads)
            and self.takes_instant(instant)
            and self.takes_ids(event.turn_id, event.item_id)
            and (self.where is None or self.where(value))
        )


def question(expression: str) -> Question:
    """A JMESPath expression over the whole event as a question: true is what JMESPath takes for true.

    Raises UsageError that points at the place where the expression does not parse.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(expression)
        unknown = _unknown_function(compiled.parsed)
        if not unknown:
            _refuse_arity(compiled)
    except JMESPathError as error:
        raise UsageError(f"--where: {_told(expression, error)}") from None
    except RecursionError:
        raise UsageError("--where: the expression is nested too deep") from None
    if unknown:
        place = expression.find(unknown)
        raise UsageError(f"--where: no such function: {_pointed(expression, place)}")

    def ask(value: dict[str, object]) -> bool:
        try:
            return _is_true(compiled.search(value))
        except (JMESPathError, TypeError, ValueError, OverflowError, RecursionError):
            # A function that is asked of what it does not take: of this event the answer is no.
            return False

    return ask


def _refuse_arity(compiled: Any) -> None:
    """Raise the error of a function that has too few or too many arguments, which no event makes right."""
    from jmespath.exceptions import ArityError, JMESPathError

    try:
        compiled.search({})
    except ArityError:
        raise
    except (JMESPathError, TypeError, ValueError, OverflowError):
        return


def _unknown_function(node: Any) -> str:
    """The name of the first function in a parsed expression that there is not; empty if there are all."""
    from jmespath.functions import Functions

    if node["type"] == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
        return str(node["value"])
    return next(filter(None, (_unknown_function(child) for child in node.get("children", ()))), "")


def _is_true(found: Any) -> bool:
    # JMESPath: false are null, false, and what is empty; zero is true.
    return found is not None and found is not False and found not in ("", [], {})


_FRAME = re.compile(r"(?:invalid token|Invalid jmespath expression|Bad jmespath expression): ", re.IGNORECASE)


def _told(expression: str, error: Any) -> str:
    """What is wrong with an expression, in one line that shows where."""
    words = _FRAME.sub("", str(error).splitlines()[0], count=1)
    words = re.sub(r"Parse error at column [0-9]+, (.*), for expression", r"unexpected \1", words).rstrip(" :.,")
    place = getattr(error, "lex_position", None)
    if not isinstance(place, int) or not 0 <= place <= len(expression):
        return words[:1].lower() + words[1:]
    bare = re.match(r"[0-9]|true\b|false\b|null\b", expression[place:])
    hint = "; numbers, true, false and null stand in backticks: `5`" if bare else ""
    return f"character {place + 1}: {words[:1].lower() + words[1:]}{hint}: {_pointed(expression, place)}"


def _pointed(expression: str, place: int) -> str:
    """An expression with a mark before the character at ``place`` (0-based), what is far from it left out."""
    before, after = expression[:place], expression[place:]
    before = before if len(before) <= 40 else f"...{before[-37:]}"
    after = after if len(after) <= 40 else f"{after[:37]}..."
    return f"{before}>>>{after}"
