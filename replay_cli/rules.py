"""The catalogue of rules: everything that a log can break, each declared once.

Read by the audit (codes), ``replay rules``, ``replay explain``, the renderers, the docs and the tests. Rules for
editors: a released code is never reused or given another meaning; a name says the fault, never the cure, so that
it reads well behind "ignore"; messages are lower case, without full stop, facts first, no advice (advice belongs
to the explanation). Severities are those of DECISIONS.md. The tuple ``RULES`` at the end is the registry and the
order of the docs.
"""

from __future__ import annotations

from replay_cli.findings import Rule, Severity

# Framing: how bytes become lines and SSE events.

TORN_TAIL = Rule(
    "F101",
    "torn-tail",
    Severity.ERROR,
    "the last line has no newline, so it was never committed",
    "{told} after the last newline: an append that never finished",
    """\
The newline at the end of a line is what commits it. Bytes after the last newline are an append that
never finished, also when they parse as a whole record.

Readers of the store stop before the tail, and the runtime cuts it off at its next start or append.
No other record is lost, and the seq of the torn one is never given out again (CONTRACT.md 2.4).
Before v0.9.1 the next record was written behind the tail instead (6).

Nothing has to be done: the next start mends the file. If you want to know what was being written,
copy the tail before. In a log from another writer, end the last line with a newline.
""",
    """\
{"schema_version":2,"seq":131,...,"event":"item.delta","payload":{"delta":"the rope ","kind":"agent_mes
""",
)

BLANK_LINE = Rule(
    "F102",
    "blank-line",
    Severity.WARNING,
    "a line is empty or white space only",
    "line is empty or white space only",
    """\
The line holds nothing, or only what Unicode calls white space.

The reader of the store skips such lines (CONTRACT.md 2.4). The runtime does not write them on
purpose: up to v0.9.0 an append was two writes, the record and then its newline, and two writers at
once could leave two records on one line and an empty line behind (6).

Look at the line before: if two records stand there, that is the damage (F106). Otherwise the blank
line does no harm.
""",
    """\
{"schema_version":2,"seq":7,...}{"schema_version":2,"seq":8,...}

{"schema_version":2,"seq":9,...}
""",
)

BYTE_ORDER_MARK = Rule(
    "F103",
    "byte-order-mark",
    Severity.ERROR,
    "a JSONL line begins with a byte-order mark",
    "line begins with a byte-order mark, which the runtime refuses",
    """\
The line begins with the bytes EF BB BF. Editors and scripts that save as "UTF-8 with BOM" put them
there, at the start of a file; joining such files moves them into the middle.

The runtime does not tolerate the mark, so the line is unreadable to it, and every read of the file
fails (CONTRACT.md 2.4). If a turn of that thread has ended, the runtime does not start (2.5).

Remove the three bytes while no runtime has the store open. At the start of an SSE capture the mark
is harmless (F111).
""",
    """\
\\xef\\xbb\\xbf{"schema_version":2,"seq":1,...,"event":"thread.started","payload":{...}}
""",
)

NUL_RUN = Rule(
    "F104",
    "nul-run",
    Severity.ERROR,
    "a line holds a run of NUL bytes, as a crash or power loss leaves them",
    "run of {count} NUL bytes{beside}",
    """\
Two or more NUL bytes stand in a row. A crash or power loss leaves such runs where a file had
already grown but its bytes had not reached the disk; logs of other agents show the same
(CONTRACT.md 8).

A raw NUL is not JSON, so the runtime refuses the line (1) and with it every read of the file (2.4).
What stood there is gone. Each append is forced to disk since v0.8.5; before, it was not (6).

Remove the run while no runtime has the store open, with the broken record around it if there is
one. A whole record that follows on the same line can be kept.
""",
    """\
\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00{"schema_version":2,"seq":9,...}
""",
)

OVERLONG_LINE = Rule(
    "F105",
    "overlong-line",
    Severity.ERROR,
    "a line or SSE event is longer than the limit and was not examined",
    "{bytes} bytes, over the limit of {limit}; not examined",
    """\
A line, or an SSE event with all its lines, is longer than --max-line-bytes (default 16 MiB). It was
passed over: nothing in it was examined, so nothing can be said for it. Hence an error.

The runtime limits neither the length of a line nor that of a payload when it writes; its readers
limit only the nesting (CONTRACT.md 2.4). Its app-server takes SSE frames up to 16 MiB (3.1).

Validate again with a higher --max-line-bytes; memory grows with it. If the line turns out not to be
one event, look for newlines that got lost before it.
""",
    """\
{"schema_version":2,"seq":9,...,"payload":{"delta":"(17 MiB of text)","kind":"agent_message"}}
""",
)

GLUED_RECORDS = Rule(
    "F106",
    "glued-records",
    Severity.ERROR,
    "two or more records stand on one line",
    "{told} on one line{rest}",
    """\
Two or more records stand on one line, with or without white space between them. The message counts
those that are whole and so can be recovered.

The runtime expects one record on a line and refuses this one, and with it every read of the file
(CONTRACT.md 2.4, 2.5). Before v0.9.0 records and their newlines were separate writes outside the
lock, so two tasks could write two records and then two newlines: the line after this one is then
blank (6).

Put a newline between the records while no runtime has the store open. Records from that time may
also stand in the wrong order (S102).
""",
    """\
{"schema_version":2,"seq":7,...}{"schema_version":2,"seq":8,...}
""",
)

