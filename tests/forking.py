"""The command as a process of its own, begun as a fork of one that has loaded it already.

To load Python and the package takes longer than most runs that a test asks for, and so does taking it all down at
the end. What is begun here differs from a start only in that: it has its own arguments, folder and streams, runs
``python -m replay_cli`` from the first line of ``__main__``, and waits for its threads, calls what was registered for
the end and writes what is left to write before it goes. ``tests/test_forking.py`` holds one against the other. What
is about the start, the end, signals, or an environment that is read at the start is to be started anew.
"""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import pkgutil
import re
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]

PATIENCE = 60
"""Seconds that a run may take."""

READ_LATE = re.compile("CODEWHALE_.*|DEEPSEEK_.*|XDG_.*|HOME|COLUMNS|GITHUB_STEP_SUMMARY|KEY|PYTEST_CURRENT_TEST")
"""Variables that a run reads when it needs them, if at all; others may be read when Python or a module is loaded."""

LOADED_LATE = (
    *("bz2", "concurrent.futures.process", "difflib", "gzip", "httpx2", "jmespath", "jsonschema", "lzma", "msgspec"),
    *("jsonschema_specifications", "multiprocessing.pool", "orjson", "platformdirs", "referencing.jsonschema"),
    *("rich.console", "rich.markup", "rich.progress", "shutil", "tempfile", "zlib"),
)
"""What the package imports only where it is used."""

_SIZE = 4


class Forks:
    """A process that has loaded the command, as found from ``cwd``, and forks for each run; ``close`` ends it."""

    def __init__(self, environment: Mapping[str, str], cwd: Path = ROOT) -> None:
        self._environment = _seen(environment)
        self._asked, served = socket.socketpair()
        with served:
            # Its streams are pipes, as they are of a run, so that Python makes the same of them.
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.forking"],
                cwd=cwd,
                env={**environment},
                stdin=served.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether this is the environment that it was started in, but for variables that are read late."""
        return _seen(environment) == self._environment

    def run(
        self, words: list[str], cwd: Path, stdin: bytes, environment: Mapping[str, str]
    ) -> tuple[int, bytes, bytes]:
        """The exit code of a run, and what it wrote to stdout and stderr; RuntimeError if there is nobody to fork."""
        ends = [os.pipe() for _ in range(3)]
        (given, feed), (out, wrote), (err, said) = ends
        passed = given, wrote, said
        request = pickle.dumps((words, os.fspath(cwd), {**environment}))
        try:
            socket.send_fds(self._asked, [len(request).to_bytes(_SIZE, "big")], passed)
            self._asked.sendall(request)
        finally:
            for number in passed:
                os.close(number)
        errors: list[bytes] = []
        feeding = Thread(target=_feed, args=(feed, stdin))
        hearing = Thread(target=lambda: errors.append(_all_of(err)))
        feeding.start()
        hearing.start()
        written = _all_of(out)
        feeding.join()
        hearing.join()
        status = self._asked.recv(_SIZE, socket.MSG_WAITALL)
        if len(status) < _SIZE:
            raise RuntimeError(self._server.communicate()[1].decode())
        return os.waitstatus_to_exitcode(int.from_bytes(status, "big")), written, errors[0]

    def close(self) -> None:
        self._asked.close()
        self._server.communicate()


def _seen(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not READ_LATE.fullmatch(name)}


def _feed(number: int, data: bytes) -> None:
    """Write all, if the run reads it all."""
    with suppress(BrokenPipeError), open(number, "wb", buffering=0) as pipe:
        rest = memoryview(data)
        while rest:
            rest = rest[pipe.write(rest) :]


def _all_of(number: int) -> bytes:
    with open(number, "rb") as pipe:
        return pipe.read()


def started(environment: Mapping[str, str]) -> Forks:
    """What forks; it ends with this process."""
    forks = Forks(environment)
    atexit.register(forks.close)
    return forks


def _serve() -> list[str] | None:
    """Fork for each request. In a fork: the words of its command line. In the end, when nobody asks: None."""
    asked = socket.socket(fileno=os.dup(0))
    while True:
        size, passed, _, _ = socket.recv_fds(asked, _SIZE, 3)
        if not size:
            return None
        words, folder, around = pickle.loads(asked.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
        child = os.fork()
        if not child:
            asked.close()
            for number, stream in enumerate(passed):
                os.dup2(stream, number)
                os.close(stream)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(around)
            sys.path[0] = folder
            signal.alarm(PATIENCE)
            return list(words)
        for stream in passed:
            os.close(stream)
        asked.sendall(os.waitpid(child, 0)[1].to_bytes(_SIZE, "big"))


class _Ending:
    """The end of a fork: the system takes back what it holds, at once."""

    code = 1

    def __call__(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.code)


def main() -> None:
    """Load what a run may load, and fork for each request; a fork goes on here, as the command."""
    import replay_cli

    ending = _Ending()
    atexit.register(ending)  # before all others, to be the last that is called
    for module in pkgutil.walk_packages(replay_cli.__path__, "replay_cli."):
        if "pytest" not in module.name and not module.name.endswith("__main__"):
            import_module(module.name)
    for name in LOADED_LATE:
        with suppress(ImportError):
            import_module(name)
    gc.collect()
    gc.freeze()
    words = _serve()
    if words is None:
        return
    sys.argv[1:] = words
    try:
        runpy.run_module("replay_cli", run_name="__main__", alter_sys=True)
        ending.code = 0
    except SystemExit as exited:
        ending.code = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
        raise


if __name__ == "__main__":
    main()
