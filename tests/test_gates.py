"""Where gates run: the hooks under the real pre-commit, the action's script, the recipes of docs/ci.md, a release.

What is installed here is installed as users install it, with what it needs; without a network these tests skip.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.conftest import COMMAND, environment
from tests.making import record

ROOT = Path(__file__).parents[1]
CLEAN = record(1) + record(2)
TORN = record(1) + record(2)[:40]
KNOWN = """\
paths = ["recordings"]
[[expect]]
path = "recordings/clean.jsonl"
[[expect]]
path = "recordings/torn.jsonl"
findings = [{ rule = "torn-tail" }]
"""
"""A manifest that knows of a clean recording and of a broken one."""

NEEDED = ("replay_cli", "schemas", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "action.yml")
"""What a package is built from."""

OFFLINE = re.compile(
    r"no matching distribution|could not find a version|name resolution|connection|proxy|timed out", re.IGNORECASE
)
"""What pip says where it has no network."""

QUICK = {"PIP_NO_COMPILE": "1"}
"""Of what is installed, little is run: Python compiles that when it is, instead of pip all of it."""

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("git") or not shutil.which("bash"), reason="needs git and bash"
)


def read_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def ran(command: list[str | Path], cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command, both its outputs in one."""
    who = {f"GIT_{role}_{what}": "replay@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **who, "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1", **QUICK, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture(scope="module")
def workplace() -> Iterator[Path]:
    """A folder that is gone at once, as what is installed in it is large."""
    with tempfile.TemporaryDirectory(prefix="replay-gates-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def repository(workplace: Path) -> Path:
    """This repository as it stands, committed, as others would clone it."""
    place = workplace / "repository"
    place.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All of it"]):
        assert ran(["git", *words], place).returncode == 0
    return place


def blocks(page: str) -> dict[str, str]:
    """The files that a page shows, by the names in their first lines."""
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = re.findall(r"^```(?:yaml|make)\n# ([^\n]+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return dict(shown)


# pre-commit


@pytest.fixture(scope="module")
def guarded(repository: Path, workplace: Path) -> Path:
    """Somebody's repository, with pre-commit installed in it as docs/ci.md says."""
    place = workplace / "guarded"
    place.mkdir()
    head = ran(["git", "rev-parse", "HEAD"], repository).stdout.strip()
    config = blocks("docs/ci.md")[".pre-commit-config.yaml"]
    config = config.replace("OWNER/replay", str(repository)).replace("v0.1.0", head)
    write(place, {".pre-commit-config.yaml": config.encode()})
    installed(place)
    return place


def installed(place: Path) -> None:
    """Install the hooks that a configuration names."""
    assert ran(["git", "init", "-q"], place).returncode == 0
    done = committing(place, "install", "--install-hooks")
    if done.returncode and OFFLINE.search(done.stdout):
        pytest.skip("pre-commit cannot make its environment here: no network")
    assert done.returncode == 0, done.stdout


def committing(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return ran([sys.executable, "-m", "pre_commit", *words], place, PRE_COMMIT_HOME=str(place.parent / "cache"))


def commit(place: Path) -> subprocess.CompletedProcess[str]:
    ran(["git", "add", "-A"], place)
    return ran(["git", "commit", "-qm", "A change"], place, PRE_COMMIT_HOME=str(place.parent / "cache"))


def test_a_commit_is_held_up_by_a_recording_that_is_broken(guarded: Path) -> None:
    write(guarded, {"recordings/run.jsonl": TORN, "recordings/readme.md": b"{", "data.jsonl": b"{}\n"})
    broken = commit(guarded)
    write(guarded, {"recordings/run.jsonl": CLEAN})
    mended = commit(guarded)

    assert broken.returncode == 1
    assert "recordings/run.jsonl:2:1: F101 torn-tail 40 bytes after the last newline" in broken.stdout
    assert "readme.md" not in broken.stdout
    assert "data.jsonl" not in broken.stdout
    assert mended.returncode == 0, mended.stdout


def test_a_commit_is_held_up_by_what_is_not_as_the_manifest_says(repository: Path, workplace: Path) -> None:
    place = workplace / "checked"
    place.mkdir()
    head = ran(["git", "rev-parse", "HEAD"], repository).stdout.strip()
    hook = f"repos:\n- repo: {repository}\n  rev: {head}\n  hooks:\n  - id: replay-check\n"
    manifest = b'paths = ["recordings"]\n[[expect]]\npath = "recordings/torn.jsonl"\nfindings = [{ rule = "F101" }]\n'
    write(place, {".pre-commit-config.yaml": hook.encode(), "replay.toml": manifest, "recordings/torn.jsonl": TORN})
    installed(place)
    known = commit(place)
    write(place, {"recordings/new.jsonl": CLEAN})
    new = commit(place)
    assert ran([sys.executable, "-m", "replay_cli", "check", "--update"], place).returncode == 0
    blessed = commit(place)
    (place / "recordings" / "torn.jsonl").unlink()
    gone = commit(place)

    write(place, {"recordings/torn.jsonl": TORN, "recordings/unstaged.jsonl": CLEAN, "readme.md": b""})
    ran(["git", "add", "readme.md", "recordings/torn.jsonl"], place)
    unstaged = ran(["git", "commit", "-qm", "A"], place, PRE_COMMIT_HOME=str(place.parent / "cache"))
    manifest = b'exclude = ["unstaged.jsonl"]\n' + (place / "replay.toml").read_bytes()
    write(place, {"replay.toml": manifest})
    ran(["git", "add", "replay.toml"], place)
    excluded = ran(["git", "commit", "-qm", "B"], place, PRE_COMMIT_HOME=str(place.parent / "cache"))

    assert (unstaged.returncode, "unstaged.jsonl: new, has no entry" in unstaged.stdout) == (1, True), unstaged.stdout
    assert excluded.returncode == 0, excluded.stdout
    assert known.returncode == 0, known.stdout
    assert (new.returncode, "recordings/new.jsonl: new, has no entry" in new.stdout) == (1, True), new.stdout
    assert blessed.returncode == 0, blessed.stdout
    assert (gone.returncode, "replay.toml:3: no such file" in gone.stdout) == (1, True), gone.stdout


def test_what_init_writes_works_in_the_tools_that_it_is_for(repository: Path, workplace: Path) -> None:
    place = workplace / "founded"
    write(place, {"recordings/torn.jsonl": TORN, "recordings/run.jsonl": CLEAN})
    assert ran(["git", "init", "-q"], place).returncode == 0
    assert ran([sys.executable, "-m", "replay_cli", "init"], place).returncode == 0
    assert not complaints("github-workflows", place / ".github/workflows/replay.yml")
    schema = ran([sys.executable, "-m", "replay_cli", "schema", "config"], place).stdout
    jsonschema.validate(tomllib.loads((place / "replay.toml").read_text(encoding="utf-8")), json.loads(schema))

    config = place / ".pre-commit-config.yaml"
    # The hook is installed from here, not from where packages are.
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[replay-cli]", f"[{repository}]"), encoding="utf-8")
    assert f"[{repository}]" in config.read_text(encoding="utf-8")
    assert ran([sys.executable, "-m", "pre_commit", "validate-config", config], place).returncode == 0
    installed(place)
    founded = commit(place)
    write(place, {"recordings/run.jsonl": TORN})
    broken = commit(place)

    assert founded.returncode == 0, founded.stdout
    assert (broken.returncode, "1 unexpected" in broken.stdout) == (1, True), broken.stdout
    steps = read_yaml((place / ".github/workflows/replay.yml").read_text(encoding="utf-8"))["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["python -m pip install replay-cli", "replay check"]


def test_the_manifest_of_the_hooks_is_sound() -> None:
    done = ran([sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"], ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.jsonl", {"replay-validate", "replay-check"}),
        ("deep/a.sse.gz", {"replay-validate", "replay-check"}),
        ("a.ndjson.zst", {"replay-validate", "replay-check"}),
        ("replay.toml", {"replay-check"}),
        ("deep/pyproject.toml", {"replay-check"}),
        ("myreplay.toml", set()),
        ("a.json", set()),
        ("a.jsonl.txt", set()),
        ("ajsonl", set()),
    ],
)
def test_hooks_go_by_the_names_of_files(name: str, taken: set[str]) -> None:
    hooks = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert {hook["id"] for hook in hooks if re.search(hook["files"], name)} == taken


@pytest.mark.parametrize("command", ["validate", "check"])
def test_hooks_call_commands_that_there_are(command: str) -> None:
    hooks = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (entry,) = [hook["entry"] for hook in hooks if hook["id"] == f"replay-{command}"]
    done = subprocess.run([*COMMAND, command, "--help"], env=environment(), capture_output=True, timeout=60)
    if command == "check" and done.returncode == 2:
        pytest.skip("there is no replay check yet")

    assert entry == f"replay {command}"
    assert done.returncode == 0


@pytest.mark.parametrize("args", [None, ["--fail-level", "note"], ["--fail-level", "note", "--"]])
def test_hooks_take_arguments_and_any_name_of_a_file(args: list[str] | None, tmp_path: Path) -> None:
    """pre-commit puts the arguments between the entry and the names."""
    hooks = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (hook,) = [hook for hook in hooks if hook["id"] == "replay-validate"]
    given = hook["args"] if args is None else args
    name = "-x.jsonl" if "--" in given else "x.jsonl"
    write(tmp_path, {name: CLEAN})
    done = ran([*COMMAND, *hook["entry"].split()[1:], *given, name], tmp_path, PYTHONPATH=str(ROOT))

    assert done.returncode == 0, done.stdout


# The action


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", "action.yml"), ("github-workflows", ".github/workflows/release.yml")],
)
def test_files_of_github_fulfil_its_schemas(schema: str, path: str) -> None:
    assert not complaints(schema, ROOT / path)


def complaints(schema: str, path: Path) -> str:
    """What check-jsonschema says of a file by a schema that it brings; empty if nothing."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = ran([*command], path.parent)
    return done.stdout if done.returncode else ""


class Runner:
    """Runs the scripts of a composite action as GitHub's runner does; steps that use other actions are left out."""

    def __init__(self, repository: Path, place: Path) -> None:
        self._action = read_yaml((repository / "action.yml").read_text(encoding="utf-8"))
        self._repository, self._place = repository, place
        self._env: dict[str, str] = {}

    def step(self, name: str, cwd: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
        """Exit code, what was written, and the outputs of the step of this name."""
        (step,) = [one for one in self._action["runs"]["steps"] if one.get("name") == name]
        files = {key: self._place / key for key in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("", encoding="utf-8")
        script = self._place / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = ran(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd,
            RUNNER_TEMP=str(self._place),
            **self._env,
            **{key: str(file) for key, file in files.items()},
            **{key: self._filled(value, inputs) for key, value in step.get("env", {}).items()},
        )
        self._env |= _pairs(files["GITHUB_ENV"])
        return done.returncode, done.stdout, _pairs(files["GITHUB_OUTPUT"])

    def _filled(self, text: str, inputs: Mapping[str, str]) -> str:
        """A value with its expressions worked out."""
        known = {"github.action_path": str(self._repository), "steps.python.outputs.python-path": sys.executable}
        for name, declared in self._action["inputs"].items():
            known[f"inputs.{name}"] = inputs.get(name, declared.get("default", ""))
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: known[match[1]], text)


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def runner(repository: Path, workplace: Path) -> Runner:
    """A runner on which the action has installed replay."""
    place = workplace / "runner"
    place.mkdir()
    runner = Runner(repository, place)
    code, told, _ = runner.step("Install replay", place)
    if code and OFFLINE.search(told):
        pytest.skip("the action cannot install what replay needs here: no network")
    assert code == 0, told
    return runner


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"paths": "clean.jsonl"}, 0, "1 source, 2 events: 0 errors"),
        ({"paths": "torn.jsonl"}, 1, "::error file=torn.jsonl,line=2,col=1,title=F101 torn-tail::40 bytes"),
        ({"paths": "\n clean.jsonl\r\ntorn.jsonl\n\n".replace(" ", "")}, 1, "2 sources, 3 events: 1 error"),
        ({"paths": "*.jsonl"}, 1, "3 sources, 5 events: 1 error"),
        ({"paths": "two words"}, 0, "1 source, 2 events"),
        ({"paths": "blank.jsonl"}, 0, "1 warning"),
        ({"paths": "blank.jsonl", "fail-level": "warning"}, 1, "1 warning"),
        ({"paths": "torn.jsonl", "format": "concise"}, 1, "torn.jsonl:2:1: F101 torn-tail 40 bytes"),
        ({"paths": "torn.jsonl", "format": "sarif", "output-file": "out dir/r.sarif"}, 1, ""),
        ({"paths": "missing.jsonl"}, 2, "no such file: missing.jsonl"),
        ({"paths": ""}, 2, "::error::paths: is empty"),
        ({"paths": "--help"}, 2, "no such file: --help"),
        ({"paths": "$(touch owned)`touch owned`; touch owned"}, 2, "no such file: $(touch owned)"),
        ({"paths": "clean.jsonl", "format": "text; touch owned"}, 2, "--format"),
        ({"paths": "empty.log"}, 3, ""),
        ({"command": "check"}, 1, "3 recordings, 2 as expected, 1 without an entry"),
        ({"command": "check", "paths": "torn.jsonl"}, 0, "1 recording, 1 as expected"),
        ({"command": "check", "paths": "blank.jsonl"}, 1, "::error file=blank.jsonl,line=1,col=1,title=G106"),
        ({"command": "check", "paths": "torn.jsonl", "fail-level": "note"}, 2, "fail-level: is of validate"),
        ({"command": "check; touch owned", "paths": "clean.jsonl"}, 2, "command: is neither validate nor check"),
    ],
)
def test_the_action_is_a_gate(inputs: dict[str, str], code: int, said: str, runner: Runner, tmp_path: Path) -> None:
    files = {"clean.jsonl": CLEAN, "torn.jsonl": TORN, "blank.jsonl": record(1) + b"\n" + record(2)}
    write(tmp_path, {**files, "two words/a.jsonl": CLEAN, "empty.log": b"", "out dir/readme": b""})
    if "command" in inputs:
        write(tmp_path, {"replay.toml": KNOWN.replace("recordings/", "").replace("recordings", "*.jsonl").encode()})

    ended, told, outputs = runner.step("Run replay", tmp_path, **inputs)

    assert (ended, outputs) == (code, {"exit-code": str(code)}), told
    assert said in told
    assert not (tmp_path / "owned").exists()
    assert (tmp_path / "out dir/r.sarif").exists() == ("output-file" in inputs)