SPLICED_LINE = Rule(
    "F107",
    "spliced-line",
    Severity.ERROR,
    "a torn fragment is followed by a whole record on the same line",
    "fragment of {torn}, then {told}{rest}",
    """\
The line begins with a fragment of a record, and one or more whole records follow it. The message
gives the size of the fragment and counts the records, which can be recovered.

Before v0.9.1 a torn tail was not repaired, and the next append went on behind it, on the same line
(CONTRACT.md 6). The runtime refuses the line, and with it every read of the file (2.4, 2.5),
although only the fragment is lost. Its seq is not given out again (2.3).

Remove the fragment while no runtime has the store open, and leave the records behind it each on a
line of its own.
""",
    """\
{"schema_version":2,"seq":7,"timestamp":"2026-11-2{"schema_version":2,"seq":8,...}
""",
)

UNFINISHED_EVENT = Rule(
    "F108",
    "unfinished-event",
    Severity.WARNING,
    "the capture ends inside an SSE event, which is not dispatched",
    "{told} of an event without its blank line; a client never sees it",
    """\
The capture ends before the blank line that ends an event. The standard (WHATWG HTML, 9.2.6) has
such an event dropped, so no client has seen it, even if its data are whole.

The stream has no end marker, the connection just closes (CONTRACT.md 3.1); stopping the recorder
can leave such an end. A client that connects again with since_seq set to the last seq it has gets
this event and all later ones (3.2).

Record the rest in the same way and put both together, leaving out the unfinished event. If the
capture was stopped on purpose, nothing has to be done.
""",
    """\
event: item.delta
data: {"schema_version":1,"seq":8,"event":"item.del
""",
)

EVENT_WITHOUT_DATA = Rule(
    "F109",
    "event-without-data",
    Severity.WARNING,
    "an SSE event has no data line, so it is not dispatched",
    "event {event!q} has no data line; a client never sees it",
    """\
The event has an event line, but no data line before its blank line. The standard (WHATWG HTML,
9.2.6) has such an event dropped.

The server writes each event as one event line, one data line and one blank line (CONTRACT.md 3.1),
so something on the way took the data line out or put a blank line in. Clients notice nothing; if an
event is lost with it, the next previous_seq shows it (3.3).

Record again with nothing between server and recorder that edits text; curl -N writes what it
receives.
""",
    """\
event: item.delta

event: item.delta
""",
)

UNKNOWN_SSE_FIELD = Rule(
    "F110",
    "unknown-sse-field",
    Severity.NOTE,
    "an SSE line is ignored or overwritten by the standard",
    "{what} {problem}",
    """\
A line inside an SSE event has no effect: its field name is unknown, it is an id that holds a NUL, a
retry that is no number, or an event or id that a second one with another value replaces.

Clients ignore the line (WHATWG HTML, 9.2.6). The server writes event, data and comment lines and
nothing else on thread events (CONTRACT.md 3.1), so the line comes from elsewhere: a proxy, the
recorder, or a data line that was wrapped.

If the event reads well without it, leave it. If the event is damaged too, record again.
""",
    """\
event: item.delta
x-served-by: cache-3
data: {"schema_version":1,"seq":8,...,"previous_seq":7}
""",
)

SSE_BYTE_ORDER_MARK = Rule(
    "F111",
    "sse-byte-order-mark",
    Severity.NOTE,
    "an SSE capture begins with a byte-order mark",
    "capture begins with a byte-order mark, which clients strip",
    """\
The capture begins with the bytes EF BB BF. The server does not send them (CONTRACT.md 3.1), so a
tool put them there when it saved the capture.

Clients take one such mark off the start of a stream, as the standard asks, and read on.

Nothing has to be done. Anywhere else the mark belongs to the text, and in JSONL it makes the line
unreadable (F103).
""",
    """\
\\xef\\xbb\\xbfevent: thread.started
data: {"schema_version":1,"seq":1,...,"previous_seq":0}
""",
)


# JSON: how a text becomes a value.

NOT_JSON = Rule(
    "J101",
    "not-json",
    Severity.ERROR,
    "a line or data text is not JSON",
    "{problem}",
    """\
The text is not one JSON value: it is cut short, a character is missing or too many, or it never was
JSON. The column says where reading stopped.

A newline behind it makes the line final: every read of the file fails with "Failed to parse event
line in ...", and nothing repairs it (CONTRACT.md 2.4). If a turn of that thread has ended, neither
server nor TUI starts; else streaming the thread stops within 256 events before the line, without an
error, and clients come back to it again and again (2.5).

While no runtime has the store open, mend the line if its content is plain, or else move it out of
the file. The hole that it leaves in the numbers is normal (4).
""",
    """\
{"schema_version":2,"seq":8,"timestamp":"2026-11-21T06:34:56.320987656Z","thr
""",
)

NOT_AN_OBJECT = Rule(
    "J102",
    "not-an-object",
    Severity.ERROR,
    "a line or data text is JSON, but no object",
    "{found} where an object belongs",
    """\
The text is sound JSON, but an array, a string, a number, true, false or null stands where the
object of an event belongs.

Runtime and clients need named fields and refuse the line (CONTRACT.md 1). One array is read: a
record in the store may stand as the list of its values, which is a finding of its own (2.1, E104).

See what wrote it. A file that is one JSON array of events is not JSONL: take the events out, each
on a line of its own.
""",
    """\
"item.delta"
""",
)

