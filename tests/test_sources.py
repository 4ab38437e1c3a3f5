"""Sources: every way to be given bytes, and every way in which that fails."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import pickle
import pty
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from replay_cli import sources
from replay_cli.compression import CHUNK
from replay_cli.errors import ReplayError, SourceError, UsageError
from replay_cli.sources import Source, open_path, open_stream, read_at

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def events(count: int) -> bytes:
    """A log that compresses about as real ones do."""
    dice = random.Random(count)
    lines = ({"seq": seq, "event": "item.delta", "text": dice.randbytes(40).hex()} for seq in range(1, count + 1))
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def zstd_compress(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


LOG = events(3000)
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd_compress,
}
PACKED = {name: compress(LOG) for name, compress in COMPRESS.items()}
SKIPPABLE = b"\x5e\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"

each_compression = pytest.mark.parametrize("compression", COMPRESS)
each_shape = pytest.mark.parametrize(("compression", "data"), [(None, LOG), *PACKED.items()])


@pytest.fixture(autouse=True)
def open_files() -> Iterator[None]:
    """No test leaves a descriptor open."""
    before = sorted(os.listdir("/dev/fd"))  # noqa: PTH208
    yield
    assert sorted(os.listdir("/dev/fd")) == before  # noqa: PTH208


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Make a file that holds something."""

    def make(data: bytes) -> Path:
        path = tmp_path / "thr_1.jsonl"
        path.write_bytes(data)
        return path

    return make


def drain(source: Source) -> tuple[bytes, str | None]:
    """All that a source gives, and what it says when it then fails."""
    out, problem = [], None
    with source:
        try:
            for chunk in source.chunks():
                assert 0 < len(chunk) <= 2 * CHUNK
                out.append(chunk)
        except SourceError as error:
            problem = error
    assert problem is None or problem.name == source.name
    return b"".join(out), problem.reason if problem else None


def stream(data: bytes) -> Source:
    return open_stream(io.BytesIO(data), "-")


def write(fd: int, *pieces: bytes, pause: float = 0) -> threading.Thread:
    """Write to a descriptor from a thread, and close it."""

    def run() -> None:
        with os.fdopen(fd, "wb", buffering=0) as pipe:
            for piece in pieces:
                pipe.write(piece)
                time.sleep(pause)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


