"""The pytest plugin: recordings as tests, the fixture, and what it costs. Each run is a pytest of its own."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import entry_points
from pathlib import Path

import pytest

# Imported here, since a run in this process forgets what it imports, and would take some of it in twice.
from replay_cli import audited, fragments, history, pytest_items
from tests.making import record, store

pytest_plugins = ["pytester"]
IMPORTED = (audited, fragments, history, pytest_items)

CLEAN = record(1) + record(2)
TORN = record(1) + record(2)[:40]
STEP_BACK = record(1) + record(3) + record(2)

pytestmark = pytest.mark.skipif(
    not any(point.value == "replay_cli.pytest_plugin" for point in entry_points(group="pytest11")),
    reason="replay-cli is not installed with its entry points: make .venv/developing",
)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests in one folder, recordings in another."""
    for name in ("CI", "BUILD_NUMBER"):  # under CI, pytest tells each failure a second time, whole
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\ntestpaths = tests\nreplay_paths = recordings\n")
    write(pytester.path, {"tests/test_one.py": b"def test_one(): pass\n", "recordings/clean.jsonl": CLEAN})
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    """A run in this process, which is quicker."""
    return project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:anyio", *words)


def run_apart(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    """A run in a process of its own, as a user's is, without what else is installed here and takes long to load."""
    return project.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:anyio", "-p", "no:hypothesispytest", *words
    )


def ran(told: list[str]) -> set[str]:
    """The node ids of a verbose run, each with how it ended."""
    lines = (re.match(r"(\S+::\S+ (?:PASSED|FAILED|SKIPPED))", line) for line in told)
    return {line[1] for line in lines if line}


def test_the_test_that_the_manual_shows_passes(project: pytest.Pytester) -> None:
    page = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    write(project.path, {"tests/test_one.py": shown.encode(), "recordings/run.jsonl": store(92, 93, completed=True)})
    passed = run(project, "-v", "tests")
    write(project.path, {"recordings/run.jsonl": store(92, 93)})
    failed = run(project, "-v", "tests")

    assert ran(passed.outlines) == {"tests/test_one.py::test_it_comes_to_an_end PASSED"}
    assert ran(failed.outlines) == {"tests/test_one.py::test_it_comes_to_an_end FAILED"}


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        ("", ["link/clean.jsonl"]),
        (".", ["link/clean.jsonl"]),
        ("recordings link", ["link/clean.jsonl"]),
        ("link", ["link/clean.jsonl"]),
        ("recordings/clean.jsonl", ["recordings/clean.jsonl"]),
        ("-n1", ["link/clean.jsonl"]),
    ],
)
def test_a_recording_behind_a_link_is_one_test(words: str, paths: list[str], project: pytest.Pytester) -> None:
    (project.path / "link").symlink_to("recordings")
    project.makeini("[pytest]\nreplay_paths = link\n")
    told = (run_apart if "-n" in words else run)(project, "-v", "-k", "replay", *words.split()).stdout.str()

    assert paths == sorted(set(re.findall(r"(\S+)::replay", told)))


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("replay_paths = build/rec", 4),
        ("replay_paths = build/rec/torn.jsonl", 4),
        ("replay_paths = recordings build", 4),
        ("replay_paths = .", 0),
        ("replay_paths = build/rec\nnorecursedirs = other", 1),
        ("replay_paths = build/rec\nnorecursedirs = build/rec", 4),
        ("replay_paths = build/rec\ntestpaths = tests build", 1),
        ("replay_paths = build/rec\ntestpaths = tests", 1),
    ],
)
def test_recordings_that_pytest_passes_over_are_no_gate(settings: str, code: int, project: pytest.Pytester) -> None:
    write(project.path, {"build/rec/torn.jsonl": TORN})
    project.makeini(f"[pytest]\n{settings}\n")
    result = run(project)

    assert code == result.ret
    assert (code == 4) == ("stands in a folder that pytest passes over" in result.stderr.str())


