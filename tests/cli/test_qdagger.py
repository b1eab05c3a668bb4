"""A student and its teacher on the command line: two runs, and every way to name the wrong one."""

import json
import re
import shutil
from dataclasses import replace

import gymnasium
import pytest

from support import balancer
from surefoot.train.log import read_progress
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder, create_run_folder

STUDENT = (
    "train", "CartPole-v1", "--algo", "qdagger", "--steps", "1500",
    "--algo.learning-starts", "200", "--algo.teacher-steps", "200", "--algo.log-interval", "100",
    "--algo.batch-size", "16", "--algo.train-freq", "2", "--algo.gradient-steps", "1",
    "--agent.net-arch-pi", "16", "--algo.buffer-size", "500",
)  # fmt: skip


@pytest.mark.parametrize("algo", ["dqn", "ppo"])
def test_from_a_teacher_to_a_student_of_another_size(algo, surefoot, tmp_path):
    teacher = balancer(tmp_path / "teacher", algo=algo)
    said = surefoot(*STUDENT, "--algo.teacher", teacher)
    assert said.code == 0, said
    folder = RunFolder(said.run)
    rows = read_progress(folder.progress)
    # a gradient step each 2 of 1500 decisions, after the 200 that are uniform
    assert [float(row["train/n_updates"]) for row in rows[:4]] == [0, 0, 50, 100]
    assert float(rows[-1]["train/n_updates"]) == 650.0
    assert float(rows[-1]["rollout/teacher_rew_mean"]) > float(rows[-1]["rollout/uniform_rew_mean"])
    assert float(rows[3]["train/distill_coef"]) == 1.0
    both = [
        json.loads(surefoot("eval", policy, "--episodes", "3", "--json").out)
        for policy in (said.run, folder.policy)
    ]
    assert both[0]["return_mean"] == pytest.approx(both[1]["return_mean"])
    shutil.rmtree(teacher)  # the run holds all of it
    assert surefoot("train", "--resume", said.run, "--steps", "1600").code == 0
    assert float(read_progress(folder.progress)[-1]["train/n_updates"]) == 700.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "qdagger learns from a teacher: name its run, --algo.teacher RUN$"),
        (("--algo.teacher", "nowhere"), "nowhere: there is no such checkpoint. Name a run folder"),
        (("--algo.teacher", "."), "this is no run folder. It has no config.yaml"),
        (("--algo.teacher", "note.txt"), "note.txt: this is no checkpoint, or a damaged one"),
        (("--algo.teacher", "good", "--agent.action-repeat", "2"),
         "good decides every 1 steps, the student every 2: set --agent.action-repeat 1"),
        (("--algo.teacher", "good", "--steps", "400"),
         "the student would never play: all 400 decisions go to .* Raise --steps, or lower --algo"),
        (("--algo.temperature", "0"), "algo.temperature must be positive"),
    ],
)  # fmt: skip
def test_what_cannot_teach_is_refused_before_anything_is_written(
    arguments, sentence, refuse, tmp_path
):
    (tmp_path / "note.txt").write_text("not a checkpoint")
    balancer(tmp_path / "teacher").rename(tmp_path / "good")
    assert re.search(sentence, refuse(*STUDENT, *arguments))
    assert not (tmp_path / "runs").exists()


def test_the_teacher_of_another_task_is_refused(refuse, tmp_path):
    teacher = balancer(tmp_path / "teacher")
    said = refuse("train", "Acrobot-v1", "--algo", "qdagger", "--algo.teacher", teacher)
    assert said == f"the teacher {teacher} was trained for CartPole-v1, not for Acrobot-v1"


def test_a_teacher_with_other_choices_is_refused(refuse, surefoot, tmp_path):
    """The id is the same, and what stands behind it has changed since."""
    gymnasium.register("Changing-v0", "gymnasium.envs.classic_control:CartPoleEnv",
                       max_episode_steps=50)  # fmt: skip
    try:
        teacher = surefoot("train", "Changing-v0", "--steps", "1024", "--runs", "teachers").run
        changed = "gymnasium.envs.classic_control:MountainCarEnv"
        gymnasium.registry["Changing-v0"].entry_point = changed
        said = refuse("train", "Changing-v0", "--algo", "qdagger", "--algo.teacher", teacher)
    finally:
        del gymnasium.registry["Changing-v0"]
    assert said == (
        f"the teacher {teacher} has learned 4 observed values and 2 choices, and Changing-v0 has "
        "2 observed values and 3 choices now"
    )


def test_a_teacher_without_a_checkpoint_yet_is_refused(refuse, tmp_path):
    teacher = balancer(tmp_path / "teacher")
    RunFolder(teacher).last.unlink()
    assert "this run has no checkpoint yet" in refuse(*STUDENT, "--algo.teacher", teacher)


def test_a_run_that_has_saved_nothing_needs_its_teacher_to_begin_again(refuse, tmp_path):
    config = find_preset("CartPole-v1", "default", algo="qdagger")
    config = replace(config, algo=replace(config.algo, teacher="gone"))
    run = Run(task="CartPole-v1", algo="qdagger", preset="default", config=config)
    said = refuse("train", "--resume", create_run_folder(tmp_path, run).path)
    assert said == "gone: there is no such checkpoint. Name a run folder or its .pt file."
