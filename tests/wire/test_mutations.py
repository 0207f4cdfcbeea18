"""Requests and answers as they were recorded, spoilt in one to four places, through both stages and in every pair.

Short by default; `make fuzz` runs 100,000. A case that fails names its seed: `FUZZ_SEED=… FUZZ_CASES=1` runs it alone.
"""

import json
import os
import time
from collections import Counter
from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.model.facts import Failed, Finished
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import ResponseHead
from openclaw_extproc.wire import FORMATS, api_path_of
from openclaw_extproc.wire.translation.quirks import QUIRKS
from tests.frames import event, frame
from tests.samples import AGENTS, ANSWERS, REQUESTS, Case, cut, heard, provider_side
from tests.stages.sense import goes_out, makes_sense
from tests.stages.talking import BEGAN, Talk, chunks, gateway, provider, received
from tests.wire.mutating import Spoiler
from tests.wire.test_bedrock_anthropic import framed

CASES = int(os.environ.get("FUZZ_CASES", "2500"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))

PROVIDERS = sorted(n for n, made in FORMATS.items() if made.provider and made.translated and made.operation == "chat")
"""Variants too."""
ASKED = [*REQUESTS, *AGENTS]
BODIES = [case.request for case in ASKED] + [case.answer(streamed=streamed) for case, streamed in ANSWERS]


def test_no_spoilt_body_breaks_the_stages(capsys: pytest.CaptureFixture[str]) -> None:
    seen: Counter[str] = Counter()
    began = time.perf_counter()

    for seed in range(SEED, SEED + CASES):
        try:
            seen[_play(Spoiler(seed, BODIES))] += 1
        except BaseException as problem:
            problem.add_note(f"FUZZ_SEED={seed} FUZZ_CASES=1")
            raise

    seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\n{CASES:,} spoilt bodies, {CASES / seconds:,.0f} a second: {dict(seen.most_common())}")
    assert CASES < 1_000 or {"refused", "ok", "failed"} <= seen.keys(), "some way through was never taken"


def _play(spoiler: Spoiler) -> str:
    """A request to some provider, and its answer; one of them, or both, is not as it should be."""
    dice = spoiler.dice
    case, name = dice.choice(ASKED), dice.choice(PROVIDERS)
    spoils_request, spoils_answer = dice.choice(((True, False), (False, True), (False, True), (True, True)))
    body = spoiler.spoilt(case.request) if spoils_request else case.request
    sent = goes_out(case, body, _world(name, spoiler))
    if sent is None:
        return "refused"
    return _answered(sent, case, body, name, spoiler, spoils=spoils_answer)


def _world(name: str, spoiler: Spoiler) -> Gateway:
    """Some provider of this format, alone or with a second one behind it."""
    quirks = frozenset(spoiler.dice.sample(QUIRKS, spoiler.dice.choice((0, 0, 1, 4))))
    there: Provider = replace(provider(name, project="p", region="us-east-1"), quirks=quirks)
    target = Target(there, "m")
    return gateway((target, target) if spoiler.dice.random() < 0.3 else (target,), max_retries=0)


def _answered(sent: Talk[AttemptEntry], case: Case, body: bytes, name: str, spoiler: Spoiler, *, spoils: bool) -> str:
    words = FORMATS[name].words
    stream = case.client.decode_request(case.asked(body)).stream
    own = [answer for answer in ANSWERS if answer[0].format == words]
    answer, streamed = spoiler.dice.choice(own if spoiler.dice.random() < 0.95 else ANSWERS)
    said = _said(answer, name, spoiler, streamed=streamed, spoils=spoils)
    pieces = spoiler.pieces(said)
    if not (streamed and provider_side(name).unframe):  # which the base format's decoder does not see
        _makes_facts(name, cut(said, pieces), streamed=streamed)
    status = spoiler.dice.choice((200,) * 12 + (400, 429, 500))
    kind = provider_side(name).stream_type if streamed else "application/json"
    sent.tell(ResponseHead({":status": str(status), "content-type": kind}, BEGAN + 2), *chunks(said, pieces))
    assert sent.replied or sent.all_answered()
    entry = sent.hang_up().entry
    assert entry.fault is None or entry.fault.kind is not FaultKind.BUG
    got = received(sent)
    if got.status < 400 and stream and not got.headers["content-type"].startswith("text/event-stream"):
        return entry.outcome.value  # Gemini's streams may be an array, which no decoder of ours reads
    makes_sense(case.format, got, entry, stream=stream, translated=words != case.format)
    return entry.outcome.value


