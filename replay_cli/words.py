"""Words: what is asked alike of the words of several commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from replay_cli.errors import UsageError


def listed(words: Sequence[str]) -> list[str]:
    """What stands in an option that may be repeated, and may hold several with commas between."""
    return [one.strip() for word in words for one in word.split(",") if one.strip()]


def refuse_empty(repeated: Mapping[str, Sequence[str]], single: Mapping[str, str | None]) -> None:
    """Raise UsageError for an option that is given an empty value, as by a variable that is not set."""
    given = {**repeated, **{option: [word] for option, word in single.items() if word is not None}}
    for option, words in given.items():
        if any(not word.strip(", ") for word in words):
            raise UsageError(f"{option}: is given an empty value; was a variable not set?")


def refuse_range(since_seq: int | None, until_seq: int | None, done: str) -> None:
    """Raise UsageError for a range of seq that holds nothing; ``done`` is what is done with events."""
    if since_seq is not None and until_seq is not None and since_seq >= until_seq:
        raise UsageError(
            f"--since-seq: {since_seq} leaves nothing up to --until-seq {until_seq}; "
            f"events behind --since-seq are {done}, up to and with --until-seq"
        )


def refuse_negative(numbers: Mapping[str, int | None]) -> None:
    """Raise UsageError for an option that is given a number below 0."""
    for option, number in numbers.items():
        if number is not None and number < 0:
            raise UsageError(f"{option}: {number} is less than 0")
