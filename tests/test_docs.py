"""The documents are true: the page of the rules is current, what is shown was printed, links lead somewhere.

``python tests/test_docs.py`` writes what the commands print now into the documents (``make docs`` does).
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from replay_cli.docs_made import FAMILIES, rules_page
from replay_cli.rules import RULES
from replay_cli.volatile import VOLATILE

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "docs/recipes.md",
    "docs/validate.md",
    "docs/gate.md",
    "docs/emit.md",
    "docs/tail.md",
    "docs/diff.md",
    "docs/ci.md",
    "docs/pytest.md",
    "docs/releasing.md",
    "docs/rules.md",
    "docs/decisions.md",
)
SHOWING = (
    "README.md",
    "docs/recipes.md",
    "docs/validate.md",
    "docs/gate.md",
    "docs/emit.md",
    "docs/tail.md",
    "docs/diff.md",
    "docs/ci.md",
)
"""The pages with sessions in them."""

_SESSION = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command line as a page shows it: what it prints, and its exit code, which is 0 if it is not asked for."""

    command: str
    output: str
    code: int
    asked: bool


def shown_in(session: str) -> Iterator[Shown]:
    """The command lines of a session, each with what is shown behind it."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    for number, (command, output) in enumerate(pairs):
        if command == "echo $?":
            continue
        asked = number + 1 < len(pairs) and pairs[number + 1][0] == "echo $?"
        yield Shown(command, output, int(pairs[number + 1][1]) if asked else 0, asked)


def run(shown: Shown, folder: Path) -> tuple[str, int]:
    """What a command line prints, as on a terminal of 100 columns without colour, and its exit code."""
    command = shown.command
    if "validate" in command and "--format" not in command:
        command = command.replace("validate", "validate --format text", 1)
    called = f'replay() {{ "{sys.executable}" -m replay_cli "$@"; }}\n{command}'
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}
    done = subprocess.run(
        ["sh", "-c", called],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.stdout, done.returncode


def copied_fixtures(folder: Path) -> None:
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")


def sessions(page: str) -> list[Shown]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [shown for session in _SESSION.findall(text) for shown in shown_in(session)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reader")
    copied_fixtures(place)
    return place


@pytest.mark.skipif(os.name == "nt", reason="the documents show sh")
@pytest.mark.parametrize("page", SHOWING)
def test_what_is_shown_is_what_happens(page: str, tmp_path: Path) -> None:
    # A page is read from its beginning: what a command wrote, the next one may read.
    copied_fixtures(tmp_path)

    for shown in sessions(page):
        assert run(shown, tmp_path) == (shown.output, shown.code), shown.command


@pytest.mark.parametrize("page", ["docs/validate.md", "docs/emit.md", "docs/diff.md", "docs/pytest.md"])
def test_the_python_that_is_shown_runs(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    text = (ROOT / page).read_text(encoding="utf-8")
    for number, code in enumerate(re.findall(r"^```pycon\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)):
        example = doctest.DocTestParser().get_doctest(code, {}, f"{page}, example {number + 1}", None, 0)
        told: list[str] = []
        assert not doctest.DocTestRunner().run(example, out=told.append).failed, "".join(told)


def test_the_pages_for_a_first_look_show_something() -> None:
    assert len(sessions("README.md")) >= 1
    assert len(sessions("docs/recipes.md")) >= 8


def test_the_page_of_the_rules_is_current() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")

    assert page == rules_page(), "`make docs` makes it anew"


def test_the_table_of_what_is_volatile_is_current() -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")

    assert page == with_volatile(page), "`make docs` makes it anew"


def test_every_rule_belongs_to_a_family_that_is_told() -> None:
    assert list(dict.fromkeys(rule.code[0] for rule in RULES)) == list(FAMILIES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        there = path.parent / target if target else path
        assert there.exists(), link
        if anchor:
            assert anchor in set(anchors(there.read_text(encoding="utf-8"))), link


def anchors(text: str) -> Iterator[str]:
    """The places that links can lead to, as Markdown readers name headings."""
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_no_place_of_one_machine(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    assert not re.search(r"/work/|/home/|/root/|/tmp/|/Users/|https?://|\.\./shared", text)


def refreshed(text: str, folder: Path) -> str:
    """A page with what its commands print now."""

    def session(match: re.Match[str]) -> str:
        lines = []
        for shown in shown_in(match[0]):
            output, code = run(shown, folder)
            lines.append(f"$ {shown.command}\n{output}")
            lines.append(f"$ echo $?\n{code}\n" if shown.asked else "")
        return "".join(lines)

    return _SESSION.sub(session, text)


def with_volatile(text: str) -> str:
    """A page with the table of what ``replay diff`` leaves out."""
    rows = "".join(f"| `{pointer}` | {what} |\n" for pointer, what in VOLATILE)
    table = f"| place | what it is |\n|---|---|\n{rows}"
    return re.sub(r"(?<=^<!-- volatile -->\n).*?(?=^<!-- /volatile -->)", lambda _: table, text, flags=re.M | re.S)


def write() -> None:
    """Bring what is shown up to date."""
    with tempfile.TemporaryDirectory() as place:
        for page in SHOWING:
            path, folder = ROOT / page, Path(place, Path(page).stem)
            copied_fixtures(folder)
            text = refreshed(path.read_text(encoding="utf-8"), folder)
            path.write_text(with_volatile(text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
