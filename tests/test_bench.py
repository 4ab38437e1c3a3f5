"""The speed benchmark: its figures, its verdicts, its logs, its documents; run over tiny logs, without peers."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the benchmark waits for its processes as Unix does", allow_module_level=True)

from bench import contenders, racing, report, speed, variants
from bench.contenders import Around
from bench.figures import Ask, Mark, Row, at_size, empty, faster, fastest, of_values, row, share, share_of_lower
from bench.racing import Contender, Ran, complaint, race
from bench.variants import Log
from replay_cli import audit

LOG = Log("envelope", "envelope.jsonl", 40_000_000, 100)
OURS = "replay"
ASK = Ask("against them", "x", Mark(2, 3), (OURS, "them"), faster(OURS, "them"))

# A replay that believes the list of logs beside its input, so that the machinery around it can be tested quickly.
STUB = """
import json, sys
from pathlib import Path
words = sys.argv[1:]
if "--help" in words or "--version" in words:
    print({options!r})
    sys.exit()
path = Path(words[-1])
log = next(log for log in json.loads((path.parent / "made.json").read_text())["logs"] if log["file"] == path.name)
print("x.jsonl:1:1: E101 schema-violation /seq: replay: 1 source, 7 events: 9 errors, 0 warnings, 0 notes")
print(f"replay: 1 source, {{log['events'] + {more}:,}} events: {{log['bad']:,}} errors, 0 warnings, 0 notes")
sys.exit(1 if log["bad"] else 0)
"""


def contender(name: str = OURS, **changes: object) -> Contender:
    one = Contender(name, ("true",), LOG, contenders.by_replay, (100, 0))
    return replace(one, **changes)  # type: ignore[arg-type]


def said(events: str, errors: str = "0") -> str:
    return f"replay: 1 source, {events} events: {errors} errors, 0 warnings, 0 notes\n"


# --- Figures ----------------------------------------------------------------------------------------------------


def test_a_figure_is_the_median_of_its_rounds_not_of_its_times() -> None:
    """Each round's times are compared with each other; the least and the most are told."""
    times = {OURS: [1.0, 2.0, 4.0], "them": [2.0, 8.0, 12.0]}

    one = row(ASK, times, {}, {})

    assert (3.0, 2.0, 4.0, 3, "aim") == (one.measured, one.low, one.high, one.runs, one.state)


@pytest.mark.parametrize(
    ("mark", "measured", "state"),
    [
        (Mark(2, 3), 3.0, "aim"),
        (Mark(2, 3), 2.0, "must"),
        (Mark(2), 2.0, "reached"),
        (Mark(2), 1.9, "missed"),
        (Mark(300, most=True), 86.0, "reached"),
        (Mark(2, 3), 1.99, "missed"),
        (Mark(150, 100, most=True), 100.0, "aim"),
        (Mark(150, 100, most=True), 150.0, "must"),
        (Mark(150, 100, most=True), 151.0, "missed"),
        (Mark(), 5.0, "measured"),
    ],
)
def test_a_mark_is_reached_or_missed(mark: Mark, measured: float, state: str) -> None:
    assert state == mark.state(measured)


def test_figures_of_one_round() -> None:
    """Speeds by what each went through: a log of 44 MB in 2 s is 110 % of one of 40 MB in 2 s."""
    seconds = {"ours": 2.0, "plain": 2.0, "alone": 4.0}

    assert 110 == pytest.approx(share("ours", 44, "plain", 40)(seconds))
    assert 200 == pytest.approx(share_of_lower("ours", ("plain", "alone"))(seconds))
    assert 2 == faster("ours", "alone")(seconds)
    assert "b" == fastest({"a": [2.0, 2.0], "b": [1.0, 9.0, 1.0], "c": []}, ["a", "b", "c"])


def test_a_row_tells_of_a_peer_that_is_absent_and_of_one_that_was_wrong() -> None:
    absent = row(ASK, {OURS: [1.0]}, {}, {"them": "not installed"})
    wrong = row(ASK, {OURS: [1.0], "them": [2.0]}, {"them": "counted 99 events"}, {})

    assert ("absent", None, "not installed") == (absent.state, absent.measured, absent.note)
    assert ("failed", None, "them: counted 99 events") == (wrong.state, wrong.measured, wrong.note)


def test_a_mark_is_not_judged_on_a_log_that_it_is_not_meant_for() -> None:
    """Little memory over a small log proves nothing; much memory over it is a miss all the same."""
    mark = Mark(150, 100, most=True)
    little, much = (of_values("memory", "MB", mark, [peak]) for peak in (90, 200))

    assert "measured" == at_size(little, 40, 400, missed=False).state
    assert "aim" == at_size(little, 399, 400, missed=False).state
    assert "missed" == at_size(much, 40, 400, missed=False).state
    assert "measured" == at_size(much, 40, 400).state


