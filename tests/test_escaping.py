"""No byte of a log reaches a terminal or a report raw: every code point and every byte, through every format.

Whatever does not print is shown escaped: control characters (C0, DEL, C1), bidirectional controls, line and paragraph
separators, characters without width, halves of surrogate pairs, bytes that are no UTF-8. In JSON the raw text of the
document is meant, not only what it stands for.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from replay_cli.atomic import say
from replay_cli.errors import SchemaError, SourceError, UsageError, in_quotes, one_line
from replay_cli.inspection import inspect
from replay_cli.outcome import Outcome
from replay_cli.planning import Options
from replay_cli.render import Style, renderer
from replay_cli.render.jsonl import source_line
from replay_cli.render.markup import cell
from replay_cli.render.text import shortened
from replay_cli.sources import open_stream
from replay_cli.userschema import load
from tests.conftest import COMMAND, FORMATS, environment, outcome
from tests.making import compact, envelope, record, store

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""What never comes out as it is; a line feed only ends the lines of the format itself."""

HOSTILE = [chr(code) for code in range(0x10000) if RAW.match(chr(code)) or code == 0x0A]
HALVES = ["\ud800", "\udbff", "\udc00", "\udfff"]
BYTES = [bytes([byte]) for byte in range(256)]
NO_UTF_8 = [
    *(half.encode(errors="surrogatepass") for half in HALVES),
    *(b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"),
    *(b"\xc2", b"\xe2\x80", b"\xf0\x9f\x98", b"\xe2\x80\xe2\x80\xae", b"\xc2\xc2\x9b", b"\xff\xfe", b"\x9b31m"),
]
EVERY = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
PRINTABLE = {character for character in EVERY if character.isprintable()}


def batches(characters: list[str], size: int) -> Iterator[str]:
    return ("".join(characters[at : at + size]) for at in range(0, len(characters), size))


TEXTS = [f"a{text}z" for text in batches(HOSTILE, 9)]
"""All that is hostile, in pieces that are short enough to be shown whole."""

IN_LINE = [text.translate({0: None, 10: None, 13: None}) for text in TEXTS]
"""The same for a line of SSE, or a name in the shell."""

ODD_BYTES = [*BYTES, *NO_UTF_8]


def lines(*values: object) -> bytes:
    return b"".join(compact(value) + b"\n" for value in values)


def sse(*events: tuple[str, object], extra: str = "") -> bytes:
    """SSE events of a name each, with further lines above their data."""
    return b"".join(f"event: {name}\n{extra}data: ".encode() + compact(value) + b"\n\n" for name, value in events)


# --- Where findings show what a log holds -----------------------------------------------------------------------


def named_events() -> bytes:
    return lines(*(envelope(at, event=text, kind=f"{text}!") for at, text in enumerate(TEXTS, 1)))


def times() -> bytes:
    return lines(
        *(envelope(at, timestamp=text, created_at=text * 2, previous_seq=text) for at, text in enumerate(TEXTS, 1))
    )


def captured_threads() -> bytes:
    return sse(*(("item.delta", envelope(at, at - 1, thread=text)) for at, text in enumerate(TEXTS, 1)))


def broken_threads() -> bytes:
    return sse(
        *(("item.delta", envelope(at + step, at, thread=text)) for text in TEXTS for at, step in ((1, 2), (9, 1)))
    )


def stored_threads() -> bytes:
    return b"".join(record(at, thread=text) for at, text in enumerate(TEXTS, 1))


def captured_names() -> bytes:
    return sse(*((text, envelope(at, at - 1)) for at, text in enumerate(IN_LINE, 1)))


def captured_fields() -> bytes:
    return (
        b"".join(
            sse(("item.delta", envelope(at, at - 1)), extra=f"id: {text}\n{text}: 1\n{text}\nretry: {text}\n")
            for at, text in enumerate(IN_LINE, 1)
        )
        + "".join(f"event: {text}\n\n" for text in IN_LINE).encode()
    )


def captured_bytes() -> bytes:
    return b"".join(b"event: %b\nid: %b\n%b: 1\nretry: %b\ndata: %b\n\n" % ((odd,) * 5) for odd in ODD_BYTES) + sse(
        ("item.delta", envelope(1, 0))
    )


def compat_names() -> bytes:
    return sse(*((text, {}) for text in IN_LINE), ("done", {}), (IN_LINE[3], {}), *[("message.delta", {})] * 99)


def keys() -> bytes:
    twice = (
        compact(envelope(at))[:-1] + b",%b:1,%b:2}\n" % ((compact(text),) * 2) for at, text in enumerate(TEXTS, 1)
    )
    return b"".join(twice)


def unread_keys() -> bytes:
    return b"".join(record(at)[:-2] + b",%b:1e999}\n" % compact(text) for at, text in enumerate(TEXTS, 1))


def wrong_types() -> bytes:
    values = [{"seq": text, "thread_id": [text], "event": {text: text}, "kind": 1, text: text} for text in TEXTS]
    return lines(*values, *TEXTS, *([text] for text in TEXTS)) + named_events()


def payloads() -> bytes:
    turn = [{"turn": {"id": text, "thread_id": text, "status": text}} for text in TEXTS]
    asked = [{"id": text, "approval_id": f"{text}!"} for text in TEXTS]
    return b"".join(
        record(2 * at, "turn.completed", payload=one) + record(2 * at + 1, "approval.required", payload=two)
        for at, (one, two) in enumerate(zip(turn, asked, strict=True), 1)
    )


def broken_lines() -> bytes:
    odd_bytes = [odd.replace(b"\n", b"") for odd in ODD_BYTES]
    damaged = (store(1)[:-1] + odd + b'{"seq":"%b", %b\n' % (odd, odd * 60) for odd in odd_bytes)
    broken = (b'{"seq":"%b"}\n' % odd for odd in odd_bytes)
    halves = (b'{"seq":"\\ud800%b"}\n' % text.encode() for text in IN_LINE)
    return b"".join((store(1), *damaged, *broken, *halves, b'{"', *(text.encode() for text in IN_LINE)))


def foreign_fields() -> bytes:
    return lines({text: text for text in TEXTS[:5]})


def http_response() -> bytes:
    return f"HTTP/1.1 404 {IN_LINE[3]}\r\ncontent-type: {IN_LINE[4]}\r\n\r\n".encode()


PLACES: dict[str, tuple[Callable[[], bytes], str]] = {
    "names.jsonl": (named_events, "kind-mismatch"),
    "times.jsonl": (times, "bad-timestamp created-at-mismatch bad-previous-seq"),
    "threads.sse": (captured_threads, "second-thread"),
    "broken.sse": (broken_threads, "broken-link"),
    "names.sse": (captured_names, "sse-event-mismatch"),
    "fields.sse": (captured_fields, "sse-id-mismatch unknown-sse-field event-without-data"),
    "bytes.sse": (captured_bytes, "invalid-utf8 not-json unknown-sse-field"),
    "compat.sse": (compat_names, "unknown-compat-name event-after-done"),
    "keys.jsonl": (keys, "duplicate-unknown-key"),
    "unread.jsonl": (unread_keys, "unread-field"),
    "types.jsonl": (wrong_types, "schema-violation not-an-object"),
    "payloads.jsonl": (payloads, "payload-id-mismatch alias-mismatch status-mismatch"),
    "lines.jsonl": (broken_lines, "not-json invalid-utf8 lone-surrogate nul-run torn-tail"),
    "events/thr_1.jsonl": (stored_threads, "wrong-thread"),
    "foreign.jsonl": (foreign_fields, "foreign-log"),
    "response.sse": (http_response, "foreign-log"),
}
"""Logs by name, each with the rules that it breaks."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of logs that hold everything hostile everywhere, and have such names."""
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    return folder


def write_hostile(folder: Path) -> None:
    """Logs that hold everything hostile, and a list of files that are missing."""
    for name, (make, _) in PLACES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(make())
    (folder / "list").write_bytes(b"\0".join(b"missing " + name for name in odd_names()))
    for odd in odd_names():
        (folder / os.fsdecode(odd + b".jsonl")).write_bytes(b"{\n")


def odd_names() -> list[bytes]:
    """Names that a file may have."""
    odd = [b"-".join(ODD_BYTES[at : at + 40]).replace(b"/", b"").replace(b"\0", b"") for at in range(0, 280, 40)]
    return [b"n" + name for name in (*(text.replace("\0", "").encode() for text in TEXTS), *odd)]


def run(folder: Path, *words: str | bytes, stdin: bytes = b"", command_name: bytes = b"validate") -> tuple[str, str]:
    """What a command writes to stdout and stderr, both of which have to be UTF-8."""
    _, stdout, stderr = outcome([command_name, *words], folder, stdin)
    return stdout.decode("utf-8", "strict"), stderr.decode("utf-8", "strict")


def raw(*written: str) -> list[str]:
    """The characters that should not have come out."""
    return sorted({character for text in written for character in RAW.findall(text)})


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_hostile_comes_out_raw_wherever_it_stands(hostile: Path, form: str) -> None:
    words = ["--format", form, "--show-values", "--max-findings", "9999", "--files-from", "list", "."]
    stdout, stderr = run(hostile, *words)

    assert [] == raw(stdout, stderr)
    assert [] == broken_off(form, stdout)
    told = stdout.replace("\\\\", "\\")
    assert [] == [text for text in HOSTILE if form not in BOUNDED and one_line(text) not in told]


def test_each_place_is_met(hostile: Path) -> None:
    stdout, _ = run(hostile, "--format", "json", "--show-values", ".")

    met = {source["source"].removeprefix("./"): set(source["rules"]) for source in json.loads(stdout)["sources"]}
    assert {name: set() for name in PLACES} == {
        name: set(rules.split()) - met[name] for name, (_, rules) in PLACES.items()
    }
    assert len(PLACES) + len(odd_names()) == len(met)


BOUNDED = ("github", "markdown")
"""Formats that show only as many findings as somebody keeps."""

LINES = ("finding", "source", "summary")


ENTRIES: dict[str, Callable[[Any], list[Any]]] = {
    "sarif": lambda log: log["runs"][0]["results"],
    "gitlab": lambda report: report,
    "rdjson": lambda report: report["diagnostics"],
}
"""Where the formats that are one JSON document of others have the findings."""


def broken_off(form: str, stdout: str) -> list[str]:
    """The lines that no line of the format is: beginnings and ends of lines that something broke in two."""
    if form == "json":
        return [] if json.loads(stdout)["sources"] else [stdout]
    if form == "junit":
        return [] if ElementTree.fromstring(stdout).find("testsuite") is not None else [stdout]
    if form in ENTRIES:
        return [] if ENTRIES[form](json.loads(stdout)) else [stdout]
    if form == "jsonl":
        return [line for line in stdout.splitlines() if json.loads(line)["type"] not in LINES]
    whole = {
        "concise": re.compile(r"\./.+?:[0-9]+:[0-9]+: [A-Z][0-9]{3} [a-z0-9-]+ .+"),
        "github": re.compile(r"::\w+ file=[^:,]+,line=[0-9]+,col=[0-9]+,title=[^:,]+::.+|[0-9]+ .+"),
        "markdown": re.compile(r"(?:[|] .+ [|]|[|][-:|]+[|]|- .+|### .+|\*\*.+|[0-9,]+ more .+ not listed\.|)"),
        "text": re.compile(r"(?:  .+|\./.+\.(?:jsonl|sse)|[0-9]+ sources.+|)"),
    }
    return [line for line in stdout.splitlines() if not whole[form].fullmatch(line)]


def test_nothing_hostile_comes_into_a_job_summary(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    run(hostile, "--format", "github", "--files-from", "list", ".")

    assert [] == raw((tmp_path / "summary").read_bytes().decode("utf-8", "strict"))


def test_colour_is_all_that_a_terminal_is_told(hostile: Path) -> None:
    stdout, stderr = run(hostile, "--format", "text", "--color", "always", "--show-values", ".")

    assert "\x1b[" in stdout
    assert [] == raw(re.sub(r"\x1b\[[0-9;]*m", "", stdout), stderr)


OTHERS = {
    "tail": "-n 99999 --utc .",
    "tail in full": "-n 99999 --utc --payload .",
    "tail that flows": "-n 99999 --utc --flow --wrap .",
    "tail for programs": "-n 99999 --format jsonl .",
    "emit": "--clean --summary-json summary -o /dev/null events names.jsonl lines.jsonl keys.jsonl types.jsonl",
    "emit of another log": "--as jsonl --exclude compat.sse .",
    "cache": "",
    **{f"diff {name}": f"{name} names.jsonl" for name in PLACES},
    **{f"diff for programs {name}": f"--align shape --format json payloads.jsonl {name}" for name in PLACES},
}
"""What the other commands are asked of the same logs; behind the name of the command, what tells them apart."""


@pytest.mark.parametrize("asked", OTHERS)
def test_no_other_command_lets_anything_out_raw(hostile: Path, asked: str) -> None:
    name = asked.split()[0].encode()
    stdout, stderr = run(hostile, *OTHERS[asked].split(), command_name=name)

    summary = (hostile / "summary").read_bytes().decode() if asked == "emit" else "none is asked for"
    assert [] == raw(stdout, stderr, summary)
    assert summary
    assert stdout + stderr
    assert not stderr.startswith("replay: --"), "nothing is shown of what cannot be meant"


def test_whatever_is_said_on_stderr_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say("".join(EVERY + HALVES))

    assert PRINTABLE == set(capsys.readouterr().err) - {"\n"}


# --- Every code point -------------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {
        "const": {"const": "".join(HOSTILE)[:60]},
        "late": {"enum": HOSTILE[60:]},
        "seq": {"minimum": 1},
        "kind": {"pattern": f"^[{re.escape(''.join(HOSTILE))}]*$"},
    },
    "required": [*TEXTS, "seq"],
    "additionalProperties": {"type": "integer"},
}
"""Whatever stands in an unknown field of a line breaks it, and so does each line."""

