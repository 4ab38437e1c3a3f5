"""The gate: recordings are held to what the manifest expects, and what differs is told apart."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from replay_cli import checking, configured, rules
from replay_cli.cli import run
from replay_cli.errors import UsageError
from replay_cli.profiles import schema_text
from tests.conftest import ROOT, Ran, Replay
from tests.making import capture, record, store
from tests.test_rules import MAKER

WHOLE = store(1, 2, 3, completed=True)
BROKEN = record(1) + b'{"seq":2,\n' + record(3)
SWAPPED = record(1) + record(3) + record(2) + record(4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a clean recording and a broken one, of which the manifest knows."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "whole.jsonl").write_bytes(WHOLE)
    (tmp_path / "logs" / "broken.jsonl").write_bytes(BROKEN)
    return tmp_path


@pytest.fixture
def called(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Replay]:
    """The command, called in this process, where many small runs are wanted."""
    monkeypatch.chdir(folder)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def call(*words: str | Path, **_: object) -> Ran:
        code = run([*map(str, words)])
        return Ran(code, *capsys.readouterr())

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


def write(folder: Path, text: str, name: str = "replay.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def blessed(folder: Path, replay: Replay, text: str = 'paths = ["logs"]\n') -> Path:
    """The manifest with what the recordings hold now."""
    path = write(folder, text)
    assert 0 == replay("check", "--update").code
    return path


def last(text: str) -> str:
    return text.splitlines()[-1]


def test_a_new_recording_fails_until_it_is_blessed(folder: Path, replay: Replay) -> None:
    write(folder, 'paths = ["logs"]\n')
    before = replay("check")

    assert 1 == before.code
    assert "logs/whole.jsonl: new, has no entry in replay.toml (clean)" in before.stdout.splitlines()
    assert "  unexpected  + line 2, seq 2: J101 not-json" in before.stdout

    assert (0, "") == (replay("check", "--update").code, replay("check").stdout)
    assert "replay: 2 recordings, 2 as expected" == last(replay("check").stderr)


def test_what_is_blessed_says_how_a_stream_begins_and_ends(folder: Path, replay: Replay) -> None:
    said = tomllib.loads(blessed(folder, replay).read_text())["expect"]

    whole = {"path": "logs/whole.jsonl", "starts-at-seq": 1, "ends-at-seq": 4, "ends-with": "turn.completed"}
    assert whole == said[1]
    assert [("not-json", 2, 2)] == [(one["rule"], one["line"], one["seq"]) for one in said[0]["findings"]]


CHANGES = {
    "head lost": (WHOLE.split(b"\n", 1)[1], ["- starts-at-seq = 1", "+ starts-at-seq = 2"]),
    "end lost": (store(1, 2, 3), ['- ends-with = "turn.completed"', '+ ends-with = "item.delta"']),
    "everything lost": (b"", ["unexpected  + line 1: L102 no-events", "+ starts-at-seq: no such event"]),
    "order broken": (SWAPPED + WHOLE.splitlines(True)[-1], ["unexpected  + line 3, seq 2: S102 seq-step-back"]),
}


@pytest.mark.parametrize(("data", "told"), CHANGES.values(), ids=CHANGES)
def test_a_clean_recording_that_changed_fails(data: bytes, told: list[str], folder: Path, replay: Replay) -> None:
    blessed(folder, replay)
    (folder / "logs" / "whole.jsonl").write_bytes(data)
    ran = replay("check")

    assert 1 == ran.code
    assert ran.stdout.startswith("logs/whole.jsonl: ")
    for line in told:
        assert line in ran.stdout


def test_an_end_is_missed_also_where_what_is_left_ends_alike(folder: Path, replay: Replay) -> None:
    (folder / "logs" / "whole.jsonl").write_bytes(store(1, 2, 3))
    blessed(folder, replay)
    (folder / "logs" / "whole.jsonl").write_bytes(store(1, 2))

    assert "  changed     - ends-at-seq = 3\n              + ends-at-seq = 2\n" in replay("check").stdout


def test_an_entry_is_looked_at_wherever_its_recording_is(folder: Path, replay: Replay) -> None:
    """Also where it is a link to another, or has the characters of patterns in its name, outside the paths."""
    (folder / "more").mkdir()
    (folder / "more" / "odd [1]*.jsonl").write_bytes(WHOLE)
    (folder / "more" / "link.jsonl").symlink_to("../logs/whole.jsonl")
    (folder / "more" / "other.jsonl").symlink_to("../logs/whole.jsonl")
    for name in ("odd [1]*", "link", "other"):
        entries = (
            f'[[expect]]\npath = "logs/whole.jsonl"\n[[expect]]\npath = "more/{name}.jsonl"\nstarts-at-seq = 7\n'
        )
        write(folder, f'paths = ["logs/whole.jsonl"]\n{entries}')
        ran = replay("check")

        assert (1, 1) == (ran.code, ran.stdout.count("begins elsewhere")), ran.stderr
        assert ran.stdout.startswith(f"more/{name}.jsonl: ")


ODD_NAMES = ("run[1]", "run*", "run?", "[a]/run1", "run[")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_entry_of_a_name_with_characters_of_patterns_is_of_that_file_alone(
    name: str, folder: Path, called: Replay
) -> None:
    path = folder / "rec" / f"{name}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    assert (0, 0) == (called("init").code, called("check").code)

    # Another that the name would fit as a pattern.
    other = folder / "rec" / "run1.jsonl" if name != "[a]/run1" else folder / "rec" / "a" / "run1.jsonl"
    other.parent.mkdir(exist_ok=True)
    path.rename(other)
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    ran = called("check")

    assert f"{other.relative_to(folder)}: new, has no entry in replay.toml (clean)" in ran.stdout
    assert (2, True) == (ran.code, "no such file: rec/" in ran.stderr)
    assert 0 == called("check", "--update").code
    paths = [entry["path"] for entry in tomllib.loads((folder / "replay.toml").read_text())["expect"]]
    assert sorted(["logs/broken.jsonl", "logs/whole.jsonl", str(other.relative_to(folder))]) == sorted(paths)


@pytest.mark.parametrize("target", ["nowhere", "gone.jsonl"])
def test_a_link_to_nothing_is_no_recording(target: str, folder: Path, replay: Replay) -> None:
    (folder / "gone.jsonl").symlink_to(target)
    write(
        folder,
        'paths = ["logs/whole.jsonl"]\n[[expect]]\npath = "gone.jsonl"\n[[expect]]\npath = "logs/whole.jsonl"\n',
    )
    ran = replay("check")

    assert (2, "replay: replay.toml:3: no such file: gone.jsonl") == (ran.code, ran.stderr.splitlines()[0])


def test_a_folder_without_recordings_is_told_where_others_have_some(folder: Path, replay: Replay) -> None:
    (folder / "lost").mkdir()
    write(folder, 'paths = [\n  "logs",\n  "lost",\n]\n[[expect]]\npath = "logs/*"\nignore = ["J", "S"]\n')
    ran = replay("check")

    assert (2, "replay: replay.toml:3: nothing to read in lost") == (ran.code, ran.stderr.splitlines()[0])


def test_where_there_is_no_recording_at_all_it_is_told_whose_line_that_is(folder: Path, replay: Replay) -> None:
    (folder / "lost").mkdir()
    write(folder, '# ours\npaths = ["lost"]\n')

    assert (3, "replay: replay.toml:2: nothing to read in lost\nreplay: no recording was looked at\n") == (
        (ran := replay("check")).code,
        ran.stderr,
    )


def test_another_log_that_is_named_is_held_to_the_manifest(folder: Path, replay: Replay) -> None:
    (folder / "app.log").write_bytes(b"INFO started\n")
    write(folder, 'paths = ["app.log"]\n')

    assert "app.log: new, has no entry in replay.toml (1 finding)" == replay("check").stdout.splitlines()[0]


def test_the_repository_is_that_of_the_manifest(
    folder: Path, called: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "other"
    (other / ".git").mkdir(parents=True)
    (other / "run.jsonl").write_bytes(WHOLE)
    write(other, 'paths = ["run.jsonl"]\n[[expect]]\npath = "run.jsonl"\n')
    (folder / "logs" / ".git").mkdir()

    monkeypatch.chdir(folder / "logs")
    ran = called("check", "--config", "../other/replay.toml")

    assert (0, "") == (ran.code, ran.stdout), ran.stderr


def test_a_manifest_elsewhere_is_not_written_through_a_link(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, replay: Replay
) -> None:
    other = write(tmp_path_factory.mktemp("other"), "# theirs\n")
    (folder / "replay.toml").symlink_to(other)
    ran = replay("check", "--update")

    assert (2, "replay: --update: replay.toml is a link that leads out of the repository\n") == (ran.code, ran.stderr)
    assert "# theirs\n" == other.read_text()


def test_a_schema_that_is_none_is_told_with_its_line(folder: Path, replay: Replay) -> None:
    (folder / "text.schema.json").write_text("text")
    write(folder, '[[expect]]\npath = "logs/whole.jsonl"\nschema = "text.schema.json"\n')

    assert replay("check").stderr.startswith("replay: replay.toml:3: schema: text.schema.json is not JSON")


def test_recordings_are_shown_from_the_folder_of_the_call(
    folder: Path, called: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, 'paths = ["."]\n')
    monkeypatch.chdir(folder / "logs")
    ran = called("check")

    assert ["broken.jsonl", "whole.jsonl"] == [
        line.partition(":")[0] for line in ran.stdout.splitlines() if "new, has no entry in ../replay.toml" in line
    ]


@pytest.mark.parametrize("kind", ["jsonl.gz", "sse", "sse.gz"])
def test_the_ends_are_seen_in_every_kind_of_recording(kind: str, folder: Path, replay: Replay) -> None:
    data = capture((5, 4), (6, 5)) if "sse" in kind else store(5, 6)
    path = folder / "logs" / f"more.{kind}"
    path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    said = tomllib.loads(blessed(folder, replay).read_text())["expect"]

    entry = next(one for one in said if one["path"] == f"logs/more.{kind}")
    assert (5, 6, "item.delta") == (entry["starts-at-seq"], entry["ends-at-seq"], entry["ends-with"])


def test_missing_unexpected_and_changed_findings_are_told_apart(folder: Path, replay: Replay) -> None:
    path = folder / "logs" / "broken.jsonl"
    path.write_bytes(record(1) + b'{"seq":2,\n' + record(3) + b"[]\n" + record(5))
    blessed(folder, replay)
    path.write_bytes(record(1) + b'{"seq":2,"\n' + record(3) + record(4) + b"\n" + record(5))
    ran = replay("check")

    assert 1 == ran.code
    lines = [line[:15].strip() for line in ran.stdout.splitlines()[1:]]
    assert ["changed     -", "+", "missing     -", "unexpected  +"] == lines
    assert ran.stdout.startswith("logs/broken.jsonl: 1 missing, 1 unexpected, 1 changed (expected at replay.toml:")


GARBAGE = b"garbage one\n"
OTHER = b"garbage two\n"

ALIKE = {
    "the first of two": ([2, 4], {2: OTHER}, {2: "changed"}),
    "the last of two": ([2, 4], {4: OTHER}, {4: "changed"}),
    "both": ([2, 4], {2: OTHER, 4: OTHER}, {2: "changed", 4: "changed"}),
    "the second of three": ([2, 4, 6], {4: OTHER}, {4: "changed"}),
    "one is mended": ([2, 4], {2: record(2)}, {2: "missing"}),
    "one more": ([2, 4], {6: GARBAGE}, {6: "unexpected"}),
    "one is mended, and another is broken": (
        [2, 4],
        {2: record(2), 6: GARBAGE},
        {2: "missing", 6: "unexpected"},
    ),
    "both are mended, and others are broken": (
        [2, 4],
        {2: record(2), 4: record(4), 3: GARBAGE, 6: GARBAGE},
        {2: "missing", 4: "missing", 3: "unexpected", 6: "unexpected"},
    ),
}
"""Lines of the same content; which lines change, and what is told of which."""


@pytest.mark.parametrize(("lines", "changes", "told"), ALIKE.values(), ids=ALIKE)
def test_lines_of_the_same_content_are_each_told_for_themselves(
    lines: list[int], changes: dict[int, bytes], told: dict[int, str], folder: Path, called: Replay
) -> None:
    kept = {number: record(number) for number in range(1, 8)} | dict.fromkeys(lines, GARBAGE)
    path = folder / "logs" / "broken.jsonl"
    path.write_bytes(b"".join(kept.values()))
    blessed(folder, called)
    path.write_bytes(b"".join((kept | changes).values()))
    (recording, _) = json.loads(called("check", "--format", "json").stdout)["recordings"]

    assert told == {(one["found"] or one["expected"])["line"]: one["kind"] for one in recording["differences"]}
    assert 0 == called("check", "--update").code
    assert "2 recordings, 2 as expected" in called("check").stderr


def test_blank_lines_are_told_apart_by_what_follows_them(folder: Path, called: Replay) -> None:
    def written(*before: int) -> None:
        """The recording with a blank line before each of some events."""
        path = folder / "logs" / "broken.jsonl"
        path.write_bytes(b"".join(b"\n" * before.count(seq) + record(seq) for seq in range(1, 10)))

    def told(*before: int) -> list[tuple[str, int]]:
        written(*before)
        (recording, _) = json.loads(called("check", "--format", "json").stdout)["recordings"]
        return [(one["kind"], (one["found"] or one["expected"])["seq"]) for one in recording["differences"]]

    written(4, 8)
    blessed(folder, called)

    assert [] == told(4, 8) == told(8, 4)
    assert [("missing", 4)] == told(8)
    assert [("missing", 8)] == told(4)
    assert [("missing", 4), ("unexpected", 6)] == told(6, 8)
    assert [("unexpected", 3), ("missing", 4), ("unexpected", 5), ("missing", 8)] == told(3, 5)


@pytest.mark.parametrize("begun", [b"{", b"{}", b'{"event', b'{"payload":{"seq":4}}'])
@pytest.mark.parametrize("suffix", ["jsonl", "sse"])
def test_what_begins_like_an_event_is_told_apart_by_what_follows_it(
    begun: bytes, suffix: str, folder: Path, called: Replay
) -> None:
    def told(before: int) -> list[tuple[str, int]]:
        """What differs where it stands before that event."""
        events = {seq: (record if suffix == "jsonl" else _framed)(seq) for seq in range(1, 10)}
        events[before] = (begun + b"\n" if suffix == "jsonl" else b"data: " + begun + b"\n\n") + events[before]
        (folder / "logs" / f"broken.{suffix}").write_bytes(b"".join(events.values()))
        (recording, *_) = json.loads(called("check", "--format", "json").stdout)["recordings"]
        return [(one["kind"], (one["found"] or one["expected"])["seq"]) for one in recording["differences"]]

    (folder / "logs" / "broken.jsonl").unlink()
    write(folder, 'paths = ["logs"]\n')
    told(4)
    blessed(folder, called)

    assert [] == told(4)
    assert [("missing", 4), ("unexpected", 8)] == told(8)


def _framed(seq: int) -> bytes:
    return capture((seq, seq - 1))


def test_an_edit_above_revives_nothing(folder: Path, replay: Replay) -> None:
    manifest = blessed(folder, replay)
    path = folder / "logs" / "broken.jsonl"
    path.write_bytes(record(1, thread="thr_2") + BROKEN)
    ran = replay("check")

    assert (0, "") == (ran.code, ran.stdout)
    assert "1 finding moved to another line" in ran.stderr
    replay("check", "--update")
    assert "line = 3" in manifest.read_text()


def test_findings_on_equal_lines_are_counted(folder: Path, replay: Replay) -> None:
    path = folder / "logs" / "broken.jsonl"
    path.write_bytes(record(1) + b"{\n" * 3 + record(2))
    blessed(folder, replay)
    path.write_bytes(record(1) + b"{\n" * 2 + record(2))
    ran = replay("check")

    assert 1 == ran.code
    assert "logs/broken.jsonl: 1 missing (" in ran.stdout


HAND_WRITTEN = {
    '{ rule = "not-json", line = 2 }': 0,
    '{ rule = "J101", seq = 2 }': 0,
    '{ rule = "not-json", seq = 2, line = 7 }': 0,
    '{ rule = "not-json" }': 0,
    '{ rule = "not-json", line = 3 }': 1,
    '{ rule = "not-json", seq = 3 }': 1,
    '{ rule = "too-deep", line = 2 }': 1,
    '{ rule = "not-json", line = 2 }, { rule = "not-json", line = 2 }': 1,
    "": 1,
}


@pytest.mark.parametrize(("findings", "code"), HAND_WRITTEN.items())
def test_findings_may_be_written_by_hand(findings: str, code: int, folder: Path, called: Replay) -> None:
    write(folder, f'[[expect]]\npath = "logs/broken.jsonl"\nfindings = [{findings}]\n')

    assert code == called("check", "logs/broken.jsonl").code


def test_a_path_wins_over_patterns_and_the_first_pattern_over_others(folder: Path, replay: Replay) -> None:
    write(
        folder,
        '[[expect]]\npath = "logs/w*"\n[[expect]]\npath = "**"\nignore = ["J"]\n'
        '[[expect]]\npath = "logs/broken.jsonl"\n',
    )
    ran = replay("check")

    assert 1 == ran.code
    assert ran.stdout.startswith("logs/broken.jsonl: 1 unexpected (expected at replay.toml:6)")
    assert "replay: replay.toml:3: stale: all that '**' matches has other entries" in ran.stderr


def test_profile_and_rules_are_those_of_the_entry(folder: Path, replay: Replay) -> None:
    (folder / "logs" / "gap.jsonl").write_bytes(store(1, 5))
    text = '[[expect]]\npath = "logs/gap.jsonl"\nfindings = [{ rule = "seq-gap", line = 2 }]\n'
    text += 'severity = { seq-gap = "note" }\n[[expect]]\npath = "logs/whole.jsonl"\nprofile = "envelope"\n'
    write(folder, text)
    ran = replay("check", "logs/gap.jsonl", "logs/whole.jsonl")

    assert 1 == ran.code
    assert "logs/whole.jsonl: 5 unexpected" in ran.stdout
    assert "gap" not in ran.stdout


# --- Writing ----------------------------------------------------------------------------------------------------

LAID_OUT = {
    "comments": (
        '# top\npaths = ["logs"] # here\n\n# about whole\n[[expect]]\npath = "logs/whole.jsonl" # it\n'
        "# begins\nstarts-at-seq = 7 # lucky\n\n# about broken\n[[expect]]\n"
        'findings = [\n  # cut by hand\n  { rule = "not-json", line = 9 }, # so\n'
        '  { line = 8, rule = "torn-tail" },\n]\n'
        'path = "logs/broken.jsonl"\n# end\n',
        '# top\npaths = ["logs"] # here\n\n# about whole\n[[expect]]\npath = "logs/whole.jsonl" # it\n'
        "# begins\nstarts-at-seq = 1 # lucky\n\n# about broken\n[[expect]]\n"
        'findings = [\n  # cut by hand\n  { rule = "not-json", line = 2, seq = 2, fingerprint = "F" },\n]\n'
        'path = "logs/broken.jsonl"\n# end\n',
    ),
    "one line": (
        'paths=["logs"]\n[[expect]]\npath="logs/whole.jsonl"\n[[expect]]\npath="logs/broken.jsonl"\n'
        'findings=[{rule="torn-tail"},{rule="J101",line=2}]',
        'paths=["logs"]\n[[expect]]\npath="logs/whole.jsonl"\n[[expect]]\npath="logs/broken.jsonl"\n'
        'findings=[{rule="J101", seq = 2, fingerprint = "F",line=2}]',
    ),
    "tables": (
        'paths=["logs"]\n[[expect]]\npath="logs/whole.jsonl"\n[[expect]]\npath="logs/broken.jsonl"\n'
        '[[expect.findings]] # the cut\nrule = "J101"\nline = 2\n\n'
        '[[expect.findings]]\nrule = "torn-tail"\nline = 9\n',
        'paths=["logs"]\n[[expect]]\npath="logs/whole.jsonl"\n[[expect]]\npath="logs/broken.jsonl"\n'
        '[[expect.findings]] # the cut\nrule = "J101"\nseq = 2\nfingerprint = "F"\nline = 2\n\n',
    ),
    "none yet": (
        'paths=["logs"]\n[[expect]]\npath="logs/broken.jsonl"\n\n# next\n[[expect]]\npath="logs/whole.jsonl"',
        'paths=["logs"]\n[[expect]]\npath="logs/broken.jsonl"\nfindings = [\n'
        '  { rule = "not-json", line = 2, seq = 2, fingerprint = "F" },\n]\n'
        '\n# next\n[[expect]]\npath="logs/whole.jsonl"',
    ),
}


@pytest.mark.parametrize("name", LAID_OUT)
def test_update_changes_what_changed_and_nothing_else(name: str, folder: Path, replay: Replay) -> None:
    text, wanted = LAID_OUT[name]
    path = write(folder, text)
    ran = replay("check", "--update")

    assert 0 == ran.code, ran.stderr
    after = path.read_text()
    (broken,) = (one for one in tomllib.loads(after)["expect"] if one["path"] == "logs/broken.jsonl")
    assert wanted == after.replace(broken["findings"][0]["fingerprint"], "F")
    assert 0 == replay("check").code
    replay("check", "--update")
    assert after == path.read_text()


def test_update_takes_out_what_is_gone_with_its_comment(folder: Path, replay: Replay) -> None:
    path = blessed(folder, replay)
    whole = path.read_text()
    path.write_text(whole.replace("[[expect]]", '# old\n[[expect]]\npath = "logs/gone.jsonl"\n\n[[expect]]', 1))

    assert 2 == replay("check").code
    assert 0 == replay("check", "--update").code
    assert whole == path.read_text()


def test_update_takes_out_a_pattern_that_matches_nothing_any_more(folder: Path, replay: Replay) -> None:
    rest = 'paths = ["logs"]\n\n[[expect]]\npath = "logs/whole.jsonl"\n'
    manifest = write(folder, f'{rest}\n# Captures.\n[[expect]]\npath = "logs/*.sse"\n')
    (folder / "logs" / "broken.jsonl").unlink()

    ran = replay("check")
    assert (2, True) == (ran.code, "replay.toml:8: nothing matches 'logs/*.sse'" in ran.stderr)
    assert 2 == replay("check", "logs").code
    # Of what was not asked about it is not told, as of a file that is gone.
    ran = replay("check", "logs/whole.jsonl")
    assert (0, "replay: 1 recording, 1 as expected\n") == (ran.code, ran.stderr)

    ran = replay("check", "--update")
    assert (0, "replay: wrote replay.toml: 1 gone\n") == (ran.code, ran.stderr)
    assert rest == manifest.read_text().rstrip("\n") + "\n"
    assert 0 == replay("check").code


def test_update_leaves_a_pattern_of_files_that_are_passed_over(folder: Path, replay: Replay) -> None:
    text = 'paths = ["logs/whole.jsonl"]\n[[expect]]\npath = "logs/b*"\n'
    manifest = write(folder, text)
    ran = replay("check", "--update")

    assert (2, text) == (ran.code, manifest.read_text())
    assert "replay.toml:3: nothing matches 'logs/b*' of what paths and exclude take" in ran.stderr


def test_update_gives_a_recording_its_own_entry_beside_a_pattern(folder: Path, replay: Replay) -> None:
    path = blessed(folder, replay, '[[expect]]\npath = "logs/*"\nprofile = "record"\n')
    said = tomllib.loads(path.read_text())["expect"]

    assert ["logs/*", "logs/broken.jsonl"] == [one["path"] for one in said]
    assert "record" == said[1]["profile"]
    assert 0 == replay("check").code


def test_names_that_are_hard_to_write_are_written(folder: Path, replay: Replay) -> None:
    for name in ('quo"te\\.jsonl', "new\nline.jsonl", "star*[a].jsonl", "bidi\u202e.jsonl"):
        (folder / "logs" / name).write_bytes(BROKEN + record(4, 'a"\x1b[31m\u202e\\'))
    write(folder, 'paths = ["logs"]\n')
    shown = replay("check")
    blessed(folder, replay)

    assert all(line.isprintable() for line in (shown.stdout + shown.stderr).splitlines())
    assert (0, "") == (replay("check").code, replay("check").stdout)
    for path in (folder / "logs").glob("*.jsonl"):
        path.write_bytes(BROKEN)
    ran = replay("check")
    assert 1 == ran.code
    assert all(line.isprintable() for line in (ran.stdout + ran.stderr).splitlines())


def test_update_of_what_was_not_laid_out_in_tables_says_so(folder: Path, replay: Replay) -> None:
    path = write(folder, 'expect = [{ path = "logs/whole.jsonl" }]\npaths = "logs"\n')
    before = path.read_text()
    ran = replay("check", "--update")

    assert 2 == ran.code
    said = "expect is an array; write [[expect]] tables, to which entries can be added (--update)"
    assert f"replay: replay.toml:1: {said}\n" == ran.stderr
    assert before == path.read_text()


def test_update_puts_tables_in_the_place_of_an_empty_array(folder: Path, replay: Replay) -> None:
    path = write(folder, '# ours\nexpect = []  # none yet\npaths = "logs"\n')

    assert 0 == replay("check", "--update").code
    assert path.read_text().startswith('# ours\npaths = "logs"\n\n[[expect]]\n')
    assert 0 == replay("check").code


def test_update_keeps_the_line_ends_of_the_manifest(folder: Path, replay: Replay) -> None:
    path = folder / "replay.toml"
    path.write_bytes(b'paths = ["logs"]\r\n[[expect]]\r\npath = "logs/broken.jsonl"\r\n')

    assert 0 == replay("check", "--update").code
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") > 8
    assert 0 == replay("check").code


def test_a_name_that_toml_cannot_tell_is_told_and_the_others_are_blessed(folder: Path, replay: Replay) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/logs/odd\xff.jsonl")).write_bytes(WHOLE)
    path = write(folder, 'paths = ["logs"]\n')
    ran = replay("check", "--update")

    assert 1 == ran.code
    assert r"replay: logs/odd\xff.jsonl: TOML has no way to tell this name" in ran.stderr
    assert 2 == path.read_text().count("[[expect]]")


def test_pyproject_may_be_the_manifest(folder: Path, replay: Replay) -> None:
    path = write(folder, '[project]\nname = "x"\n\n[tool.replay]\npaths = ["logs"]\n\n[tool.z]\n', "pyproject.toml")

    assert 0 == replay("check", "--update").code
    assert 2 == path.read_text().count("[[tool.replay.expect]]")
    assert 0 == replay("check").code


# --- Where the manifest is --------------------------------------------------------------------------------------


def test_the_nearest_manifest_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    places = [
        write(folder, "[tool.replay]\n", "pyproject.toml"),
        write(folder, ""),
        write(folder / "a", "[tool.replay]\n", "pyproject.toml"),
    ]

    write(inner, '[tool.ruff]\n"x" = "replay"\n', "pyproject.toml")
    assert places[2] == configured.find(inner)
    places[2].unlink()
    assert places[1] == configured.find(inner)
    places[1].unlink()
    assert places[0] == configured.find(inner)
    monkeypatch.chdir(inner)
    assert "../../pyproject.toml" == configured.load(places[0]).shown.replace(os.sep, "/")


def test_the_manifest_is_the_nearest_to_the_paths_that_are_named(folder: Path, replay: Replay) -> None:
    write(folder / "logs", '[[expect]]\npath = "whole.jsonl"\n[[expect]]\npath = "broken.jsonl"\n')
    (folder / "more").mkdir()
    (folder / "more" / "run.jsonl").write_bytes(WHOLE)

    for words in ("logs", "logs/whole.jsonl", "logs/wh*.jsonl", "./logs/"):
        ran = replay("check", *words.split())
        assert "replay.toml;" not in ran.stderr
        assert "new, has no entry" not in ran.stdout, words
        assert ran.code == ("whole" not in words and "wh*" not in words), ran.stderr
    assert "logs/broken.jsonl: 1 unexpected (expected at logs/replay.toml:3)" in replay("check", "logs").stdout
    assert replay("check", "more").code == 2

    write(folder, 'paths = ["more"]\n[[expect]]\npath = "more/*"\n')
    assert replay("check", "more").code == 0
    ran = replay("check", "more", "logs")
    assert ran.stderr == (
        "replay: check: the paths go by logs/replay.toml and replay.toml; check them one by one, or name one with "
        "--config\n"
    )


def test_no_manifest_is_looked_for_above_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "in" / "it").mkdir(parents=True)

    assert configured.find(tmp_path / "in" / "it") is None
    (tmp_path / "in" / ".git").mkdir()
    assert configured.find(tmp_path / "in" / "it") is None
    (tmp_path / ".git").mkdir()
    (tmp_path / "in" / ".git").rmdir()
    assert tmp_path / "replay.toml" == configured.find(tmp_path / "in" / "it")


def test_validate_goes_by_the_manifest_unless_isolated(folder: Path, replay: Replay) -> None:
    write(folder, 'severity = { not-json = "note" }\nignore = ["torn-tail"]\n')

    assert (0, "replay: goes by replay.toml; --isolated does without") == (
        (ran := replay("validate", "logs/broken.jsonl")).code,
        ran.stderr.splitlines()[0],
    )
    assert 1 == replay("validate", "--isolated", "logs/broken.jsonl").code
    assert 1 == replay("validate", "--severity", "J101=error", "logs/broken.jsonl").code
    # A grade in the file turns on nothing that --select leaves out.
    assert "" == replay("validate", "--select", "S", "logs/broken.jsonl").stdout


def test_validate_takes_the_profile_of_the_manifest(folder: Path, replay: Replay) -> None:
    write(folder, 'profile = "envelope"\n')

    assert 1 == replay("validate", "logs/whole.jsonl").code
    assert 0 == replay("validate", "--profile", "auto", "logs/whole.jsonl").code


ENTRIES = """
[[expect]]
path = "logs/broken.jsonl"
severity = { not-json = "note" }
ignore = ["broken-link"]

