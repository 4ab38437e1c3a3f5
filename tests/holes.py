"""Blocks in which a prover could be too kind: those of DESIGN.md 3.7, those met since, and one for each guard.

And those in which lines that break the schema could be counted that do not, or not only.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.logs import Event
from replay_cli.heavy import HEAVY
from tests.proving import WRITERS, Count, Hole

TIME = 1_795_000_000_000_000_000
DELTA = '{"delta":"a word","kind":"agent_message"}'
ITEM = (
    '{"item":{"id":"item_1","turn_id":"turn_1","status":"completed","kind":"agent_message","tokens":12,'
    '"refs":["a","b"]}}'
)
TURN = (
    '{"turn":{"id":"turn_1","thread_id":"thr_00000001","status":"completed","duration_ms":0,'
    '"started_at":"2026-11-18T11:06:40Z","ended_at":"2026-11-18T11:06:40Z"}}'
)


def event(seq: int, name: str = "item.delta", payload: str = DELTA, **changes: object) -> Event:
    """An event of the length of ids that the prover was taught on."""
    base = Event(
        seq, name, "thr_00000001", "turn_00000001", "item_00000001", TIME + seq * 1_000_001, payload, seq - 1
    )
    return base._replace(**changes)  # type: ignore[arg-type]


def item(seq: int) -> Event:
    """An event that a layout reads, not the pattern for deltas."""
    return event(seq, "item.completed", ITEM, turn="turn_1", item="item_1")


def turn(seq: int) -> Event:
    """An event whose payload is compared number by number."""
    return event(seq, "turn.completed", TURN, turn="turn_1", item=None)


def status(seq: int) -> Event:
    """An event whose payload holds none of its ids."""
    return event(seq, "turn.lifecycle", '{"status":"in_progress"}', turn="turn_1", item=None)


def approval(seq: int) -> Event:
    """An event whose payload names one id twice."""
    return event(seq, "approval.required", '{"id":"call_1","approval_id":"call_1"}', turn="turn_1", item=None)


def frame(writer: str, one: Event, *changes: tuple[bytes, bytes]) -> bytes:
    """A frame as a writer writes it, with texts in it replaced; each must be there."""
    data = WRITERS[writer].line(one) + WRITERS[writer].end
    for old, new in changes:
        assert old in data, (old, data)
        data = data.replace(old, new)
    return data


def amid(writer: str, make: Callable[[int], Event], *changes: tuple[bytes, bytes]) -> bytes:
    """A changed frame between two deltas that are as they should be."""
    return frame(writer, event(4)) + frame(writer, make(5), *changes) + frame(writer, event(6))


def _at(*seconds: int) -> list[Event]:
    """Events at so many seconds after a full minute."""
    minute = TIME - TIME % (60 * 10**9)
    return [event(seq, time=minute + second * 10**9) for seq, second in enumerate(seconds, 4)]


def _everywhere(name: str, make: Callable[[int], Event], *changes: tuple[bytes, bytes]) -> list[Hole]:
    return [
        Hole(f"{name} ({writer})", writer, amid(writer, make, *changes), taught=frame(writer, make(4)))
        for writer in ("envelope", "record")
    ]


PAYLOAD = b'"status":"completed"'
WORD = b"a word"
STATUS = frame("envelope", status(4))
NESTED = b'"status":"completed","deep":' + b"[" * 126 + b"]" * 126

HOLES = [
    # -- DESIGN.md 3.7 ---------------------------------------------------------------------------------------------
    *(
        hole
        for make in (event, item)
        for hole in _everywhere(
            f"seq above 64 bits, {make.__name__}", make, (b'"seq":5,', b'"seq":18446744073709551616,')
        )
    ),
    *_everywhere("seq above 53 bits", event, (b'"seq":5,', b'"seq":9007199254740993,')),
    *_everywhere("seq 0", event, (b'"seq":5,', b'"seq":0,')),
    *_everywhere("seq 0 in a layout", item, (b'"seq":5,', b'"seq":0,')),
    *_everywhere("seq with a zero in front", event, (b'"seq":5,', b'"seq":05,')),
    *_everywhere("number beyond a double", item, (PAYLOAD, PAYLOAD + b',"n":1e999')),
    *_everywhere("number of 400 digits", item, (PAYLOAD, PAYLOAD + b',"n":' + b"9" * 400)),
    *_everywhere("number of 400 digits in the place of another", item, (b'"tokens":12', b'"tokens":' + b"9" * 400)),
    *_everywhere("number with a zero in front", item, (b'"tokens":12', b'"tokens":012')),
    *_everywhere("number without a fraction", item, (b'"tokens":12', b'"tokens":1.')),
    *_everywhere("invalid UTF-8 in a delta", event, (WORD, b"a w\xffrd")),
    *_everywhere("invalid UTF-8 in a payload", item, (b"agent_message", b"agent\xffmessag")),
    *_everywhere("full-width digits in a time", item, (b"2026-", "２０２６-".encode())),
    Hole(
        "two documents on a line and a blank line",
        "record",
        frame("record", event(4)).rstrip() + frame("record", event(5)) + b"\n" + frame("record", event(6)),
    ),
    Hole(
        "a document over two lines",
        "record",
        frame("record", event(4))
        + frame("record", event(5), (b',"event"', b',\n"event"'))
        + frame("record", event(6)),
    ),
    Hole(
        "newline and two spaces at the end", "record", frame("record", event(4)) + frame("record", event(5)) + b"\n  "
    ),
    *(
        Hole(f"{make.__name__} without an end", "record", frame("record", event(4)) + frame("record", make(5))[:-1])
        for make in (event, item)
    ),
    Hole("two spaces at the end", "record", frame("record", event(4)) + b"  "),
    *_everywhere("deep nesting", item, (PAYLOAD, NESTED)),
    # -- strings ---------------------------------------------------------------------------------------------------
    *_everywhere("raw tab in a delta", event, (WORD, b"a\tword")),
    *_everywhere("raw tab in a delta beyond ASCII", event, (WORD, "a\twörd".encode())),
    *_everywhere("raw tab in a payload", item, (b"agent_message", b"agent\tmessag")),
    *_everywhere("escape in a payload that is none", item, (b"agent_message", b"agent\\xmessa")),
    *_everywhere("escape that is none", event, (WORD, b"a\\xword")),
    *_everywhere("half of a surrogate pair", event, (WORD, b"a\\ud83d word")),
    *_everywhere("the other half", event, (WORD, b"a\\ude00 word")),
    *_everywhere("quote inside an id", event, (b"thr_00000001", b'thr_000"0001')),
    *_everywhere("escape in an id", event, (b"thr_00000001", b"thr_\\u002001")),
    *_everywhere("escape in a name", item, (b"item.completed", b"item\\u002ecompleted")),
    *_everywhere("thread id of 90 characters", item, (b"thr_00000001", b"t" * 90)),
    Hole("line end inside a stretch of ids", "record", amid("record", event, (b',"item_id"', b'\n"item_id"'))),
    Hole(
        "30 February among two threads",
        "envelope",
        frame("envelope", event(4))
        + frame("envelope", event(1, thread="thr_00000002", link=0), (b"2026-11-18T", b"2026-02-30T")),
    ),
    Hole("line end in a minute", "record", amid("record", event, (b"T11:", b"\n11:"))),
    # -- what is written twice -------------------------------------------------------------------------------------
    Hole(
        "kind is another", "envelope", amid("envelope", item, (b'"kind":"item.completed"', b'"kind":"item.failed"'))
    ),
    Hole(
        "kind of a delta is another",
        "envelope",
        amid("envelope", event, (b'"kind":"item.delta"', b'"kind":"item.delto"')),
    ),
    Hole("created_at is another", "envelope", amid("envelope", item, (b'"created_at":"2026', b'"created_at":"2027'))),
    Hole(
        "created_at of a delta is another",
        "envelope",
        amid("envelope", event, (b'"created_at":"2026', b'"created_at":"2027')),
    ),
    Hole("SSE name is another", "SSE", amid("SSE", item, (b"event: item.completed", b"event: item.failed"))),
    Hole("SSE name of a delta is another", "SSE", amid("SSE", event, (b"event: item.delta", b"event: item.delto"))),
    Hole("SSE id is another", "SSE, CR LF and id", amid("SSE, CR LF and id", event, (b"id: 5", b"id: 7"))),
    *_everywhere("payload names another item", item, (b'"id":"item_1"', b'"id":"item_2"')),
    *(
        Hole(f"{name} beside a payload without ids", "envelope", amid("envelope", status, change), taught=STATUS)
        for name, change in (
            ("an item", (b'"item_id":null', b'"item_id":"item_1"')),
            ("no turn", (b'"turn_id":"turn_1"', b'"turn_id":null')),
        )
    ),
    *_everywhere("payload names its id otherwise", approval, (b'"approval_id":"call_1"', b'"approval_id":"call_2"')),
    *_everywhere("status is another", item, (PAYLOAD, b'"status":"failed"')),
    *_everywhere("minus zero as duration", turn, (b'"duration_ms":0', b'"duration_ms":-0')),
    *_everywhere("duration is another", turn, (b'"duration_ms":0', b'"duration_ms":1')),
    *_everywhere("duration with a zero in front", turn, (b'"duration_ms":0', b'"duration_ms":00')),
    *_everywhere(
        "duration of other times", turn, (b'"ended_at":"2026-11-18T11:06:40Z', b'"ended_at":"2026-11-18T11:06:41Z')
    ),
    # -- values ----------------------------------------------------------------------------------------------------
    *_everywhere("payload is no JSON", item, (PAYLOAD, b'"status":completed')),
    *_everywhere("a comma too many in an array", item, (b'"b"]', b'"b",]')),
    *_everywhere("no comma in an array", item, (b'["a","b"]', b'["a""b"]')),
    *_everywhere("a word in an array", item, (b'"b"]', b"b]")),
    *_everywhere("an array that is an object", item, (b'["a","b"]', b'{"a","b"}')),
    *_everywhere("30 February", item, (b"2026-11-18T", b"2026-02-30T")),
    *_everywhere("30 February in a delta", event, (b"2026-11-18T", b"2026-02-30T")),
    *_everywhere("a blank in a delta's time", event, (b"2026-11-18T", b"2026-11-18 ")),
    *_everywhere("invalid UTF-8 in a delta's time", event, (b"2026-11-18T", b"2026-11-18\xff")),
    *_everywhere("second 75 in a delta", event, (b":40.0", b":75.0")),
    *_everywhere("digit missing in a delta's time", event, (b":40.0", b":40.")),
    Hole("link to itself", "envelope", frame("envelope", item(5), (b'"previous_seq":4', b'"previous_seq":5'))),
    Hole(
        "link of a delta to itself",
        "envelope",
        frame("envelope", event(5), (b'"previous_seq":4', b'"previous_seq":5')),
    ),
    Hole(
        "link of another thread's delta to itself",
        "envelope",
        frame("envelope", event(4)) + frame("envelope", event(5, thread="thr_00000002", link=5)),
    ),
    # -- what stands around a frame --------------------------------------------------------------------------------
    Hole("bytes before a delta", "record", frame("record", event(4)) + b"x" + frame("record", event(5))),
    Hole("bytes before the first delta", "record", b"x" + frame("record", event(5))),
    Hole("half a line before a delta", "record", frame("record", item(4))[:60] + frame("record", event(5))),
    Hole("bytes behind a delta", "record", frame("record", event(4), (b"}\n", b"}x\n")) + frame("record", event(5))),
    Hole("byte-order mark", "envelope", b"\xef\xbb\xbf" + frame("envelope", event(4)) + frame("envelope", event(5))),
    Hole("blank line before a message", "SSE", frame("SSE", event(4)) + b"\n" + frame("SSE", event(5))),
    Hole("blank lines between messages", "SSE", b": comment\n\n\n" + frame("SSE", event(5))),
    Hole("line end inside a payload, SSE", "SSE", amid("SSE", item, (b"," + PAYLOAD, b",\n" + PAYLOAD))),
    Hole(
        "CR inside a payload, SSE",
        "SSE, CR LF and id",
        amid("SSE, CR LF and id", item, (b"," + PAYLOAD, b",\r" + PAYLOAD)),
    ),
    Hole(
        "CR in a string of a payload, SSE",
        "SSE, CR LF and id",
        amid("SSE, CR LF and id", item, (b"agent_message", b"agent\rmessag")),
        taught=frame("SSE, CR LF and id", item(4)),
    ),
    Hole(
        "LF message among CR LF", "SSE, CR LF and id", frame("SSE, CR LF and id", event(4)) + frame("SSE", event(5))
    ),
    Hole("a line of more than a megabyte", "record", frame("record", event(5), (WORD, "😀".encode() * 300_000))),
    Hole(
        "an item of more than a megabyte",
        "record",
        frame("record", item(5), (PAYLOAD, PAYLOAD + b',"s":"' + b"x" * 1_100_000 + b'"')),
    ),
    # -- the order among frames ------------------------------------------------------------------------------------
    *(
        Hole(f"{name} ({threads} thread)", "envelope", b"".join(frame("envelope", one) for one in told))
        for threads, others in (("one", []), ("another", [event(1, thread="thr_00000002", link=0)]))
        for name, told in (
            ("a seq comes again", [*others, event(4), event(4)]),
            ("seq steps back", [*others, event(4), event(5), event(3, link=5, time=TIME + 10**9)]),
            ("a link is broken", [*others, event(4), event(6, link=5)]),
            ("time steps back", [*others, event(4), event(5, time=TIME)]),
            ("time steps back by a minute", [*others, event(4), event(5, time=TIME - 60_000_000_000)]),
            ("time steps back in a later minute", [*others, *_at(10, 90, 80)]),
            ("time steps back to the first minute", [*others, *_at(10, 80, 30)]),
        )
    ),
    *(
        Hole(
            f"a number is missing ({threads} thread)",
            "record",
            b"".join(frame("record", one) for one in told),
            (("gaps", True),),
        )
        for threads, told in (
            ("one", [event(4), event(6)]),
            ("another", [event(1, thread="thr_00000002"), event(4), event(6)]),
        )
    ),
    *(
        Hole(f"seq steps back, without links ({what})", "record", b"".join(frame("record", one) for one in told))
        for what, told in (
            ("one thread", [event(4), event(3, time=TIME + 10**9)]),
            ("two threads", [event(1, thread="thr_00000002"), event(4), event(3, time=TIME + 10**9)]),
            (
                "as many as there should be",
                [event(4), event(6), event(5, time=TIME + 10**10), event(7, time=TIME + 10**10)],
            ),
        )
    ),
    Hole(
        "a number is missing in its thread only",
        "record",
        b"".join(frame("record", one) for one in (event(4), event(5, thread="thr_00000002"), event(6))),
        (("gaps", True),),
    ),
    Hole(
        "another's thread",
        "record",
        frame("record", event(4)) + frame("record", event(5)),
        (("thread", "thr_00000002"),),
    ),
    # -- what the marks keep ---------------------------------------------------------------------------------------
    *_everywhere("number beyond 64 bits in a payload", item, (PAYLOAD, PAYLOAD + b',"n":' + b"9" * 20)),
    Hole(
        "the first has a number beyond 64 bits",
        "record",
        frame("record", item(4), (PAYLOAD, PAYLOAD + b',"n":' + b"9" * 20)),
        proven=True,
    ),
    Hole(
        "the first has minus zero", "record", frame("record", item(4), (PAYLOAD, PAYLOAD + b',"n":-0')), proven=True
    ),
    # -- what must be proven ---------------------------------------------------------------------------------------
    *(
        Hole(f"clean: {what} ({writer})", writer, amid(writer, event, (WORD, text)), proven=True)
        for writer in ("envelope", "record", "SSE", "SSE, CR LF and id")
        for what, text in (
            ("escapes", b'\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\u0000'),
            ("a surrogate pair", b"\\uD83D\\uDE00"),
            ("no text", b""),
            ("U+2028 and U+0085", b"\xe2\x80\xa8\xc2\x85"),
            ("braces", b'{\\"a\\":[1]}'),
        )
    ),
]

NO_SEQ = (b'"seq":5', b'"seq":-5')
FULL = b":" + b" " * HEAVY + b"\n"


def _broken(writer: str, make: Callable[[int], Event] = event, *changes: tuple[bytes, bytes]) -> bytes:
    """A frame that breaks the schema."""
    return frame(writer, make(5), NO_SEQ, *changes)


def _count(name: str, writer: str, data: bytes, sure: bool = False, **plan: object) -> Count:
    """A block behind two frames that break the schema, and nothing else."""
    return Count(f"{name} ({writer})", writer, _broken(writer) * 2 + data, tuple(plan.items()), sure)


def _long(writer: str, length: int) -> bytes:
    """A frame that breaks the schema and has so many bytes."""
    more = length - len(_broken(writer))
    return _broken(writer, event, (WORD, WORD + b"x" * more))


COUNTS = [
    # -- what is counted -------------------------------------------------------------------------------------------
    *(
        _count("counted", writer, _broken(writer), sure=True)
        for writer in ("envelope", "record", "legacy", "SSE", "SSE, legacy")
    ),
    _count("counted: only a thread", "record", b'{"thread_id":"thr_1"}\n', sure=True),
    Count("counted: behind a line that is no JSON", "record", b"{broken\n" + _broken("record"), sure=True),
    _count("counted: comment", "SSE", b": comment\n" + _broken("SSE"), sure=True),
    _count("counted: another SSE name", "SSE", _broken("SSE", event, (b"event: ", b"event: x")), sure=True),
    _count("counted: end of a turn", "record", _broken("record", turn), sure=True),
    # -- what is not, or not only ----------------------------------------------------------------------------------
    *(_count("clean", writer, frame(writer, event(5))) for writer in ("envelope", "record", "SSE")),
    *(
        _count("counted before a broken line", writer, b"{broken" + WRITERS[writer].end + _broken(writer))
        for writer in ("record", "SSE")
    ),
    _count("torn", "record", _broken("record")[:-1]),
    _count("torn", "SSE", _broken("SSE")[:-1]),
    _count("blank", "record", b"\n" * 3),
    _count("no data", "SSE", b"event: item.delta\n\n"),
    _count("field that is none", "SSE", b"foo: bar\n" + _broken("SSE")),
    _count("field that is none, wrong name and id", "SSE", b"foo: bar\nid: 7\nevent: wrong\n" + _broken("SSE")),
    Count("byte-order mark (SSE)", "SSE", b"\xef\xbb\xbf" + _broken("SSE")),
    _count("byte-order mark", "record", b"\xef\xbb\xbf" + _broken("record")),
    _count("longer than the limit", "SSE", FULL + _broken("SSE"), limit=HEAVY),
    _count("a byte longer than the limit", "record", _long("record", HEAVY + 1), limit=HEAVY),
    _count("an array", "envelope", b'["seq","kind"]\n'),
    _count("an array", "record", b'["seq"]\n'),
    _count("a record as an array", "record", b'[2,-5,"","seq",null,null,"x",{}]\n'),
    _count("a number", "record", b"1\n"),
    _count("a name twice", "record", _broken("record", event, (b'"event":', b'"event":"x","event":'))),
    _count("no JSON", "record", _broken("record", event, (WORD, b"a\\xword"))),
    _count("half of a surrogate pair", "record", _broken("record", event, (WORD, b"a\\ud83d word"))),
    _count("deep nesting", "record", _broken("record", item, (PAYLOAD, NESTED))),
    _count("a record among envelopes", "envelope", frame("record", event(5))),
    _count("an old event among envelopes", "envelope", frame("legacy", event(5))),
    _count("an envelope among old events", "SSE, legacy", frame("SSE", event(5))),
    _count("fleet stream", "SSE, legacy", b'event: fleet.x\ndata: {"thread_id":"t","turn_id":"u","item_id":"i"}\n\n'),
    _count("compat stream", "SSE, legacy", b'event: done\ndata: {"thread_id":"t","turn_id":"u","item_id":"i"}\n\n'),
]
