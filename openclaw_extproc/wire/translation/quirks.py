"""The quirks of servers that speak a format otherwise than its vendor: a closed set of words that a provider's entry
lists."""

from typing import Literal, TypeAlias, get_args

Quirk: TypeAlias = Literal[
    "max_tokens",
    "no_stream_options",
    "no_json_schema",
    "no_json_object",
    "no_parallel_tool_calls",
    "tool_choice_any",
    "no_tool_choice_required",
    "nine_character_ids",
    "random_seed",
    "no_seed",
    "no_reasoning_effort",
    "no_penalties",
    "no_user",
    "no_store",
    "no_service_tier",
    "no_prompt_cache_key",
    "no_verbosity",
    "reasoning_enabled",
    "reasoning_returned",
    "no_reasoning_content",
    "no_image_links",
    "no_strict",
]

MEANINGS: dict[Quirk, str] = {
    "max_tokens": "the output limit is called `max_tokens`, the newer name is ignored or refused",
    "no_stream_options": "`stream_options` is refused",
    "no_json_schema": "`response_format` knows no `json_schema`: the schema is asked for in words",
    "no_json_object": "`response_format` is refused",
    "no_parallel_tool_calls": "`parallel_tool_calls` is refused",
    "tool_choice_any": "`required` is called `any`",
    "no_tool_choice_required": "`tool_choice` can only be `auto` or `none`",
    "nine_character_ids": "ids of calls are nine letters and digits",
    "random_seed": "`seed` is called `random_seed`",
    "no_seed": "`seed` is refused",
    "no_reasoning_effort": "`reasoning_effort` is refused",
    "no_penalties": "`frequency_penalty` and `presence_penalty` are refused",
    "no_user": "`user` and `safety_identifier` are refused",
    "no_store": "`store` and `metadata` are refused",
    "no_service_tier": "`service_tier` is refused",
    "no_prompt_cache_key": "`prompt_cache_key` is refused",
    "no_verbosity": "`verbosity` is refused",
    "reasoning_enabled": "thinking is switched by `reasoning: {enabled, effort, max_tokens}`",
    "reasoning_returned": "what the model thought has to come back as `reasoning_content`",
    "no_reasoning_content": "`reasoning_content` and `reasoning` of a message are refused",
    "no_image_links": "images have to be inline",
    "no_strict": "`strict` of a function is refused",
}

QUIRKS: tuple[Quirk, ...] = get_args(Quirk)
