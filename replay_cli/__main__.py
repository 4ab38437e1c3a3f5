"""``python -m replay_cli`` and the command ``replay``."""

from __future__ import annotations

import gc
import os
import signal
import sys

TYPE_CHECKING = False  # as in ``__init__``

if TYPE_CHECKING:
    from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def main() -> None:
    """Run the command line; end with its exit code, 130 after Ctrl-C, silently after a closed pipe."""
    try:
        before = _end_at_once()
        from replay_cli.cli import run

        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = _dropped
        code = run()
    except KeyboardInterrupt:
        code = 130
    # Before it ends Python looks for garbage in all that was ever loaded, which takes as long as a small audit. All
    # memory goes back to the system right after, so it is told that nothing of this is garbage.
    gc.freeze()
    sys.exit(code)


def _end_at_once() -> dict[int, Any]:
    """End without a word if a signal comes while modules are loaded; what was to be done about each, to be set again.

    Nothing was begun by then. An exception could come where Python drops it: it has callbacks of its own for each
    module that it loads. What is ignored, as under ``nohup``, stays ignored.
    """

    def end(number: int, _frame: object) -> None:
        os._exit(128 + number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heeded = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, end)
    return heeded


def _dropped(told: sys.UnraisableHookArgs) -> None:
    """Let a signal come again that came in a callback or a destructor, where Python drops exceptions."""
    signalled = told.exc_value
    # A SystemExit is that of ``cli._end_on_signals``.
    code = signalled.code if isinstance(signalled, SystemExit) else 130 * isinstance(signalled, KeyboardInterrupt)
    if not isinstance(code, int) or code <= 128:
        sys.__unraisablehook__(told)
        return
    from replay_cli.cli import send_again

    send_again(code - 128)


if __name__ == "__main__":
    main()
