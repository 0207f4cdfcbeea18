"""Promises about where settings come from: processes that read the same texts plan with the same generation."""

from dataclasses import replace

from openclaw_extproc.edge.reload.config_files import Origin

TEXT = "model: {providers: [{name: ollama, models: [m], endpoint: 'http://127.0.0.1:1'}]}"
ORIGIN = Origin((("openclaw.yml", TEXT),), None, None, lenient=False)


def generation(origin: Origin, **environment: str) -> str:
    settings = origin.load(environment).settings
    assert settings is not None
    return settings.gateway.generation


def test_each_process_that_reads_the_same_texts_makes_the_same_generation() -> None:
    assert generation(ORIGIN) == generation(replace(ORIGIN), HOME="/elsewhere") != ""


def test_another_text_makes_another_generation() -> None:
    others = [
        replace(ORIGIN, texts=(("openclaw.yml", TEXT.replace("[m]", "[n]")),)),
        replace(ORIGIN, session=("session.yml", "session: {model: m}")),
        replace(ORIGIN, clusters=("clusters.yaml", "resources: []")),
        replace(ORIGIN, lenient=True),
    ]

    assert len({one.generation for one in (ORIGIN, *others)}) == 5
