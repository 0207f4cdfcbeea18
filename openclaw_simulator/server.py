"""The simulated providers as HTTP servers: one `web.Application` per shape.

Control, for tests: `POST /_simulator/fault {"fault": "503", "times": 2}`, `GET` and `DELETE /_simulator/requests`.
Left out: HTTP/2, TLS.
"""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import WSMsgType, web

from openclaw_simulator import anthropic, bedrock, cohere, faults, gemini, openai
from openclaw_simulator.play import ResetByUsError, play
from openclaw_simulator.reading import RefusedError
from openclaw_simulator.recorder import Record, Recorder
from openclaw_simulator.shape import Call, Shape, Stamp
from openclaw_simulator.steps import Steps, page

SHAPES: dict[str, Shape] = {
    shape.name: shape for shape in (openai.SHAPE, anthropic.SHAPE, gemini.SHAPE, bedrock.SHAPE, cohere.SHAPE)
}
FAULT_HEADER = "x-simulator-fault"
MAX_BODY_BYTES = 64 * 2**20
"""Twice the 32 MB that Anthropic allows."""
MAX_MET = 10_000
"""Pairs of fault and model that are counted; then counting starts afresh, for clients choose the names."""
KEEP_ALIVE_SECONDS = 600
"""Longer than a proxy keeps its own idle connections, so that no request meets a closing one."""


class Simulator:
    """One simulated provider. What changes lives here: the count of requests, the set fault, the record."""

    def __init__(self, shape: Shape, name: str, *, record: bool = False, fault: str = "ok") -> None:
        faults.choose(fault)
        self.shape = shape
        self.name = name
        self.port = 0
        """Known once it serves."""
        self.recorder = Recorder() if record else None
        self._default = fault
        self._set = fault
        self._times: int | None = None
        self._met: Counter[tuple[str, str]] = Counter()
        self._numbers = itertools.count(1)
        self._cached: dict[str, float] = {}
        self._ending = False

    @property
    def requests(self) -> tuple[Record, ...]:
        """What was recorded, oldest first."""
        return tuple(self.recorder or ())

    def set_fault(self, name: str, times: int | None = None) -> None:
        """Answer with this fault from now on, or the next `times` calls only; also starts `500-once` afresh.

        Raises:
            UnknownFaultError: there is none of this name.
        """
        faults.choose(name)
        self._set, self._times = name, times
        self._met.clear()

    async def end(self, _: web.Application) -> None:
        """From now on it is the server that leaves, not the client."""
        self._ending = True

    async def chat(self, shape: Shape, request: web.Request) -> web.StreamResponse:
        call, stamp, record = await self._arrived(request)
        name, model = self._fault_of(shape, call)
        if record:
            record.fault = name
        return await self._play(request, self._steps(shape, call, stamp, name, model), stamp, record)

    async def models(self, shape: Shape, request: web.Request) -> web.StreamResponse:
        call, stamp, record = await self._arrived(request)
        refused = shape.refuse_key(call)
        steps = (
            faults.error(self._scene(shape, call, stamp), refused)
            if refused
            else page(200, "application/json", shape.models(stamp))
        )
        return await self._play(request, steps, stamp, record)

    async def anywhere(self, request: web.Request) -> web.StreamResponse:
        call, stamp, record = await self._arrived(request)
        return await self._play(request, self._other(request.method, call, stamp), stamp, record)

    def _other(self, method: str, call: Call, stamp: Stamp) -> Steps:
        """What is no chat: of the faults, only those that come before the request is looked at."""
        name, model = self._fault_of(self.shape, call)
        chosen, scene, refused = self._chosen(self.shape, call, stamp, name, model)
        if refused is None and chosen.fault.early and (early := chosen.fault.early(scene)) is not None:
            return early
        try:
            if refused:
                raise refused
            if self.shape.other is None:
                raise RefusedError(404, f"Invalid URL ({method} {call.path})")
            return page(200, "application/json", self.shape.other(method, call))
        except RefusedError as problem:
            return faults.error(scene, problem)

    async def socket(self, shape: Shape, request: web.Request) -> web.StreamResponse:
        """A websocket that sends back what it gets, until the client closes it."""
        call, stamp, record = await self._arrived(request)
        talk = web.WebSocketResponse(protocols=("realtime",))
        refused = shape.refuse_key(call)
        if refused is None and not talk.can_prepare(request).ok:
            refused = RefusedError(400, "Expected a websocket handshake.")
        if refused:
            return await self._play(request, faults.error(self._scene(shape, call, stamp), refused), stamp, record)
        talk.headers["x-simulator"] = self.name
        await talk.prepare(request)
        if record:
            record.status = talk.status
        await _echo(talk)
        if record:
            record.finished = True
        return talk

    async def _arrived(self, request: web.Request) -> tuple[Call, Stamp, Record | None]:
        call = Call(request.path, request.query, request.headers, await request.read(), request.method)
        stamp = Stamp(next(self._numbers), time.time(), self._cached)
        if self.recorder is None:
            return call, stamp, None
        return call, stamp, self.recorder.add(stamp.number, stamp.at, self.shape.name, request.method, call)

    async def _play(
        self, request: web.Request, steps: Steps, stamp: Stamp, record: Record | None
    ) -> web.StreamResponse:
        headers = (
            ("x-simulator", self.name),
            (self.shape.request_id, f"req_simulated{stamp.number}"),
            *self.shape.limits,
        )
        try:
            return await play(request, steps, headers, record)
        except ResetByUsError:
            raise
        except (asyncio.CancelledError, ConnectionError):
            if record and not self._ending:
                record.disconnected = True
            raise

    def _scene(
        self, shape: Shape, call: Call, stamp: Stamp, model: str = "", number: float = 0.0, before: int = 0
    ) -> faults.Scene:
        return faults.Scene(self.name, shape, call, model, stamp, number, before)

    def _fault_of(self, shape: Shape, call: Call) -> tuple[str, str]:
        """The fault for this chat (header, then model, then what was set) and the model it names."""
        model = shape.model_of(call)
        if named := call.headers.get(FAULT_HEADER):
            return named, model
        if named := faults.named_in(model):
            return named, model
        name = self._set
        if self._times is not None:
            self._times -= 1
            if self._times <= 0:
                self._set, self._times = self._default, None
        return name, model

    def _steps(self, shape: Shape, call: Call, stamp: Stamp, name: str, model: str) -> Steps:
        chosen, scene, refused = self._chosen(shape, call, stamp, name, model)
        return faults.error(scene, refused) if refused else faults.steps(scene, chosen)

    def _chosen(
        self, shape: Shape, call: Call, stamp: Stamp, name: str, model: str
    ) -> tuple[faults.Chosen, faults.Scene, RefusedError | None]:
        """The fault, what it may look at, and why the call is refused whatever the fault."""
        refused = shape.refuse_key(call)
        try:
            chosen = faults.choose(name)
        except faults.UnknownFaultError as problem:
            refused, chosen = RefusedError(400, str(problem)), faults.choose("ok")
        before = self._met[name, model]
        if len(self._met) >= MAX_MET:
            self._met.clear()
        self._met[name, model] += 1
        return chosen, self._scene(shape, call, stamp, model, chosen.number, before), refused