def test_each_recording_is_a_test(project: pytest.Pytester) -> None:
    write(project.path, {"recordings/deep/torn.jsonl": TORN, "recordings/readme.md": b"none", "other.jsonl": TORN})

    result = run(project, "-v")

    assert result.ret == 1
    assert ran(result.outlines) == {
        "tests/test_one.py::test_one PASSED",
        "recordings/clean.jsonl::replay PASSED",
        "recordings/deep/torn.jsonl::replay FAILED",
    }


def test_a_failure_is_told_by_its_findings_and_the_verdict(project: pytest.Pytester) -> None:
    write(project.path, {"recordings/torn.jsonl": STEP_BACK + record(4)[:40]})

    told = run(project).outlines

    start = next(number for number, line in enumerate(told) if line.strip("_") == " replay ")
    assert told[start + 1 : start + 4] == [
        "recordings/torn.jsonl:3:1: S102 seq-step-back seq 2 comes after 3",
        "recordings/torn.jsonl:4:1: F101 torn-tail 40 bytes after the last newline: an append that never finished",
        "verdict: " + told[start + 3].removeprefix("verdict: "),
    ]
    assert told[start + 3].startswith("verdict: the runtime ")
    assert not [line for line in told if "Traceback" in line or ".py:" in line]


@pytest.mark.parametrize(
    ("paths", "collected"),
    [
        ("recordings", {"recordings/a.jsonl", "recordings/b.sse", "recordings/deep/c.jsonl"}),
        ("recordings/*.jsonl", {"recordings/a.jsonl"}),
        ("recordings/**/*.jsonl", {"recordings/a.jsonl", "recordings/deep/c.jsonl"}),
        ("recordings/b.sse recordings/deep", {"recordings/b.sse", "recordings/deep/c.jsonl"}),
        ("recordings/notes.txt", {"recordings/notes.txt"}),
    ],
)
def test_paths_are_files_folders_and_patterns(paths: str, collected: set[str], pytester: pytest.Pytester) -> None:
    names = ("a.jsonl", "b.sse", "deep/c.jsonl", "notes.txt", ".hidden.jsonl")
    write(pytester.path, {f"recordings/{name}": CLEAN for name in names})
    pytester.makeini(f"[pytest]\nreplay_paths = {paths}\n")

    assert {line.partition("::")[0] for line in ran(run(pytester, "-v").outlines)} == collected


def test_a_root_that_looks_like_a_pattern_is_none(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"r*/recordings/a.jsonl": CLEAN, "root/recordings/b.jsonl": CLEAN})
    root = pytester.path / "r*"
    (root / "pytest.ini").write_text("[pytest]\nreplay_paths = recordings/*.jsonl\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", timeout=60, check=True)

    assert ran(done.stdout.splitlines()) == {"recordings/a.jsonl::replay PASSED"}


def test_of_the_folders_of_recordings_only_they_are_taken(project: pytest.Pytester) -> None:
    other = b"def test_other(): pass\n"
    files = {"recordings/test_other.py": other, "recordings/more/test_more.py": other, "test_top.py": other}
    write(project.path, {**files, "top.jsonl": CLEAN, "build/built.jsonl": CLEAN, "tests/inner.jsonl": CLEAN})
    write(project.path, {"build/test_built.py": other})
    project.makeini("[pytest]\ntestpaths = tests build\nreplay_paths = *.jsonl recordings tests\n")

    assert ran(run(project, "-v").outlines) == {
        "tests/test_one.py::test_one PASSED",
        "build/test_built.py::test_other PASSED",
        *(f"{name}.jsonl::replay PASSED" for name in ("top", "recordings/clean", "tests/inner")),
    }


@pytest.mark.parametrize("words", [["--no-replay"], ["-p", "no:replay"], ["-p", "no:replay-cli"]])
def test_it_can_be_switched_off(words: list[str], project: pytest.Pytester) -> None:
    # Without the plugin pytest does not know its ini options, and warns of them.
    assert ran(run_apart(project, "-v", *words).outlines) == {"tests/test_one.py::test_one PASSED"}