# The recipes


@pytest.mark.parametrize("name", ["recordings.yml", "scanning.yml"])
def test_the_recipes_for_github_work(name: str, runner: Runner, tmp_path: Path) -> None:
    text = blocks("docs/ci.md")[f".github/workflows/{name}"]
    write(tmp_path, {name: text.encode(), "recordings/torn.jsonl": TORN})
    (job,) = read_yaml(text)["jobs"].values()
    (given,) = [step["with"] for step in job["steps"] if step["uses"].startswith("OWNER/replay@")]

    code, told, _ = runner.step("Run replay", tmp_path, **given)

    assert not complaints("github-workflows", tmp_path / name)
    assert code == 1, told
    assert "torn-tail" in (told if name == "recordings.yml" else (tmp_path / "replay.sarif").read_text("utf-8"))


HELD = [(CLEAN, TORN, 0), (CLEAN, CLEAN, 1), (TORN, TORN, 1)]
"""What a clean recording and one that is known to be torn hold, and the exit code of the gate."""


def hold(folder: Path, clean: bytes, torn: bytes) -> None:
    """Put recordings under a manifest."""
    write(
        folder,
        {"replay.toml": KNOWN.encode(), "recordings/clean.jsonl": clean, "recordings/torn.jsonl": torn},
    )


