"""A whole request as Claude Code 2.1 sends it, made by hand: all names, paths and ids in it are invented.

Source of its shape: anthropics/claude-code#68900 (the billing line), #49370 and #82549 (flags, tools' fields), #61412
(system messages amid the conversation), and the types of the official SDK.
"""

from openclaw_extproc.model.json import Json

BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "prompt-caching-scope-2026-01-05,mid-conversation-system-2026-04-07,effort-2025-11-24"
)
USER = '{"device_id":"' + "4d" * 32 + '","account_uuid":"","session_id":"1b2c3d4e-5f60-4718-a92b-3c4d5e6f7081"}'
"""About 150 characters, which is more than OpenAI takes."""
LIMIT = 32_000

_READ: Json = {
    "name": "Read",
    "description": "Reads a file from the local filesystem.",
    "input_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"file_path": {"type": "string"}, "offset": {"type": "integer", "minimum": 0}},
        "required": ["file_path"],
        "additionalProperties": False,
    },
}
_BASH: Json = {
    "name": "Bash",
    "description": "Executes a shell command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}
_REMINDER = "<system-reminder>\nToday's date is 2026-11-30.\n</system-reminder>"


def billing(nonce: str) -> str:
    return f"x-anthropic-billing-header: cc_version=2.1.210.1f3; cc_entrypoint=cli; cch={nonce};"


def history(turns: int) -> list[Json]:
    """A task of so many steps: read a file, be told the result, now and then a system message behind it."""
    said: list[Json] = [
        {"role": "user", "content": [{"type": "text", "text": _REMINDER}, {"type": "text", "text": "Fix the tests."}]}
    ]
    for n in range(turns):
        use: Json = {"type": "tool_use", "id": f"toolu_{n:04}", "name": "Read", "input": {"file_path": f"/srv/a{n}.py"}}
        said.append({"role": "assistant", "content": [{"type": "text", "text": f"Step {n}."}, use]})
        result: Json = {"type": "tool_result", "tool_use_id": f"toolu_{n:04}", "content": f"{n}\tdef f{n}(): ..."}
        said.append({"role": "user", "content": [result]})
        if n % 2:
            said.append({"role": "system", "content": f"The file a{n}.py was changed by the user."})
    return said


def request(turns: int = 2, nonce: str = "36ee5", model: str = "claude-sonnet-4-6") -> dict[str, Json]:
    return {
        "model": model,
        "max_tokens": LIMIT,
        "system": [
            {"type": "text", "text": billing(nonce)},
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "Be concise.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": history(turns),
        "tools": [_READ, _BASH],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": USER},
        "stream": True,
    }
