"""`surefoot train course-pendulum` from the command to the figures."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch
import yaml

from surefoot.algos.policy_gradient_config import ActorCriticConfig
from surefoot.errors import BadFile
from surefoot.train.course_pendulum_folder import read_result, read_run


def test_a_training_leaves_everything_in_its_folder(surefoot):
    said = surefoot(
        "train", "course-pendulum", "--algo", "actor-critic", "--nb-envs", "50", "--episodes",
        "400", "--seed", "3", "--seeds", "2", "--algo.learning-rate", "2e-5",
    )  # fmt: skip
    assert said.code == 0, said
    folder = Path(said.out.strip())
    assert folder.parent.name == "course-pendulum" and folder.name.endswith("_3")
    assert {"config.yaml", "progress.csv", "parameters.pt", "learning_curve.png",
            "swing_up.png"} < {path.name for path in folder.iterdir()}  # fmt: skip

    data = yaml.safe_load((folder / "config.yaml").read_text())
    assert (data["task"], data["algo"], data["preset"]) == (
        "course-pendulum", "actor-critic", "default",
    )  # fmt: skip
    run = read_run(folder)
    assert isinstance(run.algo, ActorCriticConfig)
    assert (run.algo.learning_rate, run.seeds, run.nb_envs) == (2e-5, 2, 50)

    agent, cost = read_result(folder)
    assert cost.shape == (2, 400) and agent.policy.theta.any()
    rows = [*csv.DictReader((folder / "progress.csv").read_text().splitlines())]
    assert [row["rollout/episodes"] for row in rows] == ["100", "200", "300", "400"]
    assert [row["time/total_timesteps"] for row in rows] == ["20000", "40000", "60000", "80000"]
    last = cost[:, -100:].mean(dim=1)
    assert float(rows[-1]["seeds/ep_cost_mean_3"]) == pytest.approx(last[0].item(), rel=1e-6)
    assert float(rows[-1]["seeds/ep_cost_mean_4"]) == pytest.approx(last[1].item(), rel=1e-6)
    assert float(rows[-1]["rollout/ep_cost_mean"]) == pytest.approx(last.mean().item(), rel=1e-6)
    assert torch.isfinite(cost).all()


TINY = ("train", "course-pendulum", "--nb-envs", "10", "--episodes", "20", "--seed", "5")


def test_a_run_is_evaluated(surefoot):
    folder = surefoot(*TINY, "--seeds", "2").run
    said = surefoot("eval", folder, "--episodes", "4")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "course-pendulum, most likely actions, from hanging at rest"
    for seed, line in zip((5, 6), lines[1:3], strict=True):
        assert line.startswith(f"  seed {seed} ") and line.endswith("of 4 episodes with pushes")
    assert re.search(
        r"discounted cost .*95 % interval.*\n  optimum +110.9\n  holds +0 of 2", said.out
    )
    result = json.loads(surefoot("eval", folder, "--episodes", "4", "--json").out)
    assert (result["episodes"], result["falls"], result["pushed_episodes"]) == (2, 0, 4)
    assert result["return_mean"] == pytest.approx(sum(result["cost"]) / 2)
    assert result["holds"] == [False, False]
    assert surefoot("eval", surefoot(*TINY).run).code == 0  # one seed: no interval


def test_what_such_a_run_cannot_do_is_said(surefoot, refuse):
    run = surefoot(*TINY).run
    for command in (["play", run], ["export", run], ["train", "--resume", run]):
        assert refuse(*command) == (
            f"{run}/config.yaml: a run of course-pendulum is evaluated (`surefoot eval RUN`), but "
            "not played, exported or continued. See swing_up.png beside it."
        )
    assert refuse("train", "course-pendulum", f"--resume={run}") == (
        "a run of course-pendulum is not continued: train again, it is soon done"
    )
    for flag in (["--noise"], ["--env", "CartPole-v1"], ["--task", "upkie-pendulum"]):
        assert refuse("eval", run, *flag) == (
            f"{flag[0]} is not for a run of course-pendulum: it plays its own world"
        )


def test_damage_is_named(surefoot, refuse):
    run = surefoot(*TINY).run
    config = (run / "config.yaml").read_text()
    for damaged, sentence in (
        (config.replace("version: 1", "version: 99"), "written by a newer Surefoot"),
        (config.replace("seeds: 1", "seeds: 2"), "parameters.pt: its parameters do not fit"),
        (config.replace("algo: reinforce", "algo: ppo"), "not the config.yaml of a run on the"),
        (config.replace("  seeds: 1", "  sedes: 1"), "not the config.yaml of a run on the"),
    ):
        assert damaged != config
        (run / "config.yaml").write_text(damaged)
        assert sentence in refuse("eval", run)
    (run / "config.yaml").write_text(config)
    (run / "parameters.pt").unlink()
    assert "parameters.pt: there is no such checkpoint" in refuse("eval", run)


def test_a_folder_of_something_else_is_refused(tmp_path):
    for content in ("- 1", "algo: ppo", "algo: reinforce", "version: 1"):
        (tmp_path / "config.yaml").write_text(content)
        with pytest.raises(
            BadFile, match=r"not the config\.yaml of a run on the course's pendulum"
        ):
            read_run(tmp_path)


def test_mistakes(refuse):
    assert refuse("train", "course-pendulum", "--algo", "ppo").startswith(
        "no algorithm named 'ppo' in task 'course-pendulum'."
    )
    assert refuse("train", "course-pendulum", "--preset", "lectur").startswith(
        "no preset named 'lectur' in course-pendulum with reinforce-baseline. "
        "Did you mean 'lecture'?"
    )
    assert refuse("train", "course-pendulum", "--algo.learning-rat", "1").startswith(
        "no flag named '--algo.learning-rat'"
    )
    assert refuse("train", "course-pendulum", "--seeds", "0") == "seeds must be at least 1, got 0"
    assert "cannot be created" in refuse("train", "course-pendulum", "--runs", "/proc/nowhere")


def test_help_says_which_algorithms_and_presets_there_are(surefoot):
    said = surefoot("train", "course-pendulum", "--algo", "reinforce", "--help")
    assert said.code == 0
    for word in ("reinforce-baseline", "actor-critic", "lecture", "--algo.learning-rate", "--runs"):
        assert word in said.out
