"""JSON: one versioned document (``schemas/report.schema.json``), written source by source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from replay_cli.outcome import Outcome
from replay_cli.report import FORMAT_VERSION, Report, Tool

if TYPE_CHECKING:
    from replay_cli.render import Style


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """The document of a run. It is whole whatever the sources held."""
    yield f'{{"format_version":{FORMAT_VERSION},"tool":{text(Tool().model_dump())},"sources":['
    for number, report in enumerate(reports):
        yield f"{',' if number else ''}\n{text(report.model_dump(exclude_none=True))}"
    yield f'\n],"problems":{text(outcome.problems)},"summary":{text(outcome.summary().model_dump())}'
    yield f',"exit_code":{outcome.exit_code}}}\n'


def text(value: Any) -> str:
    """JSON text, safe wherever it is printed: all that does not print is escaped."""
    try:
        written = orjson.dumps(_clean(value)).decode()
    except TypeError:  # an integer beyond 64 bits
        import json

        written = json.dumps(_clean(value), separators=(",", ":"))
    return written if written.isprintable() else "".join(map(_escaped, written))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _clean(value: Any) -> Any:
    """The value with lone surrogates (bytes of a file name that are no UTF-8) put into visible form."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_clean(name): _clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_clean(member) for member in value]
    return value
