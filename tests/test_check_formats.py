"""What a gate writes for others: each format by its consumer's own schema, and all of them telling the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest

from replay_cli.judged import CATALOGUE
from replay_cli.profiles import schema_text
from replay_cli.schemas_made import MADE
from tests.conftest import ROOT, Replay, outcome
from tests.making import record, store
from tests.test_consumers import CONSUMERS, unlike_schema
from tests.test_escaping import RAW, write_hostile

FORMATS = ("text", "json", "github", *CONSUMERS, "markdown")
WHOLE = store(1, 2, 3)

MANIFEST = """\
paths = ["logs"]

[[expect]]
path = "logs/whole.jsonl"
starts-at-seq = 1

[[expect]]
path = "logs/ends.jsonl"
starts-at-seq = 2
ends-at-seq = 4
ends-with = "turn.completed"

[[expect]]
path = "logs/findings.jsonl"
findings = [
  { rule = "torn-tail", line = 9, seq = 12 },
  { rule = "not-json", line = 2, fingerprint = "00000000000000000000000000000000:1" },
]

[[expect]]
path = "logs/whol?.jsonl"

[[expect]]
path = "logs/mute.jsonl"
ignore = ["L"]
"""
"""What is expected; each way to differ is met, one entry is stale, and hostile logs have none."""

DIFFERENT = {
    ("logs/ends.jsonl", "G104", 1),
    ("logs/ends.jsonl", "G105", 3),
    ("logs/findings.jsonl", "G101", 9),
    ("logs/findings.jsonl", "G102", 4),
    ("logs/findings.jsonl", "G103", 2),
    ("logs/mute.jsonl", "G109", 1),
    ("logs/new.jsonl", "G106", 1),
    ("logs/new.jsonl", "G102", 2),
    ("replay.toml", "G108", 20),
}
"""Source, rule and line of all that is told but for the hostile logs."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    logs = folder / "logs"
    (logs / "hostile").mkdir(parents=True)
    write_hostile(logs / "hostile")
    (logs / "hostile" / "long.jsonl").write_bytes(record(1, kind="k" * 100_000) + b"\xff" * 90_000 + b"\n")
    for name in ("whole", "ends"):
        (logs / f"{name}.jsonl").write_bytes(WHOLE)
    (logs / "findings.jsonl").write_bytes(record(1) + b"{oops\n" + record(3) + b"[]\n")
    (logs / "mute.jsonl").write_bytes(b"")
    (logs / "new.jsonl").write_bytes(record(1) + record(2)[:40])
    (folder / "replay.toml").write_text(MANIFEST)
    return folder


def written(form: str, folder: Path, *words: str, code: int = 1, **env: str) -> bytes:
    ended, stdout, stderr = outcome(["check", "--format", form, *words], folder, env=env)
    assert code == ended, stderr.decode()
    return stdout


WORDS = {
    "all": ("", 1),
    "as expected": ("logs/whole.jsonl", 0),
    "missing": ("logs/none.jsonl", 2),
    "nothing": ("empty", 3),
}


