"""The formats of ``replay validate``: what programs read is whole, ordered, described by a schema, and repeatable."""

from __future__ import annotations

import gzip
import json
import os
import re
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.color import ColorSystem
from rich.style import Style as RichStyle

from replay_cli import RULES, catalogue
from replay_cli.render import Style
from replay_cli.render.github import MOST, PROBLEMS, ROOM, ROWS
from replay_cli.render.text import _paint
from replay_cli.schemas_made import MADE, schema_of
from tests.conftest import COMMAND, FORMATS, ROOT, Ran, Replay, environment, outcome
from tests.making import capture, compact, envelope, message, record, store

FIXTURES = ("fixtures/rules", "fixtures/damaged", "fixtures/recorded")
BROKEN = b"{oops\n"
BROKEN_SAID = "expecting property name enclosed in double quotes"
AUDIT_LOG = b'{"ts":"2026-11-21T06:00:00Z","event":"login","details":{}}\n' * 3

Row = dict[str, Any]
Place = tuple[str, int, int, str, str, str]
"""Source, line, column, code, name and message of a finding."""


def runs(*commands: tuple[list[str], Path, dict[str, str]]) -> list[bytes]:
    """What each command (words, folder, environment) writes to stdout."""
    return [outcome(["validate", *words], folder, env=variables)[1] for words, folder, variables in commands]


@pytest.fixture(scope="module")
def shown() -> dict[str, bytes]:
    """Every format over every fixture."""
    everything = [["--max-findings", "100000", "--format", form, *FIXTURES] for form in FORMATS]
    return dict(zip(FORMATS, runs(*((words, ROOT, {}) for words in everything)), strict=True))


@pytest.fixture(scope="module")
def places(shown: dict[str, bytes]) -> list[Place]:
    """Every finding of every fixture, as the JSON document has them."""
    sources = json.loads(shown["json"])["sources"]
    return [place(source["source"], one) for source in sources for one in source["findings"]]


def place(source: str, one: Row) -> Place:
    return source, one["line"], one["column"], one["code"], one["name"], one["message"]


def rows(stdout: bytes | str) -> list[Row]:
    return [json.loads(line) for line in stdout.splitlines()]


def of_type(lines: list[Row], kind: str) -> list[Row]:
    return [line for line in lines if line["type"] == kind]


# --- Schemas ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MADE)
def test_a_published_schema_is_what_the_models_make(name: str) -> None:
    published = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")

    assert schema_of(name) == published
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


SHORT_DELTAS = "fixtures/rules/user-schema-violation/short-deltas.schema.json"
WORDS = {
    "with values and statistics": (
        f"--statistics --show-values --max-findings 1 --severity seq-gap=note {' '.join(FIXTURES)} missing.jsonl"
    ),
    "a schema, a limit, an input that is cut": (
        f"--schema {SHORT_DELTAS} --max-line-bytes 2000 fixtures/rules/overlong-line.jsonl"
        " fixtures/rules/user-schema-violation.jsonl /dev/null {cut}"
    ),
}


def unlike_its_schema(form: str, stdout: bytes) -> list[str]:
    """What is wrong with a document, or with the lines of one, by its published schema."""
    validator = jsonschema.Draft202012Validator(json.loads(schema_of({"json": "report", "jsonl": "findings"}[form])))
    documents = rows(stdout) if form == "jsonl" else [json.loads(stdout)]
    return [error.message for one in documents for error in validator.iter_errors(one)]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_what_programs_read_of_every_fixture_fulfils_its_schema(shown: dict[str, bytes], form: str) -> None:
    assert [] == unlike_its_schema(form, shown[form])


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_what_programs_read_fulfils_its_schema_whatever_is_asked_for(tmp_path: Path, form: str, words: str) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(store(*range(1, 200)))[:-40])
    (stdout,) = runs((["--format", form, *words.format(cut=tmp_path / "cut.gz").split()], ROOT, {}))

    assert [] == unlike_its_schema(form, stdout)


# --- All formats say the same -----------------------------------------------------------------------------------


def test_every_rule_is_met_in_the_fixtures(places: list[Place]) -> None:
    """Those that need options, too: the manifest of this repository has them."""
    assert {rule.name for rule in RULES} == {name for _, _, _, _, name, _ in places}


CONCISE = re.compile(r"(.+?):([0-9]+):([0-9]+): ([A-Z][0-9]{3}) ([a-z0-9-]+) (.+)")


def test_concise_is_path_line_column_code_name_message(shown: dict[str, bytes], places: list[Place]) -> None:
    read = [CONCISE.fullmatch(line) for line in shown["concise"].decode().splitlines()]

    assert places == [(m[1], int(m[2]), int(m[3]), m[4], m[5], m[6]) for m in read if m]
    assert None not in read


