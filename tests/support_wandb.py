"""A stand-in for the package wandb that remembers what it is told."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any


class Video:
    def __init__(self, path: str, *, format: str) -> None:
        assert format == "mp4"
        self.path = Path(path)


class FakeRun:
    """What `wandb.init` returns."""

    def __init__(self, arguments: dict[str, Any], number: int) -> None:
        self.arguments = arguments
        self.id = arguments.get("id") or f"run{number}"
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.summary: dict[str, Any] = {}
        self.finished = False

    def log(self, row: dict[str, Any], *, step: int) -> None:
        assert not self.finished
        assert not self.rows or step >= self.rows[-1][0]  # else the real one drops the row
        self.rows.append((step, dict(row)))

    def finish(self) -> None:
        self.finished = True


class FakeWandb(ModuleType):
    """The module: `init`, `Video`, and `runs`, what was begun so far."""

    Video = Video

    def __init__(self) -> None:
        super().__init__("wandb")
        self.runs: list[FakeRun] = []

    def init(self, **arguments: Any) -> FakeRun:
        assert Path(arguments["dir"]).is_dir()
        self.runs.append(FakeRun(arguments, len(self.runs)))
        return self.runs[-1]
