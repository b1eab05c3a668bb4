"""The off-policy loop in a world that counts: what it remembers, and when it learns."""

import copy
from dataclasses import replace

import pytest
import torch

from support import short_run
from surefoot.agent.agent import Agent
from surefoot.envs.batched import Transition
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.off_policy import OffPolicy
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session


class Counter:
    """Counts steps, from 0 and from 100; world 0 terminates after 3, world 1's time is up after 4.

    The reward is the action and 1 more.
    """

    nb_worlds = 2
    interface = Interface(
        observation=Layout((Signal(name="count", unit="1"),)),
        action=Layout((Signal(name="u", unit="1", low=-2.0, high=2.0),)),
        dt=1.0,
    )
    world = torch.tensor([0.0, 100.0])

    def __init__(self):
        self.count = torch.zeros(2)

    def _sense(self):
        return (self.count + self.world)[:, None]

    def reset(self):
        return self._sense()

    def step(self, action):
        self.count = self.count + 1.0
        final_obs, ended = self._sense(), self.count == torch.tensor([3.0, 4.0])
        self.count = torch.where(ended, 0.0, self.count)
        first = torch.tensor([True, False])
        return Transition(
            obs=self._sense(), final_obs=final_obs, reward=1.0 + action[:, 0],
            terminated=ended & first, truncated=ended & ~first,
        )  # fmt: skip


def _loop(*, repeat=1, normalize=False, steps=1000, **settings):
    run = short_run("Pendulum-v1", algo="ddpg", nb_envs=2)
    algo = replace(run.config.algo, buffer_size=200, **{"n_steps": 1, **settings})
    agent = replace(run.config.agent, action_repeat=repeat, normalize_observation=normalize)
    run = replace(run, config=replace(run.config, algo=algo, agent=agent, steps=steps))
    env = Counter()
    return OffPolicy(
        run, env, Agent(agent, env.interface, run.generator("weights"), head=algo.head)
    )


def _remembered(replay):
    batch = replay.sample(5000, gamma=0.5, n_steps=1, generator=torch.Generator().manual_seed(0))
    columns = batch.features[:, 0], batch.next_features[:, 0], batch.discount
    return {tuple(row) for row in torch.stack(columns, dim=1).tolist()}, batch


def test_ends_lead_to_the_state_before_the_reset():
    loop = _loop(learning_starts=1000, train_freq=1, log_interval=24)
    loop.update()
    found, batch = _remembered(loop.replay)
    assert found == {
        (0.0, 1.0, 0.5), (1.0, 2.0, 0.5), (2.0, 3.0, 0.0),  # 3: done
        (100.0, 101.0, 0.5), (101.0, 102.0, 0.5), (102.0, 103.0, 0.5), (103.0, 104.0, 0.5),
    }  # fmt: skip
    # what is remembered is the policy's output in [-1, 1]; the world got twice that
    torch.testing.assert_close(batch.reward, 1.0 + 2.0 * batch.action[:, 0])


def test_first_outputs_are_uniform():
    loop = _loop(learning_starts=200, train_freq=1, log_interval=200)
    loop.update()
    outputs = loop.replay.state_dict()["action"]
    assert outputs.abs().max().item() <= 1.0
    # mean 0 and standard deviation 1 / sqrt 3; 4 standard errors
    assert outputs.mean().item() == pytest.approx(0.0, abs=4 * 0.577 / 200**0.5)
    assert outputs.std().item() == pytest.approx(0.577, abs=4 * 0.26 / 200**0.5)


def test_a_decision_that_is_held_is_one_transition():
    loop = _loop(repeat=2, learning_starts=1000, train_freq=1, log_interval=12)
    loop.update()
    found, batch = _remembered(loop.replay)
    # world 0: from 0 to 2, then to 3, where it ends half-way; a new episode waits for the next
    # decision, one step in. World 1: from 100 to 102 to 104.
    assert found == {
        (0.0, 2.0, 0.5), (2.0, 3.0, 0.0), (1.0, 3.0, 0.0),
        (100.0, 102.0, 0.5), (102.0, 104.0, 0.5),
    }  # fmt: skip
    whole = batch.features[:, 0] != 2.0
    torch.testing.assert_close(batch.reward[whole], 2.0 + 4.0 * batch.action[whole, 0])
    torch.testing.assert_close(batch.reward[~whole], 1.0 + 2.0 * batch.action[~whole, 0])