# --- Races ------------------------------------------------------------------------------------------------------


def test_contenders_take_turns_and_begin_in_turn() -> None:
    ran: list[str] = []

    def run(one: Contender) -> Ran:
        ran.append(one.name)
        return Ran(1.0, 2.0, 0.5, 0, said("100"))

    times = race([contender(name) for name in "abc"], 3, 1000, run=run)

    assert "aabbcc bbccaa ccaabb" == " ".join("".join(ran[at : at + 6]) for at in (0, 6, 12))
    assert [[1.0] * 3] * 3 == [entry.wall for entry in times.values()]
    assert [2.0] * 3 == times["a"].cpu


def test_the_second_run_of_a_turn_counts() -> None:
    """The first one may pay for memory that the machine gave away meanwhile; it must be right all the same."""
    walls = iter([5.0, 1.0, 6.0, 2.0])
    times = race([contender()], 2, 1000, run=lambda one: Ran(next(walls), 1.0, 0.5, 0, said("100")))
    counted = iter(["99", "100"])
    wrong = race([contender()], 2, 1000, run=lambda one: Ran(1.0, 1.0, 0.5, 0, said(next(counted))))

    assert ([1.0, 2.0], [5.0, 6.0]) == (times[OURS].wall, times[OURS].first)
    assert wrong[OURS].wrong.startswith("counted 99 events")


def test_one_that_counts_otherwise_is_out() -> None:
    """It runs no further, and its row fails."""
    times = race(
        [contender(), contender("them")],
        3,
        1000,
        run=lambda one: Ran(1.0, 1.0, 0.5, 0, said("100" if one.name == OURS else "99")),
    )

    assert (3, 1) == (len(times[OURS].wall), len(times["them"].wall))
    assert "counted 99 events and 0 bad lines; the log holds 100 and 0" == times["them"].wrong


def test_a_race_ends_in_time_but_not_before_its_first_round() -> None:
    times = race([contender()], 5, 0, run=lambda one: Ran(1.0, 1.0, 0.5, 0, said("100")))

    assert [1.0] == times[OURS].wall


@pytest.mark.parametrize(
    ("code", "output", "complains"),
    [
        (0, said("100"), ""),
        (0, said("100", "1"), "counted 100 events and 1 bad lines; the log holds 100 and 0"),
        (1, said("100"), "ended with code 1: replay: 1 source, 100 events: 0 errors, 0 warnings, 0 notes"),
        (0, "", "does not say what it counted: nothing said"),
    ],
)
def test_what_is_wrong_with_a_run(code: int, output: str, complains: str) -> None:
    assert complains == complaint(contender(), Ran(1.0, 1.0, 0.5, code, output))


def test_what_each_says_it_counted() -> None:
    assert (1_234_567, 89_000) == contenders.by_replay("a.jsonl:1:1: E101\n" + said("1,234,567", "89,000"))
    failed = "\n50 validated, 49 passed, 1 failed\n50 validated, 48 passed, 2 failed\n"
    assert (97, 3) == contenders.by_sourcemeta(failed)
    assert (8, 2) == contenders.by_python('{"events": 5, "bad": 2}\n{"events": 5, "bad": 0}\n')
    assert (100, 0) == contenders.by_jq("50\n50\n")


@pytest.mark.skipif(not racing.can_watch(), reason="there is no /proc here")
def test_memory_is_that_of_all_processes() -> None:
    child = "import time; held = bytearray(60_000_000); time.sleep(0.4)"
    parent = f"import subprocess, sys; held = bytearray(9_000_000); subprocess.run([sys.executable, '-c', {child!r}])"

    run, seen = racing.remembered([sys.executable, "-c", parent])

    assert (0, 2) == (run.code, seen.processes)
    assert 60 < seen.together < 110
    assert seen.alone >= seen.together


# --- Logs -------------------------------------------------------------------------------------------------------


