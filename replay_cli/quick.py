"""The quick verdict: a line whose one fault is surely that it breaks the schema, where that is only to be counted.

Beyond the findings that are kept, nobody is told where a line breaks the schema and how. What is left to be known is
whether it is that finding and no other; and for a line in the usual form it takes a tenth of the time to know it.
"""

from __future__ import annotations

import orjson

from replay_cli.frames import Frame, State
from replay_cli.heavy import HEAVY
from replay_cli.opening import is_other_stream
from replay_cli.plainjson import read_plain
from replay_cli.profiles import Plan, breaks, shape_of


def only_breaks_schema(frame: Frame, plan: Plan) -> bool:
    """Whether the reference surely finds in a frame that it breaks the schema of its shape, and nothing else.

    False says nothing. For plans that the prover is offered for.
    """
    data = frame.data
    # One longer than ``HEAVY`` would be a lot to build, and may be longer than the limit, which is never below that.
    if frame.state is not State.WHOLE or frame.faults or frame.bom or frame.length > HEAVY:
        return False
    try:
        value = read_plain(data)
        # Written again it is the same: so no name stands twice, and no number was read in another way.
        if not isinstance(value, dict) or orjson.dumps(value) != data:
            return False
    except ValueError:
        return False
    # That of another stream is told only of SSE; a line that looks like one breaks the schema, and may be counted.
    if shape_of(value) is not plan.shape or (plan.framing == "sse" and is_other_stream(value)):
        return False
    return breaks(plan.shape, value)
