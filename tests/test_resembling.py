"""What a path that leads nowhere may have meant: the closest name in its folder, if one is close at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_cli.discovery import GUESSED
from replay_cli.resembling import LISTED, LONGEST, meant
from tests.conftest import Replay
from tests.making import store

THERE = (
    *(
        "log.jsonl",
        "captures/run.sse",
        "captures/session.jsonl.gz",
        "Notes/Big.JSONL",
        ".hidden.jsonl",
        "schema.json",
    ),
    *("caf\udce9.jsonl", "red\x1b[31m.jsonl", "turn\u202e.jsonl"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in THERE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(store(1))
    (tmp_path / "schemas").mkdir()
    (tmp_path / "dangling.jsonl").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    return tmp_path


MEANT = {
    "log.jsnol": "log.jsonl",
    "LOG.jsonl": "log.jsonl",
    "log": "log.jsonl",
    "./lgo.jsonl": "./log.jsonl",
    "captrues/run.sse": "captures/run.sse",
    "captrues/rum.sse": "captures/run.sse",
    "captures/session.jsonl": "captures/session.jsonl.gz",
    "captures//rum.sse": "captures//run.sse",
    "capture/": "captures",
    "notes/big.jsonl": "Notes/Big.JSONL",
    ".hiden.jsonl": ".hidden.jsonl",
    "cafe.jsonl": "caf\udce9.jsonl",
    # Nothing is close, or what is close is hidden, a link to nothing, or no folder.
    "zzz": None,
    "hidden.jsonl": None,
    "danglin.jsonl": None,
    "dangling.jsonl": None,
    "log.jsonl/": "log.jsonl",
    "log.jsonl/inside": None,
    "lgo.jsonl/inside": None,
    "zzz/run.sse": None,
    # It is there, or is no path.
    "log.jsonl": None,
    "": None,
    "/": None,
    "log\0.jsonl": None,
    "log.jsonl" * (LONGEST // 9 + 1): None,
}


@pytest.mark.parametrize(("path", "other"), MEANT.items(), ids=map(ascii, MEANT))
def test_the_closest_name_is_what_was_meant(folder: Path, path: str, other: str | None) -> None:
    said = f"; did you mean {other}?" if other else ""

    assert said == meant(path)
    if not path.startswith((".", "/")) and path:
        inside = said.replace("mean ", f"mean {folder}/")
        assert inside == meant(f"{folder}/{path}") or len(path) > LONGEST - len(str(folder))


def test_from_another_folder_it_is_said_as_it_was_asked(folder: Path) -> None:
    assert "; did you mean run.sse?" == meant("rum.sse", str(folder / "captures"))


def test_where_a_file_is_needed_no_folder_is_meant(folder: Path) -> None:
    assert "; did you mean schemas?" == meant("schemass")
    assert "; did you mean schema.json?" == meant("schemas.json", only_files=True)
    assert "" == meant("captuers", only_files=True)


def test_a_folder_that_holds_very_much_is_not_looked_through(folder: Path) -> None:
    for number in range(LISTED + 1):
        (folder / "captures" / f"{number}.jsonl").touch()

    assert "" == meant("captures/rum.sse")
    assert "; did you mean captures/run.sse?" == meant("captrues/run.sse")


def test_a_folder_that_may_not_be_read_tells_nothing(folder: Path) -> None:
    assert "" == meant("/proc/1/nothing/at/all")


ASKED = {
    "validate log.jsnol": "no such file: log.jsnol; did you mean log.jsonl?",
    "validate --files-from lits": "--files-from: no such file: lits; did you mean list?",
    "validate --schema shema.json log.jsonl": "--schema: shema.json: no such file; did you mean schema.json?",
    "emit log.jsnol": "no such file: log.jsnol; did you mean log.jsonl?",
    "tail log.jsnol": "no such file: log.jsnol; did you mean log.jsonl?",
    "diff log.jsonl log.jsnol": "no such file: log.jsnol; did you mean log.jsonl?",
    "check --config lits": "--config: no such file: lits; did you mean list?",
    "check --config bad.toml": "bad.toml:3: schema: no such file: shema.json; did you mean schema.json?",
    "check --config gone.toml": "gone.toml:2: no such file: captures/rum.sse; did you mean captures/run.sse?",
    "validate red31.jsonl": r"no such file: red31.jsonl; did you mean red\x1b[31m.jsonl?",
    "validate turns.jsonl": r"no such file: turns.jsonl; did you mean turn\u202e.jsonl?",
    "validate cafe.jsonl": r"no such file: cafe.jsonl; did you mean caf\xe9.jsonl?",
}


@pytest.mark.parametrize(("words", "said"), ASKED.items())
def test_every_command_tells_what_was_meant(folder: Path, replay: Replay, words: str, said: str) -> None:
    (folder / "list").write_text("log.jsonl\n")
    (folder / "bad.toml").write_text('[[expect]]\npath = "log.jsonl"\nschema = "shema.json"\n')
    (folder / "gone.toml").write_text('[[expect]]\npath = "captures/rum.sse"\n')

    ran = replay(*words.split())

    assert 2 == ran.code
    assert [f"replay: {said}"] == [line for line in ran.stderr.splitlines() if "no such file" in line]


def test_of_a_list_the_first_few_are_looked_for(folder: Path, replay: Replay) -> None:
    names = [f"log{number:02d}.jsonl" for number in range(GUESSED + 5)]
    (folder / "list").write_text("".join(f"{name}\n" for name in names))

    ran = replay("validate", "--files-from", "list")

    said = [f"replay: no such file: {name} (listed by --files-from list)" for name in names]
    assert [*(f"{line}; did you mean log.jsonl?" for line in said[:GUESSED]), *said[GUESSED:]] == ran.said
    assert 2 == ran.code
