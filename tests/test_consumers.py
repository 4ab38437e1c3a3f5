"""What consumers read: SARIF, JUnit, GitLab, reviewdog, Markdown. Each is held against its consumer's own schema.

The schemas are other people's work and stand beside the repository; where they are absent those tests skip. What a
schema does not say is asked here: places, names, fingerprints, counts, and that no run passes that should not.
"""

from __future__ import annotations

import bz2
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema
from markdown_it import MarkdownIt

from replay_cli import RULES
from replay_cli.outcome import INTERRUPTED, Outcome
from replay_cli.render import Style, junit, markdown, sarif
from replay_cli.told import Report
from tests.conftest import ROOT, Ran, Replay, environment, outcome
from tests.making import capture, compact, envelope, record, store
from tests.recordings import shared
from tests.test_escaping import write_hostile

CONSUMERS = ("sarif", "junit", "gitlab", "rdjson")
BROKEN = b"{oops\n"
FIXTURES = [str(ROOT / "fixtures" / name) for name in ("rules", "damaged", "recorded")]
SCHEMAS = {"sarif": "sarif-2.1.0.schema.json", "rdjson": "rdjson.schema.json"}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs that are hostile, long, packed, cut, clean and empty."""
    folder = tmp_path_factory.mktemp("consumers")
    write_hostile(folder)
    (folder / "clean.jsonl").write_bytes(store(1, 2, 3))
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "damaged.jsonl").write_bytes(store(1) + BROKEN + store(2, 2))
    (folder / "long.jsonl").write_bytes(
        b"".join(
            (
                record(1, kind="k" * 100_000),
                b'{"' + b"x" * 100_000 + b"\n",
                envelope_with("é" * 70_000),
                b"\xff" * 90_000,
            )
        )
    )
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(store(1) + BROKEN + store(5, 4, 5)))
    (folder / "cut.jsonl.bz2").write_bytes(bz2.compress(store(*range(1, 3000)))[:-50])
    return folder


def envelope_with(thread: str) -> bytes:
    return compact(envelope(1, thread=thread)) + b"\n" + compact(envelope(1, thread=thread)) + b"\n"


WORDS = {
    "everything": "--files-from list --severity seq-gap=note --max-findings 9999 .",
    "few of many": "--max-findings 1 .",
    "none of many": "--max-findings 0 .",
    "clean": "clean.jsonl",
    "empty": "empty.jsonl",
    "missing": "missing.jsonl",
    "unreadable": "cut.jsonl.bz2",
    "nothing": "--exclude * .",
    "values asked for": "--show-values --statistics --content damaged.jsonl types.jsonl",
}


def written(form: str, folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    return outcome(["validate", "--format", form, *words], folder, stdin)[1]


CHECKER = jsonschema.FormatChecker()
"""jsonschema alone takes any text for a URI, a date and so on."""


@CHECKER.checks("uri-reference")
def is_uri_reference(text: object) -> bool:
    """RFC 3986, 4.1, without authorities: a scheme and a path, or a relative path that does not look like those."""
    if not isinstance(text, str):
        return True
    character = r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-F]{2})"
    return re.fullmatch(rf"(?:file://|(?!//)){character}*(?:/(?:{character}|:)*)*", text) is not None


def unlike_schema(form: str, text: bytes) -> list[str]:
    """What is wrong with a document by its consumer's schema."""
    if form == "junit":
        xsd = xmlschema.XMLSchema10(shared("official/junit-10.xsd"))
        return [str(error.reason) for error in xsd.iter_errors(ElementTree.fromstring(text))]
    document = json.loads(text)
    if form == "gitlab":
        item = json.loads(shared("official/gitlab-codequality-item.schema.json").read_bytes())
        schema = {"type": "array", "items": item}
    else:
        schema = json.loads(shared(f"official/{SCHEMAS[form]}").read_bytes())
    validator = jsonschema.Draft4Validator if "draft-04" in schema.get("$schema", "") else jsonschema.Draft7Validator
    checked = validator(schema, format_checker=CHECKER)
    return [f"{error.json_path}: {error.message[:200]}" for error in checked.iter_errors(document)]


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", CONSUMERS)
def test_what_is_written_fulfils_the_schema_of_who_reads_it(logs: Path, form: str, words: str) -> None:
    text = written(form, logs, *words.split())

    assert [] == unlike_schema(form, text)


@pytest.mark.parametrize("form", CONSUMERS)
def test_what_is_written_of_every_fixture_fulfils_the_schema_of_who_reads_it(form: str) -> None:
    assert [] == unlike_schema(form, written(form, ROOT, *FIXTURES))