def test_the_logs_hold_what_is_said_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``replay`` itself counts every variant; all four ways to break a line are met."""
    monkeypatch.setattr(variants, "ONE_IN", 10)
    logs = variants.made(tmp_path / "logs", 40, files=2, each=5)

    for log in logs.values():
        path = tmp_path / "logs" / log.file
        reports = [audit(one) for one in (sorted(path.iterdir()) if path.is_dir() else [path])]
        counted = sum(one.events for one in reports), sum(one.counts.error for one in reports)
        assert (log.events, log.bad) == counted, log.name


def test_logs_are_made_once_and_anew_when_their_size_changes(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    first = variants.made(folder, 20)
    (folder / "envelope.jsonl").write_bytes(b"touched")

    assert first == variants.made(folder, 20)
    assert b"touched" == (folder / "envelope.jsonl").read_bytes()
    assert 21 == variants.made(folder, 21)["envelope"].events
    assert (folder / "envelope.jsonl").read_bytes().count(b"\n") == 21


# --- All of it --------------------------------------------------------------------------------------------------


def around(folder: Path, options: str = "", more: int = 0) -> Around:
    """A machine with the stub for a replay, and no peers."""
    stub = folder / "stub.py"
    stub.write_text(STUB.format(options=options, more=more), encoding="utf-8")
    absent = dict.fromkeys((contenders.SOURCEMETA, contenders.RS, contenders.PYDANTIC), contenders.ABSENT)
    absent |= {contenders.ORJSON: contenders.ABSENT, contenders.JQ: "jq is not installed on this machine"}
    if "--jobs" not in options:
        absent[contenders.two(2)] = "not there yet: `replay validate` has no --jobs"
    return Around((sys.executable, "-S", str(stub)), "--jobs" in options, absent=absent)


def bench(found: Around, folder: Path, monkeypatch: pytest.MonkeyPatch, large: bool = False) -> dict[str, Row]:
    """The rows of a run over 132 events and 20 files, by title."""
    monkeypatch.setattr(speed.Bench, "warm_up", lambda self: 1.0)
    run = speed.Bench(found, speed.Plan(0.05, 1, 5, float("inf"), 20), folder / "made")
    run.all(large)
    return {one.title: one for one in run.rows}


def test_every_row_of_the_issue_is_there_and_says_what_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without peers and without --jobs: told, not crashed."""
    rows = bench(around(tmp_path), tmp_path, monkeypatch)

    states = [(one.must, one.aim, one.state == "absent", one.runs) for one in rows.values()]
    seen = racing.can_watch()
    assert [
        (3.5, 5, True, 0),
        (1.3, 2, True, 0),
        (2, 3, True, 0),
        (0.85, 1.2, True, 0),
        (None, None, True, 0),
        (60, 80, False, 1),
        (50, 70, False, 1),
        (60, 80, False, 1),
        (20, 40, False, 1),
        (None, None, False, 1),
        (None, None, False, 1),
        (90, 120, False, 1),
        (70, 90, False, 1),
        (70, 90, True, 0),
        (70, 90, False, 1),
        (70, 90, True, 0),
        (1.6, 1.9, True, 0),
        (150, 100, not seen, 1 if seen else 0),
        (150, 100, True, 0),
        (5, 20, True, 0),
    ] == states
    assert "failed" not in {one.state for one in rows.values()}
    assert "not there yet: `replay validate` has no --jobs" in {one.note for one in rows.values()}


def test_two_jobs_are_measured_once_there_is_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with one core it is told that there is but one."""
    rows = bench(around(tmp_path, "--jobs"), tmp_path, monkeypatch, large=True)

    two = next(one for title, one in rows.items() if title.startswith("two processes on two cores"))
    assert ("measured", 1) == (two.state, two.runs) if report.cores() > 1 else "absent" == two.state
    assert 2 == sum(title.startswith("peak memory") for title in rows)


def test_a_replay_that_miscounts_fails_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = bench(around(tmp_path, more=1), tmp_path, monkeypatch)

    assert {"failed", "absent"} == {one.state for one in rows.values()}
    assert 14 + racing.can_watch() == sum("counted" in one.note for one in rows.values() if one.state == "failed")


def test_what_one_more_event_takes() -> None:
    """By the least times over two logs, so that start-up does not count; never less than nothing."""
    tiny, least = (racing.Times(contender(), wall=[wall], first=[first]) for wall, first in ((0.5, 0.4), (0.1, 0.3)))

    assert 0.3 == pytest.approx(speed.per_event(tiny, least) * (speed.TINY - variants.EACH))
    assert 0 == speed.per_event(least, tiny)


def test_the_row_of_sourcemeta_tells_of_its_time_in_user_mode_too(tmp_path: Path) -> None:
    """The system's time for its memory depends on the machine; without it the figure is most in its favour."""
    run = speed.Bench(around(tmp_path), speed.QUICK, tmp_path)
    run.times[OURS] = racing.Times(contender(), wall=[1.0, 2.0, 1.0])
    run.times[contenders.SOURCEMETA] = racing.Times(contender(), wall=[9.0, 9.0, 9.0], user=[4.0, 4.0, 3.0])
    ask = replace(ASK, needs=(OURS, contenders.SOURCEMETA), figure=faster(OURS, contenders.SOURCEMETA))

    one = run.noted(run.row(replace(ask)), ask)

    assert run.found.absent[contenders.SOURCEMETA] in one.note
    run.found.absent.clear()
    assert run.noted(run.row(ask), ask).note.startswith("3.00x by its user time alone")


