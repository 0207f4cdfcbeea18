"""Promises about embeddings that hold in every format that has them."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Failed, Finished, Grammar, OutOfOrderError, Started, TextStarted
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import Embed
from openclaw_extproc.wire import client_side, upstream_format
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES
from openclaw_extproc.wire.translation import vectors
from tests import samples
from tests.samples import provider_side
from tests.wire.embedding import FORMATS, ONE, OPENAI, again, answer, failed, sent, written

every_format = pytest.mark.parametrize("name", FORMATS)
every_pair = pytest.mark.parametrize(("one", "other"), [(a, b) for a in FORMATS for b in FORMATS])

floats32 = st.floats(allow_nan=False, allow_infinity=False, width=32)
lists = st.lists(floats32, min_size=1, max_size=4).map(tuple)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@every_format
def test_a_request_keeps_its_meaning(name: str) -> None:
    @given(st.lists(texts, min_size=1, max_size=3), st.none() | st.integers(1, 3_072))
    def check(inputs: list[str], dimensions: int | None) -> None:
        back = again(name, sent(name, Embed("m", tuple(inputs), dimensions)))

        assert (back.model, back.inputs, back.dimensions) == ("m", tuple(inputs), dimensions)
        assert back.losses == ()

    check()


@every_format
def test_numbers_survive_being_written_for_any_client(name: str) -> None:
    @given(st.lists(lists, min_size=1, max_size=3), st.none() | st.integers(0, 10**9))
    def check(found: list[tuple[float, ...]], tokens: int | None) -> None:
        facts = answer(*found, tokens=tokens, model="" if name == "gemini_embeddings" else "m")

        body = j.dump(written(name, Embed("m", ("x",) * len(found)), facts))

        assert samples.decode(provider_side(name), body, streamed=False) == facts

    check()


@every_format
def test_base64_comes_out_as_numbers_for_a_client_that_wants_them(name: str) -> None:
    vector = base64.b64encode(struct.pack("<2f", 0.5, -2.0)).decode()

    body = j.dump(written(name, Embed("m", ("x",)), answer(vector)))

    assert Embedded(0, (0.5, -2.0)) in samples.decode(provider_side(name), body, streamed=False)


@given(lists)
def test_numbers_are_the_same_after_a_way_through_base64(vector: tuple[float, ...]) -> None:
    assert vectors.numbers(vectors.to_base64(vector)) == [*vector]
    assert vectors.to_base64("as it came") == "as it came"


@pytest.mark.parametrize(
    "text", ["", "AAA", "AAAA", "&&&&", base64.b64encode(struct.pack("<f", float("inf"))).decode()]
)
def test_what_is_no_vector_in_base64_is_not_passed_on_as_numbers(text: str) -> None:
    with pytest.raises(UnreadableError):
        vectors.numbers(text)


def test_a_number_that_base64_cannot_hold_is_no_zero() -> None:
    with pytest.raises(UnreadableError):
        vectors.to_base64((1e300,))


@every_format
@pytest.mark.parametrize("indices", [[], [0], [0, 2], [0, 0], [0, 1, 2], [-1, 0]], ids=str)
def test_no_answer_has_fewer_vectors_than_texts_or_others(name: str, indices: list[int]) -> None:
    facts = [*(Embedded(index, (1.0,)) for index in indices), answer()[-1]]

    with pytest.raises(UnreadableError):
        written(name, Embed("m", ("a", "b")), facts)


@every_format
def test_vectors_come_in_the_order_of_the_texts(name: str) -> None:
    facts = [Started("", ""), Embedded(1, (1.0,)), Embedded(0, (0.0,)), *answer(tokens=None)[1:]]

    body = j.dump(written(name, Embed("m", ("a", "b")), facts))

    found = [fact for fact in samples.decode(provider_side(name), body, streamed=False) if isinstance(fact, Embedded)]
    assert found == [Embedded(0, (0.0,)), Embedded(1, (1.0,))]


@every_format
@given(st.lists(st.integers(0, 400), max_size=6))
def test_an_answer_means_the_same_wherever_the_network_cuts_it(name: str, cuts: list[int]) -> None:
    body = j.dump(written(name, Embed("m", ("a", "b")), answer((0.25, 1.0), (3.0, 4.5))))

    whole = samples.decode(provider_side(name), body, streamed=False)

    assert samples.decode(provider_side(name), *samples.cut(body, cuts), streamed=False) == whole


@every_format
def test_an_answer_that_breaks_off_is_never_complete(name: str) -> None:
    body = j.dump(written(name, Embed("m", ("a", "b")), answer((0.25, 1.0), (3.0, 4.5))))

    for length in range(len(body)):
        failed(samples.heard(provider_side(name), body[:length], streamed=False))


@every_format
@pytest.mark.parametrize("body", ["{}", "[]", "7", '{"data":[],"embeddings":[]}', '{"data":[{}],"embeddings":[{}]}'])
@pytest.mark.parametrize("vector", ["[]", '["a"]', "[true]", "7", "null", '[{"a":1}]'])
def test_an_answer_without_vectors_is_none(name: str, body: str, vector: str) -> None:
    holed = f'{{"data":[{{"embedding":{vector}}}],"embeddings":[{{"values":{vector}}}]}}'

    failed(samples.heard(provider_side(name), body.encode(), streamed=False))
    failed(samples.heard(provider_side(name), holed.encode(), streamed=False))


@every_format
def test_an_error_inside_an_answer_is_a_failure(name: str) -> None:
    said = client_side(name).encode_error(Fault(FaultKind.OVERLOADED, "busy"))

    fault = failed(samples.heard(provider_side(name), said, streamed=False)).fault

    assert fault.public == "busy"


@every_format
@pytest.mark.parametrize("kind", FaultKind)
def test_an_error_can_be_read_by_a_client(name: str, kind: FaultKind) -> None:
    side = client_side(name)

    back = provider_side(name).decode_error(kind.status, side.encode_error(Fault(kind, "words")))

    assert (back.public, back.upstream_status) == ("words", kind.status)
    assert side.encoder(Embed("m", ("a",)), 0).feed(Failed(Fault(kind, "words"))) == side.encode_error(
        Fault(kind, "words")
    )


@every_format
def test_an_answer_that_is_too_long_to_be_read_can_still_pass(name: str) -> None:
    """It is never translated: the stage sees to that, and an encoder that got no vectors writes no answer."""
    chunk = b" " * (MAX_EVENT_BYTES // 2 + 1)

    facts = samples.decode(provider_side(name), chunk, chunk, b"{}", streamed=False)

    assert [type(fact) for fact in facts] == [Started, Finished]


@every_pair
def test_embeddings_are_translated_into_embeddings(one: str, other: str) -> None:
    provider = Provider("p", "p", "anthropic_messages", also=(other,))

    spoken = upstream_format(provider, one)

    assert spoken is not None
    assert spoken.name == other


@every_format
def test_who_only_chats_cannot_embed_and_the_other_way_round(name: str) -> None:
    assert upstream_format(Provider("p", "p", "openai_chat", also=("gemini", "openai_completions")), name) is None
    assert upstream_format(Provider("p", "p", name), "openai_chat") is None


@every_format
@pytest.mark.parametrize("loss", ["!input: tokens", "!content: more than text"])
def test_what_must_be_carried_is_refused(name: str, loss: str) -> None:
    with pytest.raises(FaultError, match=loss[1:]) as caught:
        sent(name, Embed("m", ("a",), losses=(loss,)))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


@every_format
def test_what_only_its_own_format_knows_is_named(name: str) -> None:
    encoded = sent(name, Embed("m", ("a",), extras={"madeup": 1}, losses=("taskType",)))

    assert encoded.losses == ("taskType", "madeup")
    assert b"madeup" not in encoded.body


def test_a_vector_begins_no_chat_and_ends_none() -> None:
    grammar = Grammar()
    with pytest.raises(OutOfOrderError):
        grammar.check(Embedded(0, (1.0,)))
    for fact in (Started("", ""), Embedded(0, (1.0,))):
        grammar.check(fact)
    with pytest.raises(OutOfOrderError):
        grammar.check(TextStarted())


@pytest.mark.parametrize(
    ("name", "path", "raw"),
    [
        ("openai_embeddings", OPENAI, b'{"model":"x","input":"a","model":"m"}'),
        ("openai_completions", "/v1/completions", b'{"model":"x","prompt":"a","model":"m"}'),
        ("gemini_embeddings", ONE, b'{"content":7,"content":{"parts":[{"text":"a"}]}}'),
    ],
)
def test_a_key_that_stands_twice_goes_on_as_it_was_read(name: str, path: str, raw: bytes) -> None:
    body = j.parse(raw, where="test")

    edited = client_side(name).edit(ClientRequest(path, "", raw, body), UpstreamEdit("m"))

    assert edited.body != raw
    assert j.parse(edited.body, where="edited") == body