INVALID_UTF8 = Rule(
    "J103",
    "invalid-utf8",
    Severity.ERROR,
    "a line or data text is not valid UTF-8",
    "invalid UTF-8: {problem}",
    """\
The text holds a byte that does not belong to UTF-8 text there. The column is that of the first one.

The runtime refuses the line, also if the byte stands in a field that it does not know
(CONTRACT.md 1). A browser reads on with U+FFFD in its place, so it may show an event that the
runtime cannot read.

Texts cut inside a character and files saved in another encoding look like this. Convert the file,
or put \\ufffd in place of the bytes, while no runtime has the store open.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"delta":"caf\\xe9 ","kind":"agent_message"}}
""",
)

LONE_SURROGATE = Rule(
    "J104",
    "lone-surrogate",
    Severity.ERROR,
    "a string holds half of a surrogate pair as an escape",
    "{problem}",
    """\
A string holds an escape such as \\ud83d, one half of a surrogate pair, without its other half. The
grammar of JSON allows it, but it stands for no character.

The runtime refuses the line (CONTRACT.md 1). Its own strings are UTF-8 and cannot hold such a half,
so another program wrote or cut this text. JavaScript and Python read it and write it back.

Put \\ufffd in its place, and see that the program does not cut text between the two halves of a
pair.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"delta":"the lamp \\ud83d","kind":"agent_message"}}
""",
)

TOO_DEEP = Rule(
    "J105",
    "too-deep",
    Severity.ERROR,
    "the nesting is deeper than the runtime reads",
    "{problem}",
    """\
More than 127 arrays and objects are open at one place of the text, the outermost object included.

The runtime reads no deeper than that, but writes without such a limit: a tool call with deeply
nested input can become a line that the runtime cannot read back (CONTRACT.md 1, 2.4). From then on
that line costs what any unreadable line costs (2.5).

Move the line out of the file while no runtime has the store open. It is intact, so other tools may
still read it.
""",
    """\
{"schema_version":2,"seq":8,...,"tool":{"id":"call_1","name":"x","input":[[[[...128 deep...]]]]}}}
""",
)

NUMBER_OUT_OF_RANGE = Rule(
    "J106",
    "number-out-of-range",
    Severity.ERROR,
    "a number is beyond the range of a double",
    "{problem}",
    """\
A number, such as 1e999, lies beyond what a double holds (about 1.8e308 on either side of zero).
Long integers below that are no matter.

The runtime refuses the line (CONTRACT.md 1). JavaScript and Python read infinity, which cannot be
written as JSON again.

Mend the program that wrote it: null or a string can say what the number was meant to say. In a
store, change the line only while no runtime has it open.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"limit":1e999}}
""",
)

DUPLICATE_KEY = Rule(
    "J107",
    "duplicate-key",
    Severity.ERROR,
    "a known field stands more than once in the outermost object",
    "{names!q} more than once",
    """\
A field of the event itself, such as seq or payload, stands more than once in the outermost object.
Keys that are doubled inside a payload are not looked for: everybody reads those, and takes the
last.

The runtime refuses the line (CONTRACT.md 1), also when both values are equal. JavaScript and Python
take the last value without a word, so two readers of one log disagree.

Find the right value and remove the other. Programs that add fields to a line as text, without
parsing it, make such lines.
""",
    """\
{"schema_version":2,"seq":8,"seq":9,...}
""",
)

DUPLICATE_UNKNOWN_KEY = Rule(
    "J108",
    "duplicate-unknown-key",
    Severity.WARNING,
    "an unknown field stands more than once in the outermost object",
    "{names!q} more than once; the last one wins",
    """\
A field that the runtime does not know stands more than once in the outermost object. previous_seq
is such a field: the server adds it to the finished object (CONTRACT.md 1).

Readers of envelopes keep the last value (1); the reader of the store ignores unknown fields
altogether (2.1). So nothing fails, but one of the values is never seen.

Find out which value is meant, and mend the program that adds the field.
""",
    """\
{"schema_version":2,"seq":8,...,"source":"mirror-1","source":"mirror-2"}
""",
)

UNREAD_FIELD = Rule(
    "J109",
    "unread-field",
    Severity.WARNING,
    "an unknown field of a record holds what the runtime would refuse if it read it",
    "{problem} in {names!q}, which the runtime skips unread",
    """\
In a store record, a field that the runtime does not know holds half of a surrogate pair, a number
beyond a double, or nesting deeper than 127. Told for records only.

The reader of the store skips unknown fields without looking into them, so it reads this record, and
loses the field should it write it again (CONTRACT.md 2.1). In a known field, or anywhere in an
envelope, the same value is refused (1).

Mend the program that adds the field; other readers of the log may refuse the line.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{...},"elapsed":1e999}
""",
)


# Schema: whether a value is an event of the shape that its source holds.

SCHEMA_VIOLATION = Rule(
    "E101",
    "schema-violation",
    Severity.ERROR,
    "the object breaks the JSON Schema of its shape",
    "{told}",
    """\
The object is no event of its shape: a required field is missing, or one has the wrong type. All
that is wrong with a line is one finding, which tells five places at most. In a record, a timestamp
that the runtime's date parser (chrono) does not read counts too.

The runtime refuses the line (CONTRACT.md 1, 2.1), with all that an unreadable line costs (2.5). seq
must be written as an integer from 0 to 2^64-1: 1.0, 1e2, -0 and "1" are refused (1).

"replay schema" prints the schemas. If every line fails, the source has another shape than was taken
for granted: name it with --profile.
""",
    """\
{"schema_version":2,"seq":"8","timestamp":"2026-11-21","thread_id":"thr_2c5e11a0",...}
""",
)