@pytest.mark.parametrize(("clean", "torn", "code"), HELD)
def test_the_recipe_for_github_holds_to_the_manifest(
    clean: bytes, torn: bytes, code: int, runner: Runner, tmp_path: Path
) -> None:
    text = blocks("docs/ci.md")[".github/workflows/check.yml"]
    write(tmp_path, {"check.yml": text.encode()})
    hold(tmp_path, clean, torn)
    (job,) = read_yaml(text)["jobs"].values()
    (given,) = [step["with"] for step in job["steps"] if step["uses"].startswith("OWNER/replay@")]

    ended, told, _ = runner.step("Run replay", tmp_path, **given)

    assert not complaints("github-workflows", tmp_path / "check.yml")
    assert (ended, "::error file=recordings/" in told) == (code, bool(code)), told


@pytest.mark.parametrize(("clean", "torn", "code"), HELD)
def test_the_recipe_for_gitlab_holds_to_the_manifest(clean: bytes, torn: bytes, code: int, tmp_path: Path) -> None:
    text = blocks("docs/ci.md")[".gitlab-ci.yml"]
    write(tmp_path, {".gitlab-ci.yml": text.encode()})
    hold(tmp_path, clean, torn)
    (job,) = read_yaml(text).values()
    install, *script = job["script"]

    done = ran(["bash", "-e", "-c", "\n".join(script)], tmp_path, PATH=path_with_replay(tmp_path))

    assert not complaints("gitlab-ci", tmp_path / ".gitlab-ci.yml")
    assert (install, done.returncode) == ("pip install replay-cli", code), done.stdout
    entries = json.loads((tmp_path / job["artifacts"]["reports"]["codequality"]).read_text("utf-8"))
    assert len(entries) == code


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(("clean", "torn", "code"), HELD)
def test_the_recipe_for_make_holds_to_the_manifest(clean: bytes, torn: bytes, code: int, tmp_path: Path) -> None:
    write(tmp_path, {"Makefile": blocks("docs/ci.md")["Makefile"].encode()})
    hold(tmp_path, clean, torn)

    done = ran(["make", "check"], tmp_path, PATH=path_with_replay(tmp_path))

    assert done.returncode == 2 * code, done.stdout
    assert f"2 recordings, {2 - code} as expected" in done.stdout