def _said(answer: Case, name: str, spoiler: Spoiler, *, streamed: bool, spoils: bool) -> bytes:
    """In the frames of a provider whose streams come in some."""
    if not streamed:
        return spoiler.spoilt(answer.answer(streamed=False)) if spoils else answer.answer(streamed=False)
    lines = (answer.folder / "response.frames").read_bytes() if answer.in_frames else answer.answer(streamed=True)
    between = b"\n" if answer.in_frames else b"\n\n"
    events = spoiler.spoilt_stream(lines, between) if spoils else lines
    if answer.in_frames:
        said = b"".join(map(_framed, events.split(b"\n")))
    elif provider_side(name).unframe:
        said = framed(events)
    else:
        return events
    return spoiler.spoilt_frames(said) if spoils else said


def _framed(line: bytes) -> bytes:
    try:
        ((name, payload),) = json.loads(line).items()
    except (ValueError, AttributeError):
        return frame({":event-type": "chunk", ":message-type": "event"}, line)
    return event(name.encode("ascii", "replace").decode()[:200], payload)


def _makes_facts(name: str, pieces: list[bytes], *, streamed: bool) -> None:
    """In the order of the grammar, to an end that says how it ended."""
    facts = heard(provider_side(name), *pieces, streamed=streamed)
    assert facts
    assert isinstance(facts[-1], Finished | Failed)


# -- calls that are no chats ------------------------------------------------------------------

_VECTOR = b"[0.5,-2.0]"
OTHER_CALLS: dict[str, bytes] = {
    "/v1/embeddings": b'{"model":"m","input":["a","b"],"dimensions":2,"encoding_format":"base64","user":"u"}',
    "/v1beta/models/m:embedContent": b'{"content":{"parts":[{"text":"a"}]},"outputDimensionality":2}',
    "/v1beta/models/m:batchEmbedContents": b'{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}}]}',
    "/v1/completions": b'{"model":"m","prompt":"hi","max_tokens":9,"stop":["x"],"temperature":1,"echo":false}',
    "/v1/messages/count_tokens": b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}',
    "/v1beta/models/m:countTokens": b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}',
}
OTHER_ANSWERS: dict[str, bytes] = {
    "openai_embeddings": b'{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":%b},'
    b'{"object":"embedding","index":1,"embedding":%b}],"usage":{"prompt_tokens":2,"total_tokens":2}}'
    % (_VECTOR, _VECTOR),
    "gemini_embeddings": b'{"embeddings":[{"values":%b},{"values":%b}]}' % (_VECTOR, _VECTOR),
    "openai_completions": b'{"id":"c","object":"text_completion","model":"m","choices":[{"index":0,"text":"yes",'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}}',
    "openai_chat": b'{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},'
    b'"finish_reason":"stop"}]}',
    "anthropic_count_tokens": b'{"input_tokens":9}',
    "gemini_count_tokens": b'{"totalTokens":9}',
}


def test_no_spoilt_body_of_another_call_breaks_the_stages() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEED, SEED + max(CASES // 5, 1)):
        try:
            seen[_play_another(Spoiler(seed, [*OTHER_CALLS.values(), *OTHER_ANSWERS.values(), *BODIES[:5]]))] += 1
        except BaseException as problem:
            problem.add_note(f"FUZZ_SEED={seed} FUZZ_CASES=1")
            raise

    assert CASES < 1_000 or {"refused", "ok", "failed"} <= seen.keys(), "some way through was never taken"


def _play_another(spoiler: Spoiler) -> str:
    dice = spoiler.dice
    path, body = dice.choice([*OTHER_CALLS.items()])
    client = api_path_of(path).format
    name = dice.choice([n for n in OTHER_ANSWERS if _meets(client, n)])
    spoils_request, spoils_answer = dice.choice(((True, False), (False, True), (True, True)))
    there = provider(FORMATS[name].same_vendor or name) if FORMATS[name].operation == "count_tokens" else provider(name)
    world = gateway((Target(replace(there, also=(name,)), "m"),), max_retries=0)
    sent = goes_out(REQUESTS[0], spoiler.spoilt(body) if spoils_request else body, world, {":path": path})
    if sent is None:
        return "refused"
    said = spoiler.spoilt(OTHER_ANSWERS[name]) if spoils_answer else OTHER_ANSWERS[name]
    head = ResponseHead({":status": "200", "content-type": "application/json"}, BEGAN + 2)
    sent.tell(head, *chunks(said, spoiler.pieces(said)))
    assert sent.replied or sent.all_answered()
    entry = sent.hang_up().entry
    got = received(sent)
    if got.status < 400 and not got.headers["content-type"].startswith("application/json"):
        return entry.outcome.value  # a legacy completion that became a stream
    makes_sense(client, got, entry, stream=False, translated=name != client)
    return entry.outcome.value


def _meets(client: str, name: str) -> bool:
    if client == "openai_completions":
        return name in (client, "openai_chat")
    return client == name or FORMATS[client].operation == FORMATS[name].operation == "embeddings"
