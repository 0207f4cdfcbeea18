"""Control endpoints, the record, and clients that leave."""

import asyncio
import hashlib
from collections.abc import Callable

import httpx
import pytest

from openclaw_simulator import Record, Simulator, UnknownFaultError, application, serve
from openclaw_simulator.recorder import MAX_RECORDS
from tests.simulator.asking import SHAPES, chat, client, send


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110  # what is awaited happens in the server, which tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fault_can_be_set_for_some_requests(shape: str) -> None:
    async def inside() -> None:
        async with serve(shape) as simulator, client(simulator) as http:
            set_fault = await http.post("/_simulator/fault", json={"fault": "503", "times": 2})
            statuses = [(await send(simulator, chat(shape))).status_code for _ in range(3)]

            assert set_fault.status_code == 200
            assert statuses == [503, 503, 200]

    asyncio.run(inside())


def test_a_fault_can_be_set_until_further_notice() -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            await http.post("/_simulator/fault", json={"fault": "503"})
            assert [(await send(simulator, chat("openai"))).status_code for _ in range(3)] == [503] * 3

            await http.post("/_simulator/fault", json={"fault": "ok"})
            assert (await send(simulator, chat("openai"))).status_code == 200

    asyncio.run(inside())


def test_a_model_that_names_its_fault_uses_up_none_of_the_set_ones() -> None:
    async def inside() -> None:
        async with serve("openai") as simulator:
            simulator.set_fault("503", 1)
            models = ("m@fault-429", "m", "m")
            statuses = [(await send(simulator, chat("openai", model=model))).status_code for model in models]

            assert statuses == [429, 503, 200]

    asyncio.run(inside())


def test_a_server_can_have_a_fault_from_the_start() -> None:
    async def inside() -> None:
        async with serve("openai", fault="503") as simulator:
            simulator.set_fault("429", 1)
            assert [(await send(simulator, chat("openai"))).status_code for _ in range(2)] == [429, 503]

    asyncio.run(inside())
    with pytest.raises(UnknownFaultError):
        application("openai", fault="nonsense")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"fault": "nonsense"}', b'{"fault": "503", "times": 0}'])
def test_nonsense_sets_nothing(body: bytes) -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            refused = await http.post("/_simulator/fault", content=body)

            assert refused.status_code == 400
            assert refused.json()["error"]
            assert (await send(simulator, chat("openai"))).status_code == 200

    asyncio.run(inside())


def test_requests_are_recorded_as_they_came() -> None:
    async def inside() -> None:
        async with serve("gemini", record=True) as simulator, client(simulator) as http:
            request = chat("gemini", stream=True)
            await send(simulator, request, x_something="1")

            [record] = (await http.get("/_simulator/requests")).json()["requests"]
            assert record["method"] == "POST"
            assert record["path"] == "/v1beta/models/model:streamGenerateContent"
            assert record["query"] == {"alt": "sse"}
            assert record["headers"]["x-something"] == "1"
            assert record["body"] == request.raw.decode()
            assert record["body_length"] == len(request.raw)
            assert record["body_sha256"] == hashlib.sha256(request.raw).hexdigest()
            assert (record["status"], record["finished"], record["disconnected"]) == (200, True, False)

            assert (await http.delete("/_simulator/requests")).status_code == 204
            assert (await http.get("/_simulator/requests")).json() == {"requests": []}

    asyncio.run(inside())


def test_without_recording_the_record_is_not_there() -> None:
    async def inside() -> None:
        async with serve("openai") as simulator, client(simulator) as http:
            await send(simulator, chat("openai"))

            refused = await http.get("/_simulator/requests")
            assert (refused.status_code, "--record" in refused.text) == (404, True)

    asyncio.run(inside())


def test_the_record_keeps_the_last_ones_and_no_long_bodies() -> None:
    async def inside() -> None:
        async with serve("openai", record=True) as simulator, client(simulator) as http:
            for number in range(MAX_RECORDS + 5):
                await http.get(f"/{number}")
            assert len(simulator.requests) == MAX_RECORDS
            assert simulator.requests[0].path == "/5"

            await send(simulator, chat("openai", "x" * 1_000_001))
            assert simulator.requests[-1].body is None
            assert simulator.requests[-1].body_length > 1_000_000

    asyncio.run(inside())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fault", ["silent", "late", "stall", "slow-500"])
def test_a_client_that_leaves_is_noticed(shape: str, fault: str) -> None:
    async def inside() -> None:
        async with serve(shape, record=True) as simulator:
            request = chat(shape, model=f"m@fault-{fault}", stream=True)
            async with client(simulator, seconds=0.2) as http:
                with pytest.raises(httpx.ReadTimeout):
                    await http.post(request.path, content=request.raw, headers=request.headers)

            await until(lambda: simulator.requests[0].disconnected)
            assert not simulator.requests[0].finished

    asyncio.run(inside())


def test_our_own_reset_is_no_client_that_left() -> None:
    async def inside() -> tuple[Record, ...]:
        async with serve("openai", record=True) as simulator:
            for fault in ("reset", "reset-mid"):
                with pytest.raises(httpx.ReadError):
                    await send(simulator, chat("openai", model=f"fault-{fault}"))
            await until(lambda: all(record.finished for record in simulator.requests))
            return simulator.requests

    reset, reset_mid = asyncio.run(inside())

    assert (reset.disconnected, reset.status) == (False, None)
    assert (reset_mid.disconnected, reset_mid.status) == (False, 200)


def test_ending_the_server_is_no_client_that_left() -> None:
    async def inside() -> Simulator:
        async with serve("openai", record=True) as simulator:
            asked = asyncio.create_task(send(simulator, chat("openai", model="fault-silent")))
            await until(lambda: bool(simulator.requests))
        with pytest.raises(httpx.TransportError):
            await asked
        return simulator

    assert not asyncio.run(inside()).requests[0].disconnected
