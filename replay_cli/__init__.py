"""Audit and replay the event streams of agent runtimes: JSONL event logs and recorded SSE captures.

The Python API is what this module names; all else is private. Nothing heavy is imported until it is used.

>>> import replay_cli
>>> report = replay_cli.audit("log.jsonl")  # doctest: +SKIP
>>> report.verdict  # doctest: +SKIP
'the runtime reads it whole'
"""

from __future__ import annotations

from replay_cli.version import __version__

# As type checkers know it. Not from typing, which takes as long to load as all else before the command heeds signals.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from replay_cli.api import audit
    from replay_cli.asserting import assert_valid_stream
    from replay_cli.audited import AuditedLog, Event
    from replay_cli.comparison import diff
    from replay_cli.diffed import Diffed
    from replay_cli.emitted import Emitted
    from replay_cli.errors import ReplayError, SourceError, UsageError
    from replay_cli.findings import Rule, Severity
    from replay_cli.report import Document, Finding, Report
    from replay_cli.rules import RULES
    from replay_cli.twin import emit, restore

__all__ = [
    "RULES",
    "AuditedLog",
    "Diffed",
    "Document",
    "Emitted",
    "Event",
    "Finding",
    "ReplayError",
    "Report",
    "Rule",
    "Severity",
    "SourceError",
    "UsageError",
    "__version__",
    "assert_valid_stream",
    "audit",
    "diff",
    "emit",
    "restore",
]

_HOMES = {
    "RULES": "rules",
    "AuditedLog": "audited",
    "Diffed": "diffed",
    "Document": "report",
    "Event": "audited",
    "Finding": "report",
    "ReplayError": "errors",
    "Report": "report",
    "Rule": "findings",
    "Severity": "findings",
    "SourceError": "errors",
    "UsageError": "errors",
    "assert_valid_stream": "asserting",
    "audit": "api",
    "diff": "comparison",
    "emit": "twin",
    "restore": "twin",
    "Emitted": "emitted",
}


def __getattr__(name: str) -> Any:
    """Import a public name where it lives, the first time it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'replay_cli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"replay_cli.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
