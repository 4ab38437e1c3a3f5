"""Writes the JSON Schema of the report document to stdout: ``make schemas``. A test holds the file to it."""

from __future__ import annotations

import json
import sys

from replay_cli.report import Document


def report_schema() -> str:
    """The text of ``schemas/report.schema.json``."""
    made = Document.model_json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:replay-cli:schema:report:1",
        "title": "Report of replay validate --format json",
    }
    return (
        json.dumps({**head, **{key: made[key] for key in made if key != "title"}}, indent=2, ensure_ascii=False)
        + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(report_schema())
