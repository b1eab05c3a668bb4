"""Where the trainings of a sweep run: in processes of this machine, or wherever Ray sends them."""

from __future__ import annotations

import importlib
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from surefoot.errors import MissingPackage
from surefoot.train.process import start_training


class Job(Protocol):
    """A training under way."""

    def poll(self) -> int | None:
        """Its exit code once it has ended."""
        ...

    def stop(self) -> None:
        """End it, with everything saved."""
        ...


Launcher = Callable[[Path, Sequence[str]], Job]
"""Begins or continues the training in a run folder, with more flags."""


class LocalJob:
    """A process of this machine."""

    def __init__(self, run: Path, flags: Sequence[str]) -> None:
        self._process: subprocess.Popen[bytes] = start_training(run, flags)

    def poll(self) -> int | None:
        """Its exit code once it has ended."""
        return self._process.poll()

    def stop(self) -> None:
        """End it, with everything saved."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()


def ray_launcher() -> Launcher:
    """Trainings as tasks of Ray; all its machines must see the folder of runs.

    Raises:
        MissingPackage: Ray is not installed.
    """
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError:
        raise MissingPackage("ray", "--launcher ray", "pip install 'surefoot[ray]'") from None
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    remote: Any = ray.remote(num_cpus=1, max_retries=0)(_train_there)

    class RayJob:
        """A task of Ray."""

        def __init__(self, run: Path, flags: Sequence[str]) -> None:
            self._task = remote.remote(str(run.absolute()), list(flags))

        def poll(self) -> int | None:
            """Its exit code once it has ended."""
            done, _ = ray.wait([self._task], timeout=0.0)
            return int(ray.get(self._task)) if done else None

        def stop(self) -> None:
            """End it, with everything saved."""
            ray.cancel(self._task)
            ray.wait([self._task])

    return RayJob


def _train_there(run: str, flags: list[str]) -> int:
    """What a worker of Ray does."""
    job = start_training(Path(run), flags)
    try:
        return job.wait()
    except KeyboardInterrupt:  # how Ray cancels
        job.send_signal(signal.SIGINT)
        return job.wait()