def test_the_schemas_do_notice() -> None:
    assert unlike_schema("sarif", b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":1}}}]}')
    assert unlike_schema("sarif", sarif_at("a b"))
    assert unlike_schema("gitlab", b'[{"description":"x"}]')
    assert unlike_schema("rdjson", b'{"diagnostics":[{"severity":"note"}]}')
    assert unlike_schema("junit", b'<testsuites><testsuite name="x"/></testsuites>')


def sarif_at(uri: str) -> bytes:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    result = {"message": {"text": "x"}, "locations": [place]}
    return compact({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [result]}]})


@pytest.mark.parametrize("form", [*CONSUMERS, "markdown"])
def test_values_are_not_shown_even_if_they_are_asked_for(replay: Replay, tmp_path: Path, form: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(record(3).replace(b":3,", b':"hunter2",'))
    words = ("--show-values", "--content", "log.jsonl")

    assert "hunter2" in replay("validate", "--format", "json", *words).stdout
    assert "hunter2" not in replay("validate", "--format", form, *words).stdout


# --- All say what the JSON document says ------------------------------------------------------------------------

Told = tuple[str, int, str, str, str]
"""Source, line, code, severity and message of a finding."""


def told(folder: Path, *words: str) -> list[Told]:
    sources = json.loads(written("json", folder, *words))["sources"]
    return [
        (source["source"], one["line"], one["code"], one["severity"], one["message"])
        for source in sources
        for one in source["findings"]
    ]


def results(text: bytes) -> list[Row]:
    (run,) = json.loads(text)["runs"]
    return list(run["results"])


def place_of(result: Row) -> Row:
    (location,) = result["locations"]
    return dict(location["physicalLocation"])


def test_sarif_tells_every_finding_at_its_place() -> None:
    assert told(ROOT, *FIXTURES) == [
        (
            unquote_to_bytes(place_of(one)["artifactLocation"]["uri"]).decode().removeprefix("file://"),
            place_of(one)["region"]["startLine"],
            one["ruleId"],
            one["level"],
            one["message"]["text"].replace("{{", "{").replace("}}", "}"),
        )
        for one in results(written("sarif", ROOT, *FIXTURES))
    ]


def test_gitlab_and_reviewdog_are_told_every_finding_at_its_place() -> None:
    expected = told(ROOT, *FIXTURES)
    severities = {"error": ("major", "ERROR"), "warning": ("minor", "WARNING"), "note": ("info", "INFO")}
    gitlab = json.loads(written("gitlab", ROOT, *FIXTURES))
    rdjson = json.loads(written("rdjson", ROOT, *FIXTURES))["diagnostics"]

    assert [(path, line, f"{code} {said}", severities[level]) for path, line, code, level, said in expected] == [
        (
            one["location"]["path"],
            one["location"]["lines"]["begin"],
            one["description"],
            (one["severity"], other["severity"]),
        )
        for one, other in zip(gitlab, rdjson, strict=True)
    ]
    assert [(path, line, code) for path, line, code, _, _ in expected] == [
        (one["location"]["path"], one["location"]["range"]["start"]["line"], one["code"]["value"]) for one in rdjson
    ]


def test_reviewdog_gets_no_field_that_its_parser_does_not_know(logs: Path) -> None:
    """It parses strictly; its schema does not say so."""
    document = json.loads(written("rdjson", logs, "."))

    assert {"source", "diagnostics"} == document.keys()
    assert {frozenset(["message", "location", "severity", "code"])} == {*map(frozenset, document["diagnostics"])}


UNREAD = {
    "cut.jsonl.bz2": ("cut.jsonl.bz2", "cut.jsonl.bz2: "),
    "clean.jsonl missing.jsonl": ("", "no such file: missing.jsonl"),
    "broken.jsonl.gz": ("broken.jsonl.gz", "broken.jsonl.gz: "),
    "empty": ("", "no source held an event"),
}
"""Words; the file that a problem is shown at, and how it begins."""


@pytest.mark.parametrize(("words", "path", "said"), [(words, *told) for words, told in UNREAD.items()], ids=UNREAD)
def test_what_could_not_be_read_is_told_where_findings_are(logs: Path, words: str, path: str, said: str) -> None:
    (logs / "broken.jsonl.gz").write_bytes(gzip.compress(store(1))[:20])
    (logs / "empty").mkdir(exist_ok=True)
    (entry,) = json.loads(written("gitlab", logs, *words.split()))
    (diagnostic,) = json.loads(written("rdjson", logs, *words.split()))["diagnostics"]
    (annotation,) = re.findall(
        r"^::error (.*)title=problem::(.*)$", written("github", logs, *words.split()).decode(), re.M
    )

    assert ("problem", path or ".") == (entry["check_name"], entry["location"]["path"])
    assert (path or ".", "ERROR") == (diagnostic["location"]["path"], diagnostic["severity"])
    assert annotation[0].partition(",line=")[0] == (f"file={path}" if path else "")
    assert all(told.startswith(said) for told in (entry["description"], diagnostic["message"], annotation[1]))


def test_no_more_problems_are_annotated_than_github_keeps(logs: Path) -> None:
    said = written(
        "github", logs, "damaged.jsonl", *(f"there is none called {number}" for number in range(12))
    ).decode()

    assert 10 == said.count("::error ")
    assert "\n4 more problems not annotated: GitHub keeps 10 of a level per step\n" in said


def test_junit_lists_every_finding_under_its_rule() -> None:
    suites = ElementTree.fromstring(written("junit", ROOT, *FIXTURES))
    said = "".join(part.text or "" for case in suites.iter("testcase") for part in case)

    lines = [line for line in said.splitlines() if re.match(r".+:[0-9]+:[0-9]+: (error|warning|note): ", line)]
    assert Counter(f"{path}:{line}" for path, line, *_ in told(ROOT, *FIXTURES)) == Counter(
        line.rpartition(f": {line.split(': ')[1]}: ")[0].rpartition(":")[0] for line in lines
    )


# --- Names ------------------------------------------------------------------------------------------------------

NAMES = {
    b"a b%.jsonl": "a%20b%25.jsonl",
    b"a:b.jsonl": "a%3Ab.jsonl",
    "é.jsonl".encode(): "%C3%A9.jsonl",
    b"\xff\x1b.jsonl": "%FF%1B.jsonl",
    b'#?&<>".jsonl': "%23%3F%26%3C%3E%22.jsonl",
    b"./a/./b.jsonl": "a/./b.jsonl",
}
"""Names of files, and the URIs that say the same."""


@pytest.mark.parametrize(("name", "uri"), NAMES.items(), ids=map(str, NAMES))
def test_a_name_becomes_a_uri_that_means_it(tmp_path: Path, name: bytes, uri: str) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(BROKEN)
    given = os.fsdecode(name)

    relative, absolute = (
        place_of(results(written("sarif", tmp_path, word))[0])["artifactLocation"]["uri"]
        for word in (given, str(path))
    )

    assert uri == relative
    assert absolute.startswith("file:///")
    assert os.fsencode(path) == unquote_to_bytes(absolute.removeprefix("file://"))


@pytest.mark.parametrize("form", ["gitlab", "rdjson"])
def test_a_path_is_that_of_the_repository(tmp_path: Path, form: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_bytes(BROKEN)
    text = json.loads(written(form, tmp_path, "."))

    assert {"logs/a.jsonl"} == {
        one["location"]["path"] for one in (text["diagnostics"] if form == "rdjson" else text)
    }


# --- Fingerprints -----------------------------------------------------------------------------------------------

DISORDER = store(1, 2, 3) + BROKEN + store(9, 4, 4) + BROKEN + record(4, thread="thr_2", kind="x") + b"\n" + BROKEN
ABOVE = store(100, 101) + b"\n\n"


def prints(form: str, folder: Path, *words: str, stdin: bytes = b"") -> list[tuple[str, str]]:
    """Rule and fingerprint of each finding."""
    text = written(form, folder, *words, stdin=stdin)
    if form == "sarif":
        return [(one["ruleId"], *one["partialFingerprints"].values()) for one in results(text)]
    return [(one["check_name"], one["fingerprint"]) for one in json.loads(text)]


@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_what_is_written_above_a_finding_leaves_its_fingerprint(tmp_path: Path, form: str) -> None:
    for log in (DISORDER, ABOVE + DISORDER):
        (tmp_path / "log.jsonl").write_bytes(log)
        found = prints(form, tmp_path, "--ignore", "blank-line,seq-step-back", "log.jsonl")
        (tmp_path / "before.json").write_text(json.dumps(found)) if log is DISORDER else None

    before = [tuple(one) for one in json.loads((tmp_path / "before.json").read_text())]
    assert len(before) > 4
    assert before == found


def test_another_line_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(BROKEN + b"{oops!\n" + BROKEN)
    rule, found = zip(*prints("sarif", tmp_path, "--select", "not-json", "log.jsonl"), strict=True)

    assert {"J101"} == {*rule}
    assert [("1",), ("1",), ("2",)] == [(one.partition(":")[2],) for one in found]
    assert found[0].partition(":")[0] == found[2].partition(":")[0] != found[1].partition(":")[0]


def test_events_of_a_capture_differ_though_their_first_lines_are_alike(tmp_path: Path) -> None:
    (tmp_path / "log.sse").write_bytes(capture((1, 0), (4, 3), (9, 8), (12, 11)))
    found = [one for _, one in prints("sarif", tmp_path, "--select", "broken-link", "log.sse")]

    assert 3 == len({one.partition(":")[0] for one in found})


@pytest.mark.parametrize(
    "log",
    [
        DISORDER,
        store(*range(1, 1500)) + DISORDER + store(*range(1490, 3000)),
        capture((1, 0), (4, 3), (5, 4), (3, 2), (4, 3), (9, 8))
        + capture((4, 3), (5, 4))
        + b": x\nevent: y\r\n\rfoo: 1\n",
        record(1, kind="k" * 5000) + b"\xff\xfe" + "é".encode() * 700 + b"\n" + store(2)[:-1],
    ],
    ids=["disorder", "more than a block", "capture", "long lines"],
)
def test_fingerprints_and_regions_are_those_of_the_bytes_however_they_come(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "log").write_bytes(log)
    (tmp_path / "packed").write_bytes(gzip.compress(log))
    words = ("--severity", "seq-gap=note")

    def places(text: bytes) -> list[tuple[str, Row, Row]]:
        return [(one["ruleId"], place_of(one)["region"], one["partialFingerprints"]) for one in results(text)]

    from_file = places(written("sarif", tmp_path, *words, "log"))
    assert from_file
    # Of a pipe the second look is not to be had.
    look = "seq-conflict,broken-link,new-connection"
    assert places(written("sarif", tmp_path, *words, "--ignore", look, "log")) == places(
        written("sarif", tmp_path, *words, "--ignore", look, "-", stdin=log)
    )
    in_characters = [
        (code, {name: value for name, value in region.items() if not name.startswith("byte")}, fingerprints)
        for code, region, fingerprints in from_file
    ]
    assert in_characters == places(written("sarif", tmp_path, *words, "packed"))


@pytest.mark.parametrize("most", ["9999", "3"])
def test_no_two_findings_have_one_fingerprint(logs: Path, most: str) -> None:
    found = [one for _, one in prints("gitlab", logs, "--max-findings", most, ".", *FIXTURES)]

    assert len(found) > 50
    assert len(found) == len(set(found))


# --- SARIF ------------------------------------------------------------------------------------------------------


def regions(folder: Path, *words: str) -> Iterator[tuple[bytes, Row]]:
    """The bytes of the source and the region of each result that has one in bytes."""
    for one in results(written("sarif", folder, *words)):
        place = place_of(one)
        path = folder / os.fsdecode(unquote_to_bytes(place["artifactLocation"]["uri"].removeprefix("file://")))
        assert "byteOffset" not in place["region"] or path.suffix not in (".gz", ".bz2", ".zst", ".xz")
        if "byteOffset" in place["region"]:
            yield path.read_bytes(), place["region"]


def test_a_region_in_what_is_compressed_is_told_in_characters_alone(tmp_path: Path) -> None:
    """A byte offset would be one in the compressed bytes."""
    torn = record(1) + record(2)[:40]
    (tmp_path / "a.jsonl").write_bytes(torn)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(torn))
    (tmp_path / "replay.toml").write_text('paths = ["."]\n')
    for command in ("validate .", "check"):
        _, stdout, _ = outcome([*command.split(), "--format", "sarif"], tmp_path)
        regions = [place_of(one)["region"] for one in results(stdout)]
        plain, packed = (region for region in regions if "startColumn" in region)

        assert {"byteOffset", "byteLength"} == plain.keys() - packed.keys()
        assert packed.items() <= plain.items()


def test_a_region_is_the_same_in_bytes_as_in_characters(logs: Path) -> None:
    met = 0
    for data, region in (*regions(logs, "."), *regions(ROOT, *FIXTURES)):
        start, end = region["byteOffset"], region["byteOffset"] + region["byteLength"]
        line = max(data.rfind(b"\n", 0, start), data.rfind(b"\r", 0, start) if b"data: " in data else -1) + 1
        assert region["startColumn"] == len(data[line:start].decode(errors="replace")) + 1
        assert region["endColumn"] - region["startColumn"] == len(data[start:end].decode(errors="replace"))
        assert b"\n" not in data[start:end]
        assert end == len(data) or region["byteLength"] >= 1000 or data[end : end + 1] in (b"\n", b"\r")
        met += region["startColumn"] != start - line + 1
    assert met


def test_sarif_has_help_for_each_rule_and_results_point_at_it() -> None:
    (run,) = json.loads(written("sarif", ROOT, *FIXTURES))["runs"]
    listed = run["tool"]["driver"]["rules"]

    assert [(rule.code, rule.name) for rule in RULES] == [(one["id"], one["name"]) for one in listed]
    assert [] == [one["id"] for one in listed if not one["help"]["text"] or not one["help"]["markdown"]]
    assert {one["ruleId"] for one in run["results"]} == {listed[one["ruleIndex"]]["id"] for one in run["results"]}


ENDS = {
    "clean.jsonl": (0, True, 0),
    "damaged.jsonl": (1, True, 0),
    "damaged.jsonl missing.jsonl": (2, False, 1),
    "empty.jsonl": (3, False, 0),
    "damaged.jsonl cut.jsonl.bz2": (4, False, 1),
}
"""Words, and how the run ended: its exit code, whether it did what was asked, and what it could not do."""


@pytest.mark.parametrize(("words", "ended"), ENDS.items(), ids=ENDS)
def test_sarif_says_how_the_run_ended(logs: Path, words: str, ended: tuple[int, bool, int]) -> None:
    (run,) = json.loads(written("sarif", logs, *words.split()))["runs"]
    (invocation,) = run["invocations"]

    notes = invocation["toolExecutionNotifications"]
    assert ended == (invocation["exitCode"], invocation["executionSuccessful"], len(notes))


def test_no_name_in_a_message_is_a_placeholder_or_a_link(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(compact(envelope(1, kind="[here](javascript:x) {0}")) + b"\n")
    (one,) = results(replay("validate", "--format", "sarif", "log.jsonl").stdout.encode())

    assert r"event is 'item.delta' but kind is '\[here\](javascript:x) {{0}}'" == one["message"]["text"]


def test_sarif_has_no_more_results_than_github_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert 25_000 == sum(sarif.MOST.values())
    monkeypatch.setattr(sarif, "MOST", {"error": 3, "warning": 2, "note": 1})
    reports, outcome = reports_of(store(1) + BROKEN * 5 + b"\n" * 4)
    (run,) = json.loads("".join(sarif.render(reports, outcome, Style())))["runs"]

    assert Counter(error=3, warning=2) == Counter(one["level"] for one in run["results"])
    assert ["2 more errors not listed", "2 more warnings not listed"] == [
        note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]
    ]


def reports_of(*logs: bytes) -> tuple[list[Report], Outcome]:
    """The reports of logs, and what they come to."""
    from io import BytesIO

    from replay_cli.inspection import inspect
    from replay_cli.planning import Options
    from replay_cli.sources import open_stream

    outcome, reports = Outcome(), []
    for number, log in enumerate(logs):
        with open_stream(BytesIO(log), f"log {number}") as source:
            reports.append(inspect(source, Options()))
        outcome.add(reports[-1])
    return reports, outcome


# --- JUnit ------------------------------------------------------------------------------------------------------

Suites = list[ElementTree.Element]


def suites(ran: Ran | bytes) -> Suites:
    return list(ElementTree.fromstring(ran.stdout if isinstance(ran, Ran) else ran))


def test_the_numbers_of_a_suite_are_those_of_its_tests(logs: Path) -> None:
    for words in WORDS.values():
        for suite in suites(written("junit", logs, *words.split())):
            numbers = [len(suite.findall(path)) for path in ("testcase", "testcase/failure", "testcase/error")]
            assert [str(number) for number in numbers] == [suite.get(one) for one in ("tests", "failures", "errors")]


def test_no_two_tests_have_one_name(logs: Path) -> None:
    names = [
        (case.get("classname"), case.get("name"))
        for suite in suites(written("junit", logs, ".", "missing", "missing too"))
        for case in suite
    ]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("words", "failing"),
    [
        ("damaged.jsonl", "J101 S101"),
        ("--max-findings 1 damaged.jsonl", "J101 has"),
        ("--max-findings 0 damaged.jsonl", "has"),
        ("--exit-zero damaged.jsonl", "J101 S101"),
        ("--severity all=note damaged.jsonl", ""),
        ("--severity all=note --fail-level note damaged.jsonl", "J101 S101"),
        ("clean.jsonl", ""),
        ("damaged.jsonl clean.jsonl cut.jsonl.bz2", "J101 S101 is"),
        ("clean.jsonl missing.jsonl", "problem"),
        ("empty.jsonl", "problem"),
        ("--exclude * .", "problem"),
    ],
)
def test_a_test_fails_where_the_run_does(logs: Path, words: str, failing: str) -> None:
    text = written("junit", logs, *words.split())
    failed = [
        str(case.get("name")).split()[0]
        for suite in suites(text)
        for case in suite
        if case.find("failure") is not None or case.find("error") is not None
    ]

    assert failing.split() == failed