@pytest.mark.parametrize(
    ("word", "left"), [("--ignore=recordings", set()), ("--ignore-glob=*/torn*", {"clean"}), ("--ignore=tests", None)]
)
def test_what_pytest_is_to_ignore_is_ignored(word: str, left: set[str] | None, project: pytest.Pytester) -> None:
    write(project.path, {"recordings/torn.jsonl": TORN})

    told = {line.partition("::")[0] for line in ran(run(project, "-v", word).outlines)}

    names = {"clean", "torn"} if left is None else left
    assert {f"recordings/{name}.jsonl" for name in names} == {one for one in told if one.startswith("recordings")}


def test_nothing_is_collected_where_no_paths_are_set(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\n")

    assert ran(run(project, "-v").outlines) == {"tests/test_one.py::test_one PASSED"}


@pytest.mark.parametrize(
    ("words", "collected"),
    [
        (["tests"], {"tests/test_one.py::test_one PASSED"}),
        (["recordings/clean.jsonl"], {"recordings/clean.jsonl::replay PASSED"}),
        (["recordings/clean.jsonl::replay"], {"recordings/clean.jsonl::replay PASSED"}),
        (["-k", "replay"], {"recordings/clean.jsonl::replay PASSED"}),
        (["."], {"tests/test_one.py::test_one PASSED", "recordings/clean.jsonl::replay PASSED"}),
    ],
)
def test_what_is_named_is_run(words: list[str], collected: set[str], project: pytest.Pytester) -> None:
    assert ran(run(project, "-v", *words).outlines) == collected


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("replay_paths = recordings/*.sse", "ERROR: replay_paths: nothing matches the pattern: "),
        ("replay_paths = missing", "ERROR: replay_paths: no such file: "),
        ("replay_paths = tests", "ERROR: replay_paths: "),
        ("replay_paths = recordings\nreplay_ignore = X999", "ERROR: replay_ignore: there is no rule 'X999'"),
        (
            "replay_paths = recordings\nreplay_ignore = all",
            "ERROR: replay_select, replay_ignore, replay_severity: leave no rule to ask",
        ),
        ("replay_paths = recordings\nreplay_fail_level = grave", "ERROR: replay_fail_level: "),
    ],
)
def test_a_gate_that_cannot_be_meant_is_a_usage_error(setting: str, said: str, project: pytest.Pytester) -> None:
    project.makeini(f"[pytest]\ntestpaths = tests\n{setting}\n")

    result = run_apart(project, "-n", "2") if "*" in setting else run(project)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line.startswith(said)]
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    ("setting", "ended"),
    [
        ("", "PASSED"),
        ("replay_fail_level = warning", "FAILED"),
        ("replay_severity = blank-line=error", "FAILED"),
        ("replay_fail_level = warning\nreplay_ignore = F102", "PASSED"),
        ("replay_fail_level = warning\nreplay_select = S", "PASSED"),
    ],
)
def test_what_fails_is_what_the_settings_say(setting: str, ended: str, project: pytest.Pytester) -> None:
    write(project.path, {"recordings/blank.jsonl": record(1) + b"\n" + record(2)})
    project.makeini(f"[pytest]\ntestpaths = tests\nreplay_paths = recordings\n{setting}\n")

    assert f"recordings/blank.jsonl::replay {ended}" in ran(run(project, "-v").outlines)


def test_what_cannot_be_read_or_holds_nothing_fails(project: pytest.Pytester) -> None:
    files = {
        "empty.jsonl": b"",
        "cut.jsonl.gz": gzip.compress(CLEAN * 50)[:-20],
        "program.log": b"10:00 started\n10:01 stopped\n",
        "other.jsonl": b'{"type":"text"}\n',
    }
    write(project.path, {f"recordings/{name}": data for name, data in files.items()})

    result = run(project, "-v")

    assert ran(result.outlines) == {
        "tests/test_one.py::test_one PASSED",
        "recordings/clean.jsonl::replay PASSED",
        "recordings/empty.jsonl::replay FAILED",
        "recordings/cut.jsonl.gz::replay FAILED",
        "recordings/program.log::replay SKIPPED",
        "recordings/other.jsonl::replay FAILED",
    }
    assert [line for line in result.outlines if line.startswith("not read to its end: recordings/cut.jsonl.gz: ")]