def test_each_action_is_used_in_one_version() -> None:
    """In what this repository runs, shows and writes for others."""
    files = [ROOT / "action.yml", ROOT / "replay_cli" / "founding.py"]
    files += [*(ROOT / ".github").rglob("*.yml"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    used = {one for file in files for one in re.findall(r"uses: ([\w/-]+)@(\S+)", file.read_text(encoding="utf-8"))}

    assert {"actions/checkout", "actions/setup-python"} < {name for name, _ in used}
    assert len({name for name, _ in used}) == len(used), sorted(used)


def test_the_recipe_for_gitlab_works(tmp_path: Path) -> None:
    text = blocks("docs/ci.md")[".gitlab-ci.yml without a manifest"]
    write(tmp_path, {".gitlab-ci.yml": text.encode(), "recordings/torn.jsonl": TORN})
    (job,) = read_yaml(text).values()
    install, *script = job["script"]

    done = ran(["bash", "-e", "-c", "\n".join(script)], tmp_path, PATH=path_with_replay(tmp_path))

    assert not complaints("gitlab-ci", tmp_path / ".gitlab-ci.yml")
    assert install == "pip install replay-cli"
    assert done.returncode == 1
    assert "torn-tail" in (tmp_path / job["artifacts"]["reports"]["codequality"]).read_text("utf-8")


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(("data", "code"), [(CLEAN, 0), (TORN, 2)])
def test_the_recipe_for_make_works(data: bytes, code: int, tmp_path: Path) -> None:
    write(
        tmp_path,
        {"Makefile": blocks("docs/ci.md")["Makefile without a manifest"].encode(), "recordings/run.jsonl": data},
    )

    done = ran(["make", "recordings"], tmp_path, PATH=path_with_replay(tmp_path))

    # make has an exit code of its own for a command that failed.
    assert done.returncode == code, done.stdout
    assert ("torn-tail" in done.stdout) == bool(code)


def path_with_replay(folder: Path) -> str:
    """A search path on which ``replay`` is this one."""
    script = folder / ".bin" / "replay"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m replay_cli "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
    return f"{script.parent}{os.pathsep}{os.environ['PATH']}"


def test_the_tags_of_the_recipes_are_the_version() -> None:
    from replay_cli import __version__

    told = re.findall(r"OWNER/replay@(\S+)|rev: (\S+)", (ROOT / "docs/ci.md").read_text(encoding="utf-8"))

    assert {one or other for one, other in told} == {f"v{__version__}"}


# A release


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is released is a commit, and there is no repository")
def test_a_release_is_the_same_twice_and_passes_its_check(tmp_path: Path) -> None:
    done = ran([sys.executable, ROOT / "tests" / "check_dist.py", tmp_path / "dist"], ROOT)

    assert done.returncode == 0, done.stdout
    assert sorted(path.suffix for path in (tmp_path / "dist").iterdir()) == [".gz", ".whl"]
    assert re.findall(r"^[0-9a-f]{64}  \S+$", done.stdout, re.MULTILINE)
