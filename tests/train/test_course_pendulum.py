"""Training on the course's pendulum: it learns, and its two dimensions change no seed's numbers."""

from dataclasses import replace

import pytest
import torch

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.course_pendulum import CoursePendulum, is_upright
from surefoot.tasks.course_pendulum_config import CoursePendulumConfig
from surefoot.train.course_pendulum import (
    greedy,
    make_agent,
    play_episodes,
    roll_out,
    train_course_pendulum,
)
from surefoot.train.course_pendulum_config import PRESETS, find_course_preset

ALGOS = tuple(PRESETS)


def _train(run):
    agent = make_agent(run)
    return agent, torch.cat([p.cost for p in train_course_pendulum(run, agent)], dim=1)


def _parameters(agent):
    return [p for parameters in agent.state_dict().values() for p in parameters]


@pytest.mark.parametrize("preset", ["lecture", "network"])
@pytest.mark.parametrize("algo", ALGOS)
def test_costs_and_rewards_learn_the_same_bit_for_bit(algo, preset):
    run = find_course_preset(algo, preset)
    run = replace(run, nb_envs=2, episodes=6, seeds=2)
    rewards = replace(run, task=CoursePendulumConfig(objective="reward"))
    one, other = make_agent(run), make_agent(rewards)
    for last in other.value.parameters[-2:]:  # V of rewards is minus V of costs, from the start
        last.detach().neg_()
    cost = [p.cost for p in train_course_pendulum(run, one)]
    same_cost = [p.cost for p in train_course_pendulum(rewards, other)]
    assert all(map(torch.equal, cost, same_cost))
    assert len(torch.cat(cost).unique()) > 4
    for a, b in zip(one.state_dict()["policy"], other.state_dict()["policy"], strict=True):
        assert torch.equal(a, b)
    assert torch.equal(one.value.parameters[-1], -other.value.parameters[-1])


@pytest.mark.parametrize("preset", ["default", "network"])
@pytest.mark.parametrize("algo", ALGOS)
def test_a_seed_learns_the_same_in_any_company(algo, preset):
    run = replace(find_course_preset(algo, preset), nb_envs=3, episodes=9, seed=5, seeds=3)
    together, costs = _train(run)
    assert not torch.equal(costs[0], costs[1])
    alone, cost = _train(replace(run, seed=6, seeds=1))
    torch.testing.assert_close(costs[1:2], cost, rtol=1e-9, atol=0.0)
    for a, b in zip(_parameters(together), _parameters(alone), strict=True):
        torch.testing.assert_close(a[1:2], b, rtol=1e-6, atol=1e-9)
    again, same = _train(run)
    assert torch.equal(costs, same)
    assert all(map(torch.equal, _parameters(together), _parameters(again)))


@pytest.mark.parametrize("algo", ALGOS)
def test_it_learns_at_the_rates_of_the_slides(algo):
    run = replace(find_course_preset(algo, "lecture"), episodes=120, seeds=3)
    _, cost = _train(run)
    assert cost[:, 0].mean() > 350.0
    bar = {"reinforce": 420.0, "reinforce-baseline": 340.0, "actor-critic": 340.0}[algo]
    assert cost[:, -40:].mean() < bar


def test_many_episodes_at_once_lead_close_to_the_optimum_and_hold_it():
    run = replace(find_course_preset("reinforce-baseline", "default"), episodes=10_000, seeds=2)
    agent, cost = _train(run)
    assert (cost[:, :100].mean(dim=1) - 451.5).abs().max() < 4 * 61.0 / 10.0
    assert (cost[:, -100:].mean(dim=1) < 150.0).all()  # the optimum is 110.9
    task = CoursePendulum(run.task)
    swing = roll_out(task, greedy(agent), task.start(2, 1))
    assert is_upright(swing.state[-30:]).all()


def test_networks_learn_in_the_same_algorithm():
    run = replace(find_course_preset("reinforce-baseline", "network"), episodes=1000, seeds=2)
    _, cost = _train(run)
    assert (cost[:, -100:].mean(dim=1) < 320.0).all()


