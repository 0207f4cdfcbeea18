"""Tells people: takes notices from wherever something happens, and has each channel send what is meant for it.

Whoever tells does not wait: a notice goes into a bounded queue, and a task for each channel does the rest. Of several
workers the parent alone sends, so that nobody is told the same by each of them. A process that is killed forgets what
waits.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import httpx
from prometheus_client import Counter, Metric

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.notify.delivery import Message, PostResult, post
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.notices import channels, cron, wording
from openclaw_extproc.notices.channels import Channel, Route
from openclaw_extproc.notices.joining import Joining, Outages, Pace
from openclaw_extproc.notices.kinds import Notice, NoticeKind

HERE = 0
"""The source of what this process saw itself; a worker's is its process id."""
GATHER_SECONDS = 1.0
"""The delay from the first notice to the message: what happens at once is told in one."""
LOOK_SECONDS = 1.0
MAX_WAITING = 100
"""Notices of one channel. Beyond it the oldest are dropped."""
WAITS = (1.0, 5.0)
"""Seconds before the second and the third try."""
LONGEST_WAIT = 30.0
"""Whoever names a longer one is not waited for longer."""
CLOSE_SECONDS = 2.0
"""What waits at the end of the process has so long to go out."""

CollectMetrics = Callable[[], Awaitable[Iterable[Metric]]]


@dataclass(slots=True)
class _ReportTotals:
    """The totals at the end of the last report of a channel."""

    at: float
    totals: wording.Totals
    due: float


class Notifier:
    """Takes notices and has each channel send those that are meant for it."""

    def __init__(self, secrets: Secrets) -> None:
        self.counter = Counter(
            "openclaw_notices",
            "Notices by channel and what became of them: sent, failed, dropped; `joined` has no channel",
            ["channel", "outcome"],
            registry=None,
        )
        """The counter of messages, to be registered by the owner of the metrics."""
        self._secrets = secrets
        self._lines: dict[str, _Line] = {}
        self._outages = Outages()
        self._joining = Joining()
        self._reported: dict[str, _ReportTotals] = {}
        self._began = time.time()
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._ticking: asyncio.Task[None] | None = None

    def start(self, settings: Settings, collected: CollectMetrics) -> None:
        """Sends from now on. `collected` returns all metrics, for reports."""
        self.update(settings)
        self._ticking = asyncio.create_task(self._tick(collected), name="notices")
        self._ticking.add_done_callback(_must_not_end)

    def update(self, settings: Settings) -> None:
        """Replaces the channels. What waits for a channel that remains is not lost."""
        self._outages.update(settings.gateway.providers)
        wanted = {channel.name: channel for channel in settings.channels if channel.routes}
        for name in [name for name, line in self._lines.items() if wanted.get(name) != line.channel]:
            line = self._lines.pop(name)
            line.close()
            if name in wanted:
                self._lines[name] = _Line(wanted[name], self._post, self.counter, line.waiting)
        for name, channel in wanted.items():
            if name not in self._lines:
                self._lines[name] = _Line(channel, self._post, self.counter)
        self._plan_reports()

    def tell(self, notice: Notice, source: int = HERE) -> None:
        """Takes a notice and returns at once. To be called in the thread of the event loop."""
        if not self._outages.news(notice, source) or not self._lines:
            return
        self._hand_on(notice, source)

    def forget_worker(self, source: int) -> None:
        """Forgets the outages that only this worker reported, because it has ended."""
        for subject in self._outages.forget_worker(source):
            text = f"{subject} is used again: the worker that reported it has ended"
            self._hand_on(Notice(NoticeKind.PROVIDER_BACK, subject, text, time.time()), HERE)

    async def close(self) -> None:
        """Sends what waits, for a short time, and ends."""
        if self._ticking is not None:
            self._ticking.cancel()
        for line in self._lines.values():
            line.hurry()
        ends = [asyncio.create_task(line.idle.wait()) for line in self._lines.values()]
        if ends:
            await asyncio.wait(ends, timeout=CLOSE_SECONDS)
        for end in ends:
            end.cancel()
        for line in self._lines.values():
            line.close()
        if self._client is not None:
            await self._client.aclose()

    def _hand_on(self, notice: Notice, source: int) -> None:
        now = self._joining.take(notice, source)
        if now is None:
            self.counter.labels("", "joined").inc()
        for line in self._lines.values():
            line.take(notice, joined=now is None)

    async def _tick(self, collected: CollectMetrics) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            at = time.time()
            for notice in self._joining.due(at):
                for line in self._lines.values():
                    line.take_late(notice)
            if any(one.due <= at for one in self._reported.values()):
                await self._report(at, _totals(await collected()))

    # -- reports ---------------------------------------------------------------------------

    def _plan_reports(self) -> None:
        at, before = time.time(), self._reported
        self._reported = {}
        for name, line in self._lines.items():
            due = _next(line.channel, at)
            if due is not None:
                known = before.get(name, _ReportTotals(self._began, {}, due))
                self._reported[name] = _ReportTotals(known.at, known.totals, due)

    async def _report(self, at: float, totals: wording.Totals) -> None:
        for name, before in list(self._reported.items()):
            line = self._lines.get(name)
            if line is None or before.due > at:
                continue
            text = wording.report_text(totals, before.totals, at, before.at)
            line.take(Notice(NoticeKind.DAILY_REPORT, "report", text, at), joined=False)
            self._reported[name] = _ReportTotals(at, totals, _next(line.channel, at) or float("inf"))

    async def _post(self, channel: Channel, message: Message) -> PostResult:
        async with self._opening:
            if self._client is None:
                # Reading all authorities takes longer than a request may wait.
                tls = await asyncio.to_thread(ssl.create_default_context)
                self._client = httpx.AsyncClient(verify=tls, trust_env=False, timeout=None)  # noqa: S113  # each try has a limit
        return await post(channel, message, self._secrets, self._client)