OTHER_SHAPE = Rule(
    "E102",
    "other-shape",
    Severity.WARNING,
    "a line has another shape than the rest of its source",
    "{found} where the source holds {expected} lines",
    """\
The source holds lines of one shape (record, envelope, or event of the stream before v0.8.48) and
this whole line has another; or a frame of the compat or fleet stream stands in a capture. With
--profile auto the first readable lines decide; files in a folder events beside a state.json are
records.

The reader of the store takes an envelope for a record, ignoring kind and created_at
(CONTRACT.md 2.1); a reader of envelopes refuses a record, because kind is missing (1).
schema_version does not tell the shapes apart, kind does (2.1).

Two logs were joined, or a line was copied from one into the other. Take them apart; if the choice
itself was wrong, set --profile.
""",
    """\
{"schema_version":2,"seq":7,"timestamp":"...Z","thread_id":"thr_2c5e11a0",...}
{"schema_version":1,"seq":8,"event":"item.delta","kind":"item.delta",...}
""",
)

UNKNOWN_SCHEMA_VERSION = Rule(
    "E103",
    "unknown-schema-version",
    Severity.NOTE,
    "schema_version is none of the known ones",
    "schema_version {version} is not known for {shape}s",
    """\
Known are 1 for envelopes, and for records 1 (before v0.6.6) and 2. They count different things: the
version of the envelope, and that of the store.

Readers of events accept any number up to 2^32-1 and do not look at it (CONTRACT.md 1, 2.1). A new
one says only that a newer runtime, or another program, wrote the line.

See whether a newer replay knows this version. Until then, take the other findings on such lines
with care.
""",
    """\
{"schema_version":3,"seq":8,...}
""",
)

POSITIONAL_RECORD = Rule(
    "E104",
    "positional-record",
    Severity.WARNING,
    "a record is written as an array of its values",
    "record in positional array form; read by the runtime, not examined further",
    """\
The record is the array of its values, in the order schema_version, seq, timestamp, thread_id,
turn_id, item_id, event, payload, without the names.

The reader of the store accepts this form (CONTRACT.md 2.1), but the runtime does not write it, and
as an envelope an array is refused (1). Beyond its being a record nothing was examined here.

Write the record as an object: nothing in an array says which value is which.
""",
    """\
[2,8,"2026-11-21T06:34:56.320987656Z","thr_2c5e11a0",null,null,"thread.updated",{...}]
""",
)

BAD_PREVIOUS_SEQ = Rule(
    "E105",
    "bad-previous-seq",
    Severity.WARNING,
    "previous_seq is no unsigned integer, so clients treat it as absent",
    "previous_seq is {found}, not an unsigned integer",
    """\
previous_seq is there, but it is not an integer from 0 to 2^64-1.

The server writes the seq of the event delivered before (CONTRACT.md 3.3). The field does not belong
to the runtime's type, so any value in it is read (1). Clients treat this one as absent, and without
a link they cannot see a gap (3.3).

Another program has rewritten the event; mend it there. Whether events are missing before this one
cannot be told.
""",
    """\
{"schema_version":1,"seq":8,...,"payload":{...},"previous_seq":"7"}
""",
)

BAD_TIMESTAMP = Rule(
    "E106",
    "bad-timestamp",
    Severity.WARNING,
    "a timestamp is not RFC 3339",
    "{field} {problem} an RFC 3339 date and time",
    """\
A timestamp is not a date and time with offset as RFC 3339 writes them. Told for envelopes and for
the stream before v0.8.48; in a record the runtime refuses the line (E101).

Readers of envelopes take the field for text and do not parse it (CONTRACT.md 1), so nothing fails.
The server writes times like 2026-08-20T10:00:00.123456789+00:00 (1).

Mend the program that rewrote the time. Until then this event has no place in time, and cannot be
compared with its neighbours (T101).
""",
    """\
{"schema_version":1,"seq":8,...,"timestamp":"21.11.2026 06:34:56","created_at":"21.11.2026 06:34:56",...}
""",
)

UNSAFE_SEQ = Rule(
    "E107",
    "unsafe-seq",
    Severity.NOTE,
    "seq is 0, or above 2^53-1, where JavaScript clients lose it",
    "seq is {seq}, {problem}",
    """\
seq is 0, or above 9007199254740991, up to which JavaScript holds integers exactly.

The runtime itself reads up to 2^64-1 (CONTRACT.md 1). The web client takes a number above the limit
for 0, so it cannot use the event (3.3); other JavaScript programs round it. Number 0 is before the
first of all: the runtime leaves it out of every stream, and clients ignore it.

Counting starts at 1 and goes on in ones (2.3), so no log gets there by itself: see what changed the
lines, or next_seq in state.json.
""",
    """\
{"schema_version":2,"seq":9007199254740992,...}
""",
)


USER_SCHEMA_VIOLATION = Rule(
    "E108",
    "user-schema-violation",
    Severity.ERROR,
    "the object breaks the schema given by --schema",
    "{told}",
    """\
The line is what its profile asks for, or is another log altogether, but the schema that was given
with --schema FILE rejects it. All violations of a line are one finding, at most five are told.

Neither the runtime nor its clients know of this schema; only you do. Order and agreement are still
compared on such lines, where the fields are there.

Look at the pointers in the message: either the writer of the log is wrong, or the schema is
stricter than what you have recorded.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"delta":"too long for maxLength"}}
""",
)

# Order: an event beside the one before it in its thread.