def test_learning_at_every_step_changes_the_next_one():
    """The actor-critic's policy is not the same at the end of an episode as at its start."""
    run = find_course_preset("actor-critic", "lecture")
    agent = make_agent(run)
    heard = []

    def on_step(t, x, u, signal, next_x):
        heard.append((t, x, u, signal, next_x))
        agent.policy.ascend(x, u, torch.ones_like(signal), 10.0)  # whatever it was: do it again

    uniform = torch.full((5, 1, 1), 0.5, dtype=torch.float64)
    uniform[0] = 0.9  # the first control is the third; then it sticks to it, 0.5 or not
    played = play_episodes(CoursePendulum(run.task), agent, uniform, on_step)
    assert played.action.flatten().tolist() == [2, 2, 2, 2, 2]
    assert [t for t, *_ in heard] == [0, 1, 2, 3, 4]
    assert torch.equal(played.features[3], heard[3][1])
    assert torch.equal(played.features[4], heard[3][4])
    assert torch.equal(played.signal[3], heard[3][3])


def test_pushes_come_between_two_steps():
    task = CoursePendulum(CoursePendulumConfig())
    uniform = torch.zeros(100, 1, dtype=torch.float64)
    uniform[45] = 1.0
    seen = roll_out(task, lambda state: torch.ones(1, dtype=torch.int64), task.start(1), uniform)
    omega = seen.state[:, 0, 1]
    assert not omega[:45].any()
    assert omega[45] == pytest.approx(6.2831853) and omega[70] == pytest.approx(-6.2831853)
    assert seen.signal[45].item() == pytest.approx(9.8696 + 0.01 * 39.478, rel=1e-4)


def test_a_training_with_pushes_meets_them():
    run = find_course_preset("reinforce", "lecture")
    task, agent = CoursePendulum(run.task), make_agent(run)
    still = torch.full((100, 1, 2), 0.5, dtype=torch.float64)  # the motor stays off
    pushes = torch.zeros(100, 1, 2, dtype=torch.float64)
    pushes[44, 0, 1] = 1.0  # after step 44: step 45 begins with it
    played = play_episodes(task, agent, still, push_uniform=pushes)
    hanging, pushed = agent.features(torch.tensor([[0.0, 0.0], [0.0, 6.283185307179586]]).double())
    assert torch.equal(played.features[44], hanging.expand(1, 2, -1))
    torch.testing.assert_close(played.features[45, 0, 1], pushed, atol=1e-6, rtol=1e-6)
    assert not torch.allclose(played.features[45, 0, 0], pushed)  # the other way

    short = replace(run, episodes=3)
    costs = [
        _train(replace(short, task=CoursePendulumConfig(pushes=pushes), seeds=seeds))[1][:1]
        for pushes, seeds in ((False, 1), (True, 1), (True, 2))
    ]
    assert not torch.equal(costs[0], costs[1])
    torch.testing.assert_close(costs[1], costs[2], rtol=1e-9, atol=0.0)


def test_parameters_can_be_taken_over():
    run = replace(find_course_preset("reinforce-baseline", "network"), seeds=2)
    one, other = make_agent(run), make_agent(replace(run, seed=7))
    assert not torch.equal(_parameters(one)[0], _parameters(other)[0])
    other.load_state_dict(one.state_dict())
    assert all(map(torch.equal, _parameters(one), _parameters(other)))


def test_mistakes():
    with pytest.raises(UnknownName, match=r"no algorithm named 'reinforc'.*mean 'reinforce'"):
        find_course_preset("reinforc", "default")
    with pytest.raises(UnknownName, match="no preset named 'lectur' in course-pendulum with"):
        find_course_preset("reinforce", "lectur")
    run = find_course_preset("reinforce", "default")
    with pytest.raises(InvalidConfig, match="episodes must be a multiple of nb_envs, got 250"):
        replace(run, episodes=250)
    with pytest.raises(InvalidConfig, match="seeds must be at least 1, got 0"):
        replace(run, seeds=0)
