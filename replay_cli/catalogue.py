"""The catalogue, told: ``replay rules``, ``replay explain``, ``replay schema``. Imports nothing heavy."""

from __future__ import annotations

from replay_cli import rules
from replay_cli.errors import UsageError, in_quotes
from replay_cli.findings import Severity


def as_text() -> str:
    """A line for each rule."""
    lines = [f"{rule.code}  {rule.name:<24} {rule.severity.value:<8} {rule.summary}" for rule in rules.RULES]
    return "\n".join(lines) + "\n"


def as_json() -> str:
    """The catalogue as a JSON array."""
    import json

    listed = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": rule.summary,
            "explanation": rule.explanation,
            "example": rule.example,
        }
        for rule in rules.RULES
    ]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def explained(name: str) -> str:
    """All there is to say about a rule. Raises UsageError for an unknown one, with what is close."""
    rule = rules.find(name)
    if rule is None:
        close = rules.similar(name)
        hint = f"; did you mean {close}?" if close else "; `replay rules` lists them"
        raise UsageError(f"explain: there is no rule {in_quotes(name)}{hint}")
    severity = "off until selected" if rule.severity is Severity.OFF else rule.severity.value
    example = "".join(f"\n    {line}" for line in rule.example.rstrip("\n").split("\n")) if rule.example else ""
    told = f"\n\nExample:\n{example}" if example else ""
    return f"{rule.code} {rule.name} ({severity})\n{rule.summary}\n\n{rule.explanation.strip()}{told}\n"


def schema(name: str | None) -> str:
    """The text of a schema, or the list of them. Raises UsageError for an unknown one."""
    from replay_cli.profiles import SCHEMA_NAMES, schema_text

    if name is None:
        import json

        titles = ((known, json.loads(schema_text(known))["title"]) for known in SCHEMA_NAMES)
        return "".join(f"{known:<10} {title}\n" for known, title in titles)
    if name not in SCHEMA_NAMES:
        import difflib

        close = difflib.get_close_matches(name.lower(), SCHEMA_NAMES, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(SCHEMA_NAMES)}"
        raise UsageError(f"schema: there is no schema {in_quotes(name)}; {hint}")
    return schema_text(name)