def test_a_plan_that_takes_too_long_is_cut_down_and_says_so(tmp_path: Path) -> None:
    run = speed.Bench(around(tmp_path), speed.QUICK, tmp_path)

    run.shrink(0.1)

    assert (4, 200, 40) == (run.plan.mb, run.plan.files, run.plan.sample)
    assert "Cut down from 40 MB and 2,000 files" in run.remarks[0]


def test_peers_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)

    found = contenders.around(tmp_path / "python")

    assert {} == found.peers
    missing = {contenders.SOURCEMETA, contenders.RS, contenders.PYDANTIC, contenders.ORJSON, contenders.JQ}
    assert missing == set(found.absent) - {contenders.two(2)}


# --- Documents --------------------------------------------------------------------------------------------------


def a_report() -> report.Report:
    rows = [
        of_values("fast", "x", Mark(2, 3), [2.5, 2.0, 2.75]),
        of_values("small", "MB", Mark(150, 100, most=True), [99.4], "one process"),
        empty("else", "%", Mark(60, 80), "absent", "a|b"),
    ]
    speeds = [report.Speed("replay, envelope", 0.5, 0.4, 0.6, 0.5, 0.45, 80.0, 211_640.0, 3, 0.7)]
    versions = {"replay": "0.1.0"}
    return report.Report("2026-11-27", "make bench", "A CPU, 2 cores", versions, "Log of 40 MB", rows, speeds)


def test_the_table() -> None:
    lines = list(report.markdown(a_report()))

    assert "| fast | 2.50x | 2.00x to 2.75x | 2.00x | 3.00x | must reached, aim missed |" in lines
    assert "| small | 99 MB | 1 run | 150 MB | 100 MB | aim reached: one process |" in lines
    assert "| else |  |  | 60 % | 80 % | not measured: a/b |" in lines
    assert "| replay, envelope | 80.0 | 211,640 | 0.50 | 0.40 to 0.60 | 0.50 | 0.45 | 0.70 |" in lines
    assert "`make bench`, 2026-11-27. A CPU, 2 cores." in lines


def test_json_and_back() -> None:
    assert a_report() == report.from_json(report.to_json(a_report()))


def test_the_table_goes_into_a_page_and_can_be_put_there_again() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nbehind\n"

    once = report.into_page(text, a_report())

    assert once == report.into_page(once, a_report())
    assert ("before", "behind") == (once.splitlines()[0], once.splitlines()[-1])
    assert "old" not in once
    with pytest.raises(ValueError, match="no place"):
        report.into_page("nothing here", a_report())


def test_the_readme_has_the_rows_alone_and_the_page_the_time_of_each_as_well() -> None:
    """The pages themselves are left as they are: copies of them are written."""
    names = ("README.md", "docs/benchmark.md")
    pages = {name: (contenders.ROOT / name).read_text(encoding="utf-8") for name in names}

    short, whole = (report.into_page(pages[name], a_report(), name != "README.md") for name in pages)

    assert all("| fast | 2.50x |" in text for text in (short, whole))
    assert ["| replay, envelope | 80.0" in text for text in (short, whole)] == [False, True]


def test_render_measures_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--render prints the table of a JSON; a row that failed makes it fail, a missed must does with --check."""
    path, slow = tmp_path / "speed.json", tmp_path / "slow.json"
    path.write_text(report.to_json(a_report()), encoding="utf-8")
    missed = replace(a_report(), rows=[of_values("slow", "x", Mark(2, 3), [1.0])])
    slow.write_text(report.to_json(missed), encoding="utf-8")

    assert 0 == speed.main(["--render", str(path), "--check"])
    assert "\n".join(report.markdown(a_report())) + "\n" == capsys.readouterr().out
    assert 0 == speed.main(["--render", str(slow)])
    assert 1 == speed.main(["--render", str(slow), "--check"])
    failed = replace(missed, rows=[empty("wrong", "x", Mark(2, 3), "failed", "counted 1")])
    slow.write_text(report.to_json(failed), encoding="utf-8")
    assert 1 == speed.main(["--render", str(slow)])
    assert "**FAILED**: counted 1" in capsys.readouterr().out


def test_the_json_names_no_path_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "TINY", 90)
    monkeypatch.setattr(speed, "around", lambda python: around(tmp_path))

    plan = speed.Plan(0.05, 1, 5, float("inf"), 20)
    found = report.to_json(speed.measured(plan, False, tmp_path / "made", tmp_path / "python", "make bench"))

    assert str(tmp_path) not in found
    assert str(contenders.ROOT) not in found
    assert 20 == len(json.loads(found)["rows"])
