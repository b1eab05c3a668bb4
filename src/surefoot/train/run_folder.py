"""A run's folder: its name, its config.yaml, and where its files are."""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from filelock import FileLock, Timeout

from surefoot.algos.catalog import ALGORITHMS
from surefoot.errors import BadFile, InvalidConfig, UnknownName
from surefoot.seeding import stream_seed
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.course_pendulum_config import NAME as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.labyrinth_config import NAME as LABYRINTH
from surefoot.train.checkpoint import (
    VERSION,
    check_version,
    load_checkpoint,
    write_atomically,
)
from surefoot.train.config import AnyRunConfig, RunConfig
from surefoot.train.machine import write_machine
from surefoot.train.plain import differences, from_plain, to_plain

if TYPE_CHECKING:
    import torch

    from surefoot.train.tabular_run import TabularRun

_WORDS = """
    acorn amber anchor apple arrow aspen badge basil beacon birch bison bramble breeze brook cedar
    chalk cherry cliff clover cobalt comet copper coral cricket dahlia delta dune ember falcon fern
    finch flint forest fox garnet ginger glacier grove harbor hazel heron hickory indigo iris island
    ivory ivy jade jasper juniper kestrel lagoon larch laurel lemon lilac linden lotus lupin maple
    marble meadow mint nectar oak olive onyx opal orchid otter pebble pine plum poppy prairie quartz
    quince raven reed ridge river robin saffron sage sequoia sienna sparrow spruce summit swift
    tamarind teal thistle tulip tundra umber valley velvet violet walnut willow wren yarrow zephyr
""".split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read


_OF_THE_LECTURE = {LABYRINTH: "labyrinth.png", COURSE_PENDULUM: "swing_up.png"}
"""Tasks with runs of another kind, and the pictures that they leave."""
_FREE = {"config.steps", "config.sim_threads", "config.checkpoint_updates"}
"""Settings that may change between two sittings: the numbers of an update do not depend on them."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was trained: a task, its settings, and the algorithm."""

    task: str
    """Name in the catalog, or a Gymnasium id."""
    algo: str
    """Name of the algorithm."""
    preset: str
    """The preset that the settings began from."""
    config: AnyRunConfig
    """All settings."""

    def generator(self, stream: str) -> torch.Generator:
        """The generator of a named stream of random numbers, at its beginning."""
        import torch

        return torch.Generator().manual_seed(stream_seed(self.config.seed, stream))

    def to_plain(self) -> dict[str, Any]:
        """As plain data, with the format's version."""
        names = {"version": VERSION, "task": self.task, "algo": self.algo, "preset": self.preset}
        return {**names, "config": to_plain(self.config)}


def task_of(path: Path) -> object:
    """The task of the run in a folder; None if there is no run."""
    if not (path / "config.yaml").is_file():
        return None
    data = RunFolder(path).read_plain()
    return data.get("task") if isinstance(data, dict) else None


