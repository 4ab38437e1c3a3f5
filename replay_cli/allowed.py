"""Allowed: what may stay of a payload when people's and models' text is taken out (``@text``), by CONTRACT.md 5.

An allowlist of places: ids, times, numbers, and words of closed lists. What is not here goes, whatever it is called:
the names of tools and models as well, since people make those up, unless they are of a closed list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Allowed: TypeAlias = "Sort | frozenset[str] | dict[str, Allowed] | Each"
"""What may stay at a place: a sort of value, one of some words, members by name, or elements."""


class Sort(Enum):
    """Sorts of values: an id, a time, a number, or text, of which nothing stays."""

    ID = "id"
    TIME = "time"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Each:
    """An array whose elements are all of one sort."""

    element: Sort | dict[str, Allowed]


ID, TIME, NUMBER, TEXT = Sort.ID, Sort.TIME, Sort.NUMBER, Sort.TEXT


def _words(*words: str) -> frozenset[str]:
    return frozenset(words)


STATUS = _words("queued", "in_progress", "completed", "failed", "interrupted", "canceled")
ITEM_KIND = _words(
    *("user_message", "agent_message", "agent_reasoning", "tool_call", "file_change", "command_execution"),
    *("context_compaction", "status", "error"),
)
_MODE = _words("agent", "plan", "yolo", "normal", "ask", "chat", "auto")
_POSTURE = _words("full_access", "ask", "auto_review", "read_only", "workspace_write", "never", "deny")
_PROVIDER = _words(
    *("deepseek", "openai", "anthropic", "google", "gemini", "mistral", "xai", "groq", "together", "fireworks"),
    *("openrouter", "azure", "bedrock", "ollama", "vllm", "sglang", "lmstudio", "llamacpp", "nvidia", "moonshot"),
    *("qwen", "zai", "zhipu", "minimax", "siliconflow", "local"),
)
_TOOL = _words(
    *("bash", "Bash", "File", "exec_shell", "exec_shell_wait", "exec_shell_interact", "read", "read_file"),
    *("write_file", "edit_file", "apply_patch", "list_dir", "grep_files", "file_search", "web_search", "fetch_url"),
    *("todo_write", "todo_read", "update_plan", "request_user_input", "agent", "spawn_agent"),
)
_ERROR = _words("Interrupted by process restart", "Turn completed without engine output")
"""Sentences that are the runtime's own (CONTRACT.md 5.2, 5.3, 15)."""

