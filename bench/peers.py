"""What ``replay`` is compared with, each as fast as its users would write it: ``python bench/peers.py NAME FILE``.

It imports nothing of the product, and runs in an environment of its own (``bench/requirements.txt``). Each peer reads
a log line by line and prints as JSON how many events it saw and how many of them were bad, so that nobody is
compared with one who did less. ``gzip`` and ``zstd`` decompress, throw away what comes out, and print its bytes.
``versions`` says what is installed, and where the native binary in the package of sourcemeta is.

The garbage collector is off: the peers keep nothing, and it would only slow them.
"""

from __future__ import annotations

import gc
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 20
"""Bytes read at once."""

PACKAGES = ("sourcemeta-jsonschema", "jsonschema-rs", "orjson", "pydantic")

Counted = tuple[int, int]
"""Events, and how many of them were bad."""


def loads(log: Path, schema: Path) -> Counted:
    """The bare loop of ``orjson.loads``, which checks nothing but that it is JSON."""
    from orjson import loads

    events = 0
    with log.open("rb", buffering=CHUNK) as file:
        for line in file:
            loads(line)
            events += 1
    return events, 0


def jsonschema_rs(log: Path, schema: Path) -> Counted:
    """orjson, then jsonschema-rs with the schema that ``replay`` publishes."""
    from jsonschema_rs import validator_for
    from orjson import loads

    valid = validator_for(json.loads(schema.read_bytes())).is_valid
    events = bad = 0
    with log.open("rb", buffering=CHUNK) as file:
        for line in file:
            events += 1
            if not valid(loads(line)):
                bad += 1
    return events, bad


def pydantic(log: Path, schema: Path) -> Counted:
    """A pydantic model of the envelope, made from each line's JSON."""
    from typing import Annotated, Any

    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    class Envelope(BaseModel):
        """The types and bounds of schemas/envelope.schema.json."""

        model_config = ConfigDict(strict=True)

        schema_version: Annotated[int, Field(ge=0, le=2**32 - 1)] = 1
        seq: Annotated[int, Field(ge=0, le=2**64 - 1)]
        event: str
        kind: str
        thread_id: str
        turn_id: str | None = None
        item_id: str | None = None
        timestamp: str
        created_at: str | None = None
        payload: Any
        previous_seq: Any = None

    # mypy sees local names; pydantic is to see what they mean.
    Envelope.model_rebuild(_types_namespace={"Annotated": Annotated, "Any": Any, "Field": Field})
    make = Envelope.model_validate_json
    events = bad = 0
    with log.open("rb", buffering=CHUNK) as file:
        for line in file:
            events += 1
            try:
                make(line)
            except ValidationError:
                bad += 1
    return events, bad


PEERS: dict[str, Callable[[Path, Path], Counted]] = {
    "orjson": loads,
    "jsonschema-rs": jsonschema_rs,
    "pydantic": pydantic,
}


def decompressed(kind: str, log: Path) -> int:
    """How many bytes come out of a compressed log of one stream. It runs with the libraries of the product."""
    total = 0
    with log.open("rb", buffering=0) as file:
        if kind == "gzip":
            import zlib

            inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress
        else:
            if sys.version_info >= (3, 14):
                from compression.zstd import ZstdDecompressor
            else:
                from backports.zstd import ZstdDecompressor
            inflate = ZstdDecompressor().decompress
        while chunk := file.read(CHUNK // 4):
            total += len(inflate(chunk))
    return total


def native(folder: Path) -> Path | None:
    """The binary for this machine in the package of sourcemeta, by the rule that its own wrapper follows."""
    system, arch = platform.system().lower(), platform.machine().lower()
    arch = {"amd64": "x86_64", "aarch64": "arm64"}.get(arch, arch)
    found = folder / f"jsonschema-{system}-{arch}{'.exe' if system == 'windows' else ''}"
    return found if found.is_file() else None


def versions() -> dict[str, str]:
    """The version of each peer that is installed, and ``binary``: the path of the one of sourcemeta."""
    from importlib.metadata import PackageNotFoundError, distribution

    found = {}
    for name in PACKAGES:
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = package.version
        if name == "sourcemeta-jsonschema":
            binary = native(Path(str(package.locate_file("sourcemeta_jsonschema"))))
            if binary is not None:
                found["binary"] = str(binary)
    return found


def main() -> None:
    """Run one peer over one log."""
    gc.disable()
    name, *rest = sys.argv[1:]
    if name == "versions":
        print(json.dumps(versions()))
    elif name in ("gzip", "zstd"):
        print(json.dumps({"bytes": decompressed(name, Path(rest[0]))}))
    else:
        events, bad = PEERS[name](Path(rest[0]), Path(rest[1]))
        print(json.dumps({"events": events, "bad": bad}))


if __name__ == "__main__":
    main()
