"""Stopping anywhere and going on equals never stopping, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from support import OFF_POLICY, TASKS, assert_same_state, short_run
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.log import read_progress
from surefoot.train.loop import train
from surefoot.train.run_folder import RunFolder, create_run_folder
from surefoot.train.session import Session


def _numbers(content):
    """All that a checkpoint holds but the clock."""
    return {k: v for k, v in content.items() if k != "seconds"}


RUNS = (*((task, "ppo") for task in TASKS), *OFF_POLICY)


@pytest.mark.parametrize(("task", "algo"), RUNS)
def test_resuming_equals_never_stopping(task, algo, tmp_path):
    run = short_run(task, updates=4, algo=algo)
    whole = create_run_folder(tmp_path / "whole", run)
    train(Session(run), whole)
    parts = create_run_folder(tmp_path / "parts", run)
    outcome = train(Session(run), parts, stop_after=2)
    assert not outcome.finished
    resumed = Session(run)
    resumed.load_state_dict(load_checkpoint(parts.last))
    assert train(resumed, parts).finished
    assert_same_state(
        _numbers(load_checkpoint(whole.last)), _numbers(load_checkpoint(parts.last)), task
    )
    timed = ("time/fps", "time/time_elapsed")
    rows = [
        [{k: v for k, v in row.items() if k not in timed} for row in read_progress(f.progress)]
        for f in (whole, parts)
    ]
    assert len(rows[0]) == 4 and rows[0] == rows[1]


@pytest.mark.parametrize(
    ("task", "algo"),
    [("upkie-pendulum", "ppo"), ("CartPole-v1", "ppo"), ("CartPole-v1", "dqn"),
     ("Pendulum-v1", "sac")],
)  # fmt: skip
def test_same_seed_same_numbers_and_another_seed_others(task, algo, tmp_path):
    states = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run = short_run(task, updates=2, algo=algo, seed=seed)
        folder = create_run_folder(tmp_path / name, run)
        train(Session(run), folder)
        states.append(load_checkpoint(folder.last)["agent"])
    assert_same_state(states[0], states[1])
    assert not torch.equal(states[0]["actor.0.weight"], states[2]["actor.0.weight"])


def test_the_number_of_simulation_threads_does_not_matter(tmp_path):
    agents = []
    for threads in (1, 2):
        run = short_run("upkie-pendulum", updates=2, sim_threads=threads)
        session = Session(run)
        train(session, create_run_folder(tmp_path / str(threads), run))
        agents.append(session.agent.state_dict())
    assert_same_state(dict(agents[0]), dict(agents[1]))


def test_ctrl_c_finishes_the_update_and_saves_it(tmp_path):
    run = short_run("CartPole-v1", updates=50, checkpoint_updates=1000)
    folder = create_run_folder(tmp_path, run)

    def interrupt(session, metrics):
        if session.nb_updates == 3:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = train(Session(run), folder, on_update=interrupt)
    assert not outcome.finished
    assert load_checkpoint(folder.last)["learner"]["nb_updates"] == 3
    assert len(read_progress(folder.progress)) == 3


_CHILD = """
import sys
from pathlib import Path
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.loop import train
from surefoot.train.run_folder import RunFolder
from surefoot.train.session import Session
folder = RunFolder(Path(sys.argv[1]))
session = Session(folder.read_config())
if folder.last.exists():
    session.load_state_dict(load_checkpoint(folder.last))
print("ready", flush=True)
train(session, folder)
print("done", flush=True)
"""


def test_killed_twenty_times_at_random_and_resumed_gives_the_undisturbed_numbers(tmp_path):
    run = short_run("upkie-pendulum", updates=800)
    whole = create_run_folder(tmp_path / "whole", run)
    train(Session(run), whole)
    folder = create_run_folder(tmp_path / "killed", run)
    when = random.Random(0)
    kills = 0
    while kills < 20:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(folder.path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(when.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        finished = "done" in child.stdout.read()
        child.wait()
        child.stdout.close()
        if finished:
            break
        kills += 1
    assert kills == 20, "the run was too short to be killed twenty times"
    subprocess.run([sys.executable, "-c", _CHILD, str(folder.path)], check=True, timeout=300)
    assert_same_state(_numbers(load_checkpoint(whole.last)), _numbers(load_checkpoint(folder.last)))
    assert len(read_progress(folder.progress)) == 800


def test_a_folder_without_a_checkpoint_begins_at_the_beginning(tmp_path):
    folder = create_run_folder(tmp_path, short_run("CartPole-v1", updates=1))
    assert RunFolder(folder.path).read_config() == short_run("CartPole-v1", updates=1)