[[expect]]
path = "logs/w*.jsonl"
profile = "envelope"
"""
"""Entries by which one recording passes that would not, and one does not that would."""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("logs/broken.jsonl", 0),
        ("./logs/../logs/broken.jsonl", 0),
        ("logs/whole.jsonl", 1),
        ("logs", 1),
        ("--isolated logs/broken.jsonl", 1),
        ("--isolated logs/whole.jsonl", 0),
        ("--severity J101=error logs/broken.jsonl", 1),
        ("--profile auto logs/whole.jsonl", 0),
        ("--stdin-filename logs/whole.jsonl -", 1),
        ("-", 0),
    ],
)
@pytest.mark.parametrize("form", ["concise", "jsonl", "sarif"])
def test_validate_takes_the_settings_of_the_entry_of_each_log(
    folder: Path, replay: Replay, words: str, code: int, form: str
) -> None:
    write(folder, ENTRIES)
    ran = replay("validate", "--format", form, *words.split(), stdin=WHOLE)

    assert code == ran.code, ran.stderr
    assert ("goes by replay.toml" in ran.stderr) == (
        words not in ("-", "--profile auto logs/whole.jsonl")
    ) or "--isolated" in words


def test_validate_takes_the_bounds_and_the_schema_of_an_entry(folder: Path, replay: Replay) -> None:
    (folder / "none.schema.json").write_text("false")
    write(
        folder,
        '[[expect]]\npath = "logs/whole.jsonl"\nmax-line-bytes = 9\n\n'
        '[[expect]]\npath = "logs/broken.jsonl"\nschema = "none.schema.json"\nselect = ["user-schema-violation"]\n',
    )

    assert "F105 overlong-line" in replay("validate", "logs/whole.jsonl").stdout
    assert "user-schema-violation" in replay("validate", "logs/broken.jsonl").stdout
    assert 0 == replay("validate", "--isolated", "logs/whole.jsonl").code


def test_validate_tells_what_is_wrong_with_an_entry(folder: Path, replay: Replay) -> None:
    write(folder, '[[expect]]\npath = "logs/whole.jsonl"\nprofil = "record"\n')

    ran = replay("validate", "logs/whole.jsonl")
    assert (2, "") == (ran.code, ran.stdout)
    assert "replay: replay.toml:3: unknown key 'profil'; did you mean profile? (--isolated does without)\n" == (
        ran.stderr
    )


TYPED = [
    ('ignore = ["torn-tail"]', "", 0),
    ('ignore = ["torn-tail"]', "--severity torn-tail=error", 1),
    ('ignore = ["torn-tail"]', "--severity F101=error", 1),
    ('ignore = ["torn-tail"]', "--severity J101=error", 0),
    ('ignore = ["F"]', "--severity torn-tail=error", 1),
    ('ignore = ["torn-tail"]', "--select torn-tail", 1),
    ('ignore = ["torn-tail"]', "--select all --fail-level note", 1),
    ('ignore = ["torn-tail"]', "--select F --ignore F101", 0),
    ('severity = { torn-tail = "off" }', "", 0),
    ('severity = { torn-tail = "off" }', "--select torn-tail", 1),
    ('severity = { torn-tail = "note" }', "--select torn-tail", 0),
    ('[[expect]]\npath = "torn.jsonl"\nignore = ["F101"]', "--select torn-tail", 1),
    ('[[expect]]\npath = "torn.jsonl"\nignore = ["F101"]', "--severity torn-tail=error", 1),
]


@pytest.mark.parametrize(("text", "words", "code"), TYPED)
def test_a_rule_that_is_typed_is_asked_whatever_the_manifest_ignores(
    text: str, words: str, code: int, folder: Path, called: Replay
) -> None:
    (folder / "torn.jsonl").write_bytes(WHOLE + record(9)[:40])
    write(folder, text + "\n")
    ran = called("validate", "--format", "concise", *words.split(), "torn.jsonl")

    assert code == ran.code, ran.stderr
    assert code == 0 or "F101" in ran.stdout


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (
            'select = ["S1"]\n',
            "--ignore S",
            "replay.toml: with the options that are given, this leaves no rule to ask",
        ),
        (
            'ignore = ["F"]\n[[expect]]\npath = "logs/whole.jsonl"\nselect = ["S1"]\n',
            "--ignore S",
            "replay.toml:2: with the options that are given, this leaves no rule to ask",
        ),
        ('select = ["S1"]\n', "--ignore all", "--select, --ignore, --severity: leave no rule to ask"),
    ],
)
def test_what_leaves_no_rule_is_named(text: str, words: str, said: str, folder: Path, called: Replay) -> None:
    write(folder, text)
    ran = called("validate", *words.split(), "logs/whole.jsonl")

    assert (2, "") == (ran.code, ran.stdout)
    assert f"replay: {said}" in ran.stderr
    assert ("--isolated does without" in ran.stderr) == ("replay.toml" in said)


def test_validate_goes_by_the_manifest_that_check_goes_by(folder: Path, called: Replay) -> None:
    (folder / "logs" / "torn.jsonl").write_bytes(WHOLE + record(9)[:40])
    (folder / "list").write_text("logs/torn.jsonl\n")
    write(folder, "")
    write(folder / "logs", 'ignore = ["torn-tail"]\n')

    for words in ("logs/torn.jsonl", "logs/t*.jsonl", "--files-from list", "--stdin-filename logs/torn.jsonl -"):
        assert "goes by logs/replay.toml" in called("validate", *words.split()).stderr, words
    assert 0 == called("validate", "logs/torn.jsonl").code
    assert 1 == called("validate", "--isolated", "logs/torn.jsonl").code


@pytest.mark.parametrize("text", ['ignore = ["S"]\n', "ignor = 1\n"])
@pytest.mark.parametrize("name", ["replay.toml", "link"])
def test_validate_does_not_write_over_the_manifest(text: str, name: str, folder: Path, called: Replay) -> None:
    manifest = write(folder, text)
    (folder / "link").symlink_to(manifest)
    ran = called("validate", "--format", "json", "--output-file", name, "logs/whole.jsonl")

    assert (2, f"replay: --output-file: {name} is the manifest") == (ran.code, last(ran.stderr))
    assert text == manifest.read_text()


def test_validate_goes_by_several_manifests_each_log_by_the_nearest_to_its_path(folder: Path, called: Replay) -> None:
    """In a repository of several packages, pre-commit names the files of all of them at once."""
    torn = WHOLE + record(9)[:40]
    for name in ("logs/torn.jsonl", "more.jsonl", "other/torn.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(torn)
    write(folder / "logs", 'ignore = ["torn-tail"]\n')
    write(folder / "other", 'severity = { torn-tail = "note" }\n')

    ran = called("validate", "--format", "concise", "logs/torn.jsonl", "other", "more.jsonl")
    assert ["more.jsonl:5:1:", "other/torn.jsonl:5:1:"] == sorted(
        line.partition(" F101")[0] for line in ran.stdout.splitlines()
    )
    assert "goes by logs/replay.toml" in ran.stderr
    assert "goes by other/replay.toml" in ran.stderr
    assert 1 == ran.code

    write(folder, 'ignore = ["F"]\n')
    assert 0 == called("validate", "logs/torn.jsonl", "other", "more.jsonl").code
    assert "more.jsonl" not in called("validate", "--format", "concise", "logs/torn.jsonl", "more.jsonl").stdout
    assert 1 == called("validate", "--isolated", "logs/torn.jsonl").code


@pytest.mark.parametrize(
    ("here", "words", "code"),
    [
        (".", "a b", 1),
        (".", "a/t.jsonl b/t.jsonl", 1),
        (".", "--files-from list", 1),
        (".", "a/t.jsonl -", 1),
        ("a", "../b", 1),
        ("a", "t.jsonl ../b/t.jsonl", 1),
        ("a", "{elsewhere}", 1),
        ("a", "t.jsonl", 0),
        ("a", "-", 0),
    ],
)
def test_a_manifest_decides_on_nothing_that_stands_beside_it(
    here: str,
    words: str,
    code: int,
    folder: Path,
    replay: Replay,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    torn = WHOLE + record(9)[:40]
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "t.jsonl"
    for path in (folder / "a" / "t.jsonl", folder / "b" / "t.jsonl", elsewhere):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(torn)
    (folder / "list").write_text("a/t.jsonl\nb/t.jsonl\n")
    write(folder / "a", 'severity = { torn-tail = "off" }\n')
    ran = replay("validate", *words.format(elsewhere=elsewhere).split(), stdin=torn, cwd=folder / here)

    assert code == ran.code, ran.stdout + ran.stderr


@pytest.mark.parametrize("words", ["torn.jsonl", "logs/torn.jsonl", "logs", ".", "-"])
def test_outside_a_repository_the_manifest_of_this_folder_is_for_what_is_in_it(
    words: str, folder: Path, replay: Replay
) -> None:
    (folder / ".git").rmdir()
    torn = WHOLE + record(9)[:40]
    for path in (folder / "torn.jsonl", folder / "logs" / "torn.jsonl"):
        path.write_bytes(torn)
    write(folder, 'ignore = ["torn-tail", "J", "S"]\n')

    assert 0 == replay("validate", words, stdin=torn).code
    assert 1 == replay("validate", "../torn.jsonl", cwd=folder / "logs").code


@pytest.mark.parametrize(("here", "words"), [(".", "a b"), ("a", "../b/t.jsonl"), ("a", "--config replay.toml ../b")])
@pytest.mark.parametrize("update", [[], ["--update"]], ids=["check", "update"])
def test_a_manifest_takes_in_nothing_that_stands_beside_it(
    here: str, words: str, update: list[str], folder: Path, replay: Replay
) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "t.jsonl").write_bytes(WHOLE)
    manifest = write(folder / "a", 'paths = ["."]\n')
    ran = replay("check", *update, *words.split(), cwd=folder / here)

    path, shown = ("b/t.jsonl", "a/replay.toml") if here == "." else ("../b/t.jsonl", "replay.toml")
    said = f"replay: {path} stands outside the folder of {shown}, which does not speak of it"
    assert (2, said) == (ran.code, ran.stderr.splitlines()[0])
    assert 'paths = ["."]\n' == manifest.read_text()

    write(folder / "a", 'paths = ["../b"]\n')
    assert 0 == replay("check", "--update", "--config", manifest, folder / "b").code
    assert 'path = "../b/t.jsonl"' in manifest.read_text()


def test_validate_tells_of_a_schema_that_is_none_as_check_does(folder: Path, called: Replay) -> None:
    manifest = write(folder, '[[expect]]\npath = "logs/whole.jsonl"\nschema = "replay.toml"\n')
    ran = called("validate", "logs/whole.jsonl")

    assert (2, "") == (ran.code, ran.stdout)
    assert ran.stderr.startswith("replay: replay.toml:3: schema: replay.toml is not JSON")
    assert ran.stderr in called("check", "logs/whole.jsonl").stderr
    assert "replay: --schema: " in called("validate", "--schema", manifest, "logs/whole.jsonl").stderr


# --- Bad input --------------------------------------------------------------------------------------------------

ENTRY = '[[expect]]\npath = "logs/broken.jsonl"\n'

BAD = {
    'paths = ["logs"]\npofile = "auto"\n': "2: unknown key 'pofile'; did you mean profile?",
    f"{ENTRY}findins = []\n": "3: unknown key 'findins'; did you mean findings?",
    'profile = "recrod"\n': "1: profile: 'recrod' is not auto, envelope, record or legacy; did you mean record?",
    '\nselect = [\n  "S",\n  "brokn-link"]\n': "4: select: there is no rule 'brokn-link'; did you mean broken-link?",
    '[severity]\nS101 = "note"\nX999 = "error"\n': "3: severity: there is no rule 'X999'; `replay rules` lists them",
    'severity.S101 = "fatal"\n': "1: severity: 'fatal' is not error, warning, note or off",
    'ignore = "all"\n': "1: leaves no rule to ask, so that any log would pass",
    f'select = "S"\n{ENTRY}ignore = "S"\n': "2: with what stands at the top, this leaves no rule to ask",
    '# x\n[[expect]]\npath = "none/*.sse"\n': "3: nothing matches 'none/*.sse'",
    '[[expect]]\npath = "none.sse"\n': "2: no such file: none.sse",
    '[[expect]]\npath = "logs"\n': "2: 'logs' is a folder; 'logs/**' is all recordings in it",
    '[[expect]]\npath = "../out.sse"\n': "2: '../out.sse' leads out of the repository",
    '[[expect]]\npath = "/etc/*"\n': "2: '/etc/*' leads out of the repository",
    '[[expect]]\npath = "link/out.jsonl"\n': "2: 'link/out.jsonl' leads out of the repository",
    'paths = [\n  "logs",\n  "link",\n]\n': "3: 'link' leads out of the repository",
    'paths = ["logs",\n  "nowhere"]\n': "2: no such file: nowhere",
    'paths = ["no*where"]\n': "1: nothing matches the pattern: no*where",
    'exclude = [\n  "a",\n  "[[:alpha:]]*"]\n': "3: exclude: '[[:alpha:]]*' is a pattern that cannot be followed",
    'exclude = ["../x"]\n': "1: '../x' leads out of the repository",
    'exclude = ["# c"]\n': "1: exclude: '# c' is a comment, which cannot be followed; a name that begins so is ",
    '[[expect]]\npath = ".rec/*"\n': "2: nothing matches '.rec/*' of what paths and exclude take; what is hidden",
    "expect = [1]\n": "1: an item of expect is not a table",
    f'{ENTRY}findings = ["torn-tail"]\n': "3: an item of findings is not a table",
    'exclude = ["!"]\n': "1: exclude: '!' is a pattern that cannot be followed",
    "paths = []\n": "1: paths is empty, so that the gate would look at nothing",
    f"{ENTRY}findings = [\n  {{ line = 2 }},\n]\n": "4: this finding names no rule",
    f'{ENTRY}findings = [{{ rule = "not-jsn" }}]\n': "3: there is no rule 'not-jsn'; did you mean not-json?",
    f'{ENTRY}[[expect.findings]]\nrule = "J101"\nline = 0\n': "5: line: 0 is less than 1",
    f'{ENTRY}[[expect.findings]]\nrule = "J101"\nseq = true\n': "5: seq is not a whole number",
    f'{ENTRY}findings = [{{ rule = "J101", fingerprint = "abc" }}]\n': (
        "3: fingerprint is not 32 hexadecimal digits, a colon and a number; `replay check --update` writes it"
    ),
    f"{ENTRY}\n{ENTRY.replace('logs', './logs')}": "5: './logs/broken.jsonl' has an entry already, at line 1",
    f'{ENTRY}schema = "none.json"\n': "3: schema: no such file: none.json",
    f'{ENTRY}schema = "link/out.jsonl"\n': "3: 'link/out.jsonl' leads out of the repository",
    f"{ENTRY}max-line-bytes = 0\n": "3: max-line-bytes: 0 is less than 1",
    "[[expect]]\nends-with = 3\n": "1: this entry names no path",
    f"{ENTRY}ends-with = 3\n": "3: ends-with is not a string",
    "expect = 3\n": "1: expect is not an array",
    'paths = ["logs"\n\n[x]\n': "3: is not TOML: Unclosed array",
    f"x = {'[' * 5000}{']' * 5000}\n": "1: is nested too deeply",
    f"x = {'9' * 5000}\n": "1: is not TOML: ",
    '"\\u001b[31m\\u202e" = 1\n': "1: unknown key '\\x1b[31m\\u202e'",
}


@pytest.fixture
def linked(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "out.jsonl").write_bytes(WHOLE)
    (folder / "link").symlink_to(outside)
    (folder / ".rec").mkdir()
    (folder / ".rec" / "hidden.jsonl").write_bytes(WHOLE)
    return folder


@pytest.mark.parametrize(("text", "said"), BAD.items(), ids=range(len(BAD)))
def test_what_cannot_be_meant_is_told_with_file_and_line(text: str, said: str, linked: Path, called: Replay) -> None:
    path = write(linked, text)
    for words in (("check",), ("check", "--update")):
        if ("none.sse" in said or "none/*.sse" in said) and "--update" in words:
            continue  # what is gone is taken out
        ran = called(*words)

        assert 2 == ran.code, ran.stderr
        assert any(line.startswith(f"replay: replay.toml:{said}") for line in ran.stderr.splitlines()), ran.stderr
        assert "\x1b" not in ran.stderr
        assert "\u202e" not in ran.stderr
        assert text == path.read_text()


def test_what_is_no_text_is_told(folder: Path, replay: Replay) -> None:
    (folder / "replay.toml").write_bytes(b'paths = ["logs"]\n# caf\xe9\n')

    assert (2, "replay: replay.toml:2: is not UTF-8\n") == ((ran := replay("check")).code, ran.stderr)


def test_without_a_manifest_nothing_passes(folder: Path, replay: Replay) -> None:
    ran = replay("check")

    said = "replay: check: no replay.toml, and no [tool.replay], here or above; `replay init` writes one\n"
    assert (2, "", said) == (ran.code, ran.stdout, ran.stderr)
    assert 2 == replay("check", "--config", "none.toml").code


ASKED = {
    "-": "replay: check: stdin cannot have an entry in a manifest; name files or folders",
    "": "replay: check: is given an empty path; was a variable not set?",
    "nope.jsonl": "replay: no such file: nope.jsonl",
    "link/out.jsonl": "replay: link/out.jsonl stands outside the repository that replay.toml belongs to",
    "--jobs=0": "replay: --jobs: 0 is less than 1",
}


@pytest.mark.parametrize(("word", "said"), ASKED.items())
def test_what_cannot_be_checked_is_told(word: str, said: str, linked: Path, called: Replay) -> None:
    write(linked, 'paths = ["logs"]\n')
    ran = called("check", word)

    assert (2, "", said + "\n") == (ran.code, ran.stdout, ran.stderr)


def test_a_gate_that_looked_at_nothing_does_not_pass(folder: Path, replay: Replay) -> None:
    (folder / "bare").mkdir()
    write(folder, 'paths = ["bare"]\n')

    assert 3 == replay("check").code
    assert 3 == replay("check", "--update").code
    assert 3 == replay("check", "bare").code


EMPTY = '[[expect]]\npath = "empty.jsonl"\n'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'paths = ["empty.jsonl"]\nignore = ["no-events"]\n{EMPTY}', 3),
        (f'paths = ["empty.jsonl"]\n{EMPTY}select = ["S"]\n', 3),
        (f'paths = ["empty.jsonl"]\n{EMPTY}findings = [{{ rule = "no-events" }}]\n', 0),
        (f'paths = ["empty.jsonl"]\n{EMPTY}', 1),
        (f'paths = ["."]\nignore = ["no-events"]\n{EMPTY}[[expect]]\npath = "logs/*"\nignore = ["J", "S"]\n', 1),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "junit", "markdown"])
def test_a_gate_that_saw_no_event_does_not_pass(
    text: str, code: int, form: str, folder: Path, called: Replay
) -> None:
    (folder / "empty.jsonl").write_bytes(b"")
    write(folder, text)
    ran = called("check", "--format", form)

    assert code == ran.code, ran.stderr
    assert (code == 3) == ("no event was seen in any recording" in ran.stderr)
    if form == "json":
        assert (code, code == 3) == ((told := json.loads(ran.stdout))["exit_code"], bool(told["problems"]))


@pytest.mark.parametrize("data", [b"", b"version https://git-lfs\n"], ids=["emptied", "pointer of Git LFS"])
@pytest.mark.parametrize("rules", ['select = ["S"]', 'ignore = ["J", "L"]'])
def test_a_recording_that_lost_all_its_events_is_not_as_expected_whatever_rules_are_asked(
    data: bytes, rules: str, folder: Path, called: Replay
) -> None:
    manifest = write(folder, f'{rules}\n[[expect]]\npath = "logs/*.jsonl"\n')
    (folder / "logs" / "broken.jsonl").write_bytes(WHOLE)
    assert 0 == called("check").code

    (folder / "logs" / "broken.jsonl").write_bytes(data)
    ran = called("check")
    said = "logs/broken.jsonl: no event, and no finding that says so (expected at replay.toml:2)\n"
    assert (1, said) == (ran.code, ran.stdout)

    before, ran = manifest.read_text(), called("check", "--update")
    assert (1, before) == (ran.code, manifest.read_text())
    assert ran.stderr.startswith("replay: logs/broken.jsonl: holds no event, and no rule is asked that says so; ")

    write(folder, f'paths = ["."]\n{rules}\n')
    assert (1, 1) == (called("check", "--update").code, manifest.read_text().count("[[expect]]"))


def test_what_cannot_be_read_is_neither_passed_nor_blessed(folder: Path, replay: Replay) -> None:
    manifest = blessed(folder, replay)
    (folder / "logs" / "whole.jsonl").write_bytes(gzip.compress(WHOLE * 50)[:-20])
    before = manifest.read_text()

    assert 4 == replay("check").code
    assert 4 == replay("check", "--update").code
    assert before == manifest.read_text()


def test_what_was_not_read_to_its_end_is_not_counted_as_expected(folder: Path, called: Replay) -> None:
    whole = store(*range(1, 2000))
    (folder / "logs" / "whole.jsonl").write_bytes(gzip.compress(whole)[:-2000])
    write(folder, 'paths = ["logs/whole.jsonl"]\n\n[[expect]]\npath = "logs/whole.jsonl"\n')
    ran = called("check")

    assert (4, "") == (ran.code, ran.stdout)
    assert "replay: 1 recording, 0 as expected, 1 not read to the end" == last(ran.stderr)
    document = json.loads(called("check", "--format", "json").stdout)
    jsonschema.validate(document, json.loads(schema_text("check")))
    assert ["unreadable"] == [one["status"] for one in document["recordings"]]
    assert (0, 0, 1) == tuple(document["summary"][key] for key in ("as_expected", "different", "unreadable"))
    for form in ("junit", "markdown"):
        assert "as expected" not in called("check", "--format", form).stdout


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["cut.jsonl"], "replay.toml is not written of 1 recording"),
        (["cut.jsonl", "whole.jsonl"], "wrote replay.toml: 1 new, 1 not written"),
        (["cut.jsonl", "known.jsonl"], "replay.toml says so already of 1 recording, is not written of 1 recording"),
        (["known.jsonl"], "replay.toml says so already of 1 recording"),
    ],
)
def test_what_was_not_written_is_not_said_to_be(names: list[str], said: str, folder: Path, called: Replay) -> None:
    (folder / "logs" / "cut.jsonl").write_bytes(gzip.compress(WHOLE)[:-20])
    (folder / "logs" / "known.jsonl").write_bytes(WHOLE)
    write(folder, 'paths = ["logs"]\n\n[[expect]]\npath = "logs/known.jsonl"\n')
    ran = called("check", "--update", *(f"logs/{name}" for name in names))

    assert f"replay: {said}" == last(ran.stderr)


def test_more_findings_than_can_be_compared_are_never_blessed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "logs" / "broken.jsonl").write_bytes(record(1) + b"{\n" * 6)
    write(folder, 'paths = ["logs"]\n')
    monkeypatch.chdir(folder)
    monkeypatch.setattr(checking, "MOST", 5)

    assert 1 == checking.check(checking.Request([], update=True, jobs=1))
    said = capsys.readouterr().err
    assert "logs/broken.jsonl: has more than 5 findings, which none can expect" in said
    assert "replay: wrote replay.toml: 1 new, 1 not written" == last(said)
    assert 1 == checking.check(checking.Request([], jobs=1))
    assert "logs/broken.jsonl: new, has no entry in replay.toml (6 findings)" in capsys.readouterr().out


def test_links_out_of_the_repository_are_not_followed(linked: Path, replay: Replay) -> None:
    (linked / "logs" / "out.jsonl").symlink_to(linked / "link" / "out.jsonl")
    write(linked, 'paths = ["logs"]\n[[expect]]\npath = "logs/*"\nignore = "J"\n')
    ran = replay("check")

    assert 2 == ran.code
    assert "logs/out.jsonl is a link that leads out of the repository" in ran.stderr


# --- The schema -------------------------------------------------------------------------------------------------

_FOUND_ON_DISK = ("nothing matches", "no such file", "leads out", "is a folder", "has an entry", "leaves no rule")
_NO_SCHEMA_SAYS = (
    *_FOUND_ON_DISK,
    "there is no rule",
    "this leaves",
    "cannot be followed",
    "is not TOML",
    "nested too deeply",
)


@pytest.mark.parametrize(("text", "said"), BAD.items(), ids=range(len(BAD)))
def test_the_schema_refuses_what_is_refused_for_its_form(text: str, said: str) -> None:
    schema = json.loads(schema_text("config"))
    if any(words in said for words in _NO_SCHEMA_SAYS):
        return
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), schema)


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_schema_takes_what_is_taken(name: str, folder: Path) -> None:
    schema = json.loads(schema_text("config"))
    for text in LAID_OUT[name]:
        jsonschema.validate(tomllib.loads(text.replace('"F"', f'"{"0" * 32}:1"')), schema)


def test_the_schema_knows_the_same_keys() -> None:
    schema = json.loads(schema_text("config"))

    assert set(configured.TOP) == set(schema["properties"])
    assert set(configured.ENTRY) == set(schema["$defs"]["entry"]["properties"])
    assert set(configured.FINDING) == set(schema["$defs"]["finding"]["properties"])


def test_a_manifest_that_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configured, "LARGEST", 100)
    path = write(folder, "#" * 101)

    with pytest.raises(UsageError, match="larger than"):
        configured.load(path)


@pytest.mark.parametrize("command", ["check", "validate whole.jsonl"])
@pytest.mark.parametrize("name", ["replay.toml", "pyproject.toml"])
def test_what_is_called_like_a_manifest_is_taken_for_one(
    command: str, name: str, folder: Path, called: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "[tool.replay]\n", "pyproject.toml")
    monkeypatch.chdir(folder / "logs")
    manifest = folder / "logs" / name
    manifest.symlink_to("nowhere")
    assert (2, f"replay: {name}: is a link to nothing") == (
        (ran := called(*command.split())).code,
        ran.stderr.partition(" (--isolated")[0].strip(),
    )
    manifest.unlink()
    manifest.mkdir()
    assert (2, True) == ((ran := called(*command.split())).code, f"replay: {name}: is a folder" in ran.stderr)
    manifest.rmdir()
    os.mkfifo(manifest)
    assert (2, True) == ((ran := called(*command.split())).code, f"{name}: is no regular file" in ran.stderr)


def test_what_a_manifest_elsewhere_names_is_told_from_here(folder: Path, called: Replay) -> None:
    """As all other paths are."""
    (folder / "cfg").mkdir()
    entry = '[[expect]]\npath = "rec/e.jsonl"\n'
    write(folder / "cfg", f'paths = ["../logs"]\n{entry}')
    assert "cfg/replay.toml:3: no such file: cfg/rec/e.jsonl" in called("check", "--config", "cfg/replay.toml").stderr
    write(folder / "cfg", f'{entry}schema = "s.json"\n')
    assert "schema: no such file: cfg/s.json" in called("check", "--config", "cfg/replay.toml").stderr

    assert "replay: --config: cfg is a folder, not a manifest\n" == called("check", "--config", "cfg").stderr


def test_a_new_recording_that_breaks_off_is_not_called_clean(folder: Path, called: Replay) -> None:
    (folder / "logs" / "cut.jsonl.gz").write_bytes(gzip.compress(WHOLE * 40)[:-20])
    write(folder, 'paths = ["logs/cut.jsonl.gz"]\n')
    ran = called("check")

    assert 4 == ran.code
    assert re.search(r"cut\.jsonl\.gz: new, has no entry in replay\.toml \(.*not read to its end\)\n", ran.stdout)
    assert "not read to its end)" in called("check", "--format", "github").stdout


# --- Ways to write it -------------------------------------------------------------------------------------------


INLINE = {
    "replay.toml": 'paths=["logs"]\nexpect=[{path="logs/whole.jsonl"}, { path = "logs/broken.jsonl" }]\n',
    "pyproject.toml": '[tool.replay]\nexpect=[{path="logs/broken.jsonl"},{path="logs/whole.jsonl"}]\npaths="logs"\n',
}


@pytest.mark.parametrize("name", INLINE)
def test_update_writes_entries_that_are_inline(name: str, folder: Path, called: Replay) -> None:
    path = write(folder, INLINE[name], name)

    assert 0 == called("check", "--update").code
    assert path.read_text().startswith(INLINE[name].partition("expect")[0])
    assert 0 == called("check").code
    (folder / "logs" / "broken.jsonl").write_bytes(WHOLE)
    assert (0, 0) == (called("check", "--update").code, called("check").code)


def test_update_takes_a_bound_out_of_an_entry_that_is_inline(folder: Path, called: Replay) -> None:
    path = write(
        folder, 'expect = [{ path = "logs/whole.jsonl", starts-at-seq = 1 }, { path = "logs/broken.jsonl" }]\n'
    )
    (folder / "logs" / "whole.jsonl").write_bytes(b"")

    assert (0, 0) == (called("check", "--update").code, called("check").code)
    assert "starts-at-seq" not in path.read_text()


def test_what_cannot_be_written_is_said_in_words_of_its_own_layout(folder: Path, called: Replay) -> None:
    text = '[tool]\nreplay = { paths = ["logs"] }\n'
    path = write(folder, text, "pyproject.toml")
    said = "pyproject.toml is laid out in a way that cannot be written; use [[tool.replay.expect]] tables"

    assert (2, True) == ((ran := called("check", "--update")).code, said in ran.stderr)
    assert text == path.read_text()


def test_the_head_of_the_file_outlives_the_first_entry(folder: Path, called: Replay) -> None:
    write(
        folder,
        '# SPDX: MIT\n# What is expected here\n[[expect]]\npath = "gone.jsonl"\n\n'
        '# gone too\n[[expect]]\npath = "x"\n',
    )

    assert 0 == called("check", "--update").code
    assert (folder / "replay.toml").read_text().startswith("# SPDX: MIT\n# What is expected here\n\n[[expect]]\n")
    assert "gone too" not in (folder / "replay.toml").read_text()


# --- Founding ---------------------------------------------------------------------------------------------------


def test_init_puts_a_repository_under_the_gate(folder: Path, replay: Replay) -> None:
    shown = replay("init", "--dry-run")
    assert (0, False) == (shown.code, (folder / "replay.toml").exists())
    assert ["# replay.toml", "# .github/workflows/replay.yml", "# .pre-commit-config.yaml"] == [
        line for line in shown.stdout.splitlines() if line.startswith(("# replay.t", "# ."))
    ]

    assert 0 == replay("init").code
    assert 'paths = ["logs"]' in (folder / "replay.toml").read_text()
    assert "replay check" in (folder / ".github" / "workflows" / "replay.yml").read_text()
    assert 0 == replay("check").code


def test_init_leaves_alone_what_is_there(folder: Path, replay: Replay) -> None:
    write(folder, "paths = 'logs'\n")
    write(folder, "# ours\nrepos:\n# first\n- repo: meta\n  hooks: []\n", ".pre-commit-config.yaml")

    assert 0 == replay("init").code
    assert "paths = 'logs'\n" == (folder / "replay.toml").read_text()
    hooks = (folder / ".pre-commit-config.yaml").read_text()
    assert hooks.startswith("# ours\nrepos:\n- repo: local\n  hooks:\n    - id: replay-check\n")
    assert hooks.endswith("# first\n- repo: meta\n  hooks: []\n")

    assert 0 == replay("init").code
    assert hooks == (folder / ".pre-commit-config.yaml").read_text()


def test_init_passes_over_what_git_ignores(folder: Path, replay: Replay) -> None:
    for place in ("build", "deep/node_modules"):
        (folder / place).mkdir(parents=True)
        (folder / place / "run.jsonl").write_bytes(WHOLE)
    (folder / ".gitignore").write_text("# made\nnode_modules/\n/build\n*.pyc\n!keep\n\n")

    assert 0 == replay("init").code
    text = (folder / "replay.toml").read_text()
    assert 'paths = ["logs"]\nexclude = ["node_modules/", "/build"]\n' in text
    assert 2 == text.count("[[expect]]")


KEPT = {
    "but the fixtures": ("*.jsonl\n!logs/*.jsonl\n", {}, ["*.jsonl", "!logs/*.jsonl"], {"logs"}),
    "but one": ("logs/*\n!logs/whole.jsonl\n", {}, ["logs/*", "!logs/whole.jsonl"], {"logs", "deep/logs"}),
    "from the root": ("/logs\n", {}, ["/logs"], {"deep/logs"}),
    "in two files": ("*.jsonl\n", {"deep/logs": "!whole*\n"}, ["*.jsonl", "!/deep/logs/**/whole*"], {"deep/logs"}),
    "in a folder": ("", {"deep": "logs/\n"}, ["/deep/**/logs/"], {"logs"}),
    "what cannot be followed": ("*.jsonl\n![[:alpha:]]*\n", {}, [], {"logs", "deep/logs"}),
}
"""What .gitignore says, at the root and in folders, what that makes of exclude, and where whole.jsonl is kept."""


@pytest.mark.parametrize(("text", "more", "exclude", "kept"), KEPT.values(), ids=KEPT)
def test_init_passes_over_nothing_that_git_keeps(
    text: str, more: dict[str, str], exclude: list[str], kept: set[str], folder: Path, called: Replay
) -> None:
    (folder / "deep" / "logs").mkdir(parents=True)
    (folder / "deep" / "logs" / "whole.jsonl").write_bytes(WHOLE)
    for place, lines in {".": text, **more}.items():
        (folder / place / ".gitignore").write_text(lines)
    shown, ran = called("init", "--dry-run"), called("init")

    assert 0 == ran.code, ran.stderr
    said = tomllib.loads((folder / "replay.toml").read_text())
    assert exclude == said.get("exclude", [])
    entries = {one["path"] for one in said["expect"]}
    assert kept == {path.removesuffix("/whole.jsonl") for path in entries if path.endswith("/whole.jsonl")}
    for one in (shown, ran):
        assert bool(exclude) == ("replay.toml excludes what .gitignore names: " in one.stderr)
    assert 0 == called("check").code


def test_init_says_that_there_is_no_recording(tmp_path: Path, replay: Replay) -> None:
    ran = replay("init")

    assert (0, "replay: no recording was found; until there is one, `replay check` ends with exit code 3") == (
        ran.code,
        last(ran.stderr),
    )
    assert 3 == replay("check").code
    assert "already; `replay check --update` writes what is expected into it" in replay("init").stderr


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n"


@pytest.mark.parametrize("data", [b'{"a":1}\n' * 3, POINTER], ids=["data set", "pointer of Git LFS"])
def test_files_that_are_no_recordings_are_no_gate(data: bytes, tmp_path: Path, replay: Replay) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "data.jsonl").write_bytes(data)
    said = "replay: 1 new recording without any event: data.jsonl; exclude what is no recording"
    ran = replay("init")
    assert (3, [said, "replay: nothing was written into replay.toml"]) == (ran.code, ran.stderr.splitlines()[-2:])

    write(tmp_path, '[[expect]]\npath = "data.jsonl"\nfindings = [{ rule = "foreign-log" }]\n')
    assert 3 == replay("check").code

    # Beside a recording they may be expected, which is said.
    (tmp_path / "whole.jsonl").write_bytes(WHOLE)
    write(tmp_path, 'paths = ["."]\n')
    ran = replay("check", "--update")
    assert (0, said) == (ran.code, ran.stderr.splitlines()[0])
    assert 0 == replay("check").code


@pytest.mark.parametrize("data", [b"", POINTER], ids=["emptied", "pointer of Git LFS"])
def test_update_names_a_recording_that_has_lost_all_its_events(data: bytes, folder: Path, replay: Replay) -> None:
    blessed(folder, replay)
    (folder / "logs" / "broken.jsonl").write_bytes(data)
    (folder / "logs" / "new.jsonl").write_bytes(data)
    ran = replay("check", "--update")

    assert (0, "replay: wrote replay.toml: 1 new, 1 changed") == (ran.code, last(ran.stderr))
    assert "replay: 1 known recording without any event: logs/broken.jsonl; was it fetched?\n" in ran.stderr
    assert "replay: 1 new recording without any event: logs/new.jsonl;" in ran.stderr
    assert "says so already" in (again := replay("check", "--update").stderr)
    assert "without any event" not in again


def test_exclude_goes_from_the_folder_of_the_manifest(folder: Path, called: Replay) -> None:
    (folder / "logs" / "sub").mkdir()
    (folder / "logs" / "sub" / "more.jsonl").write_bytes(WHOLE)
    for exclude, taken in (
        ("/logs/sub/", False),
        ("logs/sub", False),
        ("sub/", False),
        ("/sub", True),
        ('logs/sub/*", "!*/sub/more.jsonl', True),
        ('logs/sub", "!more.jsonl', False),
    ):
        for paths in (".", "logs", "logs/**"):
            write(folder, f'paths = ["{paths}"]\nexclude = ["{exclude}"]\n')
            assert taken == ("logs/sub/more.jsonl: new" in called("check").stdout), (paths, exclude)


def test_init_keeps_line_ends(folder: Path, replay: Replay) -> None:
    path = folder / ".pre-commit-config.yaml"
    path.write_bytes(b"repos:\r\n- repo: meta\r\n  hooks: []\r\n")

    assert 0 == replay("init").code
    assert b"replay-check\r\n" in path.read_bytes()
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


def test_init_writes_nothing_where_it_cannot_write_all(folder: Path, replay: Replay) -> None:
    (folder / ".github").write_text("mine")
    ran = replay("init")

    assert (2, "replay: init: .github is there, and no folder; nothing was written\n") == (ran.code, ran.stderr)
    assert not (folder / "replay.toml").exists()


def test_init_writes_nothing_where_a_recording_leads_out_of_the_repository(linked: Path, replay: Replay) -> None:
    (linked / "logs" / "out.jsonl").symlink_to(linked / "link" / "out.jsonl")
    before = {path.name for path in linked.iterdir()}
    ran = replay("init")

    assert (2, "") == (ran.code, ran.stdout)
    assert "logs/out.jsonl is a link that leads out of the repository" in ran.stderr
    assert "replay: init: not all recordings can be put under the gate; nothing was written" in ran.stderr
    assert before == {path.name for path in linked.iterdir()}

    (linked / "logs" / "out.jsonl").unlink()
    (linked / "link").unlink()
    assert 0 == replay("init").code
    assert 0 == replay("check").code


def test_init_writes_nothing_where_a_folder_cannot_be_made(folder: Path, replay: Replay) -> None:
    (folder / ".github").symlink_to("nowhere")
    ran = replay("init")

    assert (2, "replay: init: .github/workflows cannot be made: File exists; nothing was written\n") == (
        ran.code,
        ran.stderr,
    )
    assert [".git", ".github", "logs"] == sorted(path.name for path in folder.iterdir())


def test_many_recordings_are_told_alike_by_any_number_of_processes(folder: Path, replay: Replay) -> None:
    lines = b"".join(record(seq) for seq in range(1, 400))
    for number in range(60):
        (folder / "logs" / f"{number:03}.jsonl").write_bytes(lines if number % 7 else lines + b"{\n")
    write(folder, 'paths = "logs"\n[[expect]]\npath = "logs/0*"\nstarts-at-seq = 1\nends-with = "item.delta"\n')
    one, two = replay("check", "--jobs", "1"), replay("check", "--jobs", "2")

    assert (1, one.stdout, one.stderr) == (two.code, two.stdout, two.stderr)
    assert 9 == one.stdout.count("1 unexpected")


def test_numbers_are_written_in_one_way(folder: Path, called: Replay) -> None:
    for number in range(1000):
        (folder / f"{number}.jsonl").write_bytes(WHOLE)
    write(folder, 'paths = "*.jsonl"\n')

    assert "replay: wrote replay.toml: 1,000 new\n" == called("check", "--update").stderr
    assert "replay: 1,000 recordings, 1,000 as expected\n" == called("check").stderr


# --- The fixtures of this repository ----------------------------------------------------------------------------


def test_the_fixtures_are_expected_to_break_what_they_were_made_to_break() -> None:
    fixtures = MAKER
    manifest = configured.load(ROOT / "replay.toml")
    expected = {one.path: {rules.BY_CODE[two.code].name for two in one.findings} for one in manifest.entries}

    for one in fixtures.RECORDINGS:
        assert set(one.breaks) == expected[f"fixtures/{one.path}"]
    for maker in (*fixtures.JSONL, *fixtures.SSE):
        name = fixtures.rule_name(maker)
        assert {name, *fixtures.COMPANIONS.get(name, ())} == expected[f"fixtures/{fixtures.rule_path(maker)}"]
    for path, found in expected.items():
        assert "/recorded/" not in path or found <= {"compat-stream"}


def test_every_key_of_the_manifest_is_in_the_manual() -> None:
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")

    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    told = {word for row in rows for word in re.findall(r"`([a-z-]+)`", row)}
    assert not {*configured.TOP, *configured.ENTRY, *configured.FINDING} - told