def test_nothing_of_a_recording_reaches_the_terminal_raw(project: pytest.Pytester) -> None:
    hostile = record(1) + record(2, event="\x1b[31m\u202e", payload={"\x9b": "\x1b]0;x\x07"}) + b'{"seq":\x1b\n'
    write(project.path, {"recordings/hostile.jsonl": hostile})

    result = run(project, "-v", "--color=no")

    assert "recordings/hostile.jsonl::replay FAILED" in ran(result.outlines)
    assert not set("\x1b\x9b\x07\u202e") & set(result.stdout.str())


ODD = {b"\xff.jsonl": "\\xff", b"a\x01\x1b[31mb.jsonl": "a\\x01\\x1b[31mb", "\u202e.jsonl".encode(): "\\u202e"}
"""Names of files that are no text, or would not show as what they are, and how they are shown."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the names of files are text")
@pytest.mark.parametrize("words", [[], ["-n", "2"], ["--junitxml=found.xml"]])
def test_names_that_are_no_text_are_escaped_in_the_ids_of_tests(words: list[str], project: pytest.Pytester) -> None:
    for name in ODD:
        (project.path / "recordings" / os.fsdecode(name)).write_bytes(CLEAN)
    (project.path / "recordings" / os.fsdecode(b"in\xfe")).mkdir()
    (project.path / "recordings" / os.fsdecode(b"in\xfe") / "torn.jsonl").write_bytes(TORN)

    result = run_apart(project, "-v", "--color=no", *words)

    result.assert_outcomes(passed=5, failed=1)
    told = result.stdout.str()
    for shown in (*ODD.values(), "in\\xfe/torn"):
        assert f"recordings/{shown}.jsonl::replay" in told
    assert "recordings/in\\xfe/torn.jsonl:2:1: F101 torn-tail" in told
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\udc80-\udcff]", told)
    if "--junitxml=found.xml" in words:
        cases = ElementTree.parse(project.path / "found.xml").getroot().iter("testcase")
        assert len(list(cases)) == 6


def test_the_list_of_findings_is_bounded(project: pytest.Pytester) -> None:
    write(project.path, {"recordings/many.jsonl": record(1) + b"{\n" * 1000})

    told = run(project).outlines

    assert sum(line.endswith(" double quotes") for line in told) == 50
    assert "and 950 more findings" in told


def test_what_the_page_shows_is_what_a_failure_says(project: pytest.Pytester) -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "pytest.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    write(project.path, {"recordings/torn-tail.jsonl": (root / "fixtures/damaged/torn-tail.jsonl").read_bytes()})

    alone = run(project).stdout.str()
    known = b'[[expect]]\npath = "recordings/torn-tail.jsonl"\nfindings = [{ rule = "not-json", line = 9 }]\n'
    write(project.path, {"replay.toml": b"# ours\n\n" + known})
    held = run(project).stdout.str()

    assert [(block in alone, block in held) for block in shown] == [(True, False), (False, True)]


MANIFEST = """
severity = { seq-step-back = "warning" }

[[expect]]
path = "recordings/torn.jsonl"
starts-at-seq = 1
findings = [{ rule = "torn-tail", line = 2 }]