class TestWhatIsRead:
    @each_shape
    def test_a_file_is_read_whole_whatever_its_compression(
        self, file: Callable[[bytes], Path], compression: str | None, data: bytes
    ) -> None:
        path = file(data)
        source = open_path(path)
        assert (source.name, source.path, source.compression) == (str(path), path, compression)
        assert (source.rereadable, source.plain, source.raw_size) == (True, compression is None, len(data))
        assert source.raw_read == 0
        assert drain(source) == (LOG, None)
        assert source.raw_read == len(data)

    @each_shape
    def test_so_is_a_stream(self, compression: str | None, data: bytes) -> None:
        given = io.BytesIO(data)
        source = open_stream(given, "-")
        assert (source.name, source.path, source.compression) == ("-", None, compression)
        assert (source.rereadable, source.plain, source.raw_size) == (False, False, None)
        assert drain(source) == (LOG, None)
        assert not given.closed

    @each_shape
    def test_so_is_a_pipe_that_gives_a_byte_at_a_time(self, compression: str | None, data: bytes) -> None:
        class Trickle(io.BytesIO):
            def read1(self, size: int | None = -1, /) -> bytes:
                return super().read1(1)

        assert drain(open_stream(Trickle(data), "-")) == (LOG, None)

    @pytest.mark.parametrize("data", [b"", b"\n", b"{", b"{}\n", b"BZ", b"BZh", b"BZhx", b"(", b"PQRS", b"\xfd7zX"])
    def test_what_only_begins_like_a_compression_is_plain(self, file: Callable[[bytes], Path], data: bytes) -> None:
        for source in (open_path(file(data)), stream(data)):
            assert source.compression is None
            assert drain(source) == (data, None)

    def test_the_name_of_a_file_does_not_tell_its_compression(self, tmp_path: Path) -> None:
        for name, data in (("log.gz", LOG), ("log.zst", PACKED["gzip"]), ("log.jsonl", PACKED["zstd"])):
            (tmp_path / name).write_bytes(data)
            assert drain(open_path(tmp_path / name)) == (LOG, None)

    @pytest.mark.parametrize(
        ("compression", "parts"),
        [
            ("gzip", [PACKED["gzip"], PACKED["gzip"]]),
            ("gzip", [PACKED["gzip"], b"\0" * 1000, PACKED["gzip"], b"\0" * 1000]),
            ("gzip", [gzip.compress(line) for line in LOG.splitlines(keepends=True)]),
            ("gzip", [gzip.compress(b""), PACKED["gzip"]]),
            ("bz2", [PACKED["bz2"], PACKED["bz2"]]),
            ("xz", [PACKED["xz"], PACKED["xz"]]),
            ("xz", [PACKED["xz"], b"\0" * 8, PACKED["xz"], b"\0" * 4]),
            ("zstd", [PACKED["zstd"], PACKED["zstd"]]),
            ("zstd", [SKIPPABLE, PACKED["zstd"], SKIPPABLE, SKIPPABLE, PACKED["zstd"], SKIPPABLE]),
        ],
    )
    def test_streams_that_follow_one_another_are_one(self, compression: str, parts: list[bytes]) -> None:
        source = stream(b"".join(parts))
        assert source.compression == compression
        assert drain(source) == (LOG * sum(part == PACKED[compression] for part in parts) or LOG, None)

    @pytest.mark.parametrize("flushed", ["gzip", "zstd"])  # Python cannot flush the others midway
    def test_a_live_compressed_stream_gives_what_is_there(self, flushed: str) -> None:
        pack = zlib.compressobj(wbits=31) if flushed == "gzip" else zstd.ZstdCompressor()
        flush = zlib.Z_SYNC_FLUSH if flushed == "gzip" else zstd.ZstdCompressor.FLUSH_BLOCK
        reader, writer = os.pipe()
        with open(reader, "rb") as pipe, os.fdopen(writer, "wb", buffering=0) as end:
            end.write(pack.compress(b"first\n") + pack.flush(flush))  # type: ignore[arg-type]
            chunks = open_stream(pipe, "-").chunks()
            assert next(chunks) == b"first\n"
            end.write(pack.compress(b"second\n") + pack.flush(flush))  # type: ignore[arg-type]
            assert next(chunks) == b"second\n"

    @each_compression
    def test_raw_reads_what_is_stored(self, file: Callable[[bytes], Path], compression: str) -> None:
        data = PACKED[compression]
        for source in (open_path(file(data), raw=True), open_stream(io.BytesIO(data), "-", raw=True)):
            assert drain(source) == (data, None)

    def test_a_source_can_be_called_something_else(self, file: Callable[[bytes], Path]) -> None:
        with open_path(file(b"{}\n"), name="the log") as source:
            assert source.name == "the log"


