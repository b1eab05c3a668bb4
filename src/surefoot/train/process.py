"""A training in a process of its own: `surefoot train --resume RUN` of a folder made before."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl


def start_training(run: Path, flags: Sequence[str]) -> subprocess.Popen[bytes]:
    """Begin or continue a run, out of reach of Ctrl-C; it ends if this thread does.

    SIGINT stops it with everything saved. What it says is in its folder's train.log.

    Args:
        run: The run's folder.
        flags: More arguments of `surefoot train --resume`.
    """
    libc = ctypes.CDLL(None)
    command = [sys.executable, "-m", "surefoot.cli.main", "train", "--resume"]
    with open(_log(run), "wb") as log:
        return subprocess.Popen(
            [*command, str(run), *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            process_group=0,
            preexec_fn=lambda: libc.prctl(_DIE_WITH_PARENT, signal.SIGINT),
        )


def why_it_ended(run: Path, code: int) -> str:
    """What a process died of, from its exit code and its last words, in one sentence."""
    if code == -signal.SIGKILL:
        return "it was killed, often for want of memory: fewer at a time need less (--parallel 1)"
    if code < 0:
        return f"it was killed by {signal.Signals(-code).name}; what it said is in {_log(run)}"
    lines = _log(run).read_text(errors="replace").strip().splitlines()
    last = lines[-1].removeprefix("surefoot: ") if lines else f"exit code {code}"
    return last if code == 2 else f"{last}; all that it said is in {_log(run)}"


def _log(run: Path) -> Path:
    return run / "train.log"
