"""Every algorithm with a replay on the command line: train, resume, evaluate, export, deploy."""

import json
import re

import pytest

from support_cli import assert_goes_to_the_robot
from surefoot.train.log import read_progress
from surefoot.train.run_folder import RunFolder

TINY = (
    "--algo.learning-starts", "40", "--algo.log-interval", "100", "--algo.batch-size", "16",
    "--algo.buffer-size", "500", "--agent.net-arch-pi", "16", "--agent.net-arch-vf", "16",
    "--algo.train-freq", "2", "--algo.gradient-steps", "1",
)  # fmt: skip
"""A row of metrics each 100 decisions."""


@pytest.mark.parametrize(
    ("task", "algo"),
    [("CartPole-v1", "dqn"), ("CartPole-v1", "c51"), ("Pendulum-v1", "ddpg"),
     ("Pendulum-v1", "td3"), ("Pendulum-v1", "sac")],
)  # fmt: skip
def test_from_training_to_the_robot(task, algo, surefoot):
    said = surefoot("train", task, "--algo", algo, *TINY, "--steps", "200")
    assert said.code == 0, said
    replay = r"; a replay of 500 transitions in 0\.0\d+ MB, and 0\.0\d+ MB more while it is saved"
    assert re.search(replay, said.err)
    assert "it will not learn" not in said.err
    folder = RunFolder(said.run)
    rows = read_progress(folder.progress)
    # a bout of 1 each 2 decisions after the first 40: 30 gradient steps in row 1, then 50 more
    assert [float(row["train/n_updates"]) for row in rows] == [30.0, 80.0]
    assert_goes_to_the_robot(surefoot, folder, task)


def test_arguments_of_the_environment_are_kept_with_the_run(surefoot):
    pendulum, returns = "Surefoot/CoursePendulum-v0", {}
    for cost in ("lecture", "homework"):
        said = surefoot("train", pendulum, "--algo", "dqn", *TINY, "--steps", "100",
                        "--task.env-kwargs", f"cost={cost}")  # fmt: skip
        assert said.code == 0, said
        (row,) = read_progress(RunFolder(said.run).progress)
        evaluation = json.loads(surefoot("eval", said.run, "--episodes", "1", "--json").out)
        returns[cost] = float(row["rollout/ep_rew_mean"]), evaluation["return_mean"]
    # the highest cost of a step is about 10, and 0.04
    assert max(returns["lecture"]) < -100.0 and -4.2 < min(returns["homework"]) < 0.0


def test_a_finished_run_is_extended(surefoot):
    train = ("train", "CartPole-v1", "--algo", "dqn", *TINY, "--steps", "100")
    run = surefoot(*train).run
    assert surefoot("train", "--resume", run, "--steps", "200").code == 0
    rows = read_progress(RunFolder(run).progress)
    assert [float(row["train/n_updates"]) for row in rows] == [30.0, 80.0]


def test_a_run_too_short_to_learn_says_so(surefoot):
    said = surefoot("train", "CartPole-v1", "--algo", "dqn", *TINY, "--algo.learning-starts", "200",
                    "--steps", "200")  # fmt: skip
    assert said.code == 0
    assert (
        "; it will not learn: algo.learning_starts 200 is not below the 200 decisions of these "
        "steps" in said.err
    )


@pytest.mark.parametrize("task", ["Pendulum-v1", "upkie-pendulum"])
def test_a_learner_that_blows_up_is_named_and_not_the_world_that_it_broke(task, surefoot):
    said = surefoot("train", task, "--algo", "sac", *TINY, "--algo.learning-rate", "1e38",
                    "--nb-envs", "2", "--steps", "800")  # fmt: skip
    assert said.code == 2 and "Traceback" not in said.err
    assert re.match("surefoot: the learner's '.+' is not finite", said.err.splitlines()[-1])


def test_a_task_of_ours_with_history_and_held_decisions(surefoot):
    said = surefoot(
        "train", "upkie-pendulum", "--algo", "sac", *TINY, "--nb-envs", "4",
        "--algo.train-freq", "1", "--algo.gradient-steps", "-1", "--steps", "400",
    )  # fmt: skip
    assert said.code == 0, said
    # 100 decisions in bouts of 4, each held for 4 steps: 400 steps, 60 of the decisions learned
    (row,) = read_progress(RunFolder(said.run).progress)
    assert float(row["time/total_timesteps"]) == 400.0
    assert float(row["train/n_updates"]) == 60.0
    assert surefoot("eval", said.run, "--episodes", "2", "--json").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Pendulum-v1", "--algo", "dqn"],
         "dqn needs discrete actions, and these are continuous, bounded. "
         "Take --algo .*ppo or .*ddpg or td3 or sac"),
        (["CartPole-v1", "--algo", "ddpg"],
         "ddpg needs continuous, bounded actions, and these are discrete. "
         "Take --algo ppo or .*dqn or c51"),
        (["upkie-pendulum", "--algo", "c51"],
         "no algorithm named 'c51' in task 'upkie-pendulum'.*ppo, .*sac"),
        (["Pendulum-v1", "--algo", "sac", "--algo.buffer-size", "1000000000000000"],
         r"a replay of algo.buffer_size 1,000,000,000,000,000 transitions needs .* GB, and .* GB "
         r"more while it is saved, but .* GB of memory are available. Lower it: --algo.buffer-size "
         r"\d+"),
        (["Pendulum-v1", "--algo", "sac", "--algo.tau", "2"], r"algo.tau must be in \[0, 1\]"),
        (["CartPole-v1", "--algo", "dqn", "--algo.doubl", "True"], "mean '--algo.double'"),
        (["CartPole-v1", "--algo", "dqn", "--task.env-kwargs", "cost=lecture"],
         "^CartPole-v1 does not take task.env_kwargs cost=lecture: "),
        (["CartPole-v1", "--algo", "dqn", "--task.env-kwargs", "lecture"],
         "task.env_kwargs takes KEY=VALUE, got 'lecture'"),
        (["Surefoot/CoursePendulum-v0", "--algo", "dqn", "--preset", "homewrk"],
         "no preset named 'homewrk' in task .*Did you mean 'homework'"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_before_anything_is_written(arguments, sentence, refuse, tmp_path):
    assert re.search(sentence, refuse("train", *arguments))
    assert not (tmp_path / "runs").exists()
