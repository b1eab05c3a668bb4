"""How much memory there is, so that what cannot fit is refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
     "total_inactive_file"),
)  # fmt: skip
"""A container's limit, what it uses, and how much of that are files that can be read again: in
cgroups of version 2 and 1."""


def available_memory() -> int | None:
    """Bytes that this process can still take, as far as the system tells; None where it does not.

    The least of what Linux says is available and what is left of the limit of a container.
    """
    limits = [_of_machine(), *(_of_container(*names) for names in _LIMITS)]
    return min((limit for limit in limits if limit is not None), default=None)


def _of_machine() -> int | None:
    try:
        kilobytes = _read_table(_MEMINFO)["MemAvailable:"]
    except (OSError, KeyError):
        return None
    return kilobytes * 1024


def _of_container(limit: str, used: str, table: str, files: str) -> int | None:
    try:
        most = (_CGROUP / limit).read_text().strip()
        taken = int((_CGROUP / used).read_text()) - _read_table(_CGROUP / table)[files]
    except (OSError, KeyError):
        return None
    return None if most == "max" else max(0, int(most) - taken)


def _read_table(path: Path) -> dict[str, int]:
    """Numbers by the word before them, line by line."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines}
