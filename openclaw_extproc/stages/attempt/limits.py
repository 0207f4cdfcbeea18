"""The limits on what an attempt takes of a provider's response, and the faults of a response that breaks one."""

from openclaw_extproc.faults import Fault, FaultKind

MAX_HELD_BYTES = 32 * 1024 * 1024
"""The bytes of a response that are held back here at most: Envoy keeps none of them."""
MAX_ERROR_BYTES = 1024 * 1024
"""The bytes of an error body that are read at most, for its message."""
MAX_WORDS_BYTES = 64 * 1024
WORDS_SECONDS = 0.1
"""What an error's body may take that is waited for only to tell it, should all others fail as well: the next attempt
waits for it."""
MAX_ANSWER_BYTES = 40 * 1024 * 1024
"""The size of one response at most, as the provider sends it and as the client gets it. Envoy's buffers are larger
(decision 21)."""

SILENT = Fault(FaultKind.UPSTREAM_SILENT, "the provider began no answer in time")
STALLED_RESPONSE = Fault(FaultKind.UPSTREAM_SILENT, "the provider fell silent in the middle of its answer")
TOO_LONG = Fault(FaultKind.UPSTREAM_SILENT, "the call has reached its time limit in the middle of its answer")
TOO_LARGE = Fault(FaultKind.UPSTREAM_GARBLED, f"the answer is larger than {MAX_ANSWER_BYTES} bytes, or too fast")