def test_text_has_a_line_for_each_finding_under_the_name_of_its_source(
    shown: dict[str, bytes], places: list[Place]
) -> None:
    source, read = "", []
    for line in shown["text"].decode().splitlines():
        source = line if line and line[0] != " " else source
        if match := re.fullmatch(r"  ([0-9]+):([0-9]+) +(?:error|warning|note) +(\w+) ([a-z0-9-]+): (.+)", line):
            read.append((source, int(match[1]), int(match[2]), *match.groups()[2:]))

    assert places == read


def test_jsonl_has_the_findings_of_the_document(shown: dict[str, bytes], places: list[Place]) -> None:
    lines = rows(shown["jsonl"])

    assert sorted(places) == sorted(place(one["source"], one) for one in of_type(lines, "finding"))


def test_jsonl_has_the_sources_and_the_summary_of_the_document(shown: dict[str, bytes]) -> None:
    document, lines = json.loads(shown["json"]), rows(shown["jsonl"])
    summary = {name: document[name] for name in ("format_version", "tool", "problems", "summary", "exit_code")}

    assert [one | {"findings": [], "type": "source"} for one in document["sources"]] == of_type(lines, "source")
    assert [summary | {"type": "summary"}] == of_type(lines, "summary")


# --- JSONL ------------------------------------------------------------------------------------------------------

SECOND_LOOK = {"seq-conflict", "broken-link", "new-connection", "second-thread", "compat-stream", "no-events"}
"""What only the whole of a source decides; it comes behind the rest."""


def test_jsonl_goes_source_by_source_in_the_order_of_places_and_ends_with_the_summary(
    shown: dict[str, bytes],
) -> None:
    lines = rows(shown["jsonl"])

    assert ["summary"] == [line["type"] for line in lines[-1:]]
    at = 0
    for source in of_type(lines, "source"):
        end = lines.index(source)
        found = lines[at:end]
        assert [(source["source"], "finding")] * len(found) == [(line["source"], line["type"]) for line in found]
        told_at_once = [line for line in found if line["name"] not in SECOND_LOOK]
        assert sorted(told_at_once, key=lambda line: int(line["offset"])) == told_at_once
        at = end + 1
    assert len(lines) - 1 == at


def test_the_lines_of_findings_add_up_to_the_counts(shown: dict[str, bytes]) -> None:
    lines = rows(shown["jsonl"])
    (summary,) = of_type(lines, "summary")

    assert len(of_type(lines, "finding")) == sum(summary["summary"]["counts"].values())
    for source in of_type(lines, "source"):
        found = [line for line in of_type(lines, "finding") if line["source"] == source["source"]]
        assert Counter(source["rules"]) == Counter(line["name"] for line in found)
        assert Counter(source["counts"]) == Counter({"error": 0, "warning": 0, "note": 0}) | Counter(
            line["severity"] for line in found
        )


MANY = 1100
"""More findings than are kept of a rule."""

OTHER = {"delta": "another word", "kind": "agent_message"}


