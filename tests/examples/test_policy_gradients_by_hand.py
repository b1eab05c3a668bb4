"""The listings of the slides, in NumPy, and the learners for many seeds give the same numbers."""

import importlib.util
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from surefoot.seeding import stream_seed
from surefoot.train.course_pendulum import make_agent, train_course_pendulum
from surefoot.train.course_pendulum_config import find_course_preset

_PATH = Path(__file__).parents[2] / "examples" / "policy_gradients_by_hand.py"
EPISODES = 6


@pytest.fixture(scope="module")
def by_hand():
    spec = importlib.util.spec_from_file_location("policy_gradients_by_hand", _PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("algo", ["reinforce", "reinforce-baseline", "actor-critic"])
def test_one_episode_at_a_time_is_the_listing(algo, by_hand):
    run = replace(find_course_preset(algo, "lecture"), episodes=EPISODES, seeds=2, seed=3)
    agent = make_agent(run)
    costs = torch.cat([p.cost for p in train_course_pendulum(run, agent)], dim=1)

    for row, seed in enumerate((3, 4)):
        dice = torch.Generator().manual_seed(stream_seed(seed, "policy"))
        theta_pi, theta_V = np.zeros(54), np.zeros(18)
        parameters = [theta_pi] if algo == "reinforce" else [theta_pi, theta_V]
        method = getattr(by_hand, algo.replace("-", "_"))
        expected = []
        for _ in range(EPISODES):
            uniform = torch.rand(100, 1, generator=dice, dtype=torch.float64)[:, 0]
            expected.append(method(*parameters, uniform.numpy()))
        np.testing.assert_allclose(costs[row], expected, rtol=1e-9)
        # the listing has one block of 18 parameters per control
        learned = agent.policy.theta[row].T.reshape(-1)
        np.testing.assert_allclose(learned, theta_pi, rtol=1e-7, atol=1e-12)
        if algo != "reinforce":
            learned = agent.value.theta[row, :, 0]
            np.testing.assert_allclose(learned, theta_V, rtol=1e-7, atol=1e-9)


def _script(*arguments):
    command = [sys.executable, str(_PATH), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_is_a_program_too():
    said = _script("30")
    assert said.returncode == 0 and said.stderr == ""
    lines = said.stdout.splitlines()
    found = [re.fullmatch(r"(\w+): (\d+) in the first 20 episodes, (\d+) in the last", line)
             for line in lines]  # fmt: skip
    assert [f.group(1) for f in found] == ["reinforce", "reinforce_baseline", "actor_critic"]
    # random torques cost 452 on average, with a spread of 61 over episodes
    assert abs(int(found[0].group(2)) - 452) < 4 * 61 / 20**0.5


@pytest.mark.parametrize(("argument", "sentence"), [("many", "invalid int"), ("0", "at least 1")])
def test_it_says_what_it_cannot_play(argument, sentence):
    said = _script(argument)
    assert said.returncode == 2 and sentence in said.stderr and "Traceback" not in said.stderr