def test_exploration_knows_how_much_of_the_training_is_behind():
    # two updates of 24 decisions of two worlds, each held for two steps; the last 5 steps are less
    # than an update
    loop = _loop(repeat=2, steps=2 * 48 + 5, learning_starts=4, train_freq=1, log_interval=24)
    seen, explore = [], loop.learner.explore

    def watched(features, progress):
        seen.append(progress)
        return explore(features, progress)

    loop.learner.explore = watched
    loop.update(), loop.update()
    assert seen == pytest.approx([nb / 48 for nb in range(4, 48, 2)])


@pytest.mark.parametrize(("gradient_steps", "expected"), [(3, 5 * 3), (-1, 5 * 4)])
def test_it_learns_after_each_bout_once_there_is_enough(gradient_steps, expected):
    loop = _loop(learning_starts=20, train_freq=2, gradient_steps=gradient_steps, log_interval=40)
    # 40 decisions in bouts of 2 x 2 worlds; after 24, 28, ... 40 it learns
    assert loop.update()["train/n_updates"] == expected


def test_batches_are_of_as_many_steps_as_was_asked_for():
    loop = _loop(learning_starts=1000, train_freq=1, log_interval=24, n_steps=3, gamma=0.5)
    loop.update()
    batch = loop._draw()
    row = int((batch.features[:, 0] == 101.0).nonzero()[0])  # three steps before time is up
    assert (batch.next_features[row].item(), batch.discount[row].item()) == (104.0, 0.125)


def test_the_normaliser_moves_what_is_old_as_well():
    loop = _loop(learning_starts=1000, train_freq=1, log_interval=24, normalize=True)
    loop.update()
    moments = loop._agent.pipeline.moments
    seen = loop.replay.state_dict()["frame"].double()  # each frame once, none of the final ones
    assert (int(moments.count), len(seen)) == (24, 24)
    torch.testing.assert_close(moments.mean, seen.mean(dim=0))
    drawn = []
    for mean, var in ((0.0, 1e4), (50.0, 100.0)):
        moments.mean.fill_(mean)
        moments.var.fill_(var)
        loop._generator.manual_seed(0)
        drawn.append(loop._draw())
    for name in ("features", "next_features"):
        wide, narrow = (getattr(batch, name) for batch in drawn)
        torch.testing.assert_close(narrow, (wide * 100.0 - 50.0) / 10.0)


def test_the_homeworks_network_learns_from_each_step_at_once_by_its_own_word():
    """Against the listing: theta += 0.1 (r + 0.99 max Q(x') - Q(x, u)) grad Q(x, u)."""
    preset = find_preset("Surefoot/CoursePendulum-v0", "homework", algo="dqn")
    task = Run(task=preset.task.env_id, algo="dqn", preset="homework", config=preset)
    session = Session(
        replace(task, config=replace(preset, algo=replace(preset.algo, log_interval=150)))
    )
    sizes = [tuple(layer.weight.shape) for layer in session.agent.actor if hasattr(layer, "weight")]
    assert sizes == [(64, 2), (64, 64), (64, 64), (3, 64)]
    listing = copy.deepcopy(session.agent.actor)
    steps, learn = [], session.learning.learner.learn

    def watched(batch):
        steps.append(batch)
        learn(batch)
        q = listing(batch.features)[0, int(batch.action)]
        with torch.no_grad():
            target = batch.reward + 0.99 * listing(batch.next_features).max()
        gradients = torch.autograd.grad(q, [*listing.parameters()])
        for parameter, gradient in zip(listing.parameters(), gradients, strict=True):
            parameter.data += 0.1 * (target - q.detach()) * gradient

    session.learning.learner.learn = watched
    session.update()
    for ours, theirs in zip(session.agent.actor.parameters(), listing.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert len(steps) == 150
    following = [batch.next_features for batch in steps[:99]]
    assert torch.equal(torch.cat([batch.features for batch in steps[1:100]]), torch.cat(following))
    rewards = torch.cat([batch.reward for batch in steps])
    assert -0.05 < rewards.min() < -0.03 and rewards.max() < 0.0  # the homework's cost
    assert session.learning.learner.report()["rollout/exploration_rate"] == pytest.approx(0.1)
