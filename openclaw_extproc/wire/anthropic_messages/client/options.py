"""What a client says about its answer, apart from the messages: tools, thinking, form.

What the client runs is offered as functions (`native_tools`). What Anthropic runs is left out, and said so, unless
`tool_choice` insists on it. All tools are offered at once: `defer_loading` and its search for tools only save tokens.
Source: as `anthropic_messages`.
"""

from collections.abc import Iterator, Mapping, Sequence

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import CachePoint, JsonSchema, Output, Reasoning, ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages import native_tools
from openclaw_extproc.wire.anthropic_messages.client.blocks import cache_point, word
from openclaw_extproc.wire.anthropic_messages.client.losses import Losses
from openclaw_extproc.wire.translation import efforts


@dataclass(frozen=True, slots=True)
class Tools:
    specs: tuple[ToolSpec, ...] = ()
    cache: CachePoint | None = None
    left_out: frozenset[str] = frozenset()
    """Names of tools that stay behind."""


def tools(value: Json, losses: Losses, *, later: Sequence[tuple[Json, str]] = ()) -> Tools:
    """`later`: tools that the conversation itself declares, each with its path."""
    specs: dict[str, ToolSpec] = {}
    left_out: set[str] = set()
    cache: CachePoint | None = None
    declared = [(item, f"tools[{n}]") for n, item in enumerate(j.an_array(value_or_default(value, []), at="tools"))]
    for item, at in (*declared, *later):
        tool = j.an_object(item, at=at)
        if cache is not None:
            losses.drop("cache_control", f"{at}: cache_control before the last tool")
        if (point := tool.get("cache_control")) is not None:
            cache = cache_point(point, at=f"{at}.cache_control")
        offered = list(_tool(tool, at, losses))
        left_out |= set() if offered else {str(tool.get("name", ""))}
        for spec in offered:
            specs.setdefault(spec.name, spec)
    return Tools(tuple(specs.values()), cache if specs else None, frozenset(left_out))


def _tool(tool: Mapping[str, Json], at: str, losses: Losses) -> Iterator[ToolSpec]:
    type = j.a_string(value_or_default(tool.get("type"), "custom"), at=f"{at}.type")
    kind = native_tools.kind_of(type)
    if native_tools.is_client_run(kind):
        yield from native_tools.functions(kind, tool)
    elif kind == "custom":
        losses.rest(tool, f"type name description input_schema cache_control {_SAY_NOTHING}", at)
        yield ToolSpec(
            j.a_string(tool.get("name"), at=f"{at}.name"),
            j.a_string(value_or_default(tool.get("description"), ""), at=f"{at}.description"),
            j.an_object(value_or_default(tool.get("input_schema"), {}), at=f"{at}.input_schema"),
        )
    else:
        losses.drop(f"tool {kind}", f"{at}: {word(type) if kind in native_tools.VENDOR_RUN else 'unknown type'}")


_SAY_NOTHING = "defer_loading allowed_callers eager_input_streaming"
"""How Anthropic loads and calls a tool, and how it streams a call: here all are offered, and called by the model."""


def tool_choice(value: Json, offered: Tools, losses: Losses) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether tools may be called in parallel."""
    if value is None:
        return None, None
    choice = j.an_object(value, at="tool_choice")
    alone = choice.get("disable_parallel_tool_use")
    parallel = None if alone is None else not j.a_bool(alone, at="tool_choice.disable_parallel_tool_use")
    match j.a_string(choice.get("type"), at="tool_choice.type"):
        case "auto":
            return ToolChoice("auto"), parallel
        case "any":
            if offered.left_out and not offered.specs:
                losses.refuse("tool_choice: any, of tools that Anthropic runs")
            return ToolChoice("required"), parallel
        case "none":
            return ToolChoice("none"), parallel
        case "tool":
            name = j.a_string(choice.get("name"), at="tool_choice.name")
            if name in offered.left_out:
                losses.refuse(f"tool_choice: {word(name)}, which Anthropic runs")
            return ToolChoice("named", name), parallel
        case other:
            losses.refuse(f"tool_choice: {word(other)}")
            return None, parallel


def reasoning(thinking: Json, output_config: Mapping[str, Json], losses: Losses) -> Reasoning | None:
    """Reads `thinking` and `output_config.effort`."""
    effort = efforts.word(output_config.get("effort"))
    if thinking is None:
        return None if effort is None else Reasoning(effort)
    asked = j.an_object(thinking, at="thinking")
    losses.rest(asked, "type budget_tokens display", "thinking")
    visible = {"summarized": True, "omitted": False}.get(str(asked.get("display")))
    match j.a_string(asked.get("type"), at="thinking.type"):
        case "disabled":
            return Reasoning("none")
        case "enabled":
            budget = asked.get("budget_tokens")
            tokens = None if budget is None else j.an_int(budget, at="thinking.budget_tokens")
            return Reasoning(effort, tokens, visible)
        case "adaptive":
            return Reasoning(effort, None, visible)
        case other:
            losses.drop("thinking.type", f"thinking.type: {word(other)}")
            return Reasoning(effort, None, visible)


def output(output_config: Mapping[str, Json], older: Json, losses: Losses) -> Output | None:
    """`older`: `output_format`, the name it had in the beta."""
    losses.rest(output_config, "effort format", "output_config")
    asked = output_config.get("format", older)
    if asked is None:
        return None
    form = j.an_object(asked, at="output_config.format")
    kind = j.a_string(form.get("type"), at="output_config.format.type")
    if kind != "json_schema":
        losses.refuse(f"output_config.format: {word(kind)}")
        return None
    losses.rest(form, "type schema", "output_config.format")
    return JsonSchema(j.an_object(form.get("schema"), at="output_config.format.schema"))


def value_or_default(value: Json, default: Json) -> Json:
    """`null` says as little as a missing key."""
    return default if value is None else value
