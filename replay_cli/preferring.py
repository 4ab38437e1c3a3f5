"""Preferring: what was typed before what the manifest says, for ``replay validate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from replay_cli.configured import find, load_settings
from replay_cli.errors import UsageError
from replay_cli.grading import named


class Preferred(NamedTuple):
    """Profile and rules as the options of ``replay validate`` take them; ``shown`` is the manifest they are from."""

    shown: str
    profile: str | None
    select: list[str]
    ignore: list[str]
    severity: list[str]


def preferred(
    folder: Path, profile: str | None, select: Sequence[str], ignore: Sequence[str], severity: Sequence[str]
) -> Preferred | None:
    """What was typed, and what the nearest manifest says at its top where nothing was; None if it says nothing.

    Grades are taken rule by rule, and with ``select`` only for what it selects. Raises UsageError for a manifest that
    cannot be meant.
    """
    try:
        found = find(folder)
        if found is None:
            return None
        shown, said = load_settings(found)
    except UsageError as error:
        raise UsageError(f"{error} (--isolated does without)") from None
    if not any(said):
        return None
    typed = {rule.code for item in severity for rule in named("--severity", [item.partition("=")[0]])}
    asked = {rule.code for rule in named("--select", select)} if select else None
    grades = [
        f"{rule.code}={level}"
        for name, _, level in (item.partition("=") for item in said.severity or ())
        for rule in named("--severity", [name])
        if rule.code not in typed and (asked is None or rule.code in asked)
    ]
    # Of the grades in the file the later wins, as it does on the command line.
    graded = {grade.partition("=")[0]: grade for grade in grades}
    return Preferred(
        shown,
        profile or said.profile,
        list(select or said.select or ()),
        list(ignore or said.ignore or ()),
        [*graded.values(), *severity],
    )