SEQ_DUPLICATE = Rule(
    "S101",
    "seq-duplicate",
    Severity.ERROR,
    "an event is repeated: same seq, same content",
    "seq {seq} again, same content",
    """\
An event stands twice in its thread: same seq, same content. Compared with the event just before, so
a replayed stretch is one finding, at the place where it goes back; a second look at what overlaps
gives the exact number.

The server does not deliver what is not newer than the last event it sent (CONTRACT.md 3.2), and
clients ignore it (3.3). A repetition costs them nothing.

Remove the second copy. In a capture, two recordings overlap; in a store, look for what else writes
there.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"delta":"the rope ","kind":"agent_message"}}
{"schema_version":2,"seq":8,...,"payload":{"delta":"the rope ","kind":"agent_message"}}
""",
)

SEQ_STEP_BACK = Rule(
    "S102",
    "seq-step-back",
    Severity.ERROR,
    "seq is lower than that of the event before",
    "seq {seq} comes after {previous}",
    """\
seq is lower than that of the event just before in the thread. A replayed stretch is one finding, at
the place where it goes back.

The server drops on delivery what is not newer than the last event it sent: of 1, 3, 2, 4 it streams
1, 3, 4, and nobody is told (CONTRACT.md 3.2). Before v0.9.0 the tasks of one process could swap
lines, before v0.9.3 two processes could (4, 2.6). If state.json is lost, counting starts again at 1
(2.3). In a capture, a client most often connected again with an older cursor (S106).

To have all events streamed, sort the lines of the thread by seq, while no runtime has the store
open. After a loss of state.json do not sort: the same numbers then stand for different events.
""",
    """\
{"schema_version":2,"seq":9,...}
{"schema_version":2,"seq":8,...}
""",
)

SEQ_CONFLICT = Rule(
    "S103",
    "seq-conflict",
    Severity.ERROR,
    "two events have the same seq and different content",
    "seq {seq} again, with other content than at byte {first_offset}",
    """\
Two events of a thread have the same seq and different content. Neighbours are compared always; when
the order is broken somewhere, a second look over the file finds those further apart.

Only the first of them reaches a client: server and clients drop what is not newer (CONTRACT.md 3.2,
3.3). Before v0.9.3 each process on a store counted for itself (2.6), and if state.json is lost,
counting starts again at 1 while the old lines stay (2.3).

Neither is a copy of the other, so do not remove one. Look which process wrote what, by the
timestamps, and let only versions from v0.9.3 on share a store.
""",
    """\
{"schema_version":2,"seq":8,...,"payload":{"delta":"the rope ","kind":"agent_message"}}
{"schema_version":2,"seq":8,...,"payload":{"delta":"and coil ","kind":"agent_message"}}
""",
)

BROKEN_LINK = Rule(
    "S104",
    "broken-link",
    Severity.ERROR,
    "previous_seq does not match the event before",
    "{problem}",
    """\
previous_seq is not the seq of the thread's event before in this source, or it is not lower than seq
itself. Numbers that are merely skipped are no loss (S107); a broken link is.

In one connection each link names the event delivered before (CONTRACT.md 3.3). A client that finds
another number takes it for a gap and reloads the thread. Behind it are lost or removed events,
another order, replay_limit, a second connection, or a recorder on EventSource that does not listen
for thread_goal_* and agent_mail.* (3.3).

Ask for the missing part with since_seq set to the last seq before the break, or look into the
store. Links that all match do not prove that nothing is missing there (3.3).
""",
    """\
data: {"schema_version":1,"seq":8,...,"previous_seq":7}
data: {"schema_version":1,"seq":12,...,"previous_seq":11}
""",
)

LINK_AFTER_DAMAGE = Rule(
    "S105",
    "link-after-damage",
    Severity.NOTE,
    "a broken link right behind an unreadable line",
    "{problem}",
    """\
previous_seq does not match the event before, but unreadable lines stand right between the two. The
event that it names is probably one of them, so this is a note, in place of S104.

An unreadable line is one of the ways in which a client loses events (CONTRACT.md 4); a client meets
this link as a gap and reloads the thread (3.3).

See to the unreadable line. If events are missing besides, S104 says so once it can be read.
""",
    """\
data: {"schema_version":1,"seq":8,"event":"item.de
data: {"schema_version":1,"seq":9,...,"previous_seq":8}
""",
)

NEW_CONNECTION = Rule(
    "S106",
    "new-connection",
    Severity.NOTE,
    "the capture goes on with a new connection",
    "{problem}",
    """\
A new connection begins inside the capture: there is a second HTTP status line and head, or a
previous_seq that equals an earlier seq of the thread, as when a client connects again with an older
cursor.

The first previous_seq of a connection is the since_seq of its request, or with replay_limit the
newest event left out (CONTRACT.md 3.3). Clients ignore events that they have (3.3), so an overlap
costs them nothing; where seq falls back with it, S102 is told too.

Nothing is missing if the since_seq of the second connection is not above the last seq of the first.
To take an overlap out, remove what is not newer than the last event before it.
""",
    """\
data: {"schema_version":1,"seq":665,...,"previous_seq":664}
data: {"schema_version":1,"seq":660,...,"previous_seq":659}
""",
)

SEQ_GAP = Rule(
    "S107",
    "seq-gap",
    Severity.OFF,
    "seq numbers are skipped between two events of a thread",
    "seq {seq} after {previous}: {told} skipped",
    """\
seq is higher than that of the event before by more than one. Off by default, because that is
normal.

All threads of a store share one counter, and a failed or torn append leaves its number unused
(CONTRACT.md 2.3, 4). So a skipped number is never a loss by itself; in a stream, previous_seq says
what is (S104).

For logs that must be contiguous, turn the rule on with --select or --severity seq-gap=warning.
""",
    """\
{"schema_version":2,"seq":8,...}
{"schema_version":2,"seq":12,...}
""",
)

