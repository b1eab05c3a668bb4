"""A training at Weights & Biases: settings, metrics by the names of progress.csv, clips, policy."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from surefoot.errors import BadFile, InvalidConfig, MissingPackage, SurefootError
from surefoot.train.checkpoint import write_atomically
from surefoot.train.log import STEPS

PROJECT = "surefoot"
"""Where runs go unless a flag or WANDB_PROJECT says otherwise."""
FILE = "wandb.json"
"""In the run's folder: which run of W&B it is, so that a resumed training continues it."""


def import_wandb() -> Any:
    """The package, which is optional.

    Raises:
        MissingPackage: It is not installed.
    """
    try:
        return importlib.import_module("wandb")
    except ImportError:
        raise MissingPackage("wandb", "--track", "pip install 'surefoot[wandb]'") from None


class Tracker:
    """One run of W&B, new or continued; once it has begun, none of its failures stops a training.

    W&B's steps are environment steps. It takes no step twice: updates that are done again after a
    crash are left out there, and have the same numbers anyway.

    Args:
        folder: The run's folder, which gives the name; W&B's own files go to its `wandb/`.
        settings: The run's settings, as plain data.
        project: W&B's project, for a new run.
        entity: W&B's user or team, for a new run; None is the user's own.
        say: Called with a sentence when W&B fails on the way.

    Raises:
        MissingPackage: The package wandb is not installed.
        InvalidConfig: The run is tracked already, in another project or for another entity.
        BadFile: What the folder says about its run of W&B is damaged, or cannot be written.
        SurefootError: W&B did not start: nobody is logged in, or there is no network.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        *,
        project: str | None = None,
        entity: str | None = None,
        say: Callable[[str], None],
    ) -> None:
        self._wandb, self._say, self._failed = import_wandb(), say, False
        known = _read(folder / FILE)
        if known is None:
            project = project or os.environ.get("WANDB_PROJECT") or PROJECT
            which = {"project": project, "entity": entity}
        else:
            which = {**_unless_moved(known, project, entity), "resume": "allow"}
        try:
            self._run = self._wandb.init(
                dir=str(folder), name=folder.name, config=settings, allow_val_change=True, **which
            )
        except Exception as error:  # W&B has errors of many kinds: any means that it did not start
            raise SurefootError(
                f"Weights & Biases did not start ({_first_line(error)}): log in with `wandb "
                "login`, or set WANDB_MODE=offline to keep everything on this machine"
            ) from error
        if known is None:
            write_atomically(folder / FILE, json.dumps({"id": self._run.id, **which}).encode())

    def log(self, metrics: dict[str, float]) -> None:
        """Add a row of metrics."""
        self._tell(lambda: self._run.log(metrics, step=int(metrics[STEPS])))

    def log_clip(self, path: Path, nb_steps: int) -> None:
        """Add a video of the policy after `nb_steps` environment steps."""
        self._tell(
            lambda: self._run.log(
                {"video": self._wandb.Video(str(path), format="mp4")}, step=nb_steps
            )
        )

    def log_policy(self, path: Path) -> None:
        """Say where the final policy is."""
        self._tell(lambda: self._run.summary.update({"policy": str(path.resolve())}))

    def close(self) -> None:
        """Wait until W&B has everything."""
        self._tell(self._run.finish)

    def _tell(self, send: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            send()
        except Exception as error:  # as above; the training is worth more than its log
            self._failed = True
            self._say(f"Weights & Biases failed ({_first_line(error)}): nothing more is sent there")


def _read(file: Path) -> dict[str, Any] | None:
    """What is known about the run of W&B; None: it is not tracked yet."""
    if not file.exists():
        return None
    try:
        known = json.loads(file.read_text())
        return {name: known[name] for name in ("id", "project", "entity")}
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "Delete it to begin a new run there."
        raise BadFile(file, "this names no run of Weights & Biases", remedy) from None


def _unless_moved(known: dict[str, Any], project: str | None, entity: str | None) -> dict[str, Any]:
    """What is known, unless the user asks for another place."""
    for name, asked in (("project", project), ("entity", entity)):
        if asked not in (None, known[name]):
            raise InvalidConfig(
                f"--wandb-{name} is for a new run: this one is tracked in "
                f"{known['entity'] or 'your account'}, project {known['project']}"
            )
    return known


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