ALL_NAMES = list(batches(EVERY, 200))
"""Every code point, in names that a JSON Pointer shows whole."""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log that has every code point in names of fields that a schema rejects."""
    folder = tmp_path_factory.mktemp("everything")
    fields = [dict.fromkeys(ALL_NAMES[at : at + 4], "") for at in range(0, len(ALL_NAMES), 4)]
    (folder / "log.jsonl").write_bytes(lines({"const": 1, "late": 2}, *fields))
    (folder / "schema.json").write_text(json.dumps(SCHEMA | {"required": ["seq"]}))
    (folder / "required.json").write_text(json.dumps(SCHEMA))
    return folder


def test_of_all_code_points_of_a_log_just_those_that_print_come_out(everything: Path) -> None:
    words = ["--format", "concise", "--schema", "schema.json", "--max-findings", "9999", "log.jsonl"]
    stdout, stderr = run(everything, *words)

    assert [] == raw(stdout, stderr)
    assert PRINTABLE == set(stdout) - {"\n"}


@pytest.mark.parametrize("form", FORMATS)
def test_of_all_code_points_of_a_name_just_those_that_print_come_out(form: str) -> None:
    with open_stream(BytesIO(b"{\n"), "".join(EVERY + HALVES)) as source:
        report, outcome = inspect(source, Options()), Outcome()
    outcome.add(report)

    render = renderer(form) if form != "jsonl" else lambda reports, *_: map(source_line, reports)
    written = "".join(render([report], outcome, Style()))

    assert [] == raw(written)
    assert PRINTABLE == set(written) - {"\n"} or form == "markdown"


def test_of_all_code_points_of_a_cell_just_those_that_print_come_out() -> None:
    written = "".join(cell(text) for text in batches(EVERY + HALVES, 30))

    assert [] == raw(written)
    assert PRINTABLE == set(html.unescape(written))


def test_of_all_code_points_of_a_complaint_just_those_that_print_come_out() -> None:
    assert PRINTABLE == set(str(UsageError("".join(EVERY + HALVES))))


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_schema_expects_and_what_stdin_is_called_is_escaped(everything: Path, form: str) -> None:
    name = b"".join([*(text.encode() for text in IN_LINE), *(odd for odd in ODD_BYTES if odd != b"\0")])
    words = ["--format", form, "--schema", "required.json", "--show-values", "-", "--stdin-filename"]
    stdout, stderr = run(everything, *words, name, stdin=lines({"const": 1, "late": 2}, *TEXTS) + store(1))

    assert [] == raw(stdout, stderr)
    # In Markdown a name is cut before it comes to that.
    assert one_line("\u202e") in stdout.replace("\\\\", "\\") or form == "markdown"


def test_an_excerpt_shows_of_all_code_points_just_those_that_print() -> None:
    shown = "".join(shortened(text.encode(), 0, 10**6)[0] for text in batches(EVERY, 5000))

    assert PRINTABLE == set(shown)


@pytest.mark.parametrize("cut", range(1, 12))
def test_an_excerpt_that_is_cut_inside_a_character_shows_its_bytes(cut: int) -> None:
    text = "\u202e\U000e0001\x9b".encode()

    shown, caret = shortened(text[:cut] + text[cut:], cut, 1000)

    assert shown.isprintable()
    assert caret == len(one_line(text[:cut].decode(errors="backslashreplace")))


# --- What is said of a request ----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [UsageError, lambda text: SourceError(text, text)], ids=["usage", "source"])
def test_an_error_is_one_line_that_prints(make: Callable[[str], Exception]) -> None:
    said = str(make("".join(HOSTILE + HALVES)))

    assert said.isprintable()


@pytest.mark.parametrize(
    "schema",
    [
        "".join(HOSTILE),
        json.dumps("".join(HOSTILE)),
        json.dumps({"$schema": "".join(HOSTILE)}),
        json.dumps({"type": "".join(HOSTILE)}),
        json.dumps({"properties": {"".join(HOSTILE): 1}}),
        json.dumps({"$ref": "".join(HOSTILE)}),
        json.dumps({"$ref": "#/" + "".join(HALVES)}),
    ],
    ids=["not JSON", "a string", "an unknown draft", "an unknown type", "no schema", "a reference", "halves"],
)
def test_what_is_wrong_with_a_schema_is_one_line_that_prints(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "".join(HOSTILE).replace("\0", "")[:60]
    path.write_text(schema)

    with pytest.raises(SchemaError) as raised:
        load(path)

    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "words",
    [
        ["validate", b"caf\xe9.jsonl"],
        ["validate", "--profile", b"caf\xe9", "-"],
        ["validate", "--select", b"caf\xe9", "-"],
        ["validate", "--severity", b"E101=caf\xe9", "-"],
        ["validate", "--max-findings", b"caf\xe9", "-"],
        ["validate", "--schema", b"caf\xe9", "-"],
        ["tail", "--since", b"caf\xe9", "-"],
        ["tail", "--format", b"caf\xe9", "-"],
        ["emit", "--redact", b"caf\xe9", "-"],
        ["emit", "--redact", b"re:(caf\xe9", "-"],
        ["emit", "--pace", b"caf\xe9", "-"],
        ["diff", "--ignore", b"caf\xe9", "-", os.devnull],
        ["explain", b"caf\xe9"],
        ["schema", b"caf\xe9"],
        [b"caf\xe9"],
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_a_byte_that_is_no_utf_8_is_told_as_that_byte(words: list[str | bytes]) -> None:
    done = subprocess.run([*COMMAND, *words], input=b"", capture_output=True, timeout=60, env=environment())

    assert (2, 1) == (done.returncode, done.stderr.count(b"\n"))
    assert rb"caf\xe9" in done.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_a_byte_of_a_file_name_is_told_as_that_byte_in_every_format(tmp_path: Path, form: str) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jsonl"
    Path(os.fsdecode(name)).write_bytes(store(1) + b"{oops\n")
    _, stdout, _ = outcome(["validate", "--format", form, name], tmp_path)

    said = html.unescape(stdout.decode()).replace("\\\\", "\\")
    assert r"caf\xe9.jsonl" in said
    assert "udce9" not in said


def test_what_was_typed_as_an_escape_is_not_taken_for_a_byte() -> None:
    assert r"'\\udce9'" == in_quotes(r"\udce9")
    assert r"'\\\xe9'" == in_quotes("\\\udce9")
