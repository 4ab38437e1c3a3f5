"""The pytest plugin: what pytest loads at each start, used or not. All else is imported when it is asked for.

Its name is ``replay-cli``, since another plugin is called ``replay`` and pytest loads one of a name only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from os import PathLike

    from replay_cli.audited import AuditedLog

WORDS = {
    "replay_paths": "logs and captures to collect as tests: files, folders, patterns, from the root folder",
    "replay_select": "rules to ask instead of the default ones (replay validate --select)",
    "replay_ignore": "rules to leave out (replay validate --ignore)",
    "replay_severity": "RULE=error|warning|note|off (replay validate --severity)",
}
"""The ini options that take several words."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("replay-cli", "event logs of agent runtimes")
    group.addoption("--no-replay", action="store_true", help="collect no recordings (replay_paths)")
    for name, about in WORDS.items():
        parser.addini(name, about, type="args", default=[])
    parser.addini("replay_manifest", "replay.toml to hold recordings to: a path, or off (the nearest)", default="")
    parser.addini("replay_fail_level", "error, warning or note: from where on findings fail a test", default="error")


def pytest_configure(config: pytest.Config) -> None:
    """Collect recordings, if any paths are named for them and nobody switched that off."""
    off = config.getoption("--no-replay") or config.pluginmanager.is_blocked("replay")
    if off or not config.getini("replay_paths"):
        return
    from replay_cli.pytest_items import Collecting

    config.pluginmanager.register(Collecting(config), "replay-cli-recordings")


@pytest.fixture(scope="session")
def replay_log(pytestconfig: pytest.Config) -> Callable[[str | PathLike[str]], AuditedLog]:
    """Function that audits the log at a path (from the root folder) and gives its report and its typed events."""
    from replay_cli.pytest_items import opener

    return opener(pytestconfig)
