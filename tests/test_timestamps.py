"""What the runtime reads as a time, what RFC 3339 calls one, and the instant it stands for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_cli import timestamps
from replay_cli.timestamps import chrono_refuses, is_rfc3339, nanoseconds

VECTORS = Path(__file__).resolve().parents[1].parent / "shared" / "vectors" / "envelope_lines.jsonl"
SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# -- what chrono reads (each answer was given by chrono 0.4.45 itself) ----------------------------------------------

INSTANTS = {
    # the runtime's own forms
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T00:00:00.000000001Z": 1,
    "2026-02-11T20:18:49Z": 1770841129 * SECOND,
    "2026-02-11T20:18:49.123+00:00": 1770841129_123000000,
    "2026-02-11T20:18:49.123456+00:00": 1770841129_123456000,
    "2026-02-11T20:18:49.123456789+00:00": 1770841129_123456789,
    # fractions of any length; the tenth digit and what follows are dropped
    "2026-02-11T20:18:49.5Z": 1770841129_500000000,
    "2026-02-11T20:18:49.12345678999999999Z": 1770841129_123456789,
    # separators and white space, which may stand before every part but t, T and the fraction
    "2026-02-11t20:18:49z": 1770841129 * SECOND,
    "2026-02-11 20:18:49Z": 1770841129 * SECOND,
    "2026-02-11  20:18:49Z": 1770841129 * SECOND,
    " 2026 - 02 - 11T 20 : 18 : 49 Z ": 1770841129 * SECOND,
    "\n2026-02-11T20:18:49\t\x85\xa0\u2003\u2028\u3000Z\r\n": 1770841129 * SECOND,
    # numbers need no padding
    "2026-2-1T8:1:4Z": 1769932864 * SECOND,
    # "UTC" and other offsets: any run of colons and white space before the minutes, or none
    "2026-02-11T20:18:49UTC": 1770841129 * SECOND,
    "2026-02-11T20:18:49 utc": 1770841129 * SECOND,
    "2026-02-11T20:18:49-00:00": 1770841129 * SECOND,
    "2026-02-11T20:18:49+05:30": 1770821329 * SECOND,
    "2026-02-11T20:18:49+0530": 1770821329 * SECOND,
    "2026-02-11T20:18:49+05: :\u3000:30": 1770821329 * SECOND,
    "2026-02-11T20:18:49\N{MINUS SIGN}01:00": 1770844729 * SECOND,
    "2026-02-11T20:18:49+23:59": 1770754789 * SECOND,
    "2026-02-11T20:18:49-23:59": 1770927469 * SECOND,
    # second 60 in any minute is one second after :59
    "2016-12-31T23:59:60Z": 1483228800 * SECOND,
    "2026-02-11T20:18:60.5Z": 1770841140_500000000,
    # years: up to four digits, or a sign and any number; year 0 is a leap year
    "+2026-02-11T20:18:49Z": 1770841129 * SECOND,
    "+" + "0" * 6000 + "2026-02-11T20:18:49Z": 1770841129 * SECOND,
    "70-01-01T00:00:00Z": -59958144000 * SECOND,
    "0000-02-29T00:00:00Z": -62162121600 * SECOND,
    "-0-02-29T00:00:00Z": -62162121600 * SECOND,
    "-4-2-29T0:0:0Z": -62288352000 * SECOND,
    "-262143-01-01T00:00:00Z": -8334601228800 * SECOND,
    "+262142-12-31T23:59:59Z": 8210266876799 * SECOND,
    "+262142-12-31T23:59:60Z": 8210266876800 * SECOND,
}

REFUSED = {
    # ends too early
    "": "ends too early",
    "+": "ends too early",
    "2026-02-11": "ends too early",
    "2026-02-11 ": "ends too early",
    "2026-02-11T20:18:49": "ends too early",
    "2026-02-11T20:18:49.": "ends too early",
    "2026-02-11T20:18:49.5": "ends too early",
    "2026-02-11T20:18:49+0": "ends too early",
    "2026-02-11T20:18:49+00": "ends too early",
    "2026-02-11T20:18:49+00:3": "ends too early",
    # not a date and time
    "1739305129": "not a date and time",
    "20260211T201849Z": "not a date and time",
    "2026/02/11T20:18:49Z": "not a date and time",
    "2026-02-11T20:18Z": "not a date and time",
    "2026-02-11\tT20:18:49Z": "not a date and time",
    "2026-02-11\n20:18:49Z": "not a date and time",
    "2026-02-11 T20:18:49Z": "not a date and time",
    "2026-02-11T20:18:49.Z": "not a date and time",
    "2026-02-11T20:18:49 .5Z": "not a date and time",
    "2026-02-11T20:18:49,5Z": "not a date and time",
    "2026-02-11T20:18:49UT": "not a date and time",
    "2026-02-11T20:18:49GMT": "not a date and time",
    "2026-02-11T20:18:49+ 00:00": "not a date and time",
    "2026-02-11T20:18:49+5:30": "not a date and time",
    "2026-02-11T20:18:49+é": "not a date and time",
    "2026-021-11T20:18:49Z": "not a date and time",
    "10000-01-01T00:00:00Z": "not a date and time",
    "\N{MINUS SIGN}1-01-01T00:00:00Z": "not a date and time",
    "２０２６-02-11T20:18:49Z": "not a date and time",
    "\x1c2026-02-11T20:18:49Z": "not a date and time",
    "\ufeff2026-02-11T20:18:49Z": "not a date and time",
    # out of range; a number by itself is refused before the rest is looked at, a date only at the end
    "2026-13-": "out of range",
    "2026-00-01T00:00:00Z": "out of range",
    "2026-02-00T00:00:00Z": "out of range",
    "2026-02-29T00:00:00Z": "out of range",
    "1900-02-29T00:00:00Z": "out of range",
    "2026-02-11T24:00:00Z": "out of range",
    "2026-02-11T23:60:00Z": "out of range",
    "2026-02-11T23:59:61Z": "out of range",
    "2026-02-11T20:18:49+24:00": "out of range",
    "2026-02-11T20:18:49+00:60": "out of range",
    "+99999999999999999999-01-01T00:00:00Z": "out of range",
    "+" + "9" * 6000 + "-01-01T00:00:00Z": "out of range",
    "+262143-01-01T00:00:00Z": "out of range",
    "-262144-12-31T23:59:59Z": "out of range",
    # ... and an offset must not lead out of these years, nor can it lead back into them
    "+262142-12-31T23:59:59-00:01": "out of range",
    "-262143-01-01T00:00:00+00:01": "out of range",
    "+262143-01-01T00:00:00+01:00": "out of range",
    # something follows it
    "2026-02-11T20:18:49Zx": "something follows it",
    "2026-02-11T20:18:49Z\x1f": "something follows it",
    "2026-02-11T20:18:49+00:000": "something follows it",
    "2026-02-30T20:18:49Zx": "something follows it",
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.items(), ids=lambda value: str(value)[-40:])
def test_reads_what_chrono_reads(text: str, instant: int) -> None:
    assert chrono_refuses(text) is None
    assert nanoseconds(text) == instant


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=lambda value: str(value)[-40:])
def test_refuses_what_chrono_refuses(text: str, reason: str) -> None:
    assert chrono_refuses(text) == reason
    assert nanoseconds(text) is None


REASONS = {
    "premature end of input": "ends too early",
    "input contains invalid characters": "not a date and time",
    "input is out of range": "out of range",
    "trailing input": "something follows it",
}


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"no vectors at {VECTORS}")
def test_agrees_with_the_runtime_on_its_vectors() -> None:
    seen = 0
    for line in VECTORS.read_bytes().splitlines():
        vector = json.loads(line)
        if vector["shape"] != "record" or not vector["name"].startswith("timestamp '"):
            continue
        text = json.loads(base64.b64decode(vector["line_b64"]))["timestamp"]
        seen += 1
        if vector["reads"]:
            assert chrono_refuses(text) is None, vector["id"]
            assert nanoseconds(text) == nanoseconds(json.loads(vector["rewritten"])["timestamp"]), vector["id"]
        else:
            assert chrono_refuses(text) == REASONS[vector["message"].split(" at line")[0]], vector["id"]
    assert seen


# -- what RFC 3339 calls a date-time ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-11T20:18:49Z",
        "2026-02-11t20:18:49z",
        "2026-02-11T20:18:49.1Z",
        "2026-02-11T20:18:49.123456789+00:00",
        "2026-02-11T20:18:49.12345678901234567890-23:59",
        "2026-02-11T20:18:49-00:00",
        "2024-02-29T00:00:00Z",
        "0000-02-29T00:00:00Z",
        "9999-12-31T23:59:60Z",
    ],
)
def test_is_rfc3339(text: str) -> None:
    assert is_rfc3339(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-11",
        "2026-02-11 20:18:49Z",
        "2026-02-11T20:18:49",
        "2026-02-11T20:18Z",
        "2026-02-11T20:18:49UTC",
        "2026-02-11T20:18:49+0000",
        "2026-02-11T20:18:49+00",
        "2026-02-11T20:18:49+24:00",
        "2026-02-11T20:18:49+00:60",
        "2026-02-11T20:18:49\N{MINUS SIGN}01:00",
        "2026-02-11T20:18:49.Z",
        "2026-02-11T20:18:49Z\n",
        " 2026-02-11T20:18:49Z",
        "2026-2-11T20:18:49Z",
        "+2026-02-11T20:18:49Z",
        "2026-02-11T24:00:00Z",
        "2026-02-11T20:60:00Z",
        "2026-02-11T20:18:61Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "２０２６-02-11T20:18:49Z",
    ],
)
def test_is_not_rfc3339(text: str) -> None:
    assert not is_rfc3339(text)


# -- laws ------------------------------------------------------------------------------------------------------------

fractions = st.sampled_from([0, 3, 6, 9]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))
usual_texts = st.builds(
    lambda when, fraction, zone: f"{when.isoformat(timespec='seconds')}{'.' * bool(fraction)}{fraction}{zone}",
    st.datetimes(),
    fractions,
    st.sampled_from(["Z", "+00:00"]),
)
near_texts = st.builds(
    lambda text, at, size, put: text[:at] + put + text[at + size :],
    usual_texts,
    st.integers(0, 36),
    st.integers(0, 3),
    st.text("0123456789+-:.TtZz \u3000\N{MINUS SIGN}", max_size=3),
)


def readable(text: str) -> int | None:
    try:
        return timestamps._instant(text)
    except timestamps._RefusedError:
        return None


@given(usual_texts)
def test_the_quick_path_knows_the_usual_form_and_agrees_with_the_readable_one(text: str) -> None:
    assert timestamps._quick(text) == timestamps._instant(text)
    assert chrono_refuses(text) is None
    assert is_rfc3339(text)


@given(near_texts)
def test_all_answers_agree_near_the_usual_form(text: str) -> None:
    instant = readable(text)
    assert nanoseconds(text) == instant
    assert timestamps._quick(text) in (instant, None)
    assert (chrono_refuses(text) is None) == (instant is not None)
    assert instant is not None or not is_rfc3339(text), "chrono reads all of RFC 3339"


@given(st.datetimes(), st.integers(-1439, 1439))
def test_an_instant_is_the_calendars_and_an_offset_moves_it(when: datetime, minutes: int) -> None:
    text = f"{when.isoformat()}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    here = when.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert nanoseconds(text) == (here - EPOCH) // timedelta(microseconds=1) * 1000
    assert is_rfc3339(text)


@given(st.text() | st.text("0123456789+-:.TZ "))
def test_any_text_has_an_answer(text: str) -> None:
    assert (chrono_refuses(text) is None) == (nanoseconds(text) is not None)
    assert not is_rfc3339(text) or chrono_refuses(text) is None


@pytest.mark.parametrize("text", [" " * 10**6, "2026" + " " * 10**6 + "x", "2026-02-11T20:18:49." + "1" * 10**6])
def test_long_texts_take_no_long_time(text: str) -> None:
    assert chrono_refuses(text) is not None
    assert not is_rfc3339(text)
