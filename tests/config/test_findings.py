from openclaw_extproc.config.findings import ConfigError, error, errors, known, nearest, warning, within


def test_a_finding_reads_as_place_finding_remedy() -> None:
    finding = error("model.providers[1].fallback", f'no provider is named "gogle" {known(["google", "a"])}', "write it")

    assert str(finding) == 'model.providers[1].fallback: no provider is named "gogle" (known: a, google): write it'
    assert str(error("", "no provider")) == "no provider"


def test_an_exception_shows_all_of_them() -> None:
    raised = ConfigError([error("a", "b"), warning("c", "d")])

    assert str(raised) == "a: b\nc: d"
    assert errors(raised.findings) == (error("a", "b"),)


def test_only_a_near_name_is_offered() -> None:
    assert nearest("gogle", ["google", "anthropic"]) == "did you mean google?"
    assert nearest("zzz", ["google"]) == ""


def test_a_path_is_within_what_it_begins_with_in_whole_steps() -> None:
    assert within("a.b", "a")
    assert within("a[0].b", "a")
    assert within("a", "a")
    assert not within("ab", "a")