@pytest.mark.parametrize(
    ("name", "log", "count"),
    [
        ("not-json", store(1) + BROKEN * MANY, MANY),
        ("seq-duplicate", record(1) * (MANY + 1), MANY),
        ("broken-link", capture(*((3 * seq, 3 * seq - 1) for seq in range(1, MANY + 2))), MANY),
        pytest.param(
            "seq-conflict",
            store(*range(1, MANY + 1)) + b"".join(record(seq, payload=OTHER) for seq in range(1, MANY + 1)),
            MANY,
        ),
        pytest.param(
            "second-thread",
            b"".join(message(envelope(seq, seq - 1, thread=f"thr_{seq}")) for seq in range(1, MANY + 2)),
            MANY,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_jsonl_tells_every_finding_however_few_are_kept(
    replay: Replay, tmp_path: Path, name: str, log: bytes, count: int
) -> None:
    (tmp_path / "log").write_bytes(log)
    lines = rows(replay("validate", "--format", "jsonl", "--max-findings", "3", "log").stdout)

    told = [(line["offset"], line["name"]) for line in of_type(lines, "finding") if line["name"] == name]
    assert (count, count) == (of_type(lines, "source")[0]["rules"][name], len(set(told)))


def read_line(stream: int, seconds: float) -> bytes:
    """What a descriptor gives up to the next line end; b"" if that takes longer."""
    line = b""
    while not line.endswith(b"\n") and select.select([stream], [], [], seconds)[0]:
        byte = os.read(stream, 1)
        if not byte:
            break
        line += byte
    return line


def test_jsonl_streams_and_how_fast_the_input_came_does_not_show(tmp_path: Path) -> None:
    block = BROKEN + store(*range(1, 400))
    assert len(block) > 65536
    command = [*COMMAND, "validate", "--format", "jsonl", "-"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write(block)
        first = read_line(run.stdout.fileno(), 20)
        run.stdin.write(BROKEN)
        run.stdin.close()
        rest = run.stdout.read()

    _, at_once, _ = outcome(command[len(COMMAND) :], tmp_path, block + BROKEN)
    assert ("finding", 1, BROKEN_SAID) == tuple(json.loads(first)[name] for name in ("type", "line", "message"))
    assert at_once == first + rest


@pytest.mark.parametrize(
    ("words", "told", "skipped"),
    [
        ("logs", ["logs/ours.log"], 1),
        ("logs/foreign.log", ["logs/foreign.log"], 0),
        ("logs/foreign.log logs", ["logs/foreign.log", "logs/ours.log"], 0),
    ],
)
def test_a_log_of_another_kind_has_a_finding_only_if_it_was_named(
    replay: Replay, tmp_path: Path, words: str, told: list[str], skipped: int
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "foreign.log").write_bytes(AUDIT_LOG)
    (tmp_path / "logs" / "ours.log").write_bytes(store(1) + BROKEN)

    lines = rows(replay("validate", "--format", "jsonl", *words.split()).stdout)

    assert told == [line["source"] for line in of_type(lines, "finding")]
    assert told == [line["source"] for line in of_type(lines, "source")]
    assert skipped == lines[-1]["summary"]["skipped"]


# --- GitHub -----------------------------------------------------------------------------------------------------

LEVELS = {"error": "error", "warning": "warning", "notice": "note"}


def meant(text: str, *further: tuple[str, str]) -> str:
    """A value of a workflow command as GitHub's runner reads it (actions/runner, ActionCommand.cs)."""
    for escaped, character in (*further, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escaped, character)
    return text


def annotated(stdout: str) -> list[tuple[str, Place]]:
    """The annotations that GitHub makes of what a step writes: their levels, and what they say."""
    read = []
    for line in stdout.splitlines():
        if line.lstrip().startswith("::"):
            command, _, data = line.lstrip()[2:].partition("::")
            level, _, properties = command.partition(" ")
            fields = dict(part.split("=", 1) for part in properties.split(","))
            file, row, column, title = (
                meant(fields[name], ("%3A", ":"), ("%2C", ",")) for name in ("file", "line", "col", "title")
            )
            code, name = title.split(" ")
            read.append((LEVELS[level], (file, int(row), int(column), code, name, meant(data))))
    return read


def first_ten(findings: list[tuple[str, Place]]) -> Iterator[tuple[str, Place]]:
    seen: Counter[str] = Counter()
    for level, found in findings:
        seen[level] += 1
        if seen[level] <= 10:
            yield level, found


def test_the_first_ten_findings_of_each_level_are_annotated(shown: dict[str, bytes]) -> None:
    sources = json.loads(shown["json"])["sources"]
    told = [(one["severity"], place(source["source"], one)) for source in sources for one in source["findings"]]

    assert 10 == MOST
    assert list(first_ten(told)) == annotated(shown["github"].decode())


def test_the_rest_is_counted(shown: dict[str, bytes]) -> None:
    summary = json.loads(shown["json"])["summary"]
    left = {level: count - 10 for level, count in summary["counts"].items()}
    lines = shown["github"].decode().splitlines()

    assert all(count > 1 for count in left.values())
    behind = "not annotated: GitHub keeps 10 of a level per step"
    assert [
        *(f"{count} more {level}s {behind}" for level, count in left.items()),
        f"{summary['sources']} sources, {summary['events']:,} events: "
        + ", ".join(f"{count} {level}s" for level, count in summary["counts"].items()),
    ] == [line for line in lines if not line.startswith("::")]


def test_what_is_counted_includes_findings_that_are_not_kept(replay: Replay) -> None:
    log = store(1) + BROKEN * 12

    ran = replay("validate", "--format", "github", "--max-findings", "4", "-", stdin=log)

    assert (4, True) == (len(annotated(ran.stdout)), "8 more errors not annotated" in ran.stdout)


NASTY = [
    "%",
    "%0A::error::x",
    "%3A%2C%25",
    "a,line=9,col=9",
    "::warning::x",
    "a::b",
    "x\r\n::error::y",
    "title=:,%",
    "café — 日本",
]


def test_names_and_messages_come_through_the_escaping_of_annotations(replay: Replay, tmp_path: Path) -> None:
    for name in NASTY:
        (tmp_path / name).write_bytes(compact(envelope(1, kind=name)) + b"\n")

    stdout = replay("validate", "--format", "github", *NASTY).stdout

    shown_as = [name.replace("\r", "\\r").replace("\n", "\\n") for name in NASTY]
    assert [(name, f"event is 'item.delta' but kind is '{name}'") for name in shown_as] == [
        (found[0], found[5]) for _, found in annotated(stdout)
    ]
    assert len(NASTY) == sum(line.lstrip().startswith("::") for line in stdout.splitlines())


# --- The job summary of GitHub ----------------------------------------------------------------------------------


def tokens(text: str) -> list[Token]:
    """Markdown as GitHub reads it; all tokens, those inside a line as well."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def summarized(replay: Replay, summary: Path, *words: str) -> Ran:
    return replay("validate", "--format", "github", *words, env={"GITHUB_STEP_SUMMARY": str(summary)})


@pytest.mark.parametrize("form", ["github", "text"])
def test_the_job_summary_is_added_to_what_other_steps_wrote(replay: Replay, tmp_path: Path, form: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(store(1) + BROKEN)
    (tmp_path / "summary").write_text("before\n")

    replay("validate", "--format", form, "log.jsonl", env={"GITHUB_STEP_SUMMARY": "summary"})

    head = "### replay validate\n\n| source | events | errors | warnings | notes | verdict |\n"
    added = (tmp_path / "summary").read_text().removeprefix("before\n")
    assert added.startswith(head) if form == "github" else added == ""


MARKUP = [
    "| a | b |",
    "a\\|b",
    "`a` *b* _c_ ~~d~~",
    "<img src=x>",
    "&lt;b&gt;",
    "[a](https://example.org)",
    "![a](b)",
    "https://example.org",
    "www.example.org",
    "# heading",
    "> quote",
    "- item",
    "+ item",
    "1. item",
    "1) item",
    "    code",
    "***",
    "<!-- comment",
    "```",
    "$x$",
    "|---|---|",
    "\\",
    "x" * 5000,
]


def test_no_name_is_markup_in_a_job_summary(replay: Replay, tmp_path: Path) -> None:
    """Neither in the table nor among the problems, which begin with the name of a log that could not be read."""
    names = [name for name in MARKUP[:-1] if "/" not in name]
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(store(*range(1, 99)))[:-9])
    (tmp_path / "list").write_text("\n".join([*names, *(f"missing {name}" for name in MARKUP)]))

    summarized(replay, tmp_path / "summary", "--files-from", "list")

    text = (tmp_path / "summary").read_text()
    kinds = Counter(token.type for token in tokens(text))
    assert (1, 1, 1) == (kinds["heading_open"], kinds["table_open"], kinds["bullet_list_open"])
    assert (1 + len(names), len(names) + len(MARKUP)) == (kinds["tr_open"], kinds["list_item_open"])
    assert 6 * (1 + len(names)) == kinds["th_open"] + kinds["td_open"]
    allowed = ["heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item"]
    markup = {f"{name}_{end}" for name in allowed for end in ("open", "close")} | {"inline", "text", "text_special"}
    assert set() == kinds.keys() - markup
    # GitHub makes links of these without any markup.
    assert [] == re.findall(r"https?:|www\.", text)


def test_a_name_reads_in_a_job_summary_as_it_is(replay: Replay, tmp_path: Path) -> None:
    names = [name for name in MARKUP[:-1] if "/" not in name]
    for name in names:
        (tmp_path / name).write_bytes(store(1))

    summarized(replay, tmp_path / "summary", *(f"./{name}" for name in names))

    cells = [
        "".join(inner.content for inner in token.children or ())
        for token in tokens((tmp_path / "summary").read_text())
        if token.type == "inline"
    ]
    assert [f"./{name}" for name in names] == [cell for cell in cells if cell.startswith("./")]


def test_a_job_summary_is_bounded_and_counts_what_it_leaves_out(replay: Replay, tmp_path: Path) -> None:
    for number in range(ROWS + 2):
        (tmp_path / f"{number:04}.jsonl").write_bytes(store(1))
    (tmp_path / "list").write_text("\n".join(f"missing {number}" for number in range(PROBLEMS + 3)))

    summarized(replay, tmp_path / "summary", ".", "--files-from", "list")

    text = (tmp_path / "summary").read_text()
    assert ROWS + 1 == sum(token.type == "tr_open" for token in tokens(text))
    assert "\n2 more sources not listed.\n" in text
    assert PROBLEMS + 1 == sum(token.type == "list_item_open" for token in tokens(text))
    assert text.endswith("\n- 3 more\n")


def test_a_job_summary_fits_whatever_the_names_are(replay: Replay, tmp_path: Path) -> None:
    folder = tmp_path / ("#" * 250) / ("#" * 250)
    folder.mkdir(parents=True)
    for number in range(ROWS):
        (folder / f"{number:04}.jsonl").write_bytes(store(1))
    (tmp_path / "list").write_text("\n".join("#" * 9000 + str(number) for number in range(PROBLEMS)))

    summarized(replay, tmp_path / "summary", ".", "--files-from", "list")

    text = (tmp_path / "summary").read_text()
    assert "more sources not listed" in text
    assert len(text.encode()) < 2**20
    assert ROOM < 2**20


@pytest.mark.parametrize("summary", ["bare", "nowhere/summary", "/dev/full"])
def test_a_job_summary_that_cannot_be_written_is_one_line_and_exit_2(
    replay: Replay, tmp_path: Path, summary: str
) -> None:
    if summary.startswith("/dev") and not Path(summary).exists():
        pytest.skip(f"there is no {summary} here")
    (tmp_path / "bare").mkdir()
    (tmp_path / "log.jsonl").write_bytes(store(1) + BROKEN)

    ran = summarized(replay, Path(summary), "log.jsonl")

    assert (2, 1, 1) == (ran.code, len(annotated(ran.stdout)), len(ran.stderr.splitlines()))
    assert ran.stderr.startswith(f"replay: GITHUB_STEP_SUMMARY: {summary} cannot be written: ")


def test_the_summary_of_a_job_is_not_written_into_a_log(replay: Replay, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(record(1))

    ran = replay("validate", "--format", "github", str(log), env={"GITHUB_STEP_SUMMARY": str(log)})

    assert (2, f"replay: GITHUB_STEP_SUMMARY: {log} is one of the logs to read\n") == (ran.code, ran.stderr)
    assert log.read_bytes() == record(1)


# --- The same input gives the same bytes ------------------------------------------------------------------------

SURROUNDINGS: list[tuple[Path, dict[str, str]]] = [
    (ROOT, {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "COLUMNS": "20"}),
    (Path("/"), {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "America/St_Johns", "PYTHONIOENCODING": "latin-1"}),
]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_input_gives_the_same_bytes_anywhere(tmp_path: Path, form: str) -> None:
    (tmp_path / "café").mkdir()
    log = tmp_path / "café" / "日本 €.jsonl"
    log.write_bytes(record(1, "é", kind="日本") + record(1, "ü", thread="thr_€") + BROKEN)
    words = [
        "--format",
        form,
        "--statistics",
        "--show-values",
        str(log),
        str(ROOT / "fixtures" / "damaged"),
    ]

    written = runs(*((words, *surroundings) for surroundings in SURROUNDINGS))

    assert [written[0]] * len(SURROUNDINGS) == written
    assert "日本 €" in written[0].decode("utf-8", "strict")


def test_the_catalogue_can_be_written_to_any_stream(replay: Replay) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}

    assert catalogue.as_json() == replay("rules", "--format", "json", env=plain).stdout
    assert catalogue.schema("report") == replay("schema", "report", env=plain).stdout


CLOCK = """
import sys, time, datetime
class Late(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        raise AssertionError("a clock was read")
datetime.datetime = Late
for name in ("time", "time_ns", "perf_counter", "perf_counter_ns", "process_time", "localtime", "gmtime"):
    setattr(time, name, lambda *_: 4e9)
from replay_cli.cli import run
sys.exit(run(sys.argv[1:]))
"""


def test_no_clock_shows_in_a_report(shown: dict[str, bytes]) -> None:
    words = ["validate", "--max-findings", "100000", "--format", "text", *FIXTURES]
    late = subprocess.run(
        [sys.executable, "-c", CLOCK, *words], cwd=ROOT, env=environment(), capture_output=True, timeout=60
    )

    assert shown["text"] == late.stdout


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("error", "bold red"),
        ("warning", "yellow"),
        ("note", "cyan"),
        ("dim", "dim"),
        ("bold", "bold"),
        ("ok", "green"),
    ],
)
def test_colours_are_those_that_rich_has_for_their_names(name: str, style: str) -> None:
    for text in ("S101", ""):
        painted = RichStyle.parse(style).render(text, color_system=ColorSystem.STANDARD)

        assert painted == _paint(text, name, Style(color=True))
        assert text == _paint(text, name, Style(color=False))
