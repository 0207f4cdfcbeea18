"""Linking of `router.context_management`."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.config.findings import Finding, error, suggestion, warning
from openclaw_extproc.config.schema.router import ContextManagement
from openclaw_extproc.gateway import AUTO, Provider
from openclaw_extproc.policy.context import SUMMARY_TOKENS
from openclaw_extproc.strategy import Context

_PATH = "router.context_management"


def link_context(
    written: ContextManagement | None, names: Iterable[str], cheapest: str
) -> tuple[Context | None, list[Finding]]:
    """`names`: of the models that may be asked. `cheapest`: the one of them that summarizes where none is named."""
    if written is None or not written.enabled:
        return None, []
    findings = [*_about_summarizer(written, {*names} - {AUTO}, cheapest)]
    wanted = written.summarizer or cheapest
    summarizes = written.compression_method == "summarize" and bool(wanted)
    context = Context(
        threshold=written.compression_threshold / 100,
        method="summarize" if summarizes else "truncate",
        preserve_critical=written.preserve_critical,
        summarizer=wanted if summarizes else "",
        deadline_ms=written.deadline_ms,
    )
    return context, findings


def cheapest_summarizer(
    catalog: Mapping[str, ModelFacts], chatting: Collection[str], providers: Mapping[str, Provider]
) -> str:
    """The chat model with the lowest price for a long prompt and a short answer, as `provider/model`; empty: none.

    `providers`: those whose credential is there. A model of one's own without a price costs nothing; of any other
    unknown price nobody can say that it is low. A caller's own key (`auth: forward`) does not go with our requests.
    """
    costs = {
        name: cost
        for name, facts in catalog.items()
        if name in chatting
        and (provider := providers.get(name.partition("/")[0]))
        and provider.auth != "forward"
        and (cost := _cost(facts)) is not None
    }
    return min(costs, key=lambda name: costs[name], default="")


def _cost(facts: ModelFacts) -> float | None:
    price = facts.price(_PROMPT_TOKENS)
    if price is not None:
        return price.of(_PROMPT_TOKENS, SUMMARY_TOKENS)
    return 0.0 if facts.kind == "local" else None


_PROMPT_TOKENS = 20_000


def _about_summarizer(written: ContextManagement, names: set[str], cheapest: str) -> Iterator[Finding]:
    path, summarizer = f"{_PATH}.summarizer", written.summarizer
    match written.compression_method, summarizer:
        case "summarize", None if not cheapest:
            finding = "missing, and no listed model has a known price: what is left out is not summarized"
            yield warning(path, finding, "name a cheap model, or write compression_method: truncate")
        case "truncate", str():
            yield warning(path, "not used", "write compression_method: summarize")
        case "summarize", str() if summarizer not in names:
            remedy = suggestion(summarizer, names) or "write a model or an alias that is listed"
            yield error(path, f'no model is named "{summarizer}"', remedy)
        case _:
            pass
