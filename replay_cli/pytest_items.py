"""Recordings as tests of pytest: which are collected, and what one says when it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from fnmatch import fnmatch
from functools import cached_property, partial
from glob import escape
from os import PathLike
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_cli.api import audit_source
from replay_cli.discovery import NOTHING_IN_IT, Discovered, discover
from replay_cli.errors import ReplayError, one_line
from replay_cli.pytest_terms import Terms
from replay_cli.sources import open_path

if TYPE_CHECKING:
    from replay_cli.audited import AuditedLog

ITEM = "replay"
"""What the one test of a recording is called, behind its path."""

_WILD = re.compile(r"[*?[]")


class Collecting:
    """The hooks by which recordings below ``replay_paths`` become tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._terms = Terms(config)
        self._beside: Beside | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """A run of all tests takes the recordings too, where they stand outside ``testpaths`` or the root folder.

        Raises UsageError if a path names nothing: a gate that looks at nothing is none.
        """
        if self._config.args_source is pytest.Config.ArgsSource.ARGS:
            return
        found = self._found
        for problem in found.problems:
            raise pytest.UsageError(f"replay_paths: {problem}")
        for empty in found.empty:
            raise pytest.UsageError(f"replay_paths: {empty}: {NOTHING_IN_IT}")
        given = [Path(self._config.rootpath, arg) for arg in self._config.args]
        self._hold_reached(given)
        # A run in a folder of the root is one of that folder; what is outside the root no folder's run would take.
        apart_from = (
            given
            if self._config.args_source is pytest.Config.ArgsSource.TESTPATHS
            else [*given, self._config.rootpath]
        )
        outside = [
            path for path in self._recordings.values() if not (_is_below(path, apart_from) or self._is_ignored(path))
        ]
        if outside:
            # Folders: of a file that is named, pytest looks at the whole folder again for each.
            folders = _topmost({path.parent for path in outside})
            if folders:
                self._beside = Beside(frozenset(outside), folders, given)
                # Before pytest 9, of a folder and one that is inside of it only the latter was looked into.
                apart = [
                    arg for arg, path in zip(self._config.args, given, strict=True) if not _is_below(path, folders)
                ]
                self._config.args = apart + [str(folder) for folder in folders]

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Of the folders that recordings brought in, only the recordings are taken."""
        return self._beside.ignores(collection_path) if self._beside is not None else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The recording that this file is, if it is one."""
        if file_path.name not in self._names:
            return None
        known = self._recordings.get(file_path.resolve())
        if known is None or self._comes_by(known, file_path):
            return None
        recording: Recording = Recording.from_parent(parent, path=file_path)
        shown = one_line(recording.nodeid)
        if shown != recording.nodeid:
            # Ids go to terminals, into XML and to the processes of pytest-xdist, which take text only.
            recording = Recording.from_parent(parent, path=file_path, nodeid=shown, name=one_line(recording.name))
        recording.terms = self._terms
        return recording

    def _comes_by(self, known: Path, path: Path) -> bool:
        """Whether a recording at ``path`` comes by the name ``known`` in this run, as there are links."""
        start = self._config.invocation_params.dir
        name = self._from_root(known)
        if self._from_root(path) == name:
            return False
        return _is_below(name, [self._from_root(start / arg.partition("::")[0]) for arg in self._config.args])

    def _from_root(self, path: Path) -> Path:
        """A path without links on the way to the root folder, which may be called by several names itself."""
        root, real = self._config.rootpath, self._real_root
        return real / path.relative_to(root) if path.is_relative_to(root) else path

    @cached_property
    def _real_root(self) -> Path:
        return self._config.rootpath.resolve()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Among what a report can be selected by are the names of folders, which may be no text either."""
        made = yield
        if isinstance(item, Audit):
            report = made.get_result()
            report.keywords = {one_line(name): value for name, value in report.keywords.items()}

    def _hold_reached(self, given: list[Path]) -> None:
        """Raise UsageError for what names only recordings in folders that pytest is told to pass over."""
        patterns = self._config.getini("norecursedirs")
        for pattern in self._config.getini("replay_paths"):
            named = discover([_from(self._config.rootpath, pattern)], stdin=None).entries
            paths = [Path(normpath(entry.path)) for entry in named]
            if paths and all(_is_passed_over(path, given, patterns) for path in paths):
                said = "stands in a folder that pytest passes over (norecursedirs); name that in testpaths"
                raise pytest.UsageError(f"replay_paths: {one_line(pattern)}: {said}")

    def _is_ignored(self, path: Path) -> bool:
        """Whether --ignore or --ignore-glob is for it; pytest itself does not ask them of what it is to look into."""
        start = self._config.invocation_params.dir
        ignored = [start / one for one in self._config.getoption("ignore") or ()]
        patterns = [str(start / one) for one in self._config.getoption("ignore_glob") or ()]
        return _is_below(path, ignored) or any(fnmatch(str(path), pattern) for pattern in patterns)

    @cached_property
    def _found(self) -> Discovered:
        root = self._config.rootpath
        paths = [_from(root, pattern) for pattern in self._config.getini("replay_paths")]
        return discover(paths, stdin=None)

    @cached_property
    def _recordings(self) -> dict[Path, Path]:
        """The recordings, by what they really are."""
        return {Path(entry.path).resolve(): Path(normpath(entry.path)) for entry in self._found.entries}

    @cached_property
    def _names(self) -> frozenset[str]:
        """Their names: most files need not be looked at further."""
        return frozenset(path.name for pair in self._recordings.items() for path in pair)


class Beside:
    """What a run takes: all that was ``given``, and of the ``folders`` outside of that, which it would not have
    looked into, nothing but the ``recordings``.
    """

    def __init__(self, recordings: frozenset[Path], folders: list[Path], given: list[Path]) -> None:
        self._folders, self._given = folders, given
        self._ways = {above for path in given for above in (path, *path.parents)}
        self._wanted = {above for path in recordings for above in (path, *path.parents)}

    def ignores(self, path: Path) -> bool | None:
        """Whether to leave out a file or folder; None where that is not for us to say."""
        if not _is_below(path, self._folders) or _is_below(path.parent, self._given):
            return None
        if path in self._ways:
            # It was named, so that pytest would take it whatever it is called.
            return False
        return None if path in self._wanted else True


class Recording(pytest.File):
    """A log or capture, in which there is one test."""

    terms: Terms

    def collect(self) -> Iterable[pytest.Item]:
        """Its test."""
        yield Audit.from_parent(self, name=ITEM)


class Audit(pytest.Item):
    """The test of one recording: it is as the manifest says, or else it would pass ``replay validate``."""

    def runtest(self) -> None:
        """Audit the recording. Raises BrokenRecordingError with what is wrong with it."""
        recording = self.parent
        assert isinstance(recording, Recording)
        name = _shown(self.path, self.config.rootpath)
        terms = recording.terms
        report = audit_source(partial(open_path, self.path, name), terms.options(self.path))
        if report.profile == "foreign" and self.path.suffix.lower() == ".log" and terms.entry(self.path) is None:
            pytest.skip(report.verdict)
        why = list(terms.broken(report, self.path))
        if why:
            raise BrokenRecordingError("\n".join(why))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """What is wrong with the recording; where it stands in our code says nothing."""
        if isinstance(excinfo.value, BrokenRecordingError | ReplayError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is, and how it is called: the name alone, since pytest takes a dot in it for a class."""
        return Path(one_line(str(self.path))), None, self.name


