"""Writes the JSON Schemas of what `replay` writes: ``make schemas``. A test holds the files to it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from replay_cli.checked import Checked
from replay_cli.diffed import Diffed
from replay_cli.emitted import Emitted, QuarantineLine
from replay_cli.report import Document, Line

MADE: dict[str, tuple[type[BaseModel], str]] = {
    "report": (Document, "Report of replay validate --format json"),
    "findings": (Line, "A line of replay validate --format jsonl"),
    "emitted": (Emitted, "Summary of replay emit --summary-json"),
    "quarantine": (QuarantineLine, "A line of replay emit --quarantine"),
    "check": (Checked, "What replay check --format json writes"),
    "diff": (Diffed, "What replay diff --format json writes"),
}
"""Each schema by its name: the model that it is made from, and its title."""


def schema_of(name: str) -> str:
    """The text of ``schemas/<name>.schema.json``."""
    model, title = MADE[name]
    made = model.model_json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:replay-cli:schema:{name}:1",
        "title": title,
    }
    return (
        json.dumps({**head, **{key: made[key] for key in made if key != "title"}}, indent=2, ensure_ascii=False)
        + "\n"
    )


if __name__ == "__main__":
    for name in MADE:
        Path(sys.argv[1], f"{name}.schema.json").write_text(schema_of(name), encoding="utf-8")
