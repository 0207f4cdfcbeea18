"""OpenAI's legacy completions: what an operator adds to a client's request. See the package for the source.

There is no system text, so everything goes before the prompt: what stands behind it would be continued.
"""

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.edits.injection import join_texts
from openclaw_extproc.wire.openai.injection import with_temperature

IN_TOKENS = "template: the prompt is tokens"


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    words = join_texts(wanted.changes.preamble, wanted.changes.style)
    amended = with_temperature(body, wanted)
    if not words:
        return amended
    match body.get("prompt"):
        case list() as prompts if prompts and all(isinstance(prompt, str) for prompt in prompts):
            return {**amended, "prompt": [join_texts(words, str(prompt)) for prompt in prompts]}
        case None | str() as prompt:
            return {**amended, "prompt": join_texts(words, prompt or "")}
        case _:
            losses.append(IN_TOKENS)
            return amended
