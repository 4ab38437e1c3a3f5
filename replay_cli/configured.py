"""Configured: the manifest, found, read and held to what it may say.

The nearest wins (``nearby``). Whatever cannot be meant is told with its line.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from replay_cli import rules
from replay_cli.errors import PlacedError, UsageError
from replay_cli.findings import Severity
from replay_cli.grading import named
from replay_cli.manifest import (
    Entry,
    Expected,
    Manifest,
    Settings,
    grading_of,
    line_of,
    real,
    real_folder,
    spans_of,
    whole,
    within,
)
from replay_cli.nearby import NAME, SHARED_NAME, candidates, repository
from replay_cli.patterns import is_known, name_of
from replay_cli.plaintoml import read_plain
from replay_cli.tomlplaces import Path as Way
from replay_cli.tomlplaces import Span

LARGEST = 16 * 1024 * 1024
"""Bytes that a manifest may have."""

PROFILES = ("auto", "envelope", "record", "legacy")


def find(folder: Path) -> Path | None:
    """The nearest manifest; None if there is none. Raises UsageError for one that cannot be read."""
    for path in candidates(folder.absolute()):
        if path.name == NAME or _speaks_of_us(path):
            return path
    return None


def nearest(folders: Iterable[Path]) -> Path | None:
    """The one manifest that is nearest to folders, or else to this folder; None if there is none.

    Raises UsageError if it is not the same for all.
    """
    found = {one for one in map(find, folders) if one is not None}
    if len(found) > 1:
        names = " and ".join(sorted(os.path.relpath(one) for one in found))
        raise UsageError(f"check: the paths go by {names}; check them one by one, or name one with --config")
    return next(iter(found), None) or find(Path.cwd())


def _speaks_of_us(path: Path) -> bool:
    shown = os.path.relpath(path)
    tool = _parsed(_read(path, shown), shown)[0].get("tool")
    return isinstance(tool, dict) and "replay" in tool


def load(path: Path) -> Manifest:
    """Read a manifest. Raises UsageError, which names the file and the line, for one that cannot be meant."""
    path = Path(whole(str(path)))
    shown = os.path.relpath(path)
    data = _read(path, shown)
    return made(path, shown, data)


def made(path: Path, shown: str, data: bytes) -> Manifest:
    """The manifest that some bytes are, which stand at ``path``, or are to. Raises UsageError."""
    content, text, prefix = _ours(path, shown, data)
    root = repository(path.parent) or path.parent
    reader = _Reader(shown, text, str(path.parent), str(root))
    found = reader.members(content, prefix, TOP)
    return Manifest(
        file=path,
        shown=shown,
        folder=str(path.parent),
        root=str(root),
        text=text,
        prefix=prefix,
        settings=reader.settings(found, prefix),
        paths=reader.places(found.get("paths", ["."]), (*prefix, "paths")),
        exclude=reader.excluded(found.get("exclude", []), (*prefix, "exclude")),
        entries=tuple(reader.entries(found.get("expect", []), (*prefix, "expect"))),
    )


def _ours(path: Path, shown: str, data: bytes) -> tuple[Any, str, Way]:
    """What a manifest holds for us, its whole text, and the way from its top to that."""
    content, text = _parsed(data, shown)
    if path.name != SHARED_NAME:
        return content, text, ()
    tool = content.get("tool")
    if not isinstance(tool, dict) or "replay" not in tool:
        raise UsageError(f"{shown}: has no [tool.replay]")
    return tool["replay"], text, ("tool", "replay")


SETTINGS = ("profile", "select", "ignore", "severity")
TOP = (*SETTINGS, "paths", "exclude", "expect")
ENTRY = ("path", *SETTINGS, "max-line-bytes", "schema", "starts-at-seq", "ends-at-seq", "ends-with", "findings")
FINDING = ("rule", "line", "seq", "fingerprint")

_KINDS: dict[type, str] = {str: "a string", int: "a whole number", list: "an array", dict: "a table"}


class _Reader:
    """Reads what tomllib gave, and says of what cannot be meant where it stands."""

    def __init__(self, shown: str, text: str, folder: str, root: str) -> None:
        self._text = text
        self._shown, self._folder, self._root = shown, folder, root

    @cached_property
    def spans(self) -> Mapping[Way, Span]:
        """Where what was read stands; looked for only when a line is to be told."""
        return spans_of(self._text)

    def error(self, way: Way, said: str) -> UsageError:
        return PlacedError(self._shown, line_of(self.spans, way), said)

    def typed(self, value: Any, kind: type, way: Way, name: str) -> Any:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(way, f"{name} is not {_KINDS[kind]}")
        return value

    def members(self, value: Any, way: Way, known: tuple[str, ...]) -> dict[str, Any]:
        """The members of a table, which may hold those that are known and no other."""
        name = "the manifest" if not way else f"an item of {way[-2]}" if isinstance(way[-1], int) else way[-1]
        table: dict[str, Any] = self.typed(value, dict, way, name)
        for key in table:
            if key not in known:
                raise self.error((*way, key), f"unknown key {key!r}{_like(key, known)}")
        return table

    def words(self, value: Any, way: Way) -> tuple[str, ...]:
        """An array of strings, or one alone."""
        name = str(way[-1])
        if isinstance(value, str):
            value = [value]
        found = self.typed(value, list, way, name)
        for number, one in enumerate(found):
            if not self.typed(one, str, (*way, number), f"an item of {name}").strip(", "):
                raise self.error((*way, number), f"{name} holds an empty string")
        return tuple(found)

    def places(self, value: Any, way: Way) -> tuple[str, ...]:
        """Paths that stay inside the repository."""
        found = self.words(value, way)
        if not found:
            raise self.error(way, "paths is empty, so that the gate would look at nothing")
        for number, one in enumerate(found):
            self.full(one, (*way, number))
        return found

    def excluded(self, value: Any, way: Way) -> tuple[str, ...]:
        """Patterns of what is passed over, each a line of a .gitignore."""
        found = self.words(value, way)
        for number, one in enumerate(found):
            if not one.strip("!/ ") or not is_known(one):
                raise self.error((*way, number), f"exclude: {one!r} is a pattern that cannot be followed")
            if one.startswith("#"):
                said = f"exclude: {one!r} is a comment, which cannot be followed; a name that begins so is '\\#…'"
                raise self.error((*way, number), said)
            if ".." in one.split("/"):
                self.full(one.lstrip("!/"), (*way, number))
        return found

    def settings(self, found: dict[str, Any], way: Way) -> Settings:
        """The profile and the rules of a table."""
        profile = found.get("profile")
        if profile is not None and self.typed(profile, str, (*way, "profile"), "profile") not in PROFILES:
            said = f"profile: {profile!r} is not {', '.join(PROFILES[:-1])} or {PROFILES[-1]}"
            raise self.error((*way, "profile"), said + _like(profile, PROFILES))
        chosen = {}
        for key in ("select", "ignore"):
            chosen[key] = self.words(found[key], (*way, key)) if key in found else None
            for number, word in enumerate(chosen[key] or ()):
                self.known(key, word, (*way, key, number))
        graded = self.severities(found["severity"], (*way, "severity")) if "severity" in found else None
        made = Settings(
            profile, chosen["select"], chosen["ignore"], graded, found.get("max-line-bytes"), self.schema(found, way)
        )
        try:
            grading_of(made)
        except UsageError:
            raise self.error((*way, "ignore"), "leaves no rule to ask, so that any log would pass") from None
        return made

    def schema(self, found: dict[str, Any], way: Way) -> str | None:
        """The whole path of a schema of the user's own, which has to be there."""
        if "schema" not in found:
            return None
        path = self.full(self.typed(found["schema"], str, (*way, "schema"), "schema"), (*way, "schema"))
        if not os.path.isfile(path):  # noqa: PTH113
            shown = os.path.relpath(path)
            from replay_cli.resembling import meant

            close = meant(shown, only_files=True)
            raise self.error((*way, "schema"), f"schema: no such file: {shown}{close}")
        return path

    def severities(self, value: Any, way: Way) -> tuple[str, ...]:
        table = self.typed(value, dict, way, "severity")
        levels = tuple(level.value for level in Severity)
        for rule, level in table.items():
            self.known("severity", rule, (*way, rule))
            if level not in levels:
                said = f"severity: {level!r} is not {', '.join(levels[:-1])} or {levels[-1]}"
                raise self.error((*way, rule), said + (_like(level, levels) if isinstance(level, str) else ""))
        return tuple(f"{rule}={level}" for rule, level in table.items())

    def known(self, key: str, word: str, way: Way) -> None:
        """Raise UsageError for what names no rule."""
        try:
            named(key, [word])
        except UsageError as error:
            raise self.error(way, str(error)) from None

    def entries(self, value: Any, way: Way) -> Iterator[Entry]:
        """What is expected, entry by entry; each path once."""
        met: dict[str, int] = {}
        for number, one in enumerate(self.typed(value, list, way, "expect")):
            entry = self.entry(one, (*way, number))
            before = met.setdefault(entry.full, number)
            if before != number:
                line = line_of(self.spans, (*way, before))
                raise self.error((*way, number, "path"), f"{entry.path!r} has an entry already, at line {line}")
            yield entry

    def entry(self, value: Any, way: Way) -> Entry:
        found = self.members(value, way, ENTRY)
        if "path" not in found:
            raise self.error(way, "this entry names no path")
        path = self.typed(found["path"], str, (*way, "path"), "path")
        seq, last, event = (found.get(key) for key in ("starts-at-seq", "ends-at-seq", "ends-with"))
        for key, number in (("starts-at-seq", seq), ("ends-at-seq", last)):
            if number is not None:
                self.number(number, (*way, key), key, 0)
        if event is not None:
            self.typed(event, str, (*way, "ends-with"), "ends-with")
        if "max-line-bytes" in found:
            self.number(found["max-line-bytes"], (*way, "max-line-bytes"), "max-line-bytes", 1)
        listed = self.typed(found.get("findings", []), list, (*way, "findings"), "findings")
        return Entry(
            path=path,
            full=self.full(name_of(path) or path, (*way, "path")),
            number=int(way[-1]),
            settings=self.settings(found, way),
            findings=tuple(self.expected(one, (*way, "findings", at)) for at, one in enumerate(listed)),
            starts_at_seq=seq,
            ends_with=event,
            ends_at_seq=last,
        )

    def expected(self, value: Any, way: Way) -> Expected:
        found = self.members(value, way, FINDING)
        if "rule" not in found:
            raise self.error(way, "this finding names no rule")
        name = self.typed(found["rule"], str, (*way, "rule"), "rule")
        rule = rules.find(name)
        if rule is None:
            close = rules.similar(name)
            hint = f"did you mean {close}?" if close else "`replay rules` lists them"
            raise self.error((*way, "rule"), f"there is no rule {name!r}; {hint}")
        for key, least in (("line", 1), ("seq", 0)):
            if key in found:
                self.number(found[key], (*way, key), key, least)
        fingerprint = found.get("fingerprint")
        if fingerprint is not None and not _FINGERPRINT(self.typed(fingerprint, str, way, "fingerprint")):
            said = "fingerprint is not 32 hexadecimal digits, a colon and a number"
            raise self.error((*way, "fingerprint"), f"{said}; `replay check --update` writes it")
        return Expected(rule.code, found.get("line"), found.get("seq"), fingerprint, int(way[-1]))

    def number(self, value: Any, way: Way, name: str, least: int) -> None:
        if self.typed(value, int, way, name) < least:
            raise self.error(way, f"{name}: {value} is less than {least}")

    def full(self, path: str, way: Way) -> str:
        """The whole path that a path of the manifest means. Raises UsageError if it leads out of the repository."""
        if not path.strip() or "\0" in path:
            raise self.error(way, f"{path!r} is no path")
        full = os.path.normpath(os.path.join(self._folder, path))  # noqa: PTH118
        fixed = full[: m.start()] if (m := re.search(r"[^/]*[*?\[]", full)) else full
        inside = within(full, self._root) and within(real(fixed), real_folder(self._root))
        if os.path.isabs(path) or not inside:  # noqa: PTH117
            raise self.error(way, f"{path!r} leads out of the repository")
        return full