class TestDamage:
    @each_compression
    def test_a_truncated_file_gives_a_prefix_and_then_says_so(self, compression: str) -> None:
        data = PACKED[compression]
        cuts = {*range(6, 60), *range(60, len(data), len(data) // 97), *range(len(data) - 40, len(data))}
        gave = -1
        for cut in sorted(cuts):
            out, problem = drain(stream(data[:cut]))
            assert LOG.startswith(out)
            assert problem == (
                f"{compression} data ends after {cut} bytes, before its end marker; the rest cannot be read"
            )
            assert len(out) >= gave, "the more there is, the more comes out"
            gave = len(out)
        assert gave == len(LOG)

    def test_of_truncated_gzip_all_that_zlib_can_make_of_it_comes_out(self) -> None:
        zeros = gzip.compress(bytes(500_000))
        for data in (PACKED["gzip"][:cut] for cut in range(20, len(PACKED["gzip"]), 1009)):
            assert drain(stream(data))[0] == zlib.decompressobj(wbits=31).decompress(data)
        for data in (zeros[:cut] for cut in range(20, len(zeros))):
            assert drain(stream(data))[0] == zlib.decompressobj(wbits=31).decompress(data)

    @each_compression
    def test_what_was_cut_off_in_a_later_stream_does_not_harm_the_first(self, compression: str) -> None:
        data = PACKED[compression] + PACKED[compression][: len(PACKED[compression]) // 2]
        out, problem = drain(stream(data))
        assert out.startswith(LOG)
        assert (LOG + LOG).startswith(out)
        assert problem is not None

    @each_compression
    @pytest.mark.parametrize("size", [1, 100, 5000, 200_000])
    def test_a_wrong_checksum_costs_next_to_nothing(self, compression: str, size: int) -> None:
        # gzip, xz and zstd check at the end of a stream; bz2 has a stream checksum in its last bytes.
        data = bytearray(COMPRESS[compression](LOG[:size]))
        at = {"gzip": -8, "bz2": -2, "xz": _xz_check(bytes(data)), "zstd": -1}[compression]
        data[at] ^= 0xFF
        out, problem = drain(stream(bytes(data)))
        assert LOG[:size].startswith(out)
        assert size - len(out) <= (0 if compression == "gzip" else 1024)
        assert problem is not None
        assert problem.startswith(f"{compression} data is damaged after its first {len(out)} decompressed bytes: ")

    @each_compression
    def test_something_else_behind_the_end_comes_after_everything(self, compression: str) -> None:
        out, problem = drain(stream(PACKED[compression] + b"something else, long enough to be a header"))
        assert out == LOG
        assert problem is not None
        assert problem.startswith(f"{compression} data is damaged after its first {len(LOG)} decompressed bytes: ")

    @each_compression
    def test_any_damage_is_a_source_error_at_worst(self, compression: str) -> None:
        dice = random.Random(compression)
        original = COMPRESS[compression](LOG[:3000])
        for _ in range(200):
            data = bytearray(original)
            data[dice.randrange(6, len(data))] = dice.randrange(256)
            drain(stream(bytes(data)))

    def test_a_read_that_fails_midway_loses_nothing_before(self) -> None:
        class Failing(io.BytesIO):
            def read1(self, size: int | None = -1, /) -> bytes:
                if data := super().read1(1000):
                    return data
                raise OSError(errno.EIO, "Input/output error")

        half = PACKED["gzip"][: len(PACKED["gzip"]) // 2]
        assert drain(open_stream(Failing(LOG), "-")) == (LOG, "Input/output error")
        assert drain(open_stream(Failing(half), "-")) == (
            zlib.decompressobj(31).decompress(half),
            "Input/output error",
        )


def _xz_check(data: bytes) -> int:
    """Where the checksum of the only block ends: before the index, whose size the footer tells."""
    index = (int.from_bytes(data[-8:-4], "little") + 1) * 4
    return len(data) - 12 - index - 1


class TestMemory:
    @pytest.mark.parametrize(("compression", "size"), [("gzip", 200), ("bz2", 20), ("xz", 50), ("zstd", 200)])
    def test_a_bomb_goes_off_in_small_pieces(self, compression: str, size: int) -> None:
        block = COMPRESS[compression](bytes(10 << 20))
        source = stream(block * (size // 10))
        total = peak = 0
        for chunk in source.chunks():
            total += len(chunk)
            peak = max(peak, len(chunk))
        assert total == size << 20
        assert peak <= 2 * CHUNK

    def test_a_bomb_takes_no_memory(self) -> None:
        bomb = gzip.compress(bytes(100 << 20), compresslevel=1)
        tracemalloc.start()
        try:
            source = stream(bomb)
            assert sum(map(len, source.chunks())) == 100 << 20
            assert tracemalloc.get_traced_memory()[1] < 2 << 20
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(("dictionary", "fits"), [(28, True), (30, False), (40, False)])
    def test_xz_may_take_96_mib(self, dictionary: int, fits: bool) -> None:
        # The block header follows 12 bytes of stream header; its 5th byte is the size of the dictionary:
        # 28 is 64 MiB (xz -9), 30 is 128 MiB, 40 is 4 GiB.
        data = bytearray(PACKED["xz"])
        end = 12 + (data[12] + 1) * 4
        data[16] = dictionary
        data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")
        problem = "xz data needs more than 96 MiB to be decompressed"
        assert drain(stream(bytes(data))) == ((LOG, None) if fits else (b"", problem))

    @pytest.mark.parametrize(("window", "fits"), [(26, True), (27, False)])
    def test_zstd_may_have_a_window_of_64_mib(self, window: int, fits: bool) -> None:
        pack = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window})
        data = pack.compress(LOG) + pack.flush()
        problem = "zstd data needs more than 64 MiB to be decompressed"
        assert drain(stream(data)) == ((LOG, None) if fits else (b"", problem))


class TestWhatCannotBeOpened:
    @pytest.mark.parametrize(
        ("path", "problem"),
        [
            ("nothing.jsonl", "no such file: nothing.jsonl"),
            ("plain/log.jsonl", "no such file: plain/log.jsonl"),
            ("", "no such file: "),
            ("nul\0.jsonl", r"no such file: nul\x00.jsonl"),
            ("line\nbreak\x1b[31m", r"no such file: line\nbreak\x1b[31m"),
            ("caf\udce9", r"no such file: caf\xe9"),
            ("dangling", "no such file: dangling"),
            ("folder", "is a folder, not a file: folder"),
        ],
    )
    def test_what_cannot_be_meant(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, problem: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "plain").touch()
        (tmp_path / "folder").mkdir()
        (tmp_path / "dangling").symlink_to("gone")
        with pytest.raises(UsageError) as caught:
            open_path(path)
        assert str(caught.value) == problem

    def test_a_terminal(self) -> None:
        ours, theirs = pty.openpty()
        try:
            with pytest.raises(UsageError, match="is a terminal, not a file"):
                open_path(os.ttyname(theirs))
        finally:
            os.close(ours)
            os.close(theirs)

    def test_a_loop_of_links(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(SourceError) as caught:
            open_path(tmp_path / "loop", name="loop")
        assert (caught.value.name, caught.value.reason) == ("loop", os.strerror(errno.ELOOP))

    def test_a_socket_in_a_folder(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "s"))
            with pytest.raises(SourceError):
                open_path(tmp_path / "s")

    def test_what_must_not_be_read(self) -> None:
        # Not in tmp_path, whose parents are closed to others, so that it would fail for another reason.
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            path = Path(folder, "log.jsonl")
            path.touch(mode=0)
            done = run_unprivileged("import sys; replay_cli.sources.open_path(sys.argv[1])", str(path))
        assert done.stderr.splitlines()[-1].endswith(f"SourceError: {path}: {os.strerror(errno.EACCES)}")

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc")
    def test_what_fails_at_the_first_read(self) -> None:
        with open("/proc/self/mem", "rb", buffering=0) as memory, pytest.raises(SourceError) as caught:
            open_stream(memory, "memory")
        assert str(caught.value) == f"memory: {os.strerror(errno.EIO)}"


def run_unprivileged(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as somebody who is not root. What it needs is loaded before root is given up, as the packages
    may be out of reach for others.
    """
    drop = "import os, pathlib, replay_cli.discovery, replay_cli.sources; os.getuid() or os.setuid(65534)\n"
    return subprocess.run(
        [sys.executable, "-c", drop + code, *arguments], capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
class TestFifo:
    @pytest.fixture
    def fifo(self, tmp_path: Path) -> Path:
        path = tmp_path / "fifo"
        os.mkfifo(path)
        return path

    @pytest.fixture
    def impatience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sources, "FIFO_PATIENCE", 0.3)

    @each_shape
    def test_is_read_to_its_end(self, fifo: Path, compression: str | None, data: bytes) -> None:
        def run() -> None:
            time.sleep(0.05)
            fifo.write_bytes(data)

        writer = threading.Thread(target=run, daemon=True)
        writer.start()
        source = open_path(fifo)
        assert (source.compression, source.path, source.raw_size) == (compression, fifo, None)
        assert (source.rereadable, source.plain) == (False, False)
        assert drain(source) == (LOG, None)
        writer.join()

    def test_is_streamed(self, fifo: Path) -> None:
        keeper = os.open(fifo, os.O_RDWR)  # so that the writer need not wait for a reader
        with open(fifo, "wb", buffering=0) as writer:
            writer.write(b"{}\n")
            with open_path(fifo) as source:
                os.close(keeper)
                chunks = source.chunks()
                assert next(chunks) == b"{}\n"
                writer.write(b"[]\n")
                assert next(chunks) == b"[]\n"
                assert source.more() == b""

    @pytest.mark.usefixtures("impatience")
    def test_that_nobody_writes_to_is_given_up(self, fifo: Path) -> None:
        begun = time.monotonic()
        with pytest.raises(SourceError) as caught:
            open_path(fifo, name="fifo")
        assert str(caught.value) == "fifo: is a FIFO that nobody writes to"
        assert 0.2 < time.monotonic() - begun < 2

    @pytest.mark.usefixtures("impatience")
    def test_with_a_slow_writer_is_waited_for(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, True)

        def run() -> None:
            time.sleep(0.6)
            os.write(writer, b"{}\n")
            os.close(writer)

        thread = threading.Thread(target=run)
        thread.start()
        assert drain(open_path(f"/dev/fd/{reader}")) == (b"{}\n", None)
        thread.join()
        os.close(reader)

    def test_whose_writer_wrote_nothing_is_empty(self, fifo: Path) -> None:
        def run() -> None:
            time.sleep(0.05)
            fifo.write_bytes(b"")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert drain(open_path(fifo)) == (b"", None)
        thread.join()

    def test_of_a_process_substitution(self) -> None:
        code = (
            "import sys; from replay_cli.sources import open_path\n"
            "for path in sys.argv[1:]: print(b''.join(open_path(path).chunks()))"
        )
        command = f'{sys.executable} -c "$0" <(printf one) <(true) <(sleep 0.3; printf two | gzip)'
        done = subprocess.run(["bash", "-c", command, code], capture_output=True, text=True, check=False, timeout=30)
        assert done.stdout.splitlines() == ["b'one'", "b''", "b'two'"]


class TestOtherThings:
    def test_dev_null_is_empty(self) -> None:
        source = open_path("/dev/null")
        assert (source.rereadable, source.raw_size) == (False, None)
        assert drain(source) == (b"", None)

    @each_shape
    def test_a_socket_as_standard_input_can_be_named(self, compression: str | None, data: bytes) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            writer = write(os.dup(ours.fileno()), data)
            ours.close()
            number = theirs.fileno()
            assert drain(open_path(f"/dev/fd/{number}")) == (LOG, None)
            writer.join()

    def test_a_stream_that_was_left_non_blocking_is_waited_for(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        thread = write(writer, b"{}\n", b"[]\n", pause=0.1)
        with open(reader, "rb") as pipe:
            assert drain(open_stream(pipe, "-")) == (b"{}\n[]\n", None)
        thread.join()

    def test_a_pipe_is_read_as_it_comes(self) -> None:
        reader, writer = os.pipe()
        with open(reader, "rb") as pipe, os.fdopen(writer, "wb", buffering=0) as end:
            end.write(b"{}\n")
            chunks = open_stream(pipe, "-").chunks()
            assert next(chunks) == b"{}\n"
            end.write(b"[]\n")
            assert next(chunks) == b"[]\n"

    def test_a_file_as_standard_input_has_a_size(self, file: Callable[[bytes], Path]) -> None:
        with open(file(LOG), "rb") as given:
            given.seek(1000)
            source = open_stream(given, "-")
            assert source.raw_size == len(LOG) - 1000
            assert drain(source) == (LOG[1000:], None)
            assert source.raw_read == source.raw_size

    def test_unbuffered_and_odd_streams_do(self, file: Callable[[bytes], Path]) -> None:
        with open(file(PACKED["xz"]), "rb", buffering=0) as given:
            assert drain(open_stream(given, "-")) == (LOG, None)
        with gzip.open(file(PACKED["gzip"]), "rb") as opened:
            odd: BinaryIO = opened  # type: ignore[assignment]
            assert drain(open_stream(odd, "-")) == (LOG, None)


class TestGrowth:
    def test_a_growing_file_is_read_to_its_size_at_opening(self, file: Callable[[bytes], Path]) -> None:
        path = file(LOG)
        with open_path(path) as source, open(path, "ab", buffering=0) as writer:
            writer.write(b"new\n")
            assert source.more() == b"", "not before the rest was read"
            assert b"".join(source.chunks()) == LOG
            writer.write(b"newer\n")
            assert [source.more(), source.more()] == [b"new\nnewer\n", b""]
            writer.write(b"x" * (CHUNK + 1))
            assert [len(source.more()) for _ in range(3)] == [CHUNK, 1, 0]

    def test_a_file_that_was_empty_can_grow(self, file: Callable[[bytes], Path]) -> None:
        path = file(b"")
        with open_path(path) as source:
            path.write_bytes(b"{}\n")
            assert list(source.chunks()) == []
            assert source.more() == b"{}\n"

    @pytest.mark.parametrize("left", [0, 10, CHUNK, CHUNK + 1])
    def test_a_file_that_shrinks_gives_what_is_left_and_says_so(
        self, file: Callable[[bytes], Path], left: int
    ) -> None:
        log = LOG * (CHUNK // len(LOG) + 2)
        path = file(log)
        with open_path(path) as source:
            chunks, read = source.chunks(), [b""]
            read.append(next(chunks))
            os.truncate(path, left)
            with pytest.raises(SourceError, match="shrank while it was read"):
                read.extend(chunks)
            assert b"".join(read) == log[: max(left, CHUNK)]
            path.write_bytes(log + log)
            assert source.more() == b"", "what is there now has nothing to do with what was read"

    @each_compression
    def test_compressed_files_and_streams_have_no_more(self, file: Callable[[bytes], Path], compression: str) -> None:
        path = file(PACKED[compression])
        with open_path(path) as source:
            with open(path, "ab") as writer:
                writer.write(PACKED[compression])
            assert b"".join(source.chunks()) == LOG
            assert source.more() == b""
        with stream(LOG) as source:
            assert b"".join(source.chunks()) == LOG
            assert source.more() == b""


class TestReadAt:
    @pytest.mark.parametrize(
        ("offset", "size", "expected"),
        [(0, 3, b"012"), (4, 3, b"456"), (8, 5, b"89"), (10, 1, b""), (99, 1, b""), (3, 0, b""), (-1, 1, b"")],
    )
    def test_gives_what_is_there(
        self, file: Callable[[bytes], Path], offset: int, size: int, expected: bytes
    ) -> None:
        assert read_at(file(b"0123456789"), offset, size) == expected

    def test_gives_nothing_of_what_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        for path in (tmp_path / "nothing", tmp_path, tmp_path / "fifo"):
            assert read_at(path, 0, 10) == b""


class TestErrors:
    def test_one_tree(self) -> None:
        assert issubclass(UsageError, ReplayError)
        assert issubclass(SourceError, ReplayError)

    @pytest.mark.parametrize("error", [UsageError("what?"), SourceError("a\nb", "is gone")])
    def test_come_whole_out_of_another_process(self, error: ReplayError) -> None:
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("a b.jsonl", "a b.jsonl"),
            ("日本.jsonl", "日本.jsonl"),
            ("a\nb", r"a\nb"),
            ("a\x1b[2J", r"a\x1b[2J"),
            ("\udcff\udc80", r"\xff\x80"),
            ("\u202egnp", r"\u202egnp"),
            ("\ud800", r"\ud800"),
        ],
    )
    def test_are_one_line_that_can_be_printed(self, name: str, shown: str) -> None:
        assert str(SourceError(name, "is gone")) == f"{shown}: is gone"
        assert str(UsageError(f"no such file: {name}")) == f"no such file: {shown}"
