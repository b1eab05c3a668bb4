"""The policy-gradient family on the command line: train, resume, evaluate, export, deploy."""

import pytest

from support_cli import assert_goes_to_the_robot
from surefoot.data.psi import PSI
from surefoot.train.log import read_progress
from surefoot.train.run_folder import RunFolder

TINY = ("--nb-envs", "4", "--algo.n-steps", "10", "--algo.n-epochs-vf", "2", "--sim-threads", "1")
"""An update of 40 decisions."""


@pytest.mark.parametrize("task", ["CartPole-v1", "Pendulum-v1"])
def test_from_training_to_the_robot(task, surefoot):
    said = surefoot("train", task, "--algo", "vpg", *TINY, "--steps", "80",
                    "--agent.log-std", "network")  # fmt: skip
    assert said.code == 0, said
    folder = RunFolder(said.run)
    rows = read_progress(folder.progress)
    assert [float(row["train/n_updates"]) for row in rows] == [1.0, 2.0]
    assert ("train/std" in rows[0]) == (task == "Pendulum-v1")
    assert_goes_to_the_robot(surefoot, folder, task)
    assert surefoot("train", "--resume", said.run, "--steps", "120").code == 0
    assert len(read_progress(folder.progress)) == 3


@pytest.mark.parametrize("psi", PSI)
def test_one_flag_chooses_what_multiplies_the_score(psi, surefoot):
    said = surefoot("train", "CartPole-v1", "--algo", "vpg", *TINY, "--steps", "40",
                    "--algo.psi", psi)  # fmt: skip
    assert said.code == 0, said
    assert RunFolder(said.run).read_config().config.algo.psi == psi


def test_a_task_of_ours_with_history_and_held_decisions(surefoot):
    said = surefoot("train", "upkie-pendulum", "--algo", "vpg", *TINY, "--steps", "160",
                    "--agent.memory", "gru")  # fmt: skip
    assert said.code == 0, said
    (row,) = read_progress(RunFolder(said.run).progress)
    assert float(row["time/total_timesteps"]) == 160.0  # each decision is held for 4 steps
    assert surefoot("eval", said.run, "--episodes", "2", "--json").code == 0


def test_an_unknown_psi_is_told_which_there_are(surefoot, tmp_path):
    said = surefoot("train", "CartPole-v1", "--algo", "vpg", "--algo.psi", "q")
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err
    assert all(psi in said.err for psi in PSI)
    assert [*tmp_path.iterdir()] == []
