"""Statistics: how often each rule could be asked, and what a source cannot show at all.

A clean report says only as much as was looked at; a reader who sees "links compared: 0" knows that no lost event
could have been noticed.
"""

from __future__ import annotations

from replay_cli import rules
from replay_cli.findings import Rule
from replay_cli.grading import Grading
from replay_cli.profiles import Plan, Shape
from replay_cli.tally import Tally
from replay_cli.told import RuleCount

_LIKE = {
    rules.SEQ_DUPLICATE.code: rules.SEQ_STEP_BACK.code,
    rules.SEQ_CONFLICT.code: rules.SEQ_STEP_BACK.code,
    rules.LINK_AFTER_DAMAGE.code: rules.BROKEN_LINK.code,
}
"""Rules that are asked wherever another one is."""

_SSE_ONLY = frozenset(
    rule.code
    for rule in (
        *(rules.UNFINISHED_EVENT, rules.EVENT_WITHOUT_DATA, rules.UNKNOWN_SSE_FIELD, rules.SSE_BYTE_ORDER_MARK),
        *(rules.NEW_CONNECTION, rules.SECOND_THREAD),
    )
)
_JSONL_ONLY = frozenset(rule.code for rule in (rules.TORN_TAIL, rules.BLANK_LINE, rules.BYTE_ORDER_MARK))
_COUNTED = frozenset(
    rule.code
    for rule in rules.RULES
    if rule.code[0] in "A"
    or rule in (rules.SEQ_STEP_BACK, rules.BROKEN_LINK, rules.TIME_WENT_BACK, rules.WRONG_THREAD)
)
_SHAPES = {
    rules.UNREAD_FIELD.code: (Shape.RECORD,),
    rules.POSITIONAL_RECORD.code: (Shape.RECORD,),
    rules.BAD_PREVIOUS_SEQ.code: (Shape.ENVELOPE,),
    rules.BAD_TIMESTAMP.code: (Shape.ENVELOPE, Shape.LEGACY),
    rules.UNKNOWN_SCHEMA_VERSION.code: (Shape.ENVELOPE, Shape.RECORD),
}


def rule_counts(tally: Tally, plan: Plan, grading: Grading) -> list[RuleCount]:
    """For each rule that is asked: the places where it could be broken, and how often it was."""
    return [
        RuleCount(
            code=rule.code,
            name=rule.name,
            looked_at=max(_looked_at(rule, tally, plan), tally.broken[rule.code]),
            findings=tally.broken[rule.code],
        )
        for rule in rules.RULES
        if grading.asks(rule.code)
    ]


def _looked_at(rule: Rule, tally: Tally, plan: Plan) -> int:
    code = rule.code
    if plan.shape is Shape.FOREIGN:
        return int(rule is rules.FOREIGN_LOG)
    if code in (rules.FOREIGN_LOG.code, rules.NO_EVENTS.code):
        return 1
    if code in (_SSE_ONLY if plan.framing == "jsonl" else _JSONL_ONLY) or plan.shape not in _SHAPES.get(
        code, (plan.shape,)
    ):
        return 0
    if (code[0] == "C") is not (plan.shape is Shape.COMPAT) and code[0] in "CEST":
        return 0
    if rule is rules.USER_SCHEMA_VIOLATION and plan.schema is None:
        return 0
    if rule is rules.SEQ_GAP:
        return tally.looked[rules.SEQ_STEP_BACK.code] if plan.gaps else 0
    code = _LIKE.get(code, code)
    if code in _COUNTED:
        return tally.looked[code]
    if rule in (rules.UNKNOWN_SCHEMA_VERSION, rules.BAD_PREVIOUS_SEQ, rules.BAD_TIMESTAMP, rules.UNSAFE_SEQ):
        return tally.events
    return tally.lines if code in _JSONL_ONLY else tally.frames


def caveats(tally: Tally, plan: Plan) -> list[str]:
    """What the source cannot show, whatever was checked."""
    if plan.shape in (Shape.COMPAT, Shape.FOREIGN) or not tally.events:
        return []
    links, pairs = tally.looked[rules.BROKEN_LINK.code], tally.looked[rules.SEQ_STEP_BACK.code]
    if not pairs:
        return ["one event a thread: nothing to compare it with, so order and loss were not checked"]
    if plan.shape is Shape.RECORD:
        return [
            "store records carry no previous_seq and seq skips numbers by nature:"
            " a line that was removed whole leaves no trace"
        ]
    if not links:
        return ["no event carries previous_seq (written since v0.9.1): an event that was lost leaves no trace"]
    told = ["events before the first and behind the last of each thread leave no trace when they are lost"]
    if links < pairs:
        told.append(f"{pairs - links:,} of {pairs:,} pairs of events have no previous_seq to compare")
    return told
