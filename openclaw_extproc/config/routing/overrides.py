"""Linking of `session:`, `prompt:` and `session.yml`. `models/chains.py` builds the chains of their models."""

from collections.abc import Collection, Iterator, Mapping

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.config.read.forms import PROMPT, SESSION, SESSION_FILE, Forms, LevelForm
from openclaw_extproc.config.routing.compliance import no_such_class
from openclaw_extproc.gateway import Target
from openclaw_extproc.strategy import Level, Levels

MAX_SESSIONS = 10_000
"""In a file that is looked through for each request."""


def link_levels(
    forms: Forms, chains: Mapping[str, tuple[Target, ...]], classes: Collection[str]
) -> tuple[Levels, list[Finding]]:
    """`classes`: the data classes there are."""
    by_label = {form.label: _level(form, chains) for form in forms.levels}
    findings = [finding for form in forms.levels for finding in _findings(form, chains, classes)]
    once = (PROMPT, SESSION, SESSION_FILE)
    sessions = {label.removeprefix(f"{SESSION_FILE}: "): one for label, one in by_label.items() if label not in once}
    if len(sessions) > MAX_SESSIONS:
        path = forms.levels[-1].path.rpartition(".")[0]
        findings.append(error(path, f"more than {MAX_SESSIONS:,} sessions", "write patterns: night-*"))
    session = _join(by_label.get(SESSION_FILE), by_label.get(SESSION))
    return Levels(session, sessions, by_label.get(PROMPT)), findings + list(_two_classes(forms))


def _level(form: LevelForm, chains: Mapping[str, tuple[Target, ...]]) -> Level:
    router = form.written.router
    return Level(
        name=form.label,
        model=form.chain if form.chain in chains else "",
        routing=router.enabled if router.enable is None else router.enable,
        timeout_ms=router.timeout_ms,
        data_class=form.written.data_class or "",
        max_cost_usd=form.written.max_cost_usd,
    )


def _join(nearer: Level | None, further: Level | None) -> Level | None:
    """The `session` of both files as one: what is nearer holds, and the lower limit."""
    if nearer is None or further is None:
        return nearer or further
    costs = [one.max_cost_usd for one in (nearer, further) if one.max_cost_usd is not None]
    return Level(
        name=nearer.name if nearer.model or not further.model else further.name,
        model=nearer.model or further.model,
        routing=further.routing if nearer.routing is None else nearer.routing,
        timeout_ms=further.timeout_ms if nearer.timeout_ms is None else nearer.timeout_ms,
        data_class=nearer.data_class or further.data_class,
        max_cost_usd=min(costs, default=None),
    )


def _findings(form: LevelForm, chains: Mapping[str, tuple[Target, ...]], classes: Collection[str]) -> Iterator[Finding]:
    level, path = form.written, form.path
    if form.label == PROMPT and form.wanted:
        finding = "applies to every request: the model choices of clients, sessions, users and rules are not used"
        yield warning(path, finding, "remove it, and send it with single requests as the header x-openclaw-prompt")
    if form.wanted and form.chain not in chains:
        finding = "none of its models has a provider that is there: it chooses no model"
        yield warning(path, finding, "name a provider of openclaw.yml, or give its own an endpoint")
    enable, enabled = level.router.enable, level.router.enabled
    if enable is not None and enabled is not None and enable != enabled:
        yield error(f"{path}.router.enabled", "differs from enable", "write one of the two")
    if level.data_class is not None:
        yield from no_such_class(level.data_class, f"{path}.data_class", classes)


def _two_classes(forms: Forms) -> Iterator[Finding]:
    """One `session` has one class, and leaving one out in silence would permit what the operator forbade."""
    said = {form.label: form for form in forms.levels if form.written.data_class}
    nearer, further = said.get(SESSION_FILE), said.get(SESSION)
    if nearer and further and nearer.written.data_class != further.written.data_class:
        finding = "is another data class than that of session in openclaw.yml"
        yield error(f"{nearer.path}.data_class", finding, "write it in one of the two places, or for single sessions")
