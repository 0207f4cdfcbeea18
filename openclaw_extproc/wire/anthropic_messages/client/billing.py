"""The line by which Claude Code tells Anthropic whose call it is, left out for everybody else.

It stands at the very beginning of the system prompt and has a hash that changes with every request, so a provider that
keeps prompts by their beginning has nothing of the next one in its cache.

Source: anthropics/claude-code#68900 (`x-anthropic-billing-header: cc_version=…; cc_entrypoint=…; cch=…;` as the first
block of `system`), waybarrios/vllm-mlx#277 (as the first line of one text).
"""

import re

from openclaw_extproc.model.json import Json

_LINE = re.compile(r"\s*x-anthropic-billing-header:[^\n]*\n?")


def left_out(system: Json) -> Json:
    """`system` of a request without that line; the very same value where it has none."""
    if isinstance(system, str):
        found = _LINE.match(system)
        return system if found is None else system[found.end() :]
    if isinstance(system, list):
        kept = [block for block in system if not _is_line(block)]
        return system if len(kept) == len(system) else kept
    return system


def _is_line(block: Json) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, str) and _LINE.fullmatch(text) is not None