@pytest.mark.parametrize(("words", "code"), WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", CONSUMERS)
def test_what_is_written_fulfils_the_schema_of_who_reads_it(gate: Path, form: str, words: str, code: int) -> None:
    (gate / "empty").mkdir(exist_ok=True)

    assert [] == unlike_schema(form, written(form, gate, *words.split(), code=code))


@pytest.mark.parametrize(("words", "code"), WORDS.values(), ids=WORDS)
def test_the_document_fulfils_its_schema(gate: Path, words: str, code: int) -> None:
    (gate / "empty").mkdir(exist_ok=True)
    document = json.loads(written("json", gate, *words.split(), code=code))

    jsonschema.Draft202012Validator(json.loads(schema_text("check"))).validate(document)
    MADE["check"][0].model_validate(document)
    assert code == document["exit_code"]


def test_the_document_tells_all_that_differs(gate: Path) -> None:
    document = json.loads(written("json", gate))
    recordings = {one["path"]: one for one in document["recordings"]}
    kinds = {
        path.removeprefix("logs/").removesuffix(".jsonl"): [one["kind"] for one in recording["differences"]]
        for path, recording in recordings.items()
        if "hostile" not in path
    }
    new = sum(one["status"] == "new" for one in recordings.values())

    found = {"findings": ["changed", "unexpected", "missing"], "new": ["unexpected"]}
    assert {"whole": [], "ends": [], "mute": [], **found} == kinds
    assert [("starts-at-seq", 2, 1), ("ends-at-seq", 4, 3), ("ends-with", "turn.completed", "item.delta")] == [
        (one["key"], one["expected"], one["found"]) for one in recordings["logs/ends.jsonl"]["bounds"]
    ]
    assert ("replay.toml:7", None) == tuple(recordings[f"logs/{name}.jsonl"]["entry"] for name in ("ends", "whole"))
    assert [{"path": "logs/whol?.jsonl", "entry": "replay.toml:20"}] == document["stale"]
    assert {
        "as_expected": 1,
        "different": 3,
        "new": new,
        "moved": 0,
        "skipped": 0,
        "recordings": 4 + new,
        "unreadable": 0,
    } == (document["summary"])


def told(form: str, text: bytes) -> Counter[tuple[str, str, int]]:
    """Source, rule and line of all that a format tells, hostile logs left out."""
    found: list[tuple[str, str, int]]
    if form == "sarif":
        (run,) = json.loads(text)["runs"]
        places = ((one["ruleId"], one["locations"][0]["physicalLocation"]) for one in run["results"])
        found = [(unquote(at["artifactLocation"]["uri"]), code, at["region"]["startLine"]) for code, at in places]
    elif form == "gitlab":
        found = [
            (one["location"]["path"], one["description"].split()[0], one["location"]["lines"]["begin"])
            for one in json.loads(text)
        ]
    elif form == "rdjson":
        found = [
            (one["location"]["path"], one["code"]["value"], one["location"]["range"]["start"]["line"])
            for one in json.loads(text)["diagnostics"]
        ]
    else:
        found = [
            (place[1], case.attrib["name"].split()[0], int(place[2]))
            for case in ElementTree.fromstring(text).iter("testcase")
            for part in case
            for place in re.finditer(r"^(logs/\w+\.jsonl|replay\.toml):(\d+):\d+: ", part.text or "", re.MULTILINE)
        ]
    return Counter(one for one in found if "hostile" not in one[0])


@pytest.mark.parametrize("form", CONSUMERS)
def test_formats_tell_each_way_in_which_recordings_differ(gate: Path, form: str) -> None:
    found = told(form, written(form, gate))

    assert found.keys() == DIFFERENT
    assert {code for _, code, _ in found} == {rule.code for rule in CATALOGUE} - {"G107"}


def test_the_manual_lists_each_way_to_differ() -> None:
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")

    listed = [f"| `{rule.code} {rule.name}` | {rule.severity} | {rule.summary} |" for rule in CATALOGUE]
    assert listed == re.findall(r"^\| `G1.*$", page, re.MULTILINE)


def test_fingerprints_are_those_of_one_difference_each(gate: Path) -> None:
    entries = json.loads(written("gitlab", gate))

    assert len({one["fingerprint"] for one in entries}) == len(entries) > 20
    again = json.loads(written("gitlab", gate))
    assert again == entries


def test_sarif_has_help_for_each_way_to_differ(gate: Path) -> None:
    (run,) = json.loads(written("sarif", gate))["runs"]
    listed = run["tool"]["driver"]["rules"]

    assert [rule.code for rule in CATALOGUE] == [one["id"] for one in listed]
    assert all(one["help"]["markdown"] for one in listed)
    assert {one["ruleId"] for one in run["results"]} == {listed[one["ruleIndex"]]["id"] for one in run["results"]}


def test_annotations_and_the_summary_of_a_job_say_what_differs(gate: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    said = written("github", gate, "logs/ends.jsonl", GITHUB_STEP_SUMMARY=str(summary)).decode()

    assert said.splitlines()[0] == (
        "::error file=logs/ends.jsonl,line=1,col=1,title=G104 begins-elsewhere::"
        "starts-at-seq is 1, and 2 is expected at replay.toml:7"
    )
    assert "### replay check" in summary.read_text()


def test_a_comment_says_what_differs(gate: Path) -> None:
    said = written("markdown", gate, "logs/findings.jsonl").decode()

    assert said.startswith("### replay check\n\n**failed** · 1 source, 2 events: 3 errors, 0 warnings, 0 notes\n")
    assert "G101 missing-finding" in said


def test_what_is_wrong_in_the_manifest_is_told_at_its_line(gate: Path) -> None:
    (gate / "none.toml").write_text('paths = ["logs/whole.jsonl",\n"logs/zz*"]\n[[expect]]\npath = "logs/none"\n')
    words = ("--config", "none.toml")
    entries = json.loads(written("gitlab", gate, *words, code=2))
    diagnostics = json.loads(written("rdjson", gate, *words, code=2))["diagnostics"]
    annotations = re.findall(
        r"^::error file=none.toml,line=(\d+),title=problem::", written("github", gate, *words, code=2).decode(), re.M
    )

    problems = [one["location"] for one in entries if one["check_name"] == "problem"]
    assert [("none.toml", 2), ("none.toml", 4)] == [(at["path"], at["lines"]["begin"]) for at in problems]
    located = [one["location"] for one in diagnostics if one["code"]["value"] == "problem"]
    assert [("none.toml", 2), ("none.toml", 4)] == [(at["path"], at["range"]["start"]["line"]) for at in located]
    assert ["2", "4"] == annotations


CANNOT_BE_MEANT = {
    "key": ("# ours\nzzz = 1\n", "replay.toml:2: unknown key 'zzz'"),
    "text": ("# ours\npaths = [\n", "replay.toml:3: is not TOML"),
    "rule": ('# ours\nignore = ["nothing"]\n', "replay.toml:2: ignore: there is no rule 'nothing'"),
}


@pytest.mark.parametrize("form", FORMATS[1:])
@pytest.mark.parametrize("command", ["check", "validate log.jsonl"])
@pytest.mark.parametrize(("text", "said"), CANNOT_BE_MEANT.values(), ids=CANNOT_BE_MEANT)
def test_a_manifest_that_cannot_be_meant_is_told_in_every_format(
    text: str, said: str, command: str, form: str, tmp_path: Path, replay: Replay
) -> None:
    manifest(tmp_path).write_text(text)
    (tmp_path / "log.jsonl").write_bytes(WHOLE)
    ran = replay(*command.split(), "--format", form, "-o", "out")
    out = (tmp_path / "out").read_text()

    assert (2, True) == (ran.code, f"replay: {said}" in ran.stderr)
    assert said.partition(": ")[2] in unescape(unquote(out))
    if form in CONSUMERS:
        assert not unlike_schema(form, (tmp_path / "out").read_bytes())
    elif form == "github":
        assert f"::error file=replay.toml,line={said[12]}," in out
    elif form == "json" and command == "check":
        jsonschema.validate(json.loads(out), json.loads(schema_text("check")))


def test_where_no_manifest_is_there_it_is_told_in_every_format(tmp_path: Path, replay: Replay) -> None:
    assert (2, True) == ((ran := replay("check", "--format", "github")).code, "::error " in ran.stdout)


def test_without_a_manifest_that_can_be_meant_no_file_is_replaced(tmp_path: Path, replay: Replay) -> None:
    """It may be a recording."""
    manifest(tmp_path).write_text("zzz = 1\n")
    (tmp_path / "log.jsonl").write_bytes(WHOLE)

    for output in ("log.jsonl", "replay.toml"):
        before = (tmp_path / output).read_bytes()
        assert 2 == replay("check", "--format", "junit", "-o", output).code
        assert before == (tmp_path / output).read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_it_goes_into_a_file_if_one_is_named(gate: Path, tmp_path: Path, form: str) -> None:
    output = tmp_path / "out"

    assert b"" == written(form, gate, "-o", str(output))
    assert output.read_bytes() == written(form, gate)


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_in_a_recording_reaches_the_output_raw(gate: Path, form: str) -> None:
    said = written(form, gate)

    assert not {byte for byte in said if (byte < 32 and byte != 10) or byte == 127}
    assert "\x9b" not in said.decode()
    assert len(said) < 2_000_000


@pytest.mark.parametrize("form", sorted({*FORMATS} - {"json"}))
def test_the_name_of_an_event_reaches_no_terminal_raw_through_another_program(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(record(1, "a\x1b[31m\u202e\x01\x9bz"))
    (tmp_path / "replay.toml").write_text('[[expect]]\npath = "a.jsonl"\nends-with = "b\\u001b\\u202e"\n')
    said = written(form, tmp_path).decode()
    texts = [*_texts(json.loads(said))] if form in {"gitlab", "rdjson", "sarif"} else [unescape(said)]

    assert not [found for text in texts for found in RAW.findall(text)]
    assert any(r"a\x1b[31m\u202e\x01\x9bz" in text.replace("\\\\", "\\") for text in texts)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def test_a_recording_without_events_may_be_what_is_expected(tmp_path: Path, replay: Replay) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert 0 == replay("check", "--update", "--config", str(manifest(tmp_path))).code

    for form in ("sarif", "junit", "markdown"):
        ran = replay("check", "--format", form)
        assert (0, False) == (ran.code, "no source held an event" in ran.stdout or "failed" in ran.stdout)


def manifest(folder: Path) -> Path:
    path = folder / "replay.toml"
    path.write_text('paths = ["."]\n')
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--update --format json", "--update: writes the manifest"),
        ("--update -o out", "--update: writes the manifest"),
        ("--format junit -o replay.toml", "--output-file: replay.toml is the manifest"),
        ("--format junit -o log.jsonl", "--output-file: log.jsonl is one of the recordings"),
        ("--format xml", "--format"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, replay: Replay, words: str, said: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(WHOLE)
    text = manifest(tmp_path).read_bytes()
    ran = replay("check", *words.split())

    assert (2, "") == (ran.code, ran.stdout)
    assert said in ran.stderr
    assert (text, WHOLE) == ((tmp_path / "replay.toml").read_bytes(), (tmp_path / "log.jsonl").read_bytes())
    assert 2 == replay("check", "-o", "").code
