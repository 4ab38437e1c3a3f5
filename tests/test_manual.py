"""The pages say what the program does: their command lines, manifests, workflows, options, defaults and exit codes.

Sessions are run by ``test_docs.py``, lines of ``sh`` that call replay by ``test_scripts.py``, recipes by
``test_gates.py``, examples of Python by ``test_docs.py`` and ``test_pytest_plugin.py``. What is shown without its
output is read here as well, by the parts that are to read it: the command line parses the words, the published schema
takes the manifest, the plugin and the action know what is set. Commands that stand within the text are read, and not
run.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from ruamel.yaml import YAML

import replay_cli
from replay_cli import catalogue, cli, outcome, pytest_plugin
from replay_cli.cli_words import with_speed
from replay_cli.errors import ReplayError
from replay_cli.profiles import schema_text

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")))
OF_THE_RUNTIME = "docs/contract.md"
"""The page that is about another program."""
EXITING = {
    "README.md": "",
    "docs/validate.md": "validate",
    "docs/gate.md": "check",
    "docs/emit.md": "emit",
    "docs/tail.md": "tail",
    "docs/diff.md": "diff",
}
"""The pages with a table of exit codes, and the command whose codes they are."""

OTHERS = ("curl", "export", "make", "pip", "python", ".venv/bin/python", "reviewdog")
"""Programs of others in the command lines that are shown."""

FOREIGN = {"docs/recipes.md": {"-i"}, "docs/pytest.md": {"-k", "-p"}, "docs/decisions.md": {"-p"}}
"""Options in the text that are those of other programs: curl, pytest."""

SIGNALS = {129, 141, 143}
"""Exit codes that shells know of programs that a signal ended."""


# --- What the program has ---------------------------------------------------------------------------------------


@functools.cache
def program() -> Any:
    return typer.main.get_command(cli.app)


@functools.cache
def command(name: str) -> Any:
    """A command by its name, "" for the program; of those that are read late, the one that is behind the name."""
    if not name:
        return program()
    return program().commands[name].make_context(name, [], resilient_parsing=True).command


@functools.cache
def options(name: str) -> dict[str, Any]:
    """The options of a command, by each of their names."""
    known = {name: one for one in command(name).params for name in (*one.opts, *one.secondary_opts)}
    return {**known, "--help": None, "-h": None}


def misuse(words: list[str]) -> str:
    """What the command line has against these words; empty if nothing."""
    name, *others = words or [""]
    if name.startswith("-"):
        # Nothing but options of the program itself. They are not parsed: those do at once what they are for, and
        # one writes into the home folder of whoever runs the tests.
        # A shell may be named behind the options of completion (``completing``).
        shells = {"bash", "zsh", "fish"} if name.endswith("-completion") else set()
        return "".join(f"no option {word}" for word in words if word not in {*options(""), *shells})
    if name not in program().commands:
        return f"there is no command {name!r}"
    if {"--help", "-h"} & set(others):
        return "".join(f"no option {word}" for word in others if word.startswith("-") and word not in options(name))
    try:
        given = program().commands[name].make_context(name, with_speed(others)).params
        # These two take a name that there has to be.
        if name == "schema":
            catalogue.schema(given["name"])
        elif name == "explain":
            catalogue.explained(given["rule"])
    except ReplayError as error:
        return str(error)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return ""


@functools.cache
def exit_codes(name: str) -> dict[int, str]:
    """The exit codes that the help of a command tells, with their meaning."""
    told = command(name).epilog.partition("Exit codes:\n")[2]
    return {int(code): meaning for code, meaning in re.findall(r"^  (\d+)  +(.+)$", told, re.MULTILINE)}


class Declared:
    """What the pytest plugin declares: its options, and its ini options with their defaults."""

    def __init__(self) -> None:
        self.options: set[str] = set()
        self.ini: dict[str, Any] = {}
        pytest_plugin.pytest_addoption(self)  # type: ignore[arg-type]

    def getgroup(self, name: str, description: str) -> Declared:
        return self

    def addoption(self, *names: str, **_: Any) -> None:
        self.options.update(names)

    def addini(self, name: str, help: str, *, type: str = "", default: Any) -> None:  # noqa: A002
        self.ini[name] = default


def read_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def inputs() -> dict[str, dict[str, Any]]:
    """What the action takes."""
    found: dict[str, dict[str, Any]] = read_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    return found


# --- What the pages say -----------------------------------------------------------------------------------------


def blocks(text: str) -> list[tuple[str, str]]:
    """The blocks of a page: the language of each, and what is in it."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def spans(text: str) -> list[str]:
    """The code within the text of a page."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [code.strip() for _, code in re.findall(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", prose)]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a page: the cells of their rows, the header first."""
    found = re.findall(r"^\|.*\n\|[-|: ]+\|\n(?:\|.*\n?)*", text, re.MULTILINE)
    rows = [[line for line in table.splitlines() if not re.fullmatch(r"[-|: ]+", line)] for table in found]
    return [[[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table] for table in rows]


def table(text: str, head: str) -> list[list[str]]:
    """The rows of the first table whose first column is headed so."""
    return next((rows for (header, *rows) in tables(text) if header[0] == head), [])


def scripts(language: str, code: str) -> Iterator[str]:
    """The lines of shell in a block."""
    if language == "sh":
        yield from code.splitlines()
    elif language == "make":
        yield from (line[1:] for line in code.splitlines() if line.startswith("\t"))
    elif language == "yaml":
        for key, value in members(read_yaml(code)):
            if key in ("run", "script"):
                yield from (
                    line for part in ([value] if isinstance(value, str) else value) for line in part.split("\n")
                )


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """All members of all mappings in a value."""
    if isinstance(value, dict):
        yield from value.items()
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(one)


def simple_commands(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell, without what is written where."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    skipped = False
    for token in lexer:
        if re.fullmatch(r"[();<>|&]+", token):
            skipped = token in (">", ">>", "<")
            if not skipped:
                yield words
                words = []
        elif not skipped:
            words.append(token)
        else:
            skipped = False
    yield words


# --- Where they differ ------------------------------------------------------------------------------------------


def drift(page: str, text: str) -> list[str]:
    """What is not true of a page any more."""
    looks = (command_lines, named, others, manifests, workflows, codes, defaults, keys, settings, plugin)
    return [complaint for look in looks for complaint in look(page, text) if complaint]


def command_lines(page: str, text: str) -> Iterator[str]:
    """Those in blocks: the command line parses the words, as they are."""
    for language, code in blocks(text):
        for line in scripts(language, code):
            for words in simple_commands(line):
                yield from (f"{line.strip()}: {said}" for said in misused(words) if said)


def misused(words: list[str]) -> Iterator[str]:
    """What is wrong with one command of a line of shell."""
    name, *others = words or ["exit"]
    if name == "replay":
        yield misuse(others)
    elif name == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        yield from (f"no target {word}" for word in others if "=" not in word and word not in targets)
    elif others[:1] == ["-m"] and others[1].startswith("bench."):
        source = inspect.getsource(importlib.import_module(others[1]))
        yield from (f"no option {word}" for word in others if word.startswith("--") and f'"{word}"' not in source)
    elif name not in (*OTHERS, "exit"):
        yield f"no program {name}"


def named(page: str, text: str) -> Iterator[str]:
    """Commands and options within the text. An option has to be one of the commands that the page is about."""
    called = [match[1].split() for code in spans(text) for match in re.finditer(r"\breplay ([a-z-].*)", code)]
    shown = [words[1:] for language, code in blocks(text) for words in shown_commands(language, code)]
    about = {words[0] for words in (*called, *shown) if words and words[0] in program().commands} | {""}
    if page == "docs/decisions.md":
        about = {*program().commands, ""}
    known = {name for one in about for name in options(one)} | FOREIGN.get(page, set())
    if page == "docs/pytest.md":
        known |= Declared().options
    for words in called:
        if words[0] not in program().commands and not words[0].startswith("-"):
            yield f"replay {words[0]}: there is no such command"
        elif words[1:] and not any(word.isupper() or word.endswith("...") for word in words):
            said = misuse(words)
            yield f"replay {' '.join(words)}: {said}" if said else ""
    for code in spans(text):
        if code.startswith(("-", "replay ")):
            told = re.findall(r"(?:^|(?<=[ \[]))(--?[a-z][a-z-]*)", code)
            yield from (f"`{code}`: no option {option}" for option in told if option not in known)


def others(page: str, text: str) -> Iterator[str]:
    """What else is called within the text: targets of make, modules, options of twine as releases give them."""
    released = (ROOT / "tests" / "check_dist.py").read_text(encoding="utf-8")
    for code in spans(text):
        name, *words = code.split() or [""]
        if name == "make" and not code.startswith("make -"):
            yield from misused([name, *words])
        elif name == "twine" and "check" in words:
            yield from (f"{code}: not as releases are checked" for word in words if f'"{word}"' not in released)
        elif name == "python" and words[:1] == ["-m"] and words[1].startswith("replay_cli."):
            there = ROOT.joinpath(*words[1].split(".")).with_suffix(".py").exists()
            yield "" if there else f"{code}: no such module"
        elif name == "python" and words[:1] == ["-m"]:
            yield from misused([name, *words])


def shown_commands(language: str, code: str) -> Iterator[list[str]]:
    lines = re.findall(r"^\$ (.*)$", code, re.MULTILINE) if language == "console" else scripts(language, code)
    for line in lines:
        yield from (words for words in simple_commands(line) if words[:1] == ["replay"])


def manifests(page: str, text: str) -> Iterator[str]:
    """Manifests fulfil the published schema; what is set for pytest are options of the plugin."""
    schema = json.loads(schema_text("config"))
    for language, code in blocks(text):
        if language != "toml":
            continue
        tools = tomllib.loads(code).get("tool", {})
        manifest = tools.get("replay") if tools else tomllib.loads(code)
        if manifest is not None:
            yield from (str(error.message) for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest))
        for name in tools.get("pytest", {}).get("ini_options", {}):
            yield "" if name in Declared().ini else f"the plugin has no option {name}"


def workflows(page: str, text: str) -> Iterator[str]:
    """Workflows give the action what it takes; hooks are ours."""
    hooks = {hook["id"] for hook in read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    for language, code in blocks(text):
        for _, value in members({"": read_yaml(code)}) if language == "yaml" else ():
            for step in value if isinstance(value, list) else ():
                if isinstance(step, dict) and str(step.get("uses")).startswith("OWNER/replay@"):
                    given = step.get("with", {}).keys()
                    yield from (f"the action has no input {name}" for name in given - inputs().keys())
                    checks = step.get("with", {}).get("command") == "check"
                    yield "the action needs paths" if "paths" not in given and not checks else ""
                if isinstance(step, dict) and step.get("repo") == "OWNER/replay":
                    yield from (f"no hook {hook['id']}" for hook in step["hooks"] if hook["id"] not in hooks)


def codes(page: str, text: str) -> Iterator[str]:
    """Exit codes: those of the command's help, each with that meaning; and their order where several are due."""
    known = {outcome.CLEAN, *outcome.PRECEDENCE}
    for code in re.findall(r"\bexit(?:s with| code) (\d+)", text, re.IGNORECASE):
        yield "" if int(code) in known | SIGNALS else f"no exit code {code}"
    for code in re.findall(r"\b(\d+) if (?:it|there|every|one|an)\b", text) if page == "docs/ci.md" else ():
        yield "" if int(code) in known else f"no exit code {code}"
    for order in re.findall(r"the first of ([\d, ]+) wins", text):
        yield "" if order == ", ".join(map(str, outcome.PRECEDENCE)) else f"the order is not {order}"
    told = {int(row[0]): row[1] for row in table(text, "code") if row[0].isdecimal()}
    if page not in EXITING:
        yield "a table of exit codes of no command" if told else ""
        return
    helped = exit_codes(EXITING[page])
    if told.keys() != helped.keys() or told.keys() != known:
        yield f"exit codes {sorted(told)}, not {sorted(helped)}"
        return
    for code, meaning in told.items():
        nearest = max(helped, key=lambda one: (likeness(meaning, helped[one]), one == code))
        yield "" if nearest == code else f"{code} is told as if it were {nearest}: {meaning}"


def likeness(one: str, other: str) -> float:
    """How many of the words of two meanings are the same, of all."""
    words = [set(re.findall(r"\w+", text.lower())) - {"a", "an", "the", "or", "of", "and"} for text in (one, other)]
    return len(words[0] & words[1]) / len(words[0] | words[1])


def defaults(page: str, text: str) -> Iterator[str]:
    """The defaults of options are those that the help tells."""
    for cells in (row for rows in tables(text) for row in rows):
        name = re.match(r"`(--[a-z-]+)", cells[0])
        told = re.search(r"\(default:? `?([^`)]+?)`?\)", cells[-1])
        if name and told:
            option = options(EXITING[page]).get(name[1])
            helped = re.search(r"\[default: ([^\]]+)\]", option.help) if option else None
            default = helped[1] if helped else str(option.default) if option else ""
            yield "" if default == bare(told[1]) else f"{name[1]}: the default is {default}, not {told[1]}"
    for called, number in re.findall(r"`(--[a-z-]+)` \((\d+)\)", text):
        default = str(options(EXITING[page])[called].default)
        yield "" if default == number else f"{called}: the default is {default}, not {number}"


def bare(value: str) -> str:
    """A value as the program writes it."""
    size = re.fullmatch(r"(\d+) MiB", value)
    return str(int(size[1]) << 20) if size else value


def keys(page: str, text: str) -> Iterator[str]:
    """The defaults of the keys of a manifest are those of its schema."""
    schema = json.loads(schema_text("config"))
    places = (schema["properties"], schema["$defs"]["entry"]["properties"])
    for header, *rows in tables(text) if page == "docs/gate.md" else ():
        if header[0] == "key":
            names = [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
            places_of = (*places, schema["$defs"]["finding"]["properties"])
            yield "" if any(sorted(names) == sorted(place) for place in places_of) else f"keys {names}"
        if header[:2] != ["key", "default"]:
            continue
        known = next(place for place in places if ("paths" in place) == any(row[0] == "`paths`" for row in rows))
        for name, default, *_ in rows:
            meant = known.get(name.strip("`"), {})
            if "default" in meant:
                told = bare(default.partition("`:")[0].strip("`"))
                yield "" if told == json.dumps(meant["default"]) else f"{name}: the default is not {default}"


def settings(page: str, text: str) -> Iterator[str]:
    """The inputs of the action and the options of the plugin are all told, and their defaults."""
    known: dict[str, Any] = {}
    if page == "docs/ci.md":
        known, head = {name: one.get("default") for name, one in inputs().items()}, "input"
        outputs = read_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))["outputs"]
        yield from (f"no output {name}" for name in re.findall(r"output `([^`]+)`", text) if name not in outputs)
    elif page == "docs/pytest.md":
        known, head = Declared().ini, "option"
    if not known:
        return
    rows = table(text, head)
    told = [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    if told != list(known) and sorted(told) != sorted(known):
        yield f"{head}s {told}, not {list(known)}"
    for name, default in known.items():
        row = next((row for row in rows if f"`{name}`" in row[0]), None)
        said = re.search(r"`([^`]+)`(?: \(default\)| if it is not given)", row[-1]) if row else None
        if row and (said[1] if said else "") != (default or "" if isinstance(default, str) else ""):
            yield f"{name}: the default is {default!r}"


def plugin(page: str, text: str) -> Iterator[str]:
    """What the page of the plugin calls by name: itself where it is switched off, and parts of the Python API."""
    if page != "docs/pytest.md":
        return
    for name in re.findall(r"-p no:([\w-]+)", text):
        known = {point.name for point in entry_points(group="pytest11") if point.value == pytest_plugin.__name__}
        blocked = f'is_blocked("{name}")' in inspect.getsource(pytest_plugin.pytest_configure)
        yield "" if name in known or blocked else f"no plugin {name}"
    asked = {*inspect.signature(replay_cli.assert_valid_stream).parameters, *Declared().ini, *replay_cli.__all__}
    fields = {*replay_cli.Event.__annotations__, *dir(replay_cli.AuditedLog), "replay_log"}
    for code in spans(text):
        if re.fullmatch(r"[a-z]+(_[a-z]+)+", code) and code not in asked | fields:
            yield f"`{code}` is none of the names there are"


# --- The tests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if page != OF_THE_RUNTIME])
def test_a_page_says_what_the_program_does(page: str) -> None:
    assert [] == drift(page, (ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("page", "true", "false"),
    [
        ("README.md", "replay validate --format gitlab", "replay validate --frmat gitlab"),
        ("README.md", "replay validate --format gitlab", "replay validate --format gitlabx"),
        ("README.md", "replay validate --format gitlab", "replya validate --format gitlab"),
        ("README.md", "make demo", "make dmeo"),
        ("README.md", "| 3 | nothing", "| 5 | nothing"),
        ("README.md", "the first of 130, 2, 4, 1, 3 wins", "the first of 130, 4, 2, 1, 3 wins"),
        ("docs/benchmark.md", "bench.speed --json", "bench.speed --jsn"),
        ("docs/diff.md", "replay diff --fold-deltas golden", "replay diff --fold-detlas golden"),
        ("docs/diff.md", "| 3 |", "| 7 |"),
        ("docs/diff.md", "| 0 | equal |\n| 1 | different |", "| 0 | different |\n| 1 | equal |"),
        ("docs/tail.md", "--exit-on turn.completed", "--exit-at turn.completed"),
        ("docs/tail.md", "--timeout 10m", "--timeout"),
        ("docs/emit.md", "--pace --max-idle 2s", "--pace --max-idel 2s"),
        ("docs/gate.md", "`--config FILE`", "`--manifest FILE`"),
        ("docs/gate.md", "run: replay check", "run: replay chekc"),
        ("docs/gate.md", "| 3 |", "| 5 |"),
        ("docs/gate.md", "exit code 2", "exit code 7"),
        ("docs/gate.md", "| 16 MiB |", "| 99 MiB |"),
        ("docs/gate.md", 'profile = "record"', 'profle = "record"'),
        ("docs/gate.md", 'profile = "record"', 'profile = "records"'),
        ("docs/validate.md", "(default 1000)", "(default 100)"),
        ("docs/validate.md", "`replay schema findings`", "`replay schema fidnings`"),
        ("docs/ci.md", "          fail-level: warning", "          fial-level: warning"),
        ("docs/ci.md", "| `fail-level` |", "| `fial-level` |"),
        ("docs/ci.md", "`error` (default), `warning` or `note`", "`error`, `warning` or `note` (default)"),
        ("docs/ci.md", "\treplay validate recordings", "\treplay valdiate recordings"),
        ("docs/ci.md", "- id: replay-validate", "- id: replay-audit"),
        ("docs/ci.md", "          command: check", "          command: chekc"),
        ("docs/ci.md", "          command: check", "          comand: check"),
        ("docs/ci.md", "replay validate --format gitlab --output-file", "replay validate --format gitlab --out-file"),
        ("docs/pytest.md", "| `replay_fail_level` |", "| `replay_fale_level` |"),
        ("docs/pytest.md", "replay_paths = [", "replay_path = ["),
        ("docs/pytest.md", "`--no-replay`", "`--without-replay`"),
        ("docs/pytest.md", "-p no:replay`", "-p no:rplay`"),
        ("docs/pytest.md", "`fail_level`, `profile`", "`fail_lvl`, `profile`"),
        ("docs/releasing.md", "`make schemas docs fixtures`", "`make schemes docs fixtures`"),
        ("docs/releasing.md", "twine check --strict", "twine check --stricter"),
        ("docs/diff.md", "`--max-differences` (1000)", "`--max-differences` (500)"),
        ("docs/ci.md", "2 if it was called wrongly", "6 if it was called wrongly"),
        ("docs/ci.md", "output `exit-code`", "output `exitcode`"),
        ("docs/gate.md", "| `ends-at-seq` |", "| `ends-by-seq` |"),
    ],
)
def test_what_is_not_true_any_more_is_noticed(page: str, true: str, false: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    assert true in text
    assert drift(page, text.replace(true, false, 1))