def run_from_plain(data: Any, source: Path) -> Run:
    """The run that `Run.to_plain` described.

    Raises:
        BadFile: Something is missing, unknown, or from a newer version.
    """
    remedy = "Restore the file, or train again."
    if not isinstance(data, dict) or "version" not in data:
        raise BadFile(source, "this does not describe a run of Surefoot", remedy)
    check_version(source, data["version"])
    if data.get("task") in _OF_THE_LECTURE:
        raise BadFile(
            source,
            f"a run of {data['task']} is evaluated (`surefoot eval RUN`), but not played, exported "
            "or continued",
            f"See {_OF_THE_LECTURE[data['task']]} beside it.",
        )
    try:
        task = str(data["task"])
        cls = TASKS[task].config if task in TASKS else GymnasiumConfig
        algo = str(data["algo"])
        if algo not in ALGORITHMS:
            raise UnknownName("algorithm", algo, ALGORITHMS, "Surefoot")
        config = from_plain(RunConfig[cls, ALGORITHMS[algo].config], data["config"])
        return Run(task=task, algo=algo, preset=data["preset"], config=config)
    except (KeyError, InvalidConfig, UnknownName) as error:
        raise BadFile(source, f"cannot be understood ({error})", remedy) from None


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """All settings, YAML."""
        return self.path / "config.yaml"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """The newest checkpoint: everything needed to continue."""
        return self.checkpoints / "last.pt"

    @property
    def best(self) -> Path:
        """The policy with the best return over the last hundred episodes."""
        return self.checkpoints / "best.pt"

    @property
    def progress(self) -> Path:
        """One row of metrics per update, CSV."""
        return self.path / "progress.csv"

    @property
    def policy(self) -> Path:
        """The exported policy; its card stands beside it as .json."""
        return self.path / "policy.onnx"

    @property
    def failure(self) -> Path:
        """The sentence with which the last sitting broke off; not there if it did not."""
        return self.path / "failure.txt"

    @property
    def videos(self) -> Path:
        """Folder of the clips filmed while training."""
        return self.path / "videos"

    def write_config(self, run: Run | TabularRun) -> None:
        """Write config.yaml."""
        text = yaml.safe_dump(run.to_plain(), sort_keys=False)
        write_atomically(self.config, text.encode())

    def read_plain(self) -> Any:
        """What config.yaml says, as plain data.

        Raises:
            BadFile: The folder is no run, or the file is damaged.
        """
        if not self.path.is_dir():
            there = "this is a file" if self.path.exists() else "there is no such folder"
            raise BadFile(self.path, there, "Name the run folder that train printed.")
        try:
            return yaml.safe_load(self.config.read_text())
        except FileNotFoundError:
            raise BadFile(self.path, "this is no run folder", "It has no config.yaml.") from None
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            raise BadFile(self.config, problem, "Restore the file.") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            raise BadFile(self.config, "this is not valid YAML", "Restore the file.") from None

    def read_config(self) -> Run:
        """Read config.yaml.

        Raises:
            BadFile: As for `read_plain`, or it does not describe a run of a network.
        """
        return run_from_plain(self.read_plain(), self.config)

    def read_last(self, run: Run) -> dict[str, Any] | None:
        """The newest checkpoint of a training of `run`; None if there is none yet.

        Raises:
            BadFile: It is damaged, holds a policy alone, or belongs to other settings than `run`.
        """
        if not self.last.exists():
            return None
        content = load_checkpoint(self.last)
        if "learner" not in content or "collector" not in content:
            problem = "this checkpoint holds a policy alone"
            raise BadFile(self.last, problem, "It can be played, but not continued.")
        trained = run_from_plain(content.get("run"), self.last).to_plain()
        different = sorted({*differences(trained, run.to_plain())} - _FREE)
        if different:
            named = ", ".join(name.removeprefix("config.") for name in different[:3])
            raise BadFile(
                self.last,
                f"this checkpoint has another {named}{', ...' if different[3:] else ''} than "
                f"{self.config.name}",
                "A run continues only with its own settings: restore the file, or train again.",
            )
        return content

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Keep a second training out of this folder until this one is over, however it ends.

        Raises:
            InvalidConfig: Another process is training here.
            BadFile: The folder cannot be written.
        """
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise InvalidConfig(
                f"another process is training in {self.path}: wait for it, or stop it first"
            ) from None
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise BadFile(self.path, problem, "Choose a folder of yours.") from None
        try:
            yield
        finally:
            lock.release()

    def prepare(self) -> None:
        """Make sure that checkpoints can be written, before anything is computed for them.

        Raises:
            BadFile: They cannot.
        """
        make_folder(self.checkpoints)


def make_folder(path: Path) -> None:
    """Make sure that a folder inside a run's folder is there.

    Raises:
        BadFile: It cannot be made.
    """
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        problem = f"cannot be created ({error.strerror})"
        raise BadFile(path, problem, "Free some space.") from None


def new_group_name() -> str:
    """DATE_NAME, where NAME is a random word."""
    date = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    return f"{date}_{secrets.choice(_WORDS)}"


def task_folder(root: Path, run: Run | TabularRun) -> Path:
    """The folder of all runs of a run's task."""
    return root / run.task.replace("/", "-").replace(":", "-")


def create_run_folder(root: Path, run: Run | TabularRun, *, group: str = "") -> RunFolder:
    """A new folder root/TASK/GROUP_SEED with config.yaml and machine.yaml.

    The group has a new name if it is not given one.

    Raises:
        BadFile: It cannot be written; nothing of it is left.
    """
    folder = RunFolder(task_folder(root, run) / f"{group or new_group_name()}_{run.config.seed}")
    home = folder.checkpoints if isinstance(run, Run) else folder.path
    try:
        home.mkdir(parents=True)
    except OSError as error:
        raise BadFile(
            folder.path, f"cannot be created ({error.strerror})", "Choose another --runs folder."
        ) from None
    try:
        folder.write_config(run)
        write_machine(folder.path)
    except BadFile as error:
        with contextlib.suppress(OSError):  # an empty folder helps nobody
            folder.config.unlink(missing_ok=True)
            home.rmdir()
            folder.path.rmdir()
        remedy = "Free some space, or choose another --runs folder."
        raise BadFile(error.path, error.problem, remedy) from None
    return folder