async def _echo(talk: web.WebSocketResponse) -> None:
    async for message in talk:
        match message.type:
            case WSMsgType.TEXT:
                await talk.send_str(message.data)
            case WSMsgType.BINARY:
                await talk.send_bytes(message.data)
            case _:
                return


# --- control ---


class _Control:
    """What a test may ask and change."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def fault(self, request: web.Request) -> web.Response:
        try:
            match json.loads(await request.read()):
                case {"fault": str(name), "times": int(times)} if times > 0:
                    self._simulator.set_fault(name, times)
                case {"fault": str(name), **rest} if not rest:
                    self._simulator.set_fault(name)
                case _:
                    return _json(400, {"error": 'wanted {"fault": NAME} or {"fault": NAME, "times": COUNT}'})
        except ValueError as problem:  # not JSON, or no such fault
            return _json(400, {"error": str(problem)})
        return _json(200, {"fault": name})

    async def requests(self, _: web.Request) -> web.Response:
        recorder = self._simulator.recorder
        if recorder is None:
            return _json(404, {"error": "nothing is recorded: start the simulator with --record"})
        return _json(200, {"requests": recorder.as_json()})

    async def forget(self, _: web.Request) -> web.Response:
        if self._simulator.recorder:
            self._simulator.recorder.clear()
        return web.Response(status=204)


def _json(status: int, value: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=json.dumps(value).encode(), content_type="application/json")


# --- serving ---


def application(shape: str, name: str | None = None, *, record: bool = False, fault: str = "ok") -> web.Application:
    """The server of one shape; run it with `handler_cancellation=True`, or a client that leaves is noticed late."""
    return application_of(Simulator(SHAPES[shape], name or shape, record=record, fault=fault))


def application_of(simulator: Simulator) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.on_shutdown.append(simulator.end)
    control = _Control(simulator)
    app.router.add_post("/_simulator/fault", control.fault)
    app.router.add_get("/_simulator/requests", control.requests)
    app.router.add_delete("/_simulator/requests", control.forget)
    listed: set[str] = set()
    for shape in (simulator.shape, *simulator.shape.also):
        if shape.models_path not in listed:
            listed.add(shape.models_path)
            app.router.add_get(shape.models_path, partial(simulator.models, shape))
        for path in shape.socket_paths:
            app.router.add_get(path, partial(simulator.socket, shape))
        for path in shape.chat_paths:
            app.router.add_route(shape.method, path, partial(simulator.chat, shape))
    app.router.add_route("*", "/{anywhere:.*}", simulator.anywhere)
    return app


@asynccontextmanager
async def serve(
    shape: str,
    name: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    record: bool = False,
    fault: str = "ok",
) -> AsyncGenerator[Simulator]:
    """Serve while the block runs. Port 0 takes a free one; `simulator.port` says which."""
    simulator = Simulator(SHAPES[shape], name or shape, record=record, fault=fault)
    runner = web.AppRunner(
        application_of(simulator),
        handler_cancellation=True,
        access_log=None,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=0.1,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        simulator.port = runner.addresses[0][1]
        yield simulator
    finally:
        await runner.cleanup()