WRONG_THREAD = Rule(
    "S108",
    "wrong-thread",
    Severity.ERROR,
    "a store log holds an event of another thread",
    "thread_id is {found!q}, but the file is the log of {expected!q}",
    """\
A file under events/ is the log of the thread that it is named after, and this event has another
thread_id. Told only for such files.

The runtime writes each event to the file of its thread (CONTRACT.md 5.3, invariant 3). Its reader
does not compare the two (2.1), but delivery drops an event of another thread without a word (3.2),
so no client ever sees it.

The file was renamed, or lines were copied into it. Move them to the file of their thread, at the
place that seq gives them, while no runtime has the store open.
""",
    """\
{"schema_version":2,"seq":8,...,"thread_id":"thr_9b04d7f2",...}
""",
)

SECOND_THREAD = Rule(
    "S109",
    "second-thread",
    Severity.WARNING,
    "a capture of one thread holds events of another",
    "thread {found!q} in a capture of thread {expected!q}; clients ignore its events",
    """\
A capture of one thread holds events of another. One finding for each further thread, at its first
event; order and links are judged within each thread.

The stream of a thread delivers events of this thread only (CONTRACT.md 3.2), so two captures were
mixed. Clients ignore events of another thread (3.3).

Take the captures apart, one file for a thread.
""",
    """\
data: {"schema_version":1,"seq":8,...,"thread_id":"thr_2c5e11a0",...,"previous_seq":7}
data: {"schema_version":1,"seq":9,...,"thread_id":"thr_9b04d7f2",...,"previous_seq":0}
""",
)


# Time.

TIME_WENT_BACK = Rule(
    "T101",
    "time-went-back",
    Severity.NOTE,
    "timestamp is earlier than that of the event before",
    "{seconds} s earlier than the event before",
    """\
The timestamp is earlier than that of the event just before in the thread.

The runtime takes the time inside its lock, so times follow seq as long as the system clock does not
step back, by NTP, by hand or after suspending (CONTRACT.md 2.3; 5.3, invariant 40). Server and
clients order by seq alone (3.2, 3.3). Where the lines themselves are out of order, S102 is told
too.

If only the time is wrong, nothing has to be done; trust seq for the order, and durations across
this place not at all.
""",
    """\
{"schema_version":2,"seq":8,"timestamp":"2026-11-21T06:34:56.320987656Z",...}
{"schema_version":2,"seq":9,"timestamp":"2026-11-21T06:34:53.001448210Z",...}
""",
)


# Agreement: what stands twice in an event must be the same.

KIND_MISMATCH = Rule(
    "A101",
    "kind-mismatch",
    Severity.ERROR,
    "kind differs from event",
    "event is {event!q} but kind is {kind!q}",
    """\
An envelope says its event's name twice, as event and as kind, and here they differ.

The server writes the same name into both (CONTRACT.md 1). No reader compares them, so a program
that goes by event and one that goes by kind see two different events.

Something rewrote the envelope: see which of the two agrees with the payload, and mend the writer.
""",
    """\
{"schema_version":1,"seq":8,"event":"item.delta","kind":"item.completed",...}
""",
)

SSE_EVENT_MISMATCH = Rule(
    "A102",
    "sse-event-mismatch",
    Severity.ERROR,
    "the SSE event name differs from the envelope's event",
    "SSE event is {name!q} but the envelope says {event!q}",
    """\
The event line of the SSE event names another event than the envelope in its data.

The server writes the same name at both places (CONTRACT.md 3.1). A browser's EventSource picks the
listener by the event line, so the wrong one gets the envelope, or none.

Something rewrote one of the two on the way. Go by the envelope, and record again without it.
""",
    """\
event: item.completed
data: {"schema_version":1,"seq":8,"event":"item.delta","kind":"item.delta",...,"previous_seq":7}
""",
)

SSE_ID_MISMATCH = Rule(
    "A103",
    "sse-id-mismatch",
    Severity.ERROR,
    "the SSE id differs from seq",
    "SSE id is {id!q} but seq is {seq}",
    """\
The SSE event has an id, and it is not the seq of its envelope.

The runtime writes no id lines on thread events, and a client that sends Last-Event-ID gets nothing
for it (CONTRACT.md 3.1). So another program added the id; one that resumes from it asks for the
wrong event.

Let that program write seq as id, or none. since_seq is the cursor that the runtime understands
(3.2).
""",
    """\
event: item.delta
id: 7
data: {"schema_version":1,"seq":8,...,"previous_seq":7}
""",
)

CREATED_AT_MISMATCH = Rule(
    "A104",
    "created-at-mismatch",
    Severity.ERROR,
    "created_at differs from timestamp",
    "created_at {problem}",
    """\
created_at is an alias of timestamp in envelopes, and here the two are not equal.

The server writes the same text into both, in all versions (CONTRACT.md 1; 5.3, invariant 41). The
runtime reads the line all the same, so one program shows this time and another that one.

Something rewrote one of them, often to another offset or fewer digits. Write both, or leave
created_at out, which every reader accepts (1).
""",
    """\
{...,"timestamp":"2026-11-21T06:34:56.320987656+00:00","created_at":"2026-11-21T06:34:56.320Z",...}
""",
)