_THREAD: dict[str, Allowed] = {
    **dict.fromkeys(("schema_version",), NUMBER),
    **dict.fromkeys(("id", "latest_turn_id", "task_id", "session_id"), ID),
    **dict.fromkeys(("created_at", "updated_at"), TIME),
    **dict.fromkeys(("model_provider", "model_provider_id"), _PROVIDER),
    **dict.fromkeys(("model", "workspace", "latest_response_bookmark", "system_prompt", "title"), TEXT),
    **dict.fromkeys(("allow_shell", "trust_mode", "auto_approve", "archived"), TEXT),
    "mode": _MODE,
    "permission_posture": _POSTURE,
    "coherence_state": _words("healthy", "degraded", "refreshing", "getting_crowded", "recovering"),
}
_USAGE: dict[str, Allowed] = {
    **dict.fromkeys(("input_tokens", "output_tokens", "reasoning_tokens", "reasoning_replay_tokens"), NUMBER),
    **dict.fromkeys(
        ("prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "prompt_cache_write_tokens"),
        NUMBER,
    ),
    "server_tool_use": {"web_search_requests": NUMBER, "code_execution_requests": NUMBER},
}
_ROUTE: dict[str, Allowed] = {
    **dict.fromkeys(("provider", "provider_id", "provider_identity"), _PROVIDER),
    **dict.fromkeys(("billing_mode", "billing_surface", "endpoint_fingerprint", "model", "model_id"), TEXT),
    "dispatched_at": TIME,
}
_TURN: dict[str, Allowed] = {
    **dict.fromkeys(("schema_version", "duration_ms", "steer_count"), NUMBER),
    **dict.fromkeys(("id", "thread_id", "agent_mail_message_id"), ID),
    **dict.fromkeys(("created_at", "started_at", "ended_at", "effective_dispatched_at"), TIME),
    **dict.fromkeys(("effective_provider", "effective_provider_id"), _PROVIDER),
    **dict.fromkeys(("input_summary", "effective_model", "effective_reasoning"), TEXT),
    **dict.fromkeys(
        ("effective_billing_mode", "effective_billing_surface", "effective_endpoint_fingerprint"),
        TEXT,
    ),
    **dict.fromkeys(("item_ids", "routed_usage_source_ids"), Each(ID)),
    "status": STATUS,
    "usage": _USAGE,
    "permission_posture": _POSTURE,
    "routed_usage": Each({"usage": _USAGE, "route": _ROUTE}),
    "error": _ERROR,
}
_METADATA: dict[str, Allowed] = {
    **dict.fromkeys(("duration_ms", "exit_code", "stdout_len", "stderr_len"), NUMBER),
    **dict.fromkeys(("stdout_omitted", "stderr_omitted"), NUMBER),
    **dict.fromkeys(("evidence_estimated_tokens", "evidence_threshold_tokens"), NUMBER),
    **dict.fromkeys(("tool_call_id", "task_id", "agent_id"), ID),
    **dict.fromkeys(("tool", "tool_name", "canonical_tool"), _TOOL),
}
_ITEM: dict[str, Allowed] = {
    "schema_version": NUMBER,
    **dict.fromkeys(("id", "turn_id"), ID),
    **dict.fromkeys(("started_at", "ended_at"), TIME),
    **dict.fromkeys(("summary", "detail", "artifact_refs"), TEXT),
    "kind": ITEM_KIND,
    "status": STATUS,
    "metadata": _METADATA,
}
_GOAL: dict[str, Allowed] = {
    **dict.fromkeys(("goal_id", "thread_id"), ID),
    **dict.fromkeys(("created_at", "updated_at"), NUMBER),
    **dict.fromkeys(("continuation_count", "time_used_seconds", "tokens_used", "token_budget"), NUMBER),
    "objective": TEXT,
    "status": _words("active", "paused", "completed", "complete", "blocked", "budget_limited"),
}
_PARTY: dict[str, Allowed] = {**dict.fromkeys(("thread_id", "agent_id", "turn_id"), ID), "name": TEXT}
_MAIL_RECORD: dict[str, Allowed] = {
    **dict.fromkeys(("schema_version", "attempt_count", "hop_count", "hops"), NUMBER),
    **dict.fromkeys(("id", "message_id", "delivery_turn_id", "correlation_id", "reply_to"), ID),
    **dict.fromkeys(("created_at", "updated_at", "delivered_at", "read_at", "expires_at"), TIME),
    **dict.fromkeys(("source", "destination"), _PARTY),
    **dict.fromkeys(("subject", "body", "failure", "kind"), TEXT),
    "status": _words("queued", "delivering", "delivered", "read", "failed"),
}
_AGENT: dict[str, Allowed] = {
    **dict.fromkeys(("agent_id", "parent_agent_id"), ID),
    **dict.fromkeys(("steps_taken", "duration_ms"), NUMBER),
    "status": _words("Running", "Completed", "Cancelled", "BudgetExhausted"),
}
_IDS = dict.fromkeys(("thread_id", "turn_id"), ID)
_TOOL_CALL: dict[str, Allowed] = {
    **_IDS,
    "call_id": ID,
    **dict.fromkeys(("namespace", "arguments", "success", "result_accepted", "terminal", "recovered"), TEXT),
    "tool": _TOOL,
    "status": _words("requested", "resolved", "canceled", "timeout"),
    "reason": _words("turn_terminal", "process_restart"),
    "timeout_secs": NUMBER,
}
_APPROVAL: dict[str, Allowed] = {
    **dict.fromkeys(("id", "approval_id"), ID),
    **dict.fromkeys(("description", "intent_summary", "remember", "auto", "timeout"), TEXT),
    "tool_name": _TOOL,
    "decision": _words("allow", "deny"),
    "posture": _POSTURE,
    "timeout_secs": NUMBER,
}
_USER_INPUT: dict[str, Allowed] = {**dict.fromkeys(("id", "input_id"), ID), "request": TEXT, "terminal": TEXT}
_ITEM_EVENT: dict[str, Allowed] = {
    "item": _ITEM,
    "tool": {"id": ID, "name": _TOOL, "input": TEXT},
    **dict.fromkeys(("messages_before", "messages_after"), NUMBER),
    "auto": TEXT,
    "error": _ERROR,
}
_TURN_EVENT: dict[str, Allowed] = {"turn": _TURN, "manual_compaction": TEXT, "recovered": TEXT}
_AGENT_EVENT: dict[str, Allowed] = {"item": _ITEM, "agent_id": ID, "agents": Each(_AGENT)}
_MAIL_EVENT: dict[str, Allowed] = {"mail": _MAIL_RECORD}
_THREAD_EVENT: dict[str, Allowed] = {
    "thread": _THREAD,
    "changes": _THREAD,
    **dict.fromkeys(("source_thread_id", "dropped_turn_id"), ID),
    "backtrack_depth_from_tail": NUMBER,
    "reason": _words("session_resume"),
}

PAYLOADS: dict[str, dict[str, Allowed]] = {
    **dict.fromkeys(("thread.started", "thread.forked", "thread.updated"), _THREAD_EVENT),
    "thread_goal_updated": {"kind": _words("thread_goal_updated"), "goal": _GOAL},
    "thread_goal_cleared": {"kind": _words("thread_goal_cleared"), "thread_id": ID},
    **dict.fromkeys(("turn.started", "turn.completed"), _TURN_EVENT),
    "turn.lifecycle": {"status": STATUS},
    "turn.steered": {**_IDS, "input": TEXT},
    "turn.interrupt_requested": {**_IDS},
    **dict.fromkeys(
        ("item.started", "item.completed", "item.failed", "item.interrupted", "item.canceled"),
        _ITEM_EVENT,
    ),
    "item.delta": {"delta": TEXT, "kind": ITEM_KIND},
    **dict.fromkeys(("approval.required", "approval.decided", "approval.timeout"), _APPROVAL),
    **dict.fromkeys(("user_input.required", "user_input.answered", "user_input.canceled"), _USER_INPUT),
    **dict.fromkeys(
        ("tool_call.requested", "tool_call.resolved", "tool_call.canceled", "tool_call.timeout"),
        _TOOL_CALL,
    ),
    "sandbox.denied": {"tool_id": ID, "tool_name": _TOOL, "reason": TEXT},
    **dict.fromkeys(("agent.spawned", "agent.progress", "agent.completed", "agent.list"), _AGENT_EVENT),
    **dict.fromkeys(
        (
            *("agent_mail.queued", "agent_mail.delivering", "agent_mail.delivered", "agent_mail.read"),
            "agent_mail.delivery_failed",
        ),
        _MAIL_EVENT,
    ),
    "coherence.state": {
        "thread": _THREAD,
        "state": _THREAD["coherence_state"],
        **dict.fromkeys(("label", "description", "reason"), TEXT),
    },
    "cycle.advanced": {**dict.fromkeys(("from", "to", "briefing_tokens", "cycle"), NUMBER), "timestamp": TIME},
}
"""What may stay in the payload of each event of CONTRACT.md 5.1; in that of any other nothing may."""


def _names(allowed: object) -> Iterator[str]:
    if isinstance(allowed, Each):
        yield from _names(allowed.element)
    elif isinstance(allowed, dict):
        for name, inner in allowed.items():
            yield name
            yield from _names(inner)


NAMES = frozenset(
    [
        *_names(PAYLOADS),
        # Inside of questions, and of what the runtime notes of its own tools (recorded).
        *("questions", "header", "question", "options", "label", "allow_free_text", "multi_select"),
        *("command", "path", "content", "search", "replace", "prompt", "todos", "items", "type", "action"),
        *("approval", "required", "model_visible", "backgrounded", "canceled", "combined_output", "executed"),
        *("deferred_tool_loaded", "interactive", "response_redacted", "retry_required", "sandbox_denied"),
        *("sandboxed", "sandbox_type", "safety_level", "stderr_summary", "stdout_summary", "stderr_truncated"),
        *("stdout_truncated", "execpolicy", "lsp_diagnostics", "mutation", "diff", "files", "outcome", "renames"),
        *("event", "evidence_routing", "expected_fields", "received_fields", "missing_required_fields"),
        *("unexpected_fields", "likely_corrections", "task_updates", "checklist", "completion_pct"),
        *("in_progress_id", "work_surface", "canonical", "durable_owner", "progress_key", "child_route"),
        *("prefix_cache", "context_mode", "detached", "Failed", "Interrupted", "result"),
    ]
)
"""Names of members that may stay anywhere. The list is closed, so none of them can tell anything."""
