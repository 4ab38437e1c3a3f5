"""``python -m replay_cli`` and the command ``replay``."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; end with its exit code, 130 after Ctrl-C, silently after a closed pipe."""
    try:
        from replay_cli.cli import run

        code = run()
    except KeyboardInterrupt:  # while modules were still being loaded
        code = 130
    # Before it ends Python looks for garbage in all that was ever loaded, which takes as long as a small audit. All
    # memory goes back to the system right after, so it is told that nothing of this is garbage.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