PAYLOAD_ID_MISMATCH = Rule(
    "A105",
    "payload-id-mismatch",
    Severity.ERROR,
    "an id inside the payload differs from the envelope's",
    "{pointer} is {found!q} but {field} is {expected!q}",
    """\
The payload repeats the ids of its event: payload.thread.id, payload.turn.id and thread_id,
payload.item.id and turn_id, and a few more. One of them differs from the event's own.

The runtime builds both from one value, in all versions (CONTRACT.md 5.3, invariant 1), so the event
was put together or changed elsewhere. Clients that go by the outer id and clients that go by the
payload put it at different places.

See which of the ids the neighbouring events have. In a store, the files under turns/ and items/
tell which turn an item belongs to (2.2).
""",
    """\
{...,"item_id":"item_c41f03aa","event":"item.started","payload":{"item":{...,"id":"item_55aa0e17",...}}}
""",
)

ID_PRESENCE = Rule(
    "A106",
    "id-presence",
    Severity.ERROR,
    "turn_id or item_id is missing, or there where it never is",
    "{field} is {problem} in {event!q}",
    """\
An event lacks the turn_id or item_id that its name calls for, or has one where it never has: item.*
carry both, turn.* and approvals the turn, thread.* neither (CONTRACT.md 5.1).

This holds in all versions (5.3, invariant 2). An envelope writes a missing id as null (1), a record
leaves it out (2.1); both are read, so nothing fails. But an item.delta without its item_id belongs
nowhere.

The event was changed on its way. Its neighbours, or the payload, mostly tell the id.
""",
    """\
{"schema_version":2,"seq":8,...,"turn_id":"turn_7d20b9e4","event":"item.delta","payload":{...}}
""",
)

ALIAS_MISMATCH = Rule(
    "A107",
    "alias-mismatch",
    Severity.ERROR,
    "two ids in the payload that name the same thing differ",
    "{pointer} is {found!q} but {other} is {expected!q}",
    """\
The payload names one thing twice, id and approval_id of an approval, or id and input_id of a
question to the user, and the two differ.

The runtime writes both from one value; approval_id exists since v0.8.17
(CONTRACT.md 5.3, invariant 5). The decision carries only approval_id, so a client that remembered
id waits for it in vain (5.1).

The event was changed on its way. The later decision or answer shows which id is right.
""",
    """\
{...,"event":"approval.required","payload":{"id":"call_63bb627805","approval_id":"call_9d1fe2a044",...}}
""",
)

STATUS_MISMATCH = Rule(
    "A108",
    "status-mismatch",
    Severity.ERROR,
    "a status in the payload contradicts the event",
    "{pointer} is {found!q} in {event!q}, not {expected}",
    """\
The payload holds a status that contradicts the name of its event: a turn.started whose turn is not
in_progress, an item.failed whose item is completed, a turn.completed whose turn still runs.

The name follows from the status in turn.*, item.*, tool_call.* and agent_mail.*
(CONTRACT.md 5.3, invariants 12, 13, 22, 35 and 38). A turn.completed closes its turn whatever the
status, so failed and interrupted are right there (5.1).

The event was changed on its way, or written by another program. Compare with the file of the turn
or item in the store (2.2).
""",
    """\
{...,"event":"item.completed","payload":{"item":{...,"status":"in_progress",...}}}
""",
)

DURATION_MISMATCH = Rule(
    "A109",
    "duration-mismatch",
    Severity.ERROR,
    "duration_ms is not the time between started_at and ended_at",
    "{pointer} is {found}, but {told}",
    """\
duration_ms of a turn is not the time from its started_at to its ended_at, in whole milliseconds.

The runtime computes it from these two (CONTRACT.md 5.3, invariant 20), so one of the three was
changed since, or another program wrote the event.

Go by started_at and ended_at; the file of the turn in the store has all three as well (2.2).
""",
    """\
{...,"payload":{"turn":{...,"started_at":"...:56.250Z","ended_at":"...:57.750Z","duration_ms":15000,...}}}
""",
)

SELF_FORK = Rule(
    "A110",
    "self-fork",
    Severity.ERROR,
    "a thread claims to be forked from itself",
    "source_thread_id is the thread itself",
    """\
A thread.forked names its own thread as the one it was forked from.

A fork is a new thread with an id of its own, and the event stands in its log, not in that of the
source (CONTRACT.md 5.1; 5.3, invariant 9). A reader that follows source_thread_id to the beginning
does not come to an end.

The id was changed on its way, mostly by replacing ids in a whole file. Find the source's id
elsewhere, or treat the thread as one without a source.
""",
    """\
{...,"thread_id":"thr_2c5e11a0","event":"thread.forked","payload":{"thread":{...},"source_thread_id":"thr_2c5e11a0"}}
""",
)


# The compat stream, POST /v1/stream (CONTRACT.md 3.4).

COMPAT_STREAM = Rule(
    "C101",
    "compat-stream",
    Severity.NOTE,
    "the capture is of the compat stream (POST /v1/stream), which holds no envelopes",
    "compat stream of {events} events, {end}; checked for what that stream promises",
    """\
The capture is of POST /v1/stream. It has a vocabulary of its own (message.delta, tool.started,
done) and its data are no envelopes: no seq, no times. One note for the whole capture.

The runtime maps the events of one turn to this form and leaves some out, reasoning for one. A
complete stream begins with turn.started and ends with done, or with a last error and no done
(CONTRACT.md 3.4). Loss in between cannot be seen.

Nothing has to be done. For a log that can be audited, record GET /v1/threads/{id}/events instead
(3.2).
""",
    """\
event: message.delta
data: {"content":"because each its the rope "}
""",
)

