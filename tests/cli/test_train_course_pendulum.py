"""`surefoot train course-pendulum` from the command to the figures."""

import csv
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


def test_a_folder_of_something_else_is_refused(tmp_path):
    for content in (None, "- 1", "algo: ppo", "algo: reinforce", "{"):
        if content is not None:
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
