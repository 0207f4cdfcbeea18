"""The only code that touches the network, the clock, the disk and the environment."""

import os

# We start programs, we never fork ourselves: without this gRPC warns about each of them. Read when grpc is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
