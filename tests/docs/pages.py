"""The tables of `docs/wire-formats.md`, made from what the code does and says."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS
from openclaw_extproc.wire import FAMILIES, FORMATS
from openclaw_extproc.wire.http.passthrough import USUAL, Rule
from openclaw_extproc.wire.translation.quirks import MEANINGS, QUIRKS
from tests.docs.answering import ANSWERS, answered
from tests.docs.asking import FEATURES
from tests.docs.carrying import CLIENTS, Found, Way, columns, found, variants


def title(name: str) -> str:
    return FORMATS[name].title or name


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def requests() -> str:
    return "\n\n".join(f"### Clients of {title(client)}\n\n{_of_client(client)}" for client in CLIENTS)


def _of_client(client: str) -> str:
    into = columns(client)
    rows = [
        [feature, *(_cell(found(client, provider, feature)) for provider in into)]
        for feature, words in FEATURES.items()
        if client in words
    ]
    return table(["feature", *(f"to {title(provider)}" for provider in into)], rows)


def _cell(one: Found) -> str:
    way, names = one
    match way:
        case Way.EMULATED:
            return "otherwise: " + _named(names)
        case Way.LOST:
            return "lost: " + _named(names)
        case Way.NEEDLESS:
            return names[0]
        case Way.REFUSED:
            return "**400**"
        case _:
            return str(way.value)


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def differing() -> str:
    """The differences of each variant from its base format, for clients of another format."""
    lines = [f"- `{name}` behaves like `{base}`{_differences(name, base)}" for name, base in variants().items()]
    return "\n".join(lines)


def _differences(name: str, base: str) -> str:
    differ = {
        f"{feature}: {_cell(found(client, name, feature))}": None
        for client in CLIENTS
        if client != base
        for feature in FEATURES
        if found(client, name, feature) != found(client, base, feature)
    }
    return ", except for: " + "; ".join(differ) if differ else ", without differences"


def answers() -> str:
    rows = [[feature, *(answered(client, feature) for client in CLIENTS)] for feature in ANSWERS]
    return table(["in the response", *(title(client) for client in CLIENTS)], rows)


def models() -> str:
    return ", ".join(f"{title(name)} `{FORMATS[name].example_model}`" for name in columns(""))


def families() -> str:
    rows = [[f"`{family.prefix}`", _named(family.formats), _named(family.hosts)] for family in FAMILIES]
    return table(["prefix", "client formats", "host without a prefix"], rows)


def passed_on() -> str:
    """The table of what is passed on, a row for each name and family."""
    rows: list[list[str]] = []
    for family in FAMILIES:
        for group in dict.fromkeys(rule.group for rule in family.passthrough):
            rules = [rule for rule in family.passthrough if rule.group == group]
            opened = "(open by default)" if group in USUAL else f"`{group}`"
            rows.append(
                [f"`{family.prefix}`", opened, *("<br>".join(_rules(rules, destroys=d)) for d in (False, True))]
            )
    return table(["family", "opened by", "methods and paths", "additionally with `delete`"], rows)


def _rules(rules: Sequence[Rule], *, destroys: bool) -> Iterable[str]:
    """With where the model is named; a path and all that is below it on one line."""
    trees = {rule.path.removesuffix("/**") for rule in rules if rule.path.endswith("/**")}
    methods: dict[str, dict[str, None]] = {}
    for rule in rules:
        inside = rule.path.removesuffix("/**") in trees and not rule.model_at
        if rule.destroys == destroys and not (inside and not rule.path.endswith("/**")):
            where = f" (model: {rule.model_at})" if rule.model_at else ""
            shown = f"`{rule.path.replace('/**', '[/…]')}`{where}"
            methods.setdefault(shown, {}).update(dict.fromkeys(rule.methods))
    return (f"{', '.join(sorted(methods[shown]))} {shown}" for shown in methods)


def formats() -> str:
    rows = [
        [
            f"`{name}`",
            made.operation,
            f"`{made.base}`" if made.base else "",
            f"`{side.base_path('') or '/'}`",
            f"`{side.credential_header('')[0]}`",
            _named(sorted(side.reads)),
            "yes" if made.translated else "no, only in `also`",
        ]
        for name, made in sorted(FORMATS.items())
        if (side := made.provider)
    ]
    head = ["`format`", "operation", "variant of", "base path", "credential header", "settings", "usable as `format`"]
    return table(head, rows)


def quirks() -> str:
    rows = [
        [
            f"`{quirk}`",
            MEANINGS[quirk],
            _named(name for name, one in KNOWN_PROVIDERS.items() if quirk in one.quirks),
            _named(name for name in columns("") if (side := FORMATS[name].provider) and quirk in side.quirks),
        ]
        for quirk in QUIRKS
    ]
    return table(["quirk", "meaning", "known providers", "affects translation to"], rows)


def providers() -> str:
    rows = [
        [f"`{name}`", f"`{one.endpoint}`" if one.endpoint else "", f"`{one.format}`", _named(one.also)]
        for name, one in sorted(KNOWN_PROVIDERS.items())
    ]
    return table(["name", "endpoint", "`format`", "`also`"], rows)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "families": families,
    "passthrough": passed_on,
    "formats": formats,
    "providers": providers,
    "quirks": quirks,
    "models": models,
    "requests": requests,
    "variants": differing,
    "answers": answers,
}


def renewed(page: str) -> str:
    """The page with all its tables made anew."""
    for name, make in BLOCKS.items():
        begin, end = f"<!-- made: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        _, mark, after = rest.partition(end)
        assert mark, f"no place for {name}"
        page = f"{before}{begin}\n{make()}\n{end}{after}"
    return page
