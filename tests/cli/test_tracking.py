"""`surefoot train --track`: what Weights & Biases hears, and what happens where it does not."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from support_cli import TINY
from support_wandb import FakeRun, FakeWandb, Video
from surefoot.train.log import STEPS, read_progress

CARTPOLE = ("train", "CartPole-v1", *TINY, "--steps", "80")
LABYRINTH = ("train", "labyrinth", "--algo", "q-learning", "--task.maze", "dyna", "--steps", "9000")
COURSE = ("train", "course-pendulum", "--algo", "reinforce", "--nb-envs", "50", "--episodes", "200")
KINDS = pytest.mark.parametrize("command", [CARTPOLE, LABYRINTH, COURSE], ids=lambda c: c[1])

pytestmark = pytest.mark.usefixtures("no_export", "no_figures")


@pytest.fixture
def wandb(monkeypatch) -> FakeWandb:
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


@pytest.fixture
def no_wandb(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # importing it fails


def break_down(*_, **__):
    raise RuntimeError("the network\nis gone")


@KINDS
def test_settings_every_row_and_the_policy_are_told(surefoot, wandb, command):
    said = surefoot(*command, "--track")
    assert said.code == 0 and said.out == f"{said.run}\n"
    (run,) = wandb.runs
    assert run.arguments["config"] == yaml.safe_load((said.run / "config.yaml").read_text())
    assert {k: run.arguments[k] for k in ("project", "entity", "name", "dir")} == {
        "project": "surefoot", "entity": None, "name": said.run.name, "dir": str(said.run),
    }  # fmt: skip
    assert "id" not in run.arguments and "resume" not in run.arguments
    rows = read_progress(said.run / "progress.csv")
    assert len(rows) > 1
    told = [{name: f"{value:.9g}" for name, value in row.items()} for _, row in run.rows]
    assert told == [{name: value for name, value in row.items() if value} for row in rows]
    assert [step for step, _ in run.rows] == [int(float(row[STEPS])) for row in rows]
    policy = Path(run.summary["policy"])
    assert policy.is_absolute() and policy.is_file() and policy.parent.samefile(said.run)
    assert run.finished


@KINDS
def test_without_the_package_it_is_refused_before_training(refuse, no_wandb, tmp_path, command):
    assert refuse(*command, "--track") == (
        "--track needs the package 'wandb'. Install it: pip install 'surefoot[wandb]'"
    )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("command", [CARTPOLE, LABYRINTH], ids=lambda c: c[1])
def test_without_the_flag_nobody_is_told(surefoot, wandb, command):
    assert surefoot(*command).code == 0 and wandb.runs == []


@KINDS
def test_where_it_does_not_start_no_run_is_left(refuse, wandb, monkeypatch, tmp_path, command):
    monkeypatch.setattr(wandb, "init", break_down)
    assert refuse(*command, "--track") == (
        "Weights & Biases did not start (the network): log in with `wandb login`, or set "
        "WANDB_MODE=offline to keep everything on this machine"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("method", ["log", "finish"])
def test_a_failure_on_the_way_is_said_once_and_the_training_goes_on(
    surefoot, wandb, monkeypatch, method
):
    monkeypatch.setattr(FakeRun, method, break_down)
    said = surefoot(*CARTPOLE, "--track")
    assert said.code == 0 and (said.run / "policy.onnx").exists()
    sentence = "surefoot: Weights & Biases failed (the network): nothing more is sent there\n"
    assert said.err.count(sentence) == 1
    assert len(read_progress(said.run / "progress.csv")) == 2


def test_a_resumed_training_continues_the_same_run(surefoot, refuse, wandb, monkeypatch):
    run = surefoot(*CARTPOLE, "--track", "--wandb-project-name", "legs", "--wandb-entity", "us").run
    monkeypatch.setenv("WANDB_PROJECT", "elsewhere")
    further = ("train", "--resume", run, "--steps", "160", "--track")
    assert refuse(*further, "--wandb-project", "arms") == (
        "--wandb-project is for a new run: this one is tracked in us, project legs"
    )
    assert surefoot(*further).code == 0
    first, second = wandb.runs
    for begun in (first, second):
        assert begun.arguments["project"] == "legs" and begun.arguments["entity"] == "us"
    assert second.arguments["id"] == first.id and second.arguments["resume"] == "allow"
    assert second.arguments["config"]["config"]["steps"] == 160
    assert second.arguments["allow_val_change"] is True
    assert [step for step, _ in first.rows + second.rows] == [40, 80, 120, 160]
    said = surefoot("train", "--resume", run, "--steps", "200")
    assert "; Weights & Biases hears of it again with --track" in said.err
    assert len(wandb.runs) == 2
    surefoot("train", "--resume", run, "--track")  # finished: there is nothing to tell
    assert len(wandb.runs) == 2


def test_a_run_can_be_tracked_from_its_middle(surefoot, wandb):
    run = surefoot(*CARTPOLE).run
    assert surefoot("train", "--resume", run, "--steps", "160", "--track").code == 0
    (run,) = wandb.runs
    assert "id" not in run.arguments and [step for step, _ in run.rows] == [120, 160]


def test_the_projects_name_may_come_from_the_environment(surefoot, wandb, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "legs")
    surefoot(*LABYRINTH, "--track")
    surefoot(*LABYRINTH, "--track", "--wandb-project", "arms")
    assert [run.arguments["project"] for run in wandb.runs] == ["legs", "arms"]


def test_clips_are_told_at_their_steps(surefoot, wandb, monkeypatch):
    from surefoot.train import clips

    monkeypatch.setattr(clips, "LONGEST_S", 0.2)
    said = surefoot("train", "Surefoot/Labyrinth-v0", *TINY, "--steps", "80", "--track",
                    "--capture-video")  # fmt: skip
    told = [
        (step, row["video"].path.name) for step, row in wandb.runs[0].rows
        if isinstance(row.get("video"), Video)
    ]  # fmt: skip
    assert told == [(k, f"step-{k:09d}.mp4") for k in (0, 40, 80)]
    assert said.code == 0 and len(wandb.runs[0].rows) == 5


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": "a", "project": "b"}'])
def test_a_damaged_note_of_the_run_is_named(surefoot, refuse, wandb, content):
    run = surefoot(*CARTPOLE).run
    (run / "wandb.json").write_text(content)
    said = refuse("train", "--resume", run, "--steps", "160", "--track")
    assert said == (
        f"{run / 'wandb.json'}: this names no run of Weights & Biases. Delete it to begin a new "
        "run there."
    )


@KINDS
def test_details_of_tracking_need_tracking(refuse, tmp_path, command):
    for detail in ("project", "entity"):
        said = refuse(*command, f"--wandb-{detail}", "legs")
        assert said == f"--wandb-{detail} is a detail of --track: add --track"
    assert re.search("Did you mean '--track'", refuse(*command, "--trak"))
    assert [*tmp_path.iterdir()] == []
