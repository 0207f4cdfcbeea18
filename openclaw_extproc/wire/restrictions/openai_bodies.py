"""A body in one of OpenAI's formats, without what its vendor or its model would refuse."""

from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.restrictions import lengths, openai_models
from openclaw_extproc.wire.restrictions.addresses import vendor_of
from openclaw_extproc.wire.restrictions.openai_models import Body, ModelRules, rules_for

OLD_LIMIT, LIMIT = "max_tokens", "max_completion_tokens"


def accepted_chat(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """A Chat Completions body that its model takes; what need not change is the very same value in both."""
    rules, fit = _rules(edit, translated=translated), _within_lengths(body, edit, losses, translated=translated)
    if rules is not None:
        if rules.vendor == "openai" and rules.samples != "always":
            _rename_limit(fit)
        openai_models.fitted_chat(fit, rules, losses)
    return fit


def accepted_responses(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """A Responses body that its model takes; what need not change is the very same value in both."""
    rules, fit = _rules(edit, translated=translated), _within_lengths(body, edit, losses, translated=translated)
    if rules is not None:
        openai_models.fitted_responses(fit, rules, losses)
    return fit


def _within_lengths(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool) -> Body:
    """OpenAI's own limits also where a translation goes to a server of somebody else's: they are the strictest."""
    fit, vendor = dict(body), vendor_of(edit.provider)
    if vendor is not None or translated:
        lengths.shorten_fields(fit, "openai" if translated or vendor is None else vendor, losses)
    return fit


def _rules(edit: UpstreamEdit, *, translated: bool) -> ModelRules | None:
    rules = rules_for(edit.model)
    return rules if rules is not None and (translated or vendor_of(edit.provider) == rules.vendor) else None


def _rename_limit(body: dict[str, Json]) -> None:
    """ "not compatible with o-series models" (openai-python 3.52, `max_tokens`), nor with any that reasons."""
    if body.get(OLD_LIMIT) is not None:
        old = body.pop(OLD_LIMIT)
        if body.get(LIMIT) is None:
            body[LIMIT] = old
