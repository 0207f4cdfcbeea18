"""Anthropic messages: thinking, its settings, and the signatures that must come back.

A signature is made of the text that was shown, so that a block is known again only when nothing in it changed. The real
one is a secret; ours can be written by anyone who reads this, which a test may want.

Source: anthropic 2.11 `types/thinking_config_*_param.py`, `thinking_block_param.py` and its redacted sister;
https://platform.claude.com/docs/en/build-with-claude/extended-thinking; wording from public issue threads (for instance
quarkiverse/quarkus-langchain4j#1812 for `top_k`, anthropics/claude-code#19539 for changed blocks).
Left out: which model takes which kind of thinking.
"""

import base64
import binascii
import hashlib

from openclaw_simulator.anthropic_dialect import place, refused
from openclaw_simulator.reading import Json, Node
from openclaw_simulator.script import Ask

SIGNED = b"simulated thought "
_REDACTED = b"simulated redacted thought "
_DOCUMENTED = "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"

# --- what is issued ---


def redacts(ask: Ask) -> bool:
    return "redacted" in ask.model


def shown(ask: Ask, thought: str) -> str:
    """What the client sees: with `display: omitted` nothing."""
    return thought if ask.shows_thought else ""


def block_of(ask: Ask, thought: str) -> dict[str, Json]:
    """The block that an answer begins with."""
    if redacts(ask):
        return {"type": "redacted_thinking", "data": _sealed(_REDACTED, thought)}
    text = shown(ask, thought)
    return {"type": "thinking", "thinking": text, "signature": signature(text)}


def signature(thinking: str) -> str:
    return _sealed(SIGNED, thinking)


def _sealed(prefix: bytes, text: str) -> str:
    return base64.b64encode(prefix + hashlib.sha256(text.encode()).digest()).decode()


# --- what comes back ---


def check_block(block: Node) -> None:
    """A block of the history is one of ours, and as it was."""
    if block.need("type").text() == "redacted_thinking":
        if not _opened(block.need("data").text()).startswith(_REDACTED):
            raise refused(f"{place(block.at)}: Invalid `data` in `redacted_thinking` block")
        return
    text, signed = block.need("thinking").text(), block.need("signature").text()
    if not _opened(signed).startswith(SIGNED):
        raise refused(f"{place(block.at)}: Invalid `signature` in `thinking` block")
    if signed != signature(text):
        raise refused(
            f"{place(block.at)}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be "
            "modified. These blocks must remain as they were in the original response."
        )


def _opened(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


# --- what is asked for ---


def read_thinking(root: Node, max_tokens: int | None) -> tuple[bool, bool]:
    """Check the settings; whether to think, and whether to show it."""
    thinking = root.may("thinking")
    if thinking is None:
        return False, True
    match thinking.need("type").choice("enabled", "disabled", "adaptive", "between_tools"):
        case "enabled":
            budget = thinking.only(frozenset(("type", "budget_tokens", "display"))).need("budget_tokens").integer(1024)
            if max_tokens is not None and budget >= max_tokens:
                raise refused(f"`max_tokens` must be greater than `thinking.budget_tokens`. {_DOCUMENTED}")
        case "adaptive":
            thinking.only(frozenset(("type", "display")))
        case _:
            thinking.only(frozenset(("type",)))
            return False, True
    _check_sampling(root)
    display = thinking.may("display")
    return True, display is None or display.choice("summarized", "omitted") == "summarized"


def _check_sampling(root: Node) -> None:
    temperature, top_p = root.may("temperature"), root.may("top_p")
    if temperature and temperature.number() != 1:
        raise refused(f"`temperature` may only be set to 1 when thinking is enabled. {_DOCUMENTED}")
    if root.may("top_k"):
        raise refused(f"`top_k` must be unset when thinking is enabled. {_DOCUMENTED}")
    if top_p and top_p.number() < 0.95:
        raise refused(f"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {_DOCUMENTED}")
    choice = root.may("tool_choice")
    if choice and choice.need("type").text() in ("any", "tool"):
        raise refused("Thinking may not be enabled when tool_choice forces tool use.")


def check_kept(root: Node, turns: list[tuple[str, list[Node]]]) -> None:
    """With a budget, the assistant's turn in a tool loop, or a final one, still begins with its thinking.

    Adaptive thinking does without: https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking.
    """
    thinking = root.may("thinking")
    if thinking is None or thinking.need("type").text() != "enabled":
        return
    role, last = turns[-1]
    if role == "user" and all(block.need("type").text() != "tool_result" for block in last):
        return
    blocks = last if role == "assistant" else turns[-2][1] if len(turns) > 1 else []
    kind = blocks[0].need("type").text() if blocks else "thinking"
    if kind not in ("thinking", "redacted_thinking"):
        raise refused(
            f"{place(blocks[0].at)}.type: Expected `thinking` or `redacted_thinking`, but found `{kind}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the "
            "lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable `thinking`."
        )
