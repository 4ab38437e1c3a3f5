"""Discovery: what the user names, and what is then read."""

from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from replay_cli.discovery import Discovered, Entry, discover
from replay_cli.errors import SourceError, UsageError

Tree = Callable[..., None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Make files and folders (those with a slash behind) in an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def make(*names: str) -> None:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if name.endswith("/") else path.touch()

    return make


def find(*paths: str, exclude: tuple[str, ...] = (), files_from: str | None = None, stdin: bytes = b"") -> Discovered:
    return discover(paths, exclude=exclude, files_from=files_from, stdin=io.BytesIO(stdin))


def found(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    """The paths found, if nothing went wrong and nothing was empty."""
    result = find(*paths, exclude=exclude)
    assert (result.problems, result.empty) == ([], [])
    return [entry.path for entry in result.entries]


def problems(result: Discovered) -> list[tuple[type, str]]:
    return [(type(problem), str(problem)) for problem in result.problems]


class TestNamed:
    def test_a_named_file_is_taken_whatever_it_is_called(self, tree: Tree) -> None:
        tree("notes.txt", ".hidden", "a.jsonl")
        result = find("notes.txt", "a.jsonl", ".hidden", "./-")
        assert result.entries == [Entry(path, named=True) for path in ("notes.txt", "a.jsonl", ".hidden")]
        assert problems(result) == [(UsageError, "no such file: ./-")]

    def test_things_are_taken_in_the_order_named(self, tree: Tree) -> None:
        tree("c.jsonl", "b/2.jsonl", "b/1.jsonl", "a.jsonl")
        assert find("c.jsonl", "b", "-", "a.jsonl").entries == [
            Entry("c.jsonl", named=True),
            Entry("b/1.jsonl", named=False),
            Entry("b/2.jsonl", named=False),
            Entry("-", named=True),
            Entry("a.jsonl", named=True),
        ]

    def test_paths_are_shown_as_they_were_typed(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl")
        for typed, shown in [
            ("logs", "logs/a.jsonl"),
            ("logs/", "logs/a.jsonl"),
            ("./logs", "./logs/a.jsonl"),
            (".", "./logs/a.jsonl"),
            ("logs/../logs", "logs/../logs/a.jsonl"),
            (f"{tmp_path}", f"{tmp_path}/logs/a.jsonl"),
            ("*", "logs/a.jsonl"),
            ("./*/", "./logs/a.jsonl"),
        ]:
            assert found(typed) == [shown]

    def test_the_same_file_is_taken_once(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl", "logs/b.jsonl")
        (tmp_path / "logs/c.jsonl").symlink_to("a.jsonl")
        (tmp_path / "link").symlink_to("logs")
        assert found("logs", "./logs/a.jsonl", "link/b.jsonl", f"{tmp_path}/logs", "link", "l*/*") == [
            "logs/a.jsonl",
            "logs/b.jsonl",
        ]

    def test_a_file_that_is_named_too_counts_as_named(self, tree: Tree) -> None:
        tree("logs/a.jsonl", "logs/b.jsonl")
        named = [Entry("logs/a.jsonl", named=False), Entry("logs/b.jsonl", named=True)]
        assert find("logs", "./logs/b.jsonl").entries == named
        assert find("logs/b.jsonl", "logs").entries == [named[1], named[0]]

    @pytest.mark.parametrize("path", ["nothing.jsonl", "a.jsonl/b.jsonl", "dangling"])
    def test_what_is_missing_is_a_usage_error_and_the_rest_is_found(
        self, tree: Tree, tmp_path: Path, path: str
    ) -> None:
        tree("a.jsonl")
        (tmp_path / "dangling").symlink_to("gone")
        result = find(path, "a.jsonl", path)
        assert result.entries == [Entry("a.jsonl", named=True)]
        assert problems(result) == [(UsageError, f"no such file: {path}")]

    @pytest.mark.parametrize(("path", "shown"), [("", "''"), ("a\0b", r"'a\x00b'")])
    def test_what_cannot_be_a_path_is_a_usage_error(self, tree: Tree, path: str, shown: str) -> None:
        tree("a.jsonl")
        result = find(path)
        assert result.entries == []
        assert problems(result) == [(UsageError, f"no such file: {shown}")]

    def test_a_loop_of_links_is_a_source_error(self, tree: Tree, tmp_path: Path) -> None:
        tree()
        (tmp_path / "loop").symlink_to("loop")
        assert problems(find("loop")) == [(SourceError, f"loop: {os.strerror(errno.ELOOP)}")]

    def test_fifos_and_devices_can_be_named(self, tree: Tree) -> None:
        tree()
        os.mkfifo("fifo")
        assert found("fifo", "/dev/null") == ["fifo", "/dev/null"]


class TestStdin:
    def test_is_named_by_a_dash(self, tree: Tree) -> None:
        tree()
        assert find("-").entries == [Entry("-", named=True)]

    def test_can_be_named_once(self, tree: Tree) -> None:
        tree()
        result = find("-", "-")
        assert result.entries == [Entry("-", named=True)]
        assert problems(result) == [(UsageError, "standard input can be read only once, but - is given twice")]

    def test_is_never_meant_by_a_file_of_that_name(self, tree: Tree) -> None:
        tree("-", "logs/-.jsonl")
        assert found("./-", "logs") == ["./-", "logs/-.jsonl"]
        assert found("[-]") == ["./-"]


class TestFolders:
    def test_files_are_taken_by_their_endings(self, tree: Tree) -> None:
        taken = [
            "a.JSONL",
            "a.jsonl",
            "a.jsonl.bz2",
            "a.log",
            "a.log.XZ",
            "a.ndjson.zst",
            "a.sse",
            "a.sse.gz",
            "a.b.log",
        ]
        tree(
            *taken,
            "a.json",
            "a.txt",
            "a.gz",
            "jsonl",
            "a.jsonl~",
            "a.jsonl.gz.gz",
            "a.jsonl.bak",
            "a.log\n",
            "state.json",
        )
        assert found(".") == [f"./{name}" for name in sorted(taken)]

    def test_hidden_files_and_folders_are_passed_over(self, tree: Tree) -> None:
        tree("a.jsonl", ".b.jsonl", ".git/c.jsonl", "d/.e/f.jsonl")
        assert found(".") == ["./a.jsonl"]

    def test_but_a_hidden_folder_can_be_named(self, tree: Tree) -> None:
        tree(".codewhale/tasks/runtime/events/thr_1.jsonl")
        assert found(".codewhale") == [".codewhale/tasks/runtime/events/thr_1.jsonl"]

    def test_the_order_is_that_of_the_bytes_of_names_files_and_folders_alike(self, tree: Tree) -> None:
        tree("l/b.jsonl", "l/B.jsonl", "l/a/z.jsonl", "l/a.jsonl", "l/é.jsonl", "l/c/a.jsonl", "l/10.log", "l/9.log")
        assert found("l") == [
            "l/10.log",
            "l/9.log",
            "l/B.jsonl",
            "l/a/z.jsonl",
            "l/a.jsonl",
            "l/b.jsonl",
            "l/c/a.jsonl",
            "l/é.jsonl",
        ]

    def test_links_to_folders_are_not_walked_into_and_links_to_files_are_taken(
        self, tree: Tree, tmp_path: Path
    ) -> None:
        tree("logs/", "elsewhere/a.jsonl", "elsewhere/plain")
        (tmp_path / "logs/folder").symlink_to("../elsewhere")
        (tmp_path / "logs/folder.jsonl").symlink_to("../elsewhere")
        (tmp_path / "logs/round").symlink_to(".")
        (tmp_path / "logs/file.jsonl").symlink_to("../elsewhere/plain")
        assert found("logs") == ["logs/file.jsonl"]

    def test_but_a_link_to_a_folder_can_be_named(self, tree: Tree, tmp_path: Path) -> None:
        tree("elsewhere/a.jsonl")
        (tmp_path / "link").symlink_to("elsewhere")
        assert found("link") == ["link/a.jsonl"]

    def test_a_link_to_nothing_is_a_source_error(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl")
        (tmp_path / "logs/b.jsonl").symlink_to("gone")
        (tmp_path / "logs/loop.jsonl").symlink_to("loop.jsonl")
        (tmp_path / "logs/lock").symlink_to("gone")
        result = find("logs")
        assert result.entries == [Entry("logs/a.jsonl", named=False)]
        assert problems(result) == [
            (SourceError, "logs/b.jsonl: is a link to nothing that can be read"),
            (SourceError, "logs/loop.jsonl: is a link to nothing that can be read"),
        ]

    def test_what_is_no_file_is_passed_over(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl")
        os.mkfifo("logs/b.jsonl")
        (tmp_path / "logs/null.jsonl").symlink_to("/dev/null")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("logs/c.jsonl")
            assert found("logs") == ["logs/a.jsonl"]

    def test_a_folder_with_nothing_to_read_is_noted(self, tree: Tree) -> None:
        tree("logs/state.json", "logs/old/", "other/a.jsonl")
        result = find("logs", "other", "logs")
        assert (result.empty, result.problems) == (["logs"], [])
        assert result.entries == [Entry("other/a.jsonl", named=False)]

    def test_a_folder_whose_files_were_all_taken_before_is_not(self, tree: Tree) -> None:
        tree("logs/a.jsonl")
        assert found("logs/a.jsonl", "logs") == ["logs/a.jsonl"]

    def test_a_very_deep_folder(self, tree: Tree) -> None:
        tree("top/")
        # Deeper than Python recurses, which goes for its ways to make and remove such a folder, too.
        deep = "top/" + "d/" * 1500
        try:
            subprocess.run(["mkdir", "-p", deep], check=True)
            Path(deep, "a.jsonl").touch()
            assert found("top") == [f"{deep}a.jsonl"]
            assert found("top/**/*.jsonl") == [f"{deep}a.jsonl"]
        finally:
            subprocess.run(["rm", "-r", "top"], check=True)

    def test_a_folder_that_must_not_be_read_is_a_source_error(self) -> None:
        # Not in tmp_path, whose parents are closed to others, so that it would fail for another reason.
        with tempfile.TemporaryDirectory() as folder:
            for name in ("logs/a.jsonl", "logs/secret/b.jsonl", "logs/z.jsonl"):
                Path(folder, name).parent.mkdir(exist_ok=True)
                Path(folder, name).touch()
            for name, mode in (("", 0o755), ("logs", 0o755), ("logs/secret", 0)):
                Path(folder, name).chmod(mode)
            # Whatever is loaded is loaded before root is given up: packages may be out of reach for others.
            code = (
                "import os, pathlib, sys; from replay_cli.discovery import discover\n"
                "os.chdir(sys.argv[1]); os.getuid() or os.setuid(65534)\n"
                "for path in ('logs', 'logs/secret', 'logs/secret/b.jsonl', 'logs/**/*.jsonl', 'logs/*/b.jsonl'):\n"
                "    for exclude in ((), ('secret/**',)):\n"
                "        result = discover([path], exclude=exclude, stdin=None)\n"
                "        print([e.path for e in result.entries], list(map(str, result.problems)), result.empty)"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, folder], capture_output=True, text=True, check=False, timeout=30
            )
            Path(folder, "logs/secret").chmod(0o755)
        denied = os.strerror(errno.EACCES)
        readable = "['logs/a.jsonl', 'logs/z.jsonl']"
        assert done.stdout.splitlines() == [
            f"{readable} ['logs/secret: {denied}'] []",
            f"{readable} [] []",
            f"[] ['logs/secret: {denied}'] []",
            f"[] ['logs/secret: {denied}'] []",
            f"[] ['logs/secret/b.jsonl: {denied}'] []",
            f"[] ['logs/secret/b.jsonl: {denied}'] []",
            f"{readable} ['logs/secret: {denied}'] []",
            f"{readable} [] []",
            f"[] ['logs/secret/b.jsonl: {denied}'] []",
            "[] [] ['logs/*/b.jsonl']",
        ]


class TestPatterns:
    NAMES = (
        "a.jsonl",
        "b.txt",
        ".h.jsonl",
        "logs/1.jsonl",
        "logs/2.txt",
        "logs/x/3.jsonl",
        "logs/.h/4.jsonl",
        "z/5.log",
    )

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("*.jsonl", ["a.jsonl"]),
            ("?.*", ["a.jsonl", "b.txt"]),
            ("[ab].*", ["a.jsonl", "b.txt"]),
            ("[!a].*", ["b.txt"]),
            (".*.jsonl", [".h.jsonl"]),
            ("logs/*", ["logs/1.jsonl", "logs/2.txt", "logs/x/3.jsonl"]),
            ("logs/*.jsonl", ["logs/1.jsonl"]),
            ("*/*.jsonl", ["logs/1.jsonl"]),
            ("*/1.jsonl", ["logs/1.jsonl"]),
            ("l*/", ["logs/1.jsonl", "logs/x/3.jsonl"]),
            ("l*/x/", ["logs/x/3.jsonl"]),
            ("l*/../z/*", ["logs/../z/5.log"]),
            ("**/*.jsonl", ["a.jsonl", "logs/1.jsonl", "logs/x/3.jsonl"]),
            ("logs/**/*.jsonl", ["logs/1.jsonl", "logs/x/3.jsonl"]),
            ("logs/**/3.jsonl", ["logs/x/3.jsonl"]),
            ("logs/**", ["logs/1.jsonl", "logs/2.txt", "logs/x/3.jsonl"]),
            ("**/**/3.*", ["logs/x/3.jsonl"]),
            ("*/.h/*", ["logs/.h/4.jsonl"]),
            ("**", ["a.jsonl", "b.txt", "logs/1.jsonl", "logs/2.txt", "logs/x/3.jsonl", "z/5.log"]),
        ],
    )
    def test_find_files_sorted_and_hidden_ones_only_by_a_dot(
        self, tree: Tree, pattern: str, expected: list[str]
    ) -> None:
        tree(*self.NAMES)
        assert find(pattern) == Discovered([Entry(path, named=False) for path in expected])

    def test_may_be_absolute(self, tree: Tree, tmp_path: Path) -> None:
        tree(*self.NAMES)
        assert found(f"{tmp_path}/*/*.log") == [f"{tmp_path}/z/5.log"]

    @pytest.mark.parametrize(
        "pattern", ["*.sse", "nothing/*", "a.jsonl/*", "*/nothing/*", "x" * 5000 + "*", "[", "**/*.sse"]
    )
    def test_that_match_nothing_are_usage_errors(self, tree: Tree, pattern: str) -> None:
        tree(*self.NAMES)
        assert problems(find(pattern)) == [(UsageError, f"nothing matches the pattern: {pattern}")]

    def test_a_file_of_that_name_is_that_file(self, tree: Tree) -> None:
        tree("a[1].jsonl", "a1.jsonl", "*")
        assert find("a[1].jsonl", "*").entries == [Entry("a[1].jsonl", named=True), Entry("*", named=True)]

    def test_that_match_only_what_has_nothing_to_read_are_noted(self, tree: Tree) -> None:
        tree("logs/state.json", "old/")
        os.mkfifo("logs/fifo")
        result = find("l*", "logs/f*", "o*/")
        assert (result.entries, result.problems, result.empty) == ([], [], ["l*", "logs/f*", "o*/"])

    def test_links_that_lead_round_in_circles_do_no_harm(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl")
        for name in ("up", "round", "again"):
            (tmp_path / "logs" / name).symlink_to(".." if name == "up" else ".")
        assert found("**/*.jsonl") == ["logs/a.jsonl"]
        assert found("logs/**") == ["logs/a.jsonl"]


class TestExclude:
    NAMES = (
        "logs/a.jsonl",
        "logs/a.log",
        "logs/old/b.jsonl",
        "logs/old/c.log",
        "logs/x/old/d.jsonl",
        "logs/x/y/x.jsonl",
        "logs/x.jsonl",
    )
    OLD, OTHER_OLD = ("logs/old/b.jsonl", "logs/old/c.log"), ("logs/x/old/d.jsonl",)

    @pytest.mark.parametrize(
        ("pattern", "gone"),
        [
            ("*.log", ("logs/a.log", "logs/old/c.log")),
            ("x.jsonl", ("logs/x.jsonl", "logs/x/y/x.jsonl")),
            ("**/x.jsonl", ("logs/x.jsonl", "logs/x/y/x.jsonl")),
            ("old", OLD + OTHER_OLD),
            ("old/", OLD + OTHER_OLD),
            ("**/old/", OLD + OTHER_OLD),
            ("**/old/**", OLD + OTHER_OLD),
            ("old/**", OLD),
            ("/old", OLD),
            ("/old/", OLD),
            ("logs/old", OLD),
            ("logs/old/", OLD),
            ("./logs/old/**", OLD),
            ("x/*/d.jsonl", OTHER_OLD),
            ("x/**/x.jsonl", ("logs/x/y/x.jsonl",)),
            ("logs/**/x.jsonl", ("logs/x.jsonl", "logs/x/y/x.jsonl")),
            ("logs/*.jsonl", ("logs/a.jsonl", "logs/x.jsonl")),
            ("*/*.jsonl", ("logs/a.jsonl", "logs/x.jsonl", "logs/old/b.jsonl")),
            ("/*.log", ("logs/a.log",)),
            ("[ab].*", ("logs/a.jsonl", "logs/a.log", "logs/old/b.jsonl")),
            ("a.log/", ()),
            ("y/x.jsonl", ()),
            ("*.LOG", ()),
            ("", ()),
            ("/", ()),
        ],
    )
    @pytest.mark.parametrize("named", ["logs", "logs/**"])
    def test_takes_out_what_people_expect(self, tree: Tree, named: str, pattern: str, gone: tuple[str, ...]) -> None:
        tree(*self.NAMES)
        assert found(named, exclude=(pattern,)) == [path for path in found(named) if path not in gone]

    def test_what_cannot_be_followed_is_told(self, tree: Tree) -> None:
        tree("logs/a.jsonl")
        said = "--exclude: '[[:alpha:]]*' is a pattern that cannot be followed"
        assert [said] == [str(one) for one in find("logs", exclude=("[[:alpha:]]*", "*.sse")).problems]

    def test_the_last_that_matches_decides(self, tree: Tree) -> None:
        tree(*self.NAMES)
        assert found("logs", exclude=("*.jsonl", "*.log", "!a.*")) == ["logs/a.jsonl", "logs/a.log"]
        assert find("logs", exclude=("!a.*", "*.jsonl", "*.log")).entries == []

    def test_several(self, tree: Tree) -> None:
        tree(*self.NAMES)
        assert found("logs", exclude=("old/", "*.log", "/x")) == ["logs/a.jsonl", "logs/x.jsonl"]

    def test_matches_absolute_paths_where_they_are_shown(self, tree: Tree, tmp_path: Path) -> None:
        tree(*self.NAMES)
        assert f"{tmp_path}/logs/a.log" not in found(f"{tmp_path}/logs", exclude=(f"{tmp_path}/logs/*.log",))

    def test_never_what_was_named(self, tree: Tree) -> None:
        tree(*self.NAMES)
        assert found("logs/a.log", "logs/old", exclude=("*.log", "old/")) == ["logs/a.log", "logs/old/b.jsonl"]

    def test_a_folder_passed_over_is_not_looked_into(self, tree: Tree, tmp_path: Path) -> None:
        tree("logs/a.jsonl", "logs/old/")
        (tmp_path / "logs/old/gone.jsonl").symlink_to("nowhere")
        assert find("logs").problems != []
        for pattern in ("old", "old/", "old/**", "logs/old"):
            assert found("logs", exclude=(pattern,)) == ["logs/a.jsonl"]

    @pytest.mark.parametrize("named", ["logs", "logs/*", "*"])
    def test_of_everything_leaves_something_empty(self, tree: Tree, named: str) -> None:
        tree("logs/a.jsonl")
        result = find(named, exclude=("*.jsonl",))
        assert (result.entries, result.problems, result.empty) == ([], [], [named])


class TestFilesFrom:
    @pytest.mark.parametrize(
        ("listed", "expected"),
        [
            (b"b.jsonl\na.jsonl\n", ["b.jsonl", "a.jsonl"]),
            (b"b.jsonl\na.jsonl", ["b.jsonl", "a.jsonl"]),
            (b"\n  \nb.jsonl\n\n\t\n", ["b.jsonl"]),
            (b"# b.jsonl\n b \n", ["# b.jsonl", " b "]),
            (b"b.jsonl\0line\nbreak.jsonl\0", ["b.jsonl", "line\nbreak.jsonl"]),
            (b"b.jsonl\0 \0", ["b.jsonl", " "]),
            (b"caf\xe9.jsonl\n", ["caf\udce9.jsonl"]),
            ("café.jsonl\n".encode(), ["café.jsonl"]),
            (b"BZh9.jsonl\n", ["BZh9.jsonl"]),
            (b"folder\n", ["folder/c.jsonl"]),
        ],
    )
    def test_holds_a_path_a_line(self, tree: Tree, listed: bytes, expected: list[str]) -> None:
        tree("a.jsonl", "b.jsonl", "# b.jsonl", " b ", " ", "line\nbreak.jsonl", "caf\udce9.jsonl", "café.jsonl")
        tree("BZh9.jsonl", "folder/c.jsonl", "folder/state.json")
        Path("list").write_bytes(listed)
        for result in (find(files_from="list"), find(files_from="-", stdin=listed)):
            assert (result.problems, result.empty) == ([], [])
            assert result.entries == [Entry(path, named=not path.startswith("folder")) for path in expected]

    def test_comes_after_what_was_named(self, tree: Tree) -> None:
        tree("a.jsonl", "b.jsonl")
        assert [entry.path for entry in find("b.jsonl", files_from="-", stdin=b"a.jsonl\nb.jsonl\n").entries] == [
            "b.jsonl",
            "a.jsonl",
        ]

    def test_is_not_expanded(self, tree: Tree) -> None:
        tree("a.jsonl")
        assert problems(find(files_from="-", stdin=b"*.jsonl\n")) == [
            (UsageError, "no such file: *.jsonl (listed by --files-from -)")
        ]

    def test_missing_entries_are_usage_errors_and_the_rest_is_found(self, tree: Tree) -> None:
        tree("a.jsonl")
        Path("list").write_text("gone\na.jsonl\n")
        result = find(files_from="list")
        assert result.entries == [Entry("a.jsonl", named=True)]
        assert problems(result) == [(UsageError, "no such file: gone (listed by --files-from list)")]

    @pytest.mark.parametrize("listed", [b"", b"\n \n"])
    def test_list_that_names_nothing_is_told(self, tree: Tree, listed: bytes) -> None:
        tree("a.jsonl")
        found = find("a.jsonl", files_from="-", stdin=listed)

        assert ([Entry("a.jsonl", named=True)], ["--files-from: -"]) == (found.entries, found.empty)

    def test_a_missing_list_is_a_usage_error(self, tree: Tree) -> None:
        tree("folder/", "a.jsonl")
        result = find("a.jsonl", files_from="gone")
        assert result.entries == [Entry("a.jsonl", named=True)]
        assert problems(result) == [(UsageError, "--files-from: no such file: gone")]
        assert problems(find(files_from="folder")) == [(UsageError, "--files-from: is a folder, not a file: folder")]

    def test_standard_input_cannot_be_the_list_and_an_input(self, tree: Tree) -> None:
        tree("a.jsonl")
        result = find("-", files_from="-", stdin=b"a.jsonl\n")
        assert result.entries == [Entry("a.jsonl", named=True)]
        assert problems(result) == [(UsageError, "- is the list of --files-from already and cannot be an input too")]
        assert problems(find(files_from="-", stdin=b"-\n")) == problems(result)

    def test_no_standard_input_at_all(self) -> None:
        assert problems(discover([], files_from="-", stdin=None)) == [
            (UsageError, "--files-from: there is no standard input")
        ]

    def test_a_list_in_a_file_may_hold_a_dash(self, tree: Tree) -> None:
        tree("a.jsonl")
        Path("list").write_text("a.jsonl\n-\n")
        assert [entry.path for entry in find(files_from="list").entries] == ["a.jsonl", "-"]


class TestNames:
    @pytest.mark.parametrize(
        "name", ["line\nbreak", "caf\udce9", "tab\t", " ", "日本", "\x1b[31m", "-", "--", "[x]", "\\"]
    )
    def test_odd_ones_survive(self, tree: Tree, name: str) -> None:
        tree(f"{name}/{name}.jsonl")
        path = f"{name}/{name}.jsonl"
        assert found(path) == [path]
        assert found(f"./{name}") == [f"./{path}"]
        assert found(".") == [f"./{path}"]
        assert found("*/*.jsonl") == [path]
        assert found("*/*.jsonl", exclude=("nothing",)) == [path]
        assert Path(path).exists()

    def test_odd_ones_are_shown_in_one_line(self, tree: Tree) -> None:
        tree()
        assert [str(problem) for problem in find("a\nb", "caf\udce9", "\x1b[31m*").problems] == [
            r"no such file: a\nb",
            r"no such file: caf\xe9",
            r"nothing matches the pattern: \x1b[31m*",
        ]
