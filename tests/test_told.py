"""Told: what an audit returns, in plain values, and the models that the Python API makes of it."""

from __future__ import annotations

import pickle
import typing
from functools import partial
from pathlib import Path

import pytest
from pydantic import BaseModel

from replay_cli import audit, report, told
from replay_cli.api import audit_source
from replay_cli.planning import Options
from replay_cli.render.json import plain, text
from replay_cli.sources import open_path

ROOT = Path(__file__).parents[1]

LOGS = sorted(path for path in (ROOT / "fixtures").rglob("*") if path.suffix in (".jsonl", ".sse", ".gz", ".zst"))
PAIRS: list[tuple[type, type[BaseModel]]] = [
    (told.Finding, report.Finding),
    (told.Range, report.Range),
    (told.Counts, report.Counts),
    (told.Order, report.Order),
    (told.RuleCount, report.RuleCount),
    (told.Report, report.Report),
    (told.Summary, report.Summary),
]


def told_of(path: Path) -> told.Report:
    return audit_source(partial(open_path, path), Options(statistics=True))


@pytest.mark.parametrize(("part", "model"), PAIRS, ids=lambda kind: kind.__name__)
def test_a_model_has_the_fields_of_what_is_told(part: type, model: type[BaseModel]) -> None:
    hints, models = typing.get_type_hints(part), typing.get_type_hints(model)

    assert list(part.__dict__["_fields"]) == list(model.model_fields)
    for name in model.model_fields:
        assert _spelt(hints[name]) == _spelt(models[name]) or name == "facts"


def test_every_model_of_a_part_has_its_pair() -> None:
    parts = {kind for kind in vars(told).values() if hasattr(kind, "_fields") and "told" in kind.__module__}

    assert {part for part, _ in PAIRS} == parts


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_a_document_holds_what_the_model_dumps(path: Path) -> None:
    found = told_of(path)

    published = report.published(found)

    assert text(published.model_dump(exclude_none=True)) == text(plain(found))
    for one, model in zip(found.findings, published.findings, strict=True):
        assert text(model.model_dump()) == text(plain(one))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_what_is_published_is_as_its_model_says(path: Path) -> None:
    published = audit(path, statistics=True)
    again = report.Report.model_validate_json(published.model_dump_json())

    # The excerpts stay out of documents.
    hidden = [one.model_copy(update={"excerpt": b"", "caret": -1}) for one in published.findings]
    assert published.model_copy(update={"findings": hidden}) == again


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_what_is_told_goes_to_another_process(path: Path) -> None:
    found = told_of(path)

    assert found == pickle.loads(pickle.dumps(found))


def _spelt(hint: object) -> str:
    """A type by the names of its parts, wherever they were declared."""
    return str(hint).replace("replay_cli.told.", "").replace("replay_cli.report.", "")
