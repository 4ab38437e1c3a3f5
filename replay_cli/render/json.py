"""JSON: one versioned document (``schemas/report.schema.json``), written source by source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from replay_cli.errors import one_line
from replay_cli.outcome import Outcome
from replay_cli.told import FORMAT_VERSION, TOOL, Report

if TYPE_CHECKING:
    from replay_cli.render import Style


def render(reports: Iterable[Report], outcome: Outcome, style: Style) -> Iterator[str]:
    """The document of a run. It is whole whatever the sources held."""
    yield f'{{"format_version":{FORMAT_VERSION},"tool":{text(TOOL)},"sources":['
    for number, report in enumerate(reports):
        yield f"{',' if number else ''}\n{text(plain(report))}"
    yield f'\n],"problems":{text(outcome.problems)},"summary":{text(plain(outcome.summary()))}'
    yield f',"exit_code":{outcome.exit_code}}}\n'


def plain(told: Any) -> dict[str, Any]:
    """A part of a report as an object of a document: its fields in their order, without those that are not there."""
    members = ((name, getattr(told, name)) for name in told._fields if name not in _NOT_TOLD)
    return {name: _plain(member) for name, member in members if member is not None}


_NOT_TOLD = frozenset({"excerpt", "caret", "content", "ends"})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return plain(value) if hasattr(value, "_fields") else value


def text(value: Any) -> str:
    """JSON text, safe wherever it is printed: all that does not print is escaped."""
    import orjson

    try:
        written = orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        import json

        written = json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"))
    return written if written.isprintable() else _ODD.sub(_escaped, written)


_ODD = re.compile("[^ -~]")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _clean(value: Any) -> Any:
    """The value with lone surrogates (bytes of a file name that are no UTF-8) put into visible form."""
    if isinstance(value, str):
        return value if value.isascii() else re.sub("[\ud800-\udfff]", lambda found: one_line(found[0]), value)
    if isinstance(value, dict):
        return {_clean(name): _clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_clean(member) for member in value]
    return value
