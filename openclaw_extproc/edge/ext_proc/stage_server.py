"""What serves a stage: our own HTTP/2 on a unix socket, gRPC's on TCP."""

import importlib
from collections.abc import Callable
from typing import Protocol, cast

from openclaw_extproc.config.settings import UNIX, StageTls
from openclaw_extproc.edge.ext_proc.h2 import server as h2
from openclaw_extproc.edge.ext_proc.transport import Answerer, Open, nobody


class StageServer(Protocol):
    async def start(self) -> None: ...

    async def stop(self, seconds: float | None) -> None:
        """Take no more streams; those under way get so long to end."""
        ...


def stage_server(
    address: str,
    opens: Open,
    answerer: Answerer = nobody,
    is_serving: Callable[[], bool] = lambda: True,
    tls: StageTls | None = None,
) -> StageServer:
    """The server of one stage at `unix:/path` or `host:port`: the socket says which stage it is.

    Envoy asks each address whether it is well; `is_serving` is what it gets told.

    Raises:
        ListenError: nobody can listen there, or somebody else does.
    """
    if address.startswith(UNIX):
        server = h2.server()
        h2.add(server, address, opens, answerer, is_serving)
        return server
    # It takes half a second and 15 MB of memory: only who needs it imports it.
    module = importlib.import_module("openclaw_extproc.edge.ext_proc.grpc_server")
    return cast("StageServer", module.GrpcServer(address, opens, answerer, is_serving, tls))
