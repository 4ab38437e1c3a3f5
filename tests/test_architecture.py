"""The shape of the package: imports point down, foreign packages have owners, the core is cut off from the outside.

A new module goes into the table, at its place. What breaks a rule here mostly stands in the wrong module.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import replay_cli

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "replay_cli"

ROWS = (
    "__init__ __main__",
    "cli cli_cache cli_check cli_diff cli_emit cli_tail pytest_plugin",
    "late cli_words",
    "completing founding comparison",
    "validating checking emitting tailing diffing caching docs_made schemas_made pytest_items",
    "pytest_terms",
    "batches twin gathering listening restoring asserting audited asked_validate formatted",
    "api progress render misuse tailed",
    "diffed checked",
    "emitted showing divergence folding",
    "ledger",
    "inspection render.text render.jsonl report emission",
    "arranging admission recording shortcut",
    "sieve summary asked asked_tail stores",
    "remaking merging",
    "survey contrast blessing judged",
    "expectations",
    "render.concise render.github render.sarif render.gitlab render.rdjson render.junit render.markdown",
    "render.fingerprints render.troubles",
    "render.json render.markup render.paths",
    "outcome statistics beginning",
    "planning quarantine",
    "told verdict",
    "history sniffing",
    "spans contents",
    "auditor lastof indexed",
    "streaming",
    "walk",
    "continuity",
    "prover quick looking",
    "runs",
    "sections weaving",
    "slots",
    "tally deltas cleaning pieces",
    "skeletons",
    "checks layouts selection",
    "opening canonical redacting ending",
    "preferring",
    "gate configured",
    "folders",
    "fields redactions manifest comparing remote",
    "catalogue discovery grading wording userschema jsontext sse cutting marks outputs store_lock moments cursor "
    "tokens index",
    "ahead",
    "sources atomic profiles payloads rules frames gitignores",
    "compiled",
    "compression heavy violation places ends",
    "pool plainjson ring ordering saying",
    "turns",
    "fragments volatile live words approvals",
    "errors findings envelope timestamps compat blocks members version masking",
    "columns drafts strings",
    "telltale allowed links stretches held seen wire pacing following interleaving skimming terminal "
    "memory nearby tomlplaces plaintoml aligning resembling patterns",
)
"""From the command line down to the first words. A module may import only from rows below its own."""

OWNERS = {
    "typer": "cli cli_cache cli_check cli_diff cli_emit cli_tail cli_words completing late",
    "rich": "render.text progress showing",
    "pydantic": "checked diffed emitted report schemas_made",
    "jsonschema": "profiles userschema",
    "referencing": "profiles userschema",
    "orjson": "canonical comparing redacting render.json marks plainjson quick sections",
    "msgspec": "heavy",
    "jmespath": "selection",
    "httpx2": "remote",
    "pytest": "pytest_items pytest_plugin pytest_terms",
    "platformdirs": "index",
    "sqlite3": "seen",
    "fcntl": "ahead store_lock",
    "jsonschema_specifications": "userschema",
    "backports": "compression",
    "compression": "compression",
    # What leads outside. ``io`` and ``os`` in api and pieces: BytesIO and PathLike; ``pathlib`` in cli: a type.
    "io": "api asserting comparison completing pieces sources twin",
    "os": "__main__ api asked asserting atomic blessing checking cli comparison completing configured discovery "
    "folders following formatted founding gate index manifest nearby patterns pool pytest_items resembling sources "
    "store_lock stores terminal tokens twin validating",
    "pathlib": "api asked_validate asserting atomic audited batches checking cli comparison configured contents "
    "cursor discovery emitting folders following formatted founding gathering gitignores index manifest nearby "
    "outputs planning preferring profiles progress pytest_items pytest_terms schemas_made sources store_lock stores "
    "twin userschema validating",
    "select": "following sources",
    "shutil": "atomic restoring terminal",
    "stat": "batches discovery following sources",
    "signal": "__main__ cli pool userschema",
    "tempfile": "atomic emitting held ordering restoring ring",
    "threading": "cli pool remote userschema",
    "time": "cli gathering index pacing progress remote tailing userschema",
    "multiprocessing": "pool",
    "concurrent": "pool",
    # Nobody reaches out, leaves notes elsewhere, or starts anything.
    **dict.fromkeys(("asyncio", "ftplib", "http", "smtplib", "socket", "socketserver", "ssl", "urllib"), ""),
    **dict.fromkeys(("xmlrpc", "logging", "subprocess"), ""),
    # Asks glibc to give freed memory back.
    "ctypes": "memory",
    # Of what it wrote itself, into a file that has no name.
    "pickle": "ordering",
}
"""Who may import what. Of the standard library all else is free, of foreign packages nothing."""

TOUCHING = {
    "asked": "reads the key of --redact-key",
    "batches": "asks how large the inputs are",
    "atomic": "writes the output file",
    "cli": "puts /dev/null in the place of a closed pipe",
    "checking": "asks for the manifest that was named, and writes it",
    "configured": "reads the manifest",
    "cursor": "asks whether there is a cursor",
    "discovery": "looks into folders",
    "emitting": "replaces logs in their places",
    "following": "reads logs as they grow",
    "gate": "asks whether the recordings of entries are there",
    "folders": "asks where the paths stand that were named",
    "founding": "writes the first manifest and what goes with it",
    "gathering": "asks whether a log is there yet",
    "gitignores": "reads what git passes over",
    "index": "keeps where events begin in big logs",
    "nearby": "looks for a manifest",
    "outputs": "compares outputs with inputs",
    "twin": "compares outputs with inputs",
    "store_lock": "looks for the lock of a store",
    "planning": "looks for state.json beside a log",
    "profiles": "reads its schemas",
    "progress": "asks how large the inputs are",
    "pytest_items": "finds the recordings that are to be tests",
    "resembling": "looks for a name close to one that there is not",
    "schemas_made": "writes the schemas of what we write",
    "sources": "reads logs",
    "stores": "looks for the store of this machine",
    "tailing": "asks whether that is there",
    "userschema": "reads the user's schema",
    "validating": "compares the output file with the inputs",
}
"""The modules that touch the file system, and what for."""

TOUCHES = frozenset(
    [
        "open",
        "fdopen",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "stat",
        "lstat",
        "fstat",
        "exists",
        "is_file",
        "is_dir",
        "is_symlink",
        "samefile",
        "iterdir",
        "glob",
        "rglob",
        "scandir",
        "listdir",
        "mkdir",
        "unlink",
        "rmdir",
        "rename",
        "touch",
        "chmod",
        "symlink_to",
        "mkstemp",
        "resolve",
    ]
)
"""Calls by which a file system is touched."""

PURE = [
    "layouts",
    "deltas",
    "skeletons",
    "columns",
    "runs",
    "prover",
    "walk",
    "frames",
    "sse",
    "cutting",
    "tally",
    "checks",
    "payloads",
    "envelope",
]
"""Between a block and its tally: bytes in, findings out."""

LONGEST = 400
LONGER = {"rules": "a catalogue, which reads like a page"}


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its name in the table, what it imports (of ours: by its name there), and what it calls."""

    name: str
    ours: frozenset[str]
    foreign: frozenset[str]
    calls: frozenset[str]
    lines: int