class _Line:
    """The queue of one channel, and the task that sends it."""

    def __init__(
        self,
        channel: Channel,
        send: Callable[[Channel, Message], Awaitable[PostResult]],
        counter: Counter,
        waiting: Iterable[tuple[Notice, Route]] = (),
    ) -> None:
        self.channel = channel
        self.waiting: deque[tuple[Notice, Route]] = deque(waiting)
        self._send = send
        self._counter = counter
        self._pace = Pace(channel.rate)
        self._wake, self._hurry = asyncio.Event(), asyncio.Event()
        self.idle = asyncio.Event()
        self._failing = False
        if self.waiting:
            self._wake.set()
        else:
            self.idle.set()
        self._task = asyncio.create_task(self._run(), name=f"channel {channel.name}")
        self._task.add_done_callback(_must_not_end)

    def take(self, notice: Notice, *, joined: bool) -> None:
        """`joined`: it is a repetition, for those who want each of them."""
        route = self.channel.routes.get(notice.kind)
        if route is not None and not (joined and route.dedup):
            self._add(notice, route)

    def take_late(self, notice: Notice) -> None:
        """What was joined, for those who want it so."""
        route = self.channel.routes.get(notice.kind)
        if route is not None and route.dedup:
            self._add(notice, route)

    def hurry(self) -> None:
        self._hurry.set()

    def close(self) -> None:
        self._task.cancel()

    def _add(self, notice: Notice, route: Route) -> None:
        if len(self.waiting) >= MAX_WAITING:
            self.waiting.popleft()
            self._count("dropped", 1)
        self.waiting.append((notice, route))
        self.idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await self._pause(GATHER_SECONDS)
            while (wait := self._pace.wait(time.monotonic())) > 0 and not self._hurry.is_set():
                await self._pause(wait)
            batch = list(self.waiting)
            self.waiting.clear()
            self._wake.clear()
            self._pace.note_sent(time.monotonic())
            await self._deliver(batch)
            if not self.waiting:
                self.idle.set()

    async def _deliver(self, batch: Sequence[tuple[Notice, Route]]) -> None:
        message = _message(self.channel, batch)
        posted = await self._send(self.channel, message)
        for wait in WAITS:
            if not posted.again:
                break
            await self._pause(min(wait if posted.wait is None else posted.wait, LONGEST_WAIT))
            posted = await self._send(self.channel, message)
        self._count("failed" if posted.why else "sent", len(batch))
        self._log(posted)

    def _log(self, posted: PostResult) -> None:
        """Logs when a channel begins to fail and when it works again, not each time."""
        if posted.why and not self._failing:
            data = {"channel": self.channel.name, "why": posted.why}
            logs.event("notices", "channel_failed", {**data}, level=logging.ERROR)
        elif self._failing and not posted.why:
            logs.event("notices", "channel_works_again", {"channel": self.channel.name})
        self._failing = bool(posted.why)

    def _count(self, outcome: str, number: int) -> None:
        self._counter.labels(self.channel.name, outcome).inc(number)

    async def _pause(self, seconds: float) -> None:
        """Cut short when the process ends."""
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            return


def _message(channel: Channel, batch: Sequence[tuple[Notice, Route]]) -> Message:
    place = socket.gethostname()
    lines = [wording.line(notice, route.template, place) for notice, route in batch]
    signed = any(route.template == wording.PLAIN for _, route in batch)
    text = wording.message(lines, place, channels.LIMITS[channel.vendor], signed=signed)
    return Message(text, [notice for notice, _ in batch], place)


def _next(channel: Channel, at: float) -> float | None:
    route = channel.routes.get(NoticeKind.DAILY_REPORT)
    return cron.parse_cron(route.schedule).next_after(at) if route is not None else None


def _totals(metrics: Iterable[Metric]) -> wording.Totals:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in metrics
        for sample in metric.samples
        if sample.name in wording.SERIES
    }


def _must_not_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (problem := task.exception()) is not None:
        data = {"task": task.get_name(), "why": type(problem).__name__}
        logs.event("notices", "telling_ended", {**data}, level=logging.ERROR)
