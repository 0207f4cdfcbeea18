"""What Linux knows about a process: proc(5)."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads so far."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mebibytes(pid: int) -> float:
    """The most memory it ever had resident."""
    return _memory(pid, "VmHWM:")


def resident_mebibytes(pid: int) -> float:
    """The memory that it has resident now."""
    return _memory(pid, "VmRSS:")


def _memory(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no {name} of process {pid}")


def run_on(pid: int, processors: set[int]) -> None:
    """Let every thread that the process has run on these processors only."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), processors)


def child_named(parent: int, name: str) -> int:
    """Raises `LookupError`: there is none."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            if int(_stat(pid)[1]) == parent and (folder / "comm").read_text().startswith(name):
                return pid
        except OSError:
            continue  # it has just ended
    raise LookupError(f"process {parent} has no child named {name}")


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown CPU"


def _stat(pid: int) -> list[str]:
    """The fields after the name: `_stat(pid)[0]` is the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
