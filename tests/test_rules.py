"""The catalogue: well-formed, explained, and each rule with a fixture that breaks it and no other."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from replay_cli import RULES, Report, Severity, audit
from replay_cli.findings import Rule
from replay_cli.rules import BY_CODE, BY_NAME, find, similar

FIXTURES = Path(__file__).parents[1] / "fixtures"


def load_maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fixtures_make", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKER = load_maker()


def fixture_of(rule: Rule) -> Path:
    names = [MAKER.PLACES[rule.name]] if rule.name in MAKER.PLACES else [f"{rule.name}.jsonl", f"{rule.name}.sse"]
    found = [FIXTURES / "rules" / name for name in names if (FIXTURES / "rules" / name).exists()]
    assert len(found) == 1, f"{rule.name} needs one fixture"
    return found[0]


def audited(path: Path, options: tuple[str, ...]) -> Report:
    """The report with the options that the fixture's table names."""
    pairs = dict(zip(options[::2], options[1::2], strict=True))
    return audit(
        path,
        schema=FIXTURES.parent / pairs["--schema"] if "--schema" in pairs else None,
        severity=[pairs["--severity"]] if "--severity" in pairs else [],
        max_line_bytes=int(pairs.get("--max-line-bytes", 1 << 24)),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_has_a_fixture_that_breaks_it_and_no_other(rule: Rule) -> None:
    report = audited(fixture_of(rule), MAKER.OPTIONS.get(rule.name, ()))

    assert {rule.name, *MAKER.COMPANIONS.get(rule.name, ())} == set(report.rules)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_well_formed(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z][0-9]{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    for sentence in (rule.summary, rule.message):
        assert sentence
        assert not sentence.endswith(".")
        assert sentence[0] == sentence[0].lower() or sentence.startswith(("JSON", "SSE"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_explained_and_shown(rule: Rule) -> None:
    assert 3 <= len(rule.explanation.strip().splitlines()) <= 20
    assert all(len(line) <= 100 for line in rule.explanation.splitlines())
    assert rule.explanation.isascii() or rule.explanation.replace("\n", "").isprintable()
    assert rule.example


def test_codes_and_names_are_unique_and_never_mistaken_for_each_other() -> None:
    assert len(RULES) == len(BY_CODE) == len(BY_NAME)
    assert not {code.lower() for code in BY_CODE} & set(BY_NAME)


def test_only_the_gap_rule_is_off_until_selected() -> None:
    assert ["seq-gap"] == [rule.name for rule in RULES if rule.severity is Severity.OFF]


@pytest.mark.parametrize(
    ("typed", "code"), [("S104", "S104"), ("s104", "S104"), ("broken-link", "S104"), ("Broken-Link", "S104")]
)
def test_a_rule_is_found_by_code_or_name_in_any_case(typed: str, code: str) -> None:
    rule = find(typed)

    assert rule is not None
    assert code == rule.code


@pytest.mark.parametrize(("typed", "meant"), [("broken-lnk", "broken-link"), ("torn", "torn-tail"), ("S14", "S104")])
def test_a_mistyped_rule_brings_the_one_that_is_close(typed: str, meant: str) -> None:
    assert meant == similar(typed)


@pytest.mark.parametrize("made", MAKER.RECORDINGS, ids=lambda made: made.path)
def test_a_damaged_recording_shows_what_was_done_to_it(made: object) -> None:
    name, broken = made.path, made.breaks  # type: ignore[attr-defined]

    assert set(broken) == set(audit(FIXTURES / name).rules)


def test_the_recordings_that_are_shipped_are_clean() -> None:
    logs = [path for path in sorted((FIXTURES / "recorded").rglob("*")) if path.suffix in (".jsonl", ".sse")]
    found = {path.name: audit(path).rules for path in logs}

    assert {"compat.sse": {"compat-stream": 1}} == {name: rules for name, rules in found.items() if rules}


def test_the_fixtures_are_what_their_maker_makes() -> None:
    made = subprocess.run([sys.executable, str(FIXTURES / "make.py"), "--check"], capture_output=True, text=True)

    assert (0, "") == (made.returncode, made.stderr)