class BrokenRecordingError(AssertionError):
    """A recording does not pass: its findings, a line each, and the verdict."""


def opener(config: pytest.Config) -> Callable[[str | PathLike[str]], AuditedLog]:
    """The function that the fixture ``replay_log`` is."""
    from replay_cli.audited import audited

    terms, root = Terms(config), config.rootpath

    def replay_log(path: str | PathLike[str]) -> AuditedLog:
        """The audited log at ``path``. Raises UsageError if there is none, SourceError if it cannot be opened."""
        return audited(root / path, str(path), terms.options(root / path))

    return replay_log


def _from(root: Path, pattern: str) -> str:
    """A path or pattern, from the root folder; what looks like a pattern in that folder's own path is none."""
    path = root / pattern
    return str(path) if path.exists() or _WILD.search(pattern) is None else str(Path(escape(str(root)), pattern))


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _is_passed_over(path: Path, given: Iterable[Path], patterns: Iterable[str]) -> bool:
    """Whether a path is below what was ``given``, and from each of that in a folder that fits a pattern.

    A pattern with a slash is for whole paths, another for names, as pytest takes ``norecursedirs``.
    """
    above = [one for one in given if path.is_relative_to(one)]
    return bool(above) and all(
        any(
            fnmatch(str(folder), f"*/{pattern}") if "/" in pattern else fnmatch(folder.name, pattern)
            for folder in path.parents
            if folder != one and folder.is_relative_to(one)
            for pattern in patterns
        )
        for one in above
    )


def _topmost(folders: set[Path]) -> list[Path]:
    """The folders that are in none of the others, in the order of their names."""
    return sorted(folder for folder in folders if folders.isdisjoint(folder.parents))


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