UNKNOWN_COMPAT_NAME = Rule(
    "C102",
    "unknown-compat-name",
    Severity.NOTE,
    "an event name is not in the compat vocabulary",
    "{name!q} is no event of the compat stream",
    """\
A capture of the compat stream holds an event name that is not in the vocabulary of that stream.

The server maps the events of a turn to a fixed set of names (CONTRACT.md 3.4). A browser's
EventSource drops names that nobody listens for (3.3).

Two streams may have been mixed, or a newer runtime knows more names. Unknown names are not an
error.
""",
    """\
event: message.finished
data: {"content":""}
""",
)

EVENT_AFTER_DONE = Rule(
    "C103",
    "event-after-done",
    Severity.ERROR,
    "the compat stream goes on after its last event",
    "event {name!q} after done",
    """\
The compat stream goes on behind the event that ends it.

done is the last event, then the connection closes; if the server fails, a last error ends it
without done (CONTRACT.md 3.4). What follows was not sent in answer to the same request. Before
v0.9.1 an error was followed by done, which is no fault (3.4).

Two captures were joined. Take them apart: each request is a stream of its own.
""",
    """\
event: done
data: {}

event: message.delta
data: {"content":"the "}
""",
)


# The source as a whole.

FOREIGN_LOG = Rule(
    "L101",
    "foreign-log",
    Severity.ERROR,
    "the source is another log altogether",
    "{what}",
    """\
The source is no log of these events: the audit log, a fleet log or stream, stream-json output,
plain text, UTF-16, a binary file, an HTTP error response. The message says which.

The runtime has several JSONL files and streams that look alike (CONTRACT.md 3.5); only the events
of the runtime store and its streams are meant here. An HTTP error is the server's answer to a
request that it refused (3.2).

The event logs are tasks/runtime/events/*.jsonl under ~/.codewhale (2.2). When a folder is searched,
logs like these are skipped and counted; this error is for those that were named.
""",
    """\
{"ts":"2026-11-21T06:34:56Z","event":"session.start","details":{"workspace":"/workspace/harbour"}}
""",
)

NO_EVENTS = Rule(
    "L102",
    "no-events",
    Severity.NOTE,
    "the source holds no event",
    "{what}",
    """\
The source was read to its end and holds no event: it is empty, or has blank lines, comments or an
HTTP head only.

A thread's log begins with thread.started or thread.forked (CONTRACT.md 5.3, invariant 8). A stream
is silent until something happens, but for a keepalive comment every 15 seconds (3.1).

Look whether it is the file that you meant. If no source at all holds an event, the exit code is 3.
""",
    """\
: keepalive

: keepalive
""",
)


RULES: tuple[Rule, ...] = (
    TORN_TAIL,
    BLANK_LINE,
    BYTE_ORDER_MARK,
    NUL_RUN,
    OVERLONG_LINE,
    GLUED_RECORDS,
    SPLICED_LINE,
    UNFINISHED_EVENT,
    EVENT_WITHOUT_DATA,
    UNKNOWN_SSE_FIELD,
    SSE_BYTE_ORDER_MARK,
    NOT_JSON,
    NOT_AN_OBJECT,
    INVALID_UTF8,
    LONE_SURROGATE,
    TOO_DEEP,
    NUMBER_OUT_OF_RANGE,
    DUPLICATE_KEY,
    DUPLICATE_UNKNOWN_KEY,
    UNREAD_FIELD,
    SCHEMA_VIOLATION,
    OTHER_SHAPE,
    UNKNOWN_SCHEMA_VERSION,
    POSITIONAL_RECORD,
    BAD_PREVIOUS_SEQ,
    BAD_TIMESTAMP,
    UNSAFE_SEQ,
    USER_SCHEMA_VIOLATION,
    SEQ_DUPLICATE,
    SEQ_STEP_BACK,
    SEQ_CONFLICT,
    BROKEN_LINK,
    LINK_AFTER_DAMAGE,
    NEW_CONNECTION,
    SEQ_GAP,
    WRONG_THREAD,
    SECOND_THREAD,
    TIME_WENT_BACK,
    KIND_MISMATCH,
    SSE_EVENT_MISMATCH,
    SSE_ID_MISMATCH,
    CREATED_AT_MISMATCH,
    PAYLOAD_ID_MISMATCH,
    ID_PRESENCE,
    ALIAS_MISMATCH,
    STATUS_MISMATCH,
    DURATION_MISMATCH,
    SELF_FORK,
    COMPAT_STREAM,
    UNKNOWN_COMPAT_NAME,
    EVENT_AFTER_DONE,
    FOREIGN_LOG,
    NO_EVENTS,
)


BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}

ORDER_CODES = (SEQ_DUPLICATE.code, SEQ_STEP_BACK.code, SEQ_CONFLICT.code, BROKEN_LINK.code)
"""What tells that the order of a source is broken, so that it is worth a second look."""


def find(text: str) -> Rule | None:
    """The rule with this code or name, whatever the case; None if there is none."""
    return BY_CODE.get(text.upper()) or BY_NAME.get(text.lower())


def similar(text: str) -> str | None:
    """The name or code that somebody who typed ``text`` may have meant."""
    import difflib

    close = difflib.get_close_matches(text.lower(), [*BY_NAME, *(code.lower() for code in BY_CODE)], 1, 0.6)
    return (close[0].upper() if close[0].upper() in BY_CODE else close[0]) if close else None