[[expect]]
path = "recordings/cle*.jsonl"
profile = "record"
ends-with = "item.delta"
"""
"""What the recordings of ``held`` are."""


@pytest.fixture
def held(project: pytest.Pytester) -> pytest.Pytester:
    """A project with a manifest: by it all recordings pass, and without it two do not."""
    write(
        project.path,
        {
            "replay.toml": MANIFEST.encode(),
            "recordings/torn.jsonl": TORN,
            "recordings/back.jsonl": STEP_BACK,
            "recordings/audit.log": b'{"ts":1,"event":"x","details":{}}\n',
        },
    )
    return project


@pytest.mark.parametrize(
    ("setting", "failing"),
    [
        ("", set()),
        ("replay_manifest = replay.toml", set()),
        ("replay_manifest = off", {"torn", "back"}),
        ("replay_severity = seq-step-back=error", {"back"}),
        ("replay_fail_level = warning", {"back"}),
        ("replay_ignore = torn-tail", {"torn"}),
    ],
)
def test_recordings_are_held_to_the_manifest(setting: str, failing: set[str], held: pytest.Pytester) -> None:
    held.makeini(f"[pytest]\nreplay_paths = recordings\n{setting}\n")

    told = ran(run(held, "-v").outlines)

    assert {line.split("/")[1].partition(".")[0] for line in told if line.endswith("FAILED")} == failing
    assert {line for line in told if line.endswith("SKIPPED")} == {"recordings/audit.log::replay SKIPPED"}


def test_what_is_not_as_expected_is_told_as_the_gate_tells_it(held: pytest.Pytester) -> None:
    write(held.path, {"recordings/torn.jsonl": record(2) + b"{\n", "recordings/clean.jsonl": CLEAN + record(2)})

    told = run(held).outlines

    start = told.index("recordings/torn.jsonl: 1 missing, 1 unexpected, begins elsewhere (expected at replay.toml:4)")
    assert [line[:40] for line in told[start + 1 : start + 5]] == [
        "  missing     - line 2: F101 torn-tail",
        "  unexpected  + line 2: J101 not-json: e",
        "  changed     - starts-at-seq = 1",
        "              + starts-at-seq = 2",
    ]
    assert "recordings/clean.jsonl: 1 unexpected (expected at replay.toml:9)" in told


def test_a_recording_without_events_does_not_pass_where_the_manifest_leaves_out_the_rule(
    project: pytest.Pytester,
) -> None:
    manifest = b'select = ["S"]\n[[expect]]\npath = "recordings/*.jsonl"\n'
    write(project.path, {"replay.toml": manifest, "recordings/torn.jsonl": b""})
    project.makeini("[pytest]\nreplay_paths = recordings\n")

    said = "recordings/torn.jsonl: no event, and no finding that says so (expected at replay.toml:2)"
    assert said in run(project).outlines


@pytest.mark.parametrize(
    ("files", "setting", "said"),
    [
        ({"replay.toml": b"profil = 1\n"}, "", "replay.toml:1: unknown key 'profil'; did you mean profile?"),
        ({}, "replay_manifest = none.toml", "none.toml: No such file or directory"),
        ({"replay.toml": b'select = "S"\n'}, "replay_ignore = S", "leaves no rule to ask"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_a_usage_error(
    files: dict[str, bytes], setting: str, said: str, project: pytest.Pytester
) -> None:
    write(project.path, files)
    project.makeini(f"[pytest]\nreplay_paths = recordings\n{setting}\n")

    result = run(project)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if said in line]
    assert "(replay_manifest = off does without)" in line


def test_the_fixture_goes_by_the_manifest(held: pytest.Pytester) -> None:
    held.makepyfile(
        "def test_back(replay_log): assert replay_log('recordings/back.jsonl').report.counts.warning == 1"
    )

    run(held).assert_outcomes(passed=4, skipped=1)


@pytest.mark.parametrize("words", [["-n", "2"], ["--junitxml=report.xml"]])
def test_odd_names_go_to_processes_and_reports(words: list[str], project: pytest.Pytester) -> None:
    for name in (b"\xff", b"\x01", b"\xc3\xa9"):
        Path(os.fsdecode(os.fsencode(project.path) + b"/recordings/" + name + b".jsonl")).write_bytes(TORN)

    result = run_apart(project, *words)

    result.assert_outcomes(passed=2, failed=3)
    assert r"recordings/\xff.jsonl::replay" in result.stdout.str()
    assert "\x01" not in result.stdout.str()
    if "-n" not in words:
        names = {case.attrib["classname"] for case in ElementTree.parse(project.path / "report.xml").iter("testcase")}
        assert len(names) == 5


def test_it_works_spread_over_processes(project: pytest.Pytester) -> None:
    names = [f"recordings/{number}.jsonl" for number in range(20)]
    write(project.path, dict.fromkeys(names, CLEAN) | {"recordings/torn.jsonl": TORN})

    result = run_apart(project, "-n", "2")

    result.assert_outcomes(passed=22, failed=1)
    assert [line for line in result.outlines if line.startswith("recordings/torn.jsonl:2:1: F101 torn-tail")]
    assert [line for line in result.outlines if line.startswith("[gw")]


def test_the_fixture_gives_the_audited_log(project: pytest.Pytester) -> None:
    code = """\
        from replay_cli import AuditedLog, Event, UsageError
        import pytest

        def test_log(replay_log):
            log = replay_log("recordings/clean.jsonl")
            assert isinstance(log, AuditedLog) and log.ok
            assert log.report.verdict == "the runtime reads it whole"
            assert [(e.seq, e.event, e.line) for e in log.events] == [(1, "item.delta", 1), (2, "item.delta", 2)]
            assert [e.payload["delta"] for e in log.events] == ["a word", "a word"]
            assert isinstance(next(iter(log.events)), Event)

        def test_a_broken_one_is_for_the_test_to_judge(replay_log, tmp_path):
            path = tmp_path / "torn.jsonl"
            path.write_bytes(b"{")
            assert not replay_log(path).ok

        def test_there_is_none(replay_log):
            with pytest.raises(UsageError, match="no such file: recordings/missing.jsonl"):
                replay_log("recordings/missing.jsonl")
    """
    write(project.path, {"tests/test_log.py": re.sub("^ {8}", "", code, flags=re.MULTILINE).encode()})

    run(project, "tests").assert_outcomes(passed=4)
    run_apart(project, "tests", "-n", "2").assert_outcomes(passed=4)


LOADED = "import sys\ndef pytest_unconfigure():\n    sys.stderr.write('\\n'.join(sys.modules))\n"


def test_unused_it_loads_next_to_nothing(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"test_one.py": b"def test_one(): pass\n"})
    pytester.makeconftest(LOADED)
    with_it, without = (set(run_apart(pytester, *words).errlines) for words in ([], ["-p", "no:replay-cli"]))

    assert with_it - without == {"replay_cli", "replay_cli.version", "replay_cli.pytest_plugin"}


TIMED = """\
import contextlib, io, sys, time
import pytest

