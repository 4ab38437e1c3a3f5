"""Plain TOML: manifests laid out as ``replay check --update`` writes them, read sooner than tomllib would.

tomllib takes 30 microseconds for each entry, as long as the gate takes to read the recording. What is not laid out so
to the last letter is left to it, and so is what stands before the first entry; it defines what is right.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

_TEXT = r'"([^"\\\x00-\x1f\x7f]*)"'
_NUMBER = r"(0|[1-9][0-9]{0,17})"
_FINDING = rf"\{{ rule = {_TEXT}(?:, line = {_NUMBER})?(?:, seq = {_NUMBER})?(?:, fingerprint = {_TEXT})? \}}"
_ALL = re.sub(r"\((?!\?)", "(?:", _FINDING)

_PIECE = re.compile(
    r"\n|#[^\x00-\x08\x0a-\x1f\x7f]*\n|"
    rf"\[\[expect\]\]\npath = {_TEXT}\n(?:starts-at-seq = {_NUMBER}\n)?"
    rf"(?:ends-at-seq = {_NUMBER}\n)?(?:ends-with = {_TEXT}\n)?"
    rf"(?:findings = \[\n((?:  {_ALL},\n)*)\]\n)?"
)
_ONE = re.compile(_FINDING)
_HEADER = "\n[[expect]]\n"


def read_plain(text: str) -> dict[str, Any] | None:
    """What a text means; None where tomllib should be asked."""
    at = text.find(_HEADER) + 1
    if not at:
        return None
    try:
        content = tomllib.loads(text[:at])
    except (ValueError, RecursionError):
        return None
    if "expect" in content:
        return None
    entries = []
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            return None
        at = piece.end()
        if piece[1] is not None:
            entries.append(_entry(*piece.groups()))
    return {**content, "expect": entries}


def _entry(path: str, seq: str | None, last: str | None, event: str | None, findings: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": path, **_numbers({"starts-at-seq": seq, "ends-at-seq": last})}
    if event is not None:
        entry["ends-with"] = event
    if findings is not None:
        entry["findings"] = [_finding(*one.groups()) for one in _ONE.finditer(findings)]
    return entry


def _finding(rule: str, line: str | None, seq: str | None, fingerprint: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": rule, **_numbers({"line": line, "seq": seq})}
    if fingerprint is not None:
        found["fingerprint"] = fingerprint
    return found


def _numbers(texts: dict[str, str | None]) -> dict[str, int]:
    """Those keys that are there, with their numbers."""
    return {key: int(text) for key, text in texts.items() if text is not None}
