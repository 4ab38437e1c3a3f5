"""The guards of the prover and of the quick verdict, each with what stands there when it is removed.

``tests/test_prover.py`` takes them away one by one, in a copy of the package, and goes through the written holes: at
least one must then be a hole indeed. A guard without which nothing fails is not needed, or not tested.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Guard:
    """A piece of a module, and what stands there without the guard."""

    name: str
    module: str
    old: str
    new: str


GUARDS = [
    Guard("control characters", "strings", r"""_PLAIN = rb"[ !#""", r"""_PLAIN = rb"[\x00-!#"""),
    Guard("control characters in ASCII", "strings", r"""_PLAIN_ASCII = rb"[ !#""", r"""_PLAIN_ASCII = rb"[\x00-!#"""),
    Guard("ASCII", "strings", r"[ !#-\[\]-\x7f]", r"[ !#-\[\]-\xff]"),
    Guard("which escapes there are", "strings", r"""(?:["\\/bfnrt]|u""", r"""(?:[^u]|u"""),
    Guard("high surrogates alone", "strings", "u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|", "u(?:[0-9a-fA-F]{4}|"),
    Guard("low surrogates alone", "strings", "[dD][0-7][0-9a-fA-F]{2}", "[dD][0-7c-fC-F][0-9a-fA-F]{2}"),
    Guard("UTF-8 of deltas", "deltas", "not is_utf8(text)", "False"),
    Guard("ids of deltas", "deltas", "if known[text] is None)", "if False)"),
    Guard("seconds of deltas", "deltas", ':[0-5][0-9]" % TO', ':[0-9][0-9]" % TO'),
    Guard("line ends in times of deltas", "deltas", 'rb"(?-s:.{%d})', 'rb"(?:.{%d})'),
    Guard("end of deltas", "deltas", " + re.escape(terminator), re.DOTALL", ", re.DOTALL"),
    Guard("line ends in ids", "deltas", "return _line_ends(text) != self._line_ends", "return False"),
    Guard("digits of numbers", "layouts", "[0-9]{0,14}+", "[0-9]{0,40}+"),
    Guard("zeros in front", "layouts", "[1-9][0-9]{0,14}+", "[0-9]{1,15}+"),
    Guard("seq 0", "layouts", '"seq": SEQ', '"seq": NUMBER'),
    Guard("length of ids", "layouts", 'rb"[A-Za-z0-9_.:-]{1,80}+"', 'rb"[A-Za-z0-9_.:-]{1,99}+"'),
    Guard("escapes in ids", "layouts", 'rb"[A-Za-z0-9_.:-]{1,80}+"', r'''rb"[A-Za-z0-9_.:\\-]{1,80}+"'''),
    Guard("escapes in names", "layouts", 'rb"[A-Za-z0-9_.-]{1,80}+"', r'''rb"[A-Za-z0-9_.\\-]{1,80}+"'''),
    Guard("what is written twice", "drafts", 'b"(?P=" + group + b")" if name in self', "value if name in self"),
    Guard("what deltas have twice", "deltas", 'return b"(?P=" + name + b")"', 'return b"[^\\"]*"'),
    Guard("minutes", "layouts", " if _MINUTE(text) is not None else None", ""),
    Guard("real minutes", "layouts", 'return nanoseconds(text.decode() + ":00Z") if', "return 0 if"),
    Guard("minutes of one thread", "sections", " and are_real(frames.times)", ""),
    Guard("minutes step by step", "sections", " or not is_minute(time[:TO_MINUTE])", ""),
    Guard("LF in payloads", "layouts", 'b"\\n" in payload or', ""),
    Guard("CR in payloads", "layouts", ' or b"\\r" in payload', ""),
    Guard("nesting", "plainjson", "> MOST_BRACKETS", "> 10**9"),
    Guard(
        "payloads are JSON",
        "layouts",
        "except ValueError:\n        return None",
        "except ValueError:\n        value = {}",
    ),
    Guard("minus zero", "layouts", "_NEGATIVE_ZERO.search(payload)", "False"),
    Guard("agreement of payloads", "layouts", "if disagreement is None else None", ""),
    Guard("ids in skeletons", "skeletons", "if path in compared.mirrors:", "if False:"),
    Guard("nulls in skeletons", "skeletons", "VALUES | ID_VALUES", "VALUES"),
    Guard("words in skeletons", "skeletons", "elif path not in compared.words:", "elif True:"),
    Guard("what else is compared", "skeletons", "elif path in compared.times:", "elif False:"),
    Guard("durations in skeletons", "skeletons", "if self._is_timed and not self._agrees(found):", "if False:"),
    Guard("minus zero in durations", "skeletons", '_DURATION = b"(?P<%b>0|', '_DURATION = b"(?P<%b>-?0|'),
    Guard("zeros in durations", "skeletons", '_DURATION = b"(?P<%b>0|[1-9]', '_DURATION = b"(?P<%b>0|[0-9]'),
    Guard(
        "strings in arrays",
        "skeletons",
        "(STRING, re.escape(between), STRING)",
        '(STRING, re.escape(between), b"[^],]*")',
    ),
    Guard("commas in arrays", "skeletons", "(STRING, re.escape(between), STRING)", '(STRING, b",?", STRING)'),
    Guard("end of skeletons", "skeletons", "(draft.done(), re.escape(terminator))", '(draft.done(), b"")'),
    Guard(
        "what is not plainly compared",
        "payloads",
        "if name not in IDS:\n        return C",
        "if name not in _PLAIN:\n        return C",
    ),
    Guard("UTF-8 in skeletons", "skeletons", " and (sound or is_utf8(data[at:end]))", ""),
    Guard("digits in skeletons", "skeletons", "(?:0|[1-9][0-9]{0,14}+)(?:", "(?:0|[1-9][0-9]*+)(?:"),
    Guard("zeros in skeletons", "skeletons", "(?:0|[1-9]", "(?:[0-9]"),
    Guard("fractions in skeletons", "skeletons", "[0-9]{1,15}+)?+", "[0-9]{0,15}+)?+"),
    Guard("plain agreement of ids", "payloads", "!= ids[number]:", "is ids:"),
    Guard(
        "plain agreement of statuses", "payloads", "else value[outer]) not in words:", "else value[outer]) is words:"
    ),
    Guard("plain durations", "payloads", "if not plain.duration:", "if True:"),
    Guard("what a duration is", "payloads", " and found == _milliseconds(between)", ""),
    Guard("links of one thread", "sections", "if links[1:] != seqs[:-1] and", "if False and"),
    Guard("seqs of one thread", "sections", "return all(map(lt, numbers, numbers[1:]))", "return True"),
    Guard("numbers in a row", "sections", 'return b"[%b]" % b",".join(seqs) == orjson', "return True or orjson"),
    Guard("gaps of one thread", "sections", "(gaps or not _ascending(seqs))", "not _ascending(seqs)"),
    Guard("first link of one thread", "sections", "int(links[0]) >= int(seqs[0])", "False"),
    Guard("times of one thread", "sections", "return sorted(frames.times) == frames.times and", "return"),
    Guard("one thread at a time", "columns", "if size and self.threads.count(", "if True or size and ("),
    Guard("seqs of threads", "sections", "before[0] < number", "True"),
    Guard("links of threads", "sections", "(link is None or link == before[1])", "True"),
    Guard("times of threads", "sections", "before[2] <= time", "True"),
    Guard("gaps of threads", "sections", "not (gaps and number > before[0] + 1)", "True"),
    Guard("first links of threads", "sections", "and int(link) >= number", "and False"),
    Guard("the file's thread", "sections", "self.thread_of(0, size) != plan.thread.encode()", "False"),
    Guard("minus zero for orjson", "sections", '(b"-0" in text and _MINUS_ZERO.search(text)) or', ""),
    Guard("large numbers for orjson", "sections", ' or b"0" * 19 in text.translate(_ZEROS)', ""),
    Guard(
        "what stands before deltas",
        "prover",
        " and all(self._is_whole(gap) for index, gap in found.gaps if index < number)",
        "",
    ),
    Guard(
        "blank lines before messages",
        "prover",
        'return gap.split(self._terminator)[-1] == b"" if self._sse else',
        "return",
    ),
    Guard("torn deltas", "prover", "not found.torn and", ""),
    Guard("deltas that are bad", "deltas", "seqs[index] = UNSURE.seq", "pass"),
    Guard("heavy blocks", "prover", "len(data) <= HEAVY", "True"),
    Guard("heavy frames", "prover", "if len(text) > HEAVY:", "if False:"),
    Guard("heavy frames in skeletons", "skeletons", "end - at <= HEAVY and ", ""),
    Guard("frames without an end", "skeletons", "return [*rows, UNSURE]", "end = len(data)"),
    Guard("states of frames that are counted", "quick", "frame.state is not State.WHOLE or ", ""),
    Guard("faults of frames that are counted", "quick", "frame.faults or ", ""),
    Guard("byte-order mark before what is counted", "quick", "frame.bom or ", ""),
    Guard("length of frames that are counted", "quick", " or frame.length > HEAVY", ""),
    Guard("objects among what is counted", "quick", "not isinstance(value, dict) or ", ""),
    Guard("what is counted is written the same", "quick", " or orjson.dumps(value) != data", ""),
    Guard("what is counted is JSON", "quick", "except ValueError:", "except KeyError:"),
    Guard("shape of what is counted", "quick", "shape_of(value) is not plan.shape or ", ""),
    Guard("other streams among what is counted", "quick", "and is_other_stream(value)", "and False"),
    Guard("what is counted breaks the schema", "quick", "return breaks(plan.shape, value)", "return True"),
    Guard("lines that are kept", "auditor", "self._breaking < plan.kept or ", ""),
    Guard("blank lines that are kept", "auditor", " and self._blank >= plan.kept", ""),
    Guard("the first line that is refused", "auditor", " or tally.refused is None", ""),
    Guard("ends of turns among what is counted", "auditor", "any(map(_is_completion, frames))", "False"),
    Guard(
        "what is counted before another line",
        "auditor",
        "else:\n                self._count_refused(between)",
        "else:",
    ),
    Guard(
        "what is counted before what is proven",
        "auditor",
        "if between is not None:\n                    self._count_refused(between)",
        "if between is not None:",
    ),
    Guard(
        "comments of what is counted", "tally", "self.comments += sum([frame.comments for frame in frames])", "pass"
    ),
    Guard("rule of what is counted", "tally", "self._keep(code, [])\n        self.bad", "self.bad"),
]


def without(guard: Guard, folder: Path) -> str:
    """The first written hole that fails without a guard, or what the prover raises then; "" if nothing happens.

    ``folder`` is an empty one for the copy.
    """
    for name in ("replay_cli", "schemas"):
        # With what was compiled, but not what somebody is writing.
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("*.pyc.*"))
    path = folder / "replay_cli" / f"{guard.module}.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(guard.old) == 1, f"{guard.name}: stands {text.count(guard.old)} times in {guard.module}"
    path.write_text(text.replace(guard.old, guard.new), encoding="utf-8")
    around = {**os.environ, "PYTHONPATH": str(ROOT)}  # behind the folder, for all but the copy
    done = subprocess.run(
        [sys.executable, "-m", "tests.proving", "--holes"], cwd=folder, env=around, capture_output=True, text=True
    )
    return (done.stdout or done.stderr[-300:]).strip()
