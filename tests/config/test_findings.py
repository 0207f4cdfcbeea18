from openclaw_extproc.config.findings import ConfigError, error, errors, is_within, known_names, suggestion, warning


def test_a_finding_reads_as_place_finding_remedy() -> None:
    finding = error(
        "model.providers[1].fallback", f'no provider is named "gogle" {known_names(["google", "a"])}', "write it"
    )

    assert str(finding) == 'model.providers[1].fallback: no provider is named "gogle" (known: a, google): write it'
    assert str(error("", "no provider")) == "no provider"


def test_an_exception_shows_all_of_them() -> None:
    raised = ConfigError([error("a", "b"), warning("c", "d")])

    assert str(raised) == "a: b\nc: d"
    assert errors(raised.findings) == (error("a", "b"),)


def test_only_a_near_name_is_offered() -> None:
    assert suggestion("gogle", ["google", "anthropic"]) == "did you mean google?"
    assert suggestion("zzz", ["google"]) == ""


def test_a_path_is_within_what_it_begins_with_in_whole_steps() -> None:
    assert is_within("a.b", "a")
    assert is_within("a[0].b", "a")
    assert is_within("a", "a")
    assert not is_within("ab", "a")
