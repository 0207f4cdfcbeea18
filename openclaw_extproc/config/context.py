"""`router.context_management`, linked."""

from collections.abc import Iterable, Iterator

from openclaw_extproc.config.findings import Finding, error, nearest, warning
from openclaw_extproc.config.written_context import ContextManagement
from openclaw_extproc.gateway import AUTO
from openclaw_extproc.strategy import Context

_PATH = "router.context_management"


def link_context(written: ContextManagement | None, names: Iterable[str]) -> tuple[Context | None, list[Finding]]:
    """`names`: of the models that may be asked."""
    if written is None or not written.enabled:
        return None, []
    findings = [*_about_summarizer(written, {*names} - {AUTO})]
    summarizes = written.compression_method == "summarize" and written.summarizer is not None
    context = Context(
        threshold=written.compression_threshold / 100,
        method="summarize" if summarizes else "truncate",
        preserve_critical=written.preserve_critical,
        summarizer=(written.summarizer or "") if summarizes else "",
        deadline_ms=written.deadline_ms,
    )
    return context, findings


def _about_summarizer(written: ContextManagement, names: set[str]) -> Iterator[Finding]:
    path, summarizer = f"{_PATH}.summarizer", written.summarizer
    match written.compression_method, summarizer:
        case "summarize", None:
            yield warning(path, "missing: what is left out is not summarized", "name a cheap model, or write truncate")
        case "truncate", str():
            yield warning(path, "not used", "write compression_method: summarize")
        case "summarize", str() if summarizer not in names:
            remedy = nearest(summarizer, names) or "write a model or an alias that is listed"
            yield error(path, f'no model is named "{summarizer}"', remedy)
        case _:
            pass