def test_a_run_that_was_interrupted_does_not_pass() -> None:
    reports, outcome = reports_of(store(1))
    outcome.due.add(INTERRUPTED)
    (_, run) = suites("".join(junit.render(reports, outcome, Style())).encode())

    assert ["interrupted; the rest was not read"] == [one.get("message") for one in run.iter("error")]


# --- Markdown ---------------------------------------------------------------------------------------------------

KINDS = ["heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "strong", "bullet_list", "list_item"]


def test_nothing_in_a_markdown_report_is_markup_but_ours(logs: Path) -> None:
    text = written("markdown", logs, "--files-from", "list", ".").decode()
    tokens = [
        inner
        for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
        for inner in (token, *(token.children or ()))
    ]

    ours = {f"{kind}_{end}" for kind in KINDS for end in ("open", "close")}
    assert set() == {token.type for token in tokens} - ours - {"inline", "text", "text_special", "html_inline"}
    assert {"<code>", "</code>"} == {token.content for token in tokens if token.type == "html_inline"}


@pytest.mark.parametrize("name", ["@everyone", "#1", "a@b"])
def test_a_markdown_report_calls_nobody(replay: Replay, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(compact(envelope(1, kind=name)) + b"\n")
    # So far from each other that neither is suggested for the other.
    text = replay("validate", "--format", "markdown", name, f"there is no such file as {name}").stdout

    mark = f"&#{ord('@' if '@' in name else '#')};"
    assert 4 == text.count(mark)
    assert 0 == re.sub("<code>.*?</code>", "", text).count(mark)


def test_a_markdown_report_fits_into_a_comment_and_tells_the_worst_first() -> None:
    logs = [store(1, 2)] * 400 + [b"\n" * 900 + store(1) + BROKEN] * 30
    reports, outcome = reports_of(*logs)
    text = "".join(markdown.render(reports, outcome, Style()))

    assert len(text) < 65_536
    assert 30 == text.count("J101 not-json")
    assert text.index("J101") < text.index("F102")
    assert re.search(r"\n[0-9]+ more sources not listed\.\n", text)
    assert re.search(r"\n[0-9,]+ more findings not listed\.\n", text)
    assert text.index("log 400<") < text.index("log 0<")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("clean.jsonl", "**passed** · 1 source, 3 events: 0 errors, 0 warnings, 0 notes"),
        ("damaged.jsonl", "**failed** · 1 source, 3 events: 2 errors, 0 warnings, 0 notes"),
        ("empty.jsonl", "**failed: nothing to read** · 1 source, 0 events: 0 errors, 0 warnings, 1 note"),
        ("clean.jsonl missing", "**failed: what was asked could not be done** · 1 source"),
        ("cut.jsonl.bz2", "**failed: an input could not be read** · 1 source"),
    ],
)
def test_a_markdown_report_begins_with_what_came_of_the_run(logs: Path, words: str, said: str) -> None:
    text = written("markdown", logs, *words.split()).decode()

    assert text.startswith(f"### replay validate\n\n{said}")


# --- Memory -----------------------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from replay_cli.cli import run
code = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.parametrize("form", [*CONSUMERS, "markdown"])
def test_memory_does_not_go_by_the_findings(tmp_path: Path, form: str) -> None:
    pytest.importorskip("resource")
    peaks = []
    for number in (5_000, 50_000):
        (tmp_path / "log.jsonl").write_bytes(store(1) + b"{x\n" * number)
        command = [sys.executable, "-c", PEAK, "validate", "--format", form, "--jobs", "1", "log.jsonl"]
        ran = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, timeout=120)
        peaks.append(int(ran.stderr.split()[-1]))

    assert peaks[1] < peaks[0] * 1.3
