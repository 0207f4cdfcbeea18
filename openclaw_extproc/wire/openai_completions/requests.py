"""OpenAI's legacy completions: the client's request, read. See the package for the source.

OpenAI's legacy completions: what an operator adds to a client's request. See the package for the source.

There is no system text, so everything goes before the prompt: what stands behind it would be continued.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire.base import ClientRequest, Injection
from openclaw_extproc.wire.edits import join_texts
from openclaw_extproc.wire.openai.api import flag, model, number, text, whole, with_temperature
from openclaw_extproc.wire.translation.losses import MUST_CARRY

# -- requests --------------------------------------------------------------------------


LIMIT = "max_tokens"

_KNOWN_FIELDS = frozenset(
    {"model", "prompt", LIMIT, "temperature", "top_p", "stop", "frequency_penalty", "presence_penalty", "seed", "user"}
    | {"stream", "n", "best_of", "suffix", "echo"}
)


def decode_request(asked: ClientRequest) -> Chat:
    body = asked.body
    prompts = _prompts(body.get("prompt"))
    _check_stream_options(body.get("stream_options"))
    return Chat(
        model=model(body),
        # Several are for several answers, which is another format's loss: one turn with all of them tells as much.
        turns=(Turn("user", tuple(Text(prompt) for prompt in prompts if isinstance(prompt, str))),) if prompts else (),
        max_output_tokens=whole(body, LIMIT),
        temperature=number(body, "temperature"),
        top_p=number(body, "top_p"),
        stop=_stop(body.get("stop")),
        frequency_penalty=number(body, "frequency_penalty"),
        presence_penalty=number(body, "presence_penalty"),
        seed=whole(body, "seed"),
        user=text(body, "user"),
        stream=flag(body, "stream") is True,
        extras=j.without(body, _KNOWN_FIELDS),
        losses=tuple(_losses(body, prompts)),
    )


def _prompts(value: Json) -> list[Json]:
    """Texts or lists of tokens; none at all is a text from nothing."""
    match value:
        case None:
            return []
        case str():
            return [value]
        case list():
            if value and isinstance(value[0], int):
                return [value]
            for n, item in enumerate(value):
                if not isinstance(item, list):
                    j.a_string(item, at=f"prompt[{n}]")
            return value
        case _:
            raise UnreadableError(f"prompt: expected a string or an array, found {j.name_of(value)}")


def _losses(body: Mapping[str, Json], prompts: list[Json]) -> Iterator[str]:
    """What a chat cannot say; all but `best_of` would change what comes back."""
    answers = whole(body, "n") or 1
    refused = {
        "prompt: none": not any(prompts),
        "prompt: several": len(prompts) > 1,
        "prompt: tokens": any(isinstance(prompt, list) for prompt in prompts),
        "suffix": bool(text(body, "suffix")),
        "echo": flag(body, "echo") is True,
        "n: more than one answer": answers > 1,
    }
    yield from (MUST_CARRY + loss for loss, found in refused.items() if found)
    if (whole(body, "best_of") or answers) > answers:
        yield "best_of"


def _stop(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    items = [] if value is None else j.an_array(value, at="stop")
    return tuple(j.a_string(item, at=f"stop[{n}]") for n, item in enumerate(items))


def _check_stream_options(value: Json) -> None:
    """Checks `stream_options`, which are an extra that our encoder reads."""
    if value is not None:
        flag(j.an_object(value, at="stream_options"), "include_usage")


def wants_usage(chat: Chat) -> bool:
    """Whether the client asked for a usage chunk at the end of the stream."""
    options = chat.extras.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


# -- injection -------------------------------------------------------------------------


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