@cache
def modules() -> dict[str, Module]:
    paths = {_name(path): path for path in PACKAGE.rglob("*.py")}
    return {name: _read(name, path, frozenset(paths)) for name, path in paths.items()}


def _name(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _read(name: str, path: Path, known: frozenset[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    nodes = list(_run(ast.parse(text)))
    imported = {one for node in nodes for one in _imported(node, known)}
    ours = {one for one in imported if one.split(".")[0] == "replay_cli"}
    called = {_called(node.func) for node in nodes if isinstance(node, ast.Call)}
    return Module(
        name,
        frozenset(one.removeprefix("replay_cli").removeprefix(".") or "__init__" for one in ours),
        frozenset(one.split(".")[0] for one in imported - ours),
        frozenset(called),
        text.count("\n"),
    )


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree but those that only a type checker runs."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _run(other)
        else:
            yield from _run(child)


def _imported(node: ast.AST, known: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute"
        source = node.module or ""
        inside = source.removeprefix("replay_cli").removeprefix(".")
        for alias in node.names:
            module = f"{inside}.{alias.name}".removeprefix(".")
            yield f"{source}.{alias.name}" if source.startswith("replay_cli") and module in known else source


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def row_of() -> dict[str, int]:
    return {name: number for number, row in enumerate(ROWS) for name in row.split()}


def below(name: str) -> list[str]:
    """All modules in rows below that of a module."""
    rows = row_of()
    return [other for other in modules() if rows[other] > rows[name]]


def test_every_module_is_in_the_table() -> None:
    assert not modules().keys() - row_of().keys()
    assert len(row_of()) == sum(len(row.split()) for row in ROWS)


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_point_down(name: str) -> None:
    rows = row_of()
    upward = [other for other in sorted(modules()[name].ours) if rows[other] <= rows[name]]
    assert not upward, f"{name} imports {', '.join(upward)}, which stands no lower"


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_have_owners(name: str) -> None:
    for package in sorted(modules()[name].foreign):
        if package in OWNERS:
            assert name in OWNERS[package].split(), f"{package} belongs to {OWNERS[package] or 'nobody'}"
        else:
            assert package in sys.stdlib_module_names, f"{package} has no owner"


def test_nothing_below_the_report_speaks_to_a_terminal() -> None:
    assert not [name for name in below("told") if modules()[name].foreign & {"typer", "rich"}]


@pytest.mark.parametrize("name", PURE)
def test_the_core_sees_nothing_of_the_outside(name: str) -> None:
    assert not modules()[name].foreign & {"os", "io", "sys", "time", "logging", "pathlib"}
    assert not modules()[name].calls & {"print", "input", "breakpoint"}


@pytest.mark.parametrize("name", ["frames", "sse", "cutting", "blocks"])
def test_framing_knows_no_json(name: str) -> None:
    assert not modules()[name].foreign & {"json", "orjson"}


def test_few_modules_touch_the_file_system() -> None:
    found = {name for name, module in modules().items() if module.calls & TOUCHES}
    assert not found - TOUCHING.keys()


def test_only_the_start_imports_the_command_line() -> None:
    assert [name for name, module in modules().items() if "cli" in module.ours] == ["__main__"]


def test_no_module_is_too_long() -> None:
    long = {name for name, module in modules().items() if module.lines > LONGEST}
    assert not long - LONGER.keys()


def test_public_names_are_those_of_the_manual() -> None:
    told = []
    for name in ("validate.md", "emit.md", "pytest.md", "diff.md"):
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        section = page.partition("\n## Python API\n")[2].partition("\n## ")[0]
        told += re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(told) == sorted(replay_cli.__all__)


def test_public_names_resolve() -> None:
    for name in replay_cli.__all__:
        assert getattr(replay_cli, name) is not None
    assert dir(replay_cli) == sorted(replay_cli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = replay_cli.nothing


def test_no_module_is_called_like_a_public_name() -> None:
    # With lazy imports the name would be the object first, and the module from then on.
    assert not {name.split(".")[0] for name in modules()} & set(replay_cli.__all__)


# The rules themselves: do they notice?


@pytest.mark.parametrize(
    ("code", "ours", "foreign"),
    [
        ("import typer", set(), {"typer"}),
        ("def late():\n    from rich.text import Text", set(), {"rich"}),
        ("from replay_cli import rules", {"rules"}, set()),
        ("from replay_cli import __version__", {"__init__"}, set()),
        ("from replay_cli.render.text import render", {"render.text"}, set()),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import typer", set(), {"typing"}),
        ("if x:\n    import os\nelse:\n    import io", set(), {"os", "io"}),
    ],
)
def test_imports_are_seen(code: str, ours: set[str], foreign: set[str], tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text(code, encoding="utf-8")
    module = _read("code", path, frozenset(modules()))
    assert (set(module.ours), set(module.foreign)) == (ours, foreign)