_FINGERPRINT = re.compile(r"[0-9a-f]{32}:[1-9][0-9]{0,8}").fullmatch


def _like(word: str, known: Iterable[str]) -> str:
    """What may have been meant by an unknown word; imported here, since few manifests hold one."""
    from replay_cli.resembling import suggestion

    return suggestion(word, known)


def _read(path: Path, shown: str) -> bytes:
    if os.path.lexists(path) and not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file" if path.exists() else "a link to nothing"
        raise UsageError(f"{shown}: is {kind}")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise UsageError(f"{shown}: is larger than {LARGEST // 1024 // 1024} MiB")
    return data


def _parsed(data: bytes, shown: str) -> tuple[dict[str, Any], str]:
    """What a TOML text means, and the text."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data.count(b"\n", 0, error.start)
        raise PlacedError(shown, before + 1, "is not UTF-8") from None
    try:
        return read_plain(text) or tomllib.loads(text), text
    except RecursionError:
        raise PlacedError(shown, 1, "is nested too deeply") from None
    except ValueError as error:
        place = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)\Z", str(error))
        line = place[1] if place else text.count("\n") + 1 if "end of document" in str(error) else 1
        said = str(error)[: place.start()] if place else str(error).partition(" (at ")[0]
        raise PlacedError(shown, int(line), f"is not TOML: {said}") from None