def taken(*words):
    for name in [name for name in sys.modules if name.partition(".")[0] == "replay_cli"]:
        del sys.modules[name]
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        assert pytest.main(["-q", "-p", "no:cacheprovider", *words]) == 0
    return time.process_time() - started

runs = [(taken(), taken("-p", "no:replay-cli")) for _ in range(20)]
with_it, without = (min(times) for times in zip(*runs))
print(with_it - without)
"""


def test_unused_it_takes_less_than_50_ms(pytester: pytest.Pytester) -> None:
    """By processor time, the least of many runs of each kind in turn: what else the machine does only ever adds."""
    write(pytester.path, {"test_one.py": b"def test_one(): pass\n"})
    command = [sys.executable, "-c", TIMED]
    done = subprocess.run(command, cwd=pytester.path, capture_output=True, encoding="utf-8", timeout=120, check=True)

    assert float(done.stdout) < 0.05


@pytest.mark.parametrize("setting", ["../rec", "../rec/*.jsonl", "{above}/rec"])
def test_recordings_beside_the_root_folder_are_tests_too(pytester: pytest.Pytester, setting: str) -> None:
    place, beside = pytester.mkdir("tests"), pytester.mkdir("rec")
    (beside / "torn.jsonl").write_bytes(record(1) + record(2)[:40])
    (beside / "whole.jsonl").write_bytes(record(1) + record(2))
    (beside / "test_other.py").write_text("def test_not_asked_for(): raise OSError\n")
    (place / "test_own.py").write_text("def test_own(): pass\n")
    (place / "pytest.ini").write_text(f"[pytest]\nreplay_paths = {setting.format(above=pytester.path)}\n")
    os.chdir(place)

    pytester.runpytest_subprocess().assert_outcomes(passed=2, failed=1)
    pytester.runpytest_subprocess("test_own.py").assert_outcomes(passed=1)
