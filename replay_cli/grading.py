"""Grading: how grave each rule is for this user. It happens on the way out; the audit always finds everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay_cli import rules
from replay_cli.errors import UsageError, in_quotes
from replay_cli.findings import Rule, Severity


class Grading(NamedTuple):
    """The severity of each rule by its code; OFF leaves its findings out."""

    severities: dict[str, Severity]

    def of(self, code: str) -> Severity:
        """The severity of a rule by its code."""
        return self.severities[code]

    def asks(self, code: str) -> bool:
        """Whether a rule's findings are told."""
        return self.severities[code] is not Severity.OFF


def grade(select: Sequence[str] = (), ignore: Sequence[str] = (), severity: Sequence[str] = ()) -> Grading:
    """The grading that options ask for (DECISIONS, Options).

    ``select`` replaces the default set, ``ignore`` wins over all; both take codes, names, beginnings of codes
    ("S", "S1") or "all", several separated by commas. ``severity`` items are RULE=error|warning|note|off. Naming
    or grading a rule that is off turns it on. Raises UsageError that names the option, with what is close.
    """
    graded = {rule.code: rule.severity for rule in rules.RULES}
    if select:
        chosen = {rule.code for rule in named("--select", select)}
        exact = {rule.code for rule in named("--select", [name for name in _split(select) if rules.find(name)])}
        for rule in rules.RULES:
            if rule.code not in chosen:
                graded[rule.code] = Severity.OFF
            elif rule.severity is Severity.OFF and rule.code in exact:
                graded[rule.code] = Severity.WARNING
    for name, level in _levels(severity).items():
        for rule in named("--severity", [name]):
            graded[rule.code] = level
    for rule in named("--ignore", ignore):
        graded[rule.code] = Severity.OFF
    if all(level is Severity.OFF for level in graded.values()):
        raise UsageError("--select, --ignore, --severity: leave no rule to ask, so that any log would pass")
    return Grading(graded)


def _levels(items: Sequence[str]) -> dict[str, Severity]:
    """What each item of ``severity`` says, in their order."""
    levels: dict[str, Severity] = {}
    for item in items:
        name, equals, word = item.partition("=")
        if not equals or word not in tuple(Severity) or not name.strip(", "):
            from replay_cli.resembling import suggestion

            close = suggestion(word, [level.value for level in Severity])
            raise UsageError(f"--severity: {in_quotes(item)} is not RULE=error, =warning, =note or =off{close}")
        if levels.setdefault(name, Severity(word)) != word:
            raise UsageError(f"--severity: {name} is graded {levels[name].value} and {word}")
    return levels


def _split(items: Sequence[str]) -> list[str]:
    return [name.strip() for item in items for name in item.split(",") if name.strip()]


def named(option: str, items: Sequence[str]) -> list[Rule]:
    """The rules that codes, names, beginnings of codes or "all" name. Raises UsageError, which names ``option``."""
    found: list[Rule] = []
    for name in _split(items):
        rule = rules.find(name)
        family = [rule] if rule else [rule for rule in rules.RULES if rule.code.startswith(name.upper())]
        if name.lower() == "all":
            family = list(rules.RULES)
        if not family:
            close = rules.similar(name)
            hint = f"; did you mean {close}?" if close else "; `replay rules` lists them"
            raise UsageError(f"{option}: there is no rule {in_quotes(name)}{hint}")
        found += family
    return found
