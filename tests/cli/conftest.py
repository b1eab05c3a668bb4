"""The command line in this process: what it printed, and its exit code; and tiny runs to use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support_cli import TINY, Said, Surefoot
from surefoot.cli.main import main


def call(capture, arguments) -> Said:
    """`surefoot ARGUMENTS`, in this process."""
    capture.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as exit_:  # --help, and tyro's own mistakes
        code = exit_.code or 0
    said = capture.readouterr()
    return Said(code, said.out, said.err)


@pytest.fixture
def surefoot(capfd, tmp_path, monkeypatch) -> Surefoot:
    """Runs a command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call(capfd, arguments)


@pytest.fixture
def refuse(surefoot) -> Callable[..., str]:
    """Runs a command that must fail: exit code 2, one sentence, no traceback; returns it."""

    def run(*arguments: object) -> str:
        said = surefoot(*arguments)
        assert said.code == 2, said
        assert said.out == ""
        assert "Traceback" not in said.err
        last = said.err.splitlines()[-1]
        assert last.startswith("surefoot: ")
        return last.removeprefix("surefoot: ")

    return run


@pytest.fixture
def no_export(monkeypatch) -> None:
    """Trainings end with an empty policy.onnx: the real one takes seconds."""
    monkeypatch.setattr(
        "surefoot.cli.export.export_agent", lambda agent, run, path: path.write_bytes(b"")
    )


@pytest.fixture
def no_figures(monkeypatch) -> None:
    """Trainings on the course's pendulum draw nothing: it takes seconds."""
    monkeypatch.setattr("surefoot.train.course_pendulum_folder.write_figures", lambda *_: None)


def _train(folder: Path, *arguments: str) -> Path:
    before = set(folder.rglob("config.yaml"))
    assert main(["train", *arguments, *TINY, "--runs", str(folder)]) == 0
    (config,) = set(folder.rglob("config.yaml")) - before
    return config.parent


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a finished run of two updates of a task; only to be read."""
    folder, runs = tmp_path_factory.mktemp("runs"), {}

    def find(task: str) -> Path:
        if task not in runs:
            runs[task] = _train(folder, task, "--steps", "80")
        return runs[task]

    return find


@pytest.fixture
def pendulum(trained) -> Path:
    """A finished run of upkie-pendulum; only to be read."""
    return trained("upkie-pendulum")


@pytest.fixture
def copy(pendulum, tmp_path) -> Path:
    """A finished run of upkie-pendulum to break."""
    return Path(shutil.copytree(pendulum, tmp_path / "copy"))
