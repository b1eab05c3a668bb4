"""PPO with a memory: segments, resets, bootstraps, and what only a memory can solve."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

from support import assert_same_state, short_run
from surefoot.algos.ppo import PPO
from surefoot.data.samples import Samples
from surefoot.errors import InvalidConfig
from surefoot.train.collector import Collector
from surefoot.train.run_folder import Run
from surefoot.train.session import Session

KINDS = ("lstm", "gru")


def _run(task="CartPole-v1", *, memory="lstm", repeat=1, **settings):
    """Short episodes, so that many end inside a segment, by falling and by their time."""
    run = short_run(task, memory=memory, algo="ppo")
    c = run.config
    config = replace(
        c,
        task=replace(c.task, max_episode_steps=9),
        agent=replace(c.agent, memory_size=6, action_repeat=repeat),
        algo=replace(
            c.algo, **{"n_steps": 40, "batch_size": 160, "n_epochs": 1, "gamma": 0.9, **settings}
        ),
    )
    return Run(task=task, algo="ppo", preset="default", config=config)


def _learner_and_collector(run):
    session = Session(run)
    for _ in range(2):  # memory and moments in full swing
        session.update()
    learner, collector = session.learning.learner, session.learning._collector
    assert isinstance(learner, PPO) and isinstance(collector, Collector)
    return learner, collector


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("repeat", [1, 2])
def test_recomputing_a_segment_gives_what_was_collected(kind, repeat):
    learner, collector = _learner_and_collector(_run(memory=kind, repeat=repeat))
    rollout = collector.collect(40)
    assert rollout.memory.abs().max() > 0.01 and rollout.done[:-1].sum() >= 8
    samples = learner.samples(rollout)
    for segments in ([0, 1, 2, 3], [2], [3, 1]):
        batch = samples.pick(torch.tensor(segments))
        law = learner.law(learner.see(batch))
        torch.testing.assert_close(law.log_prob(batch.action), batch.log_prob, atol=1e-5, rtol=0.0)
        torch.testing.assert_close(
            learner.agent.value(learner.see(batch)), batch.value, atol=1e-5, rtol=0.0
        )


def test_first_minibatch_has_ratio_one():
    learner, collector = _learner_and_collector(_run())
    metrics = learner.update(collector.collect(40))
    assert metrics["train/approx_kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["train/clip_fraction"] == 0.0
    assert metrics["train/policy_gradient_loss"] == pytest.approx(0.0, abs=1e-4)


def test_a_segment_remembers_nothing_of_an_earlier_episode():
    """Changing what was seen before an end changes nothing after it, and something before it."""
    learner, collector = _learner_and_collector(_run())
    rollout = collector.collect(40)
    t, e = (int(i) for i in rollout.done[5:30].nonzero()[0])
    t += 5
    before = learner.see(learner.samples(rollout)).unflatten(0, (40, 4)).detach()
    rollout.features[: t + 1, e] += 1.0
    after = learner.see(learner.samples(rollout)).unflatten(0, (40, 4)).detach()
    assert torch.equal(before[t + 1 :, e], after[t + 1 :, e])
    assert (before[t, e, 4:] - after[t, e, 4:]).abs().min() > 0.0


def test_time_limits_bootstrap_with_the_memory_of_their_own_episode():
    """The same episode replayed alone, to its last observation, gives the value that was used."""
    run = _run("Pendulum-v1", gae_lambda=0.0, normalize_return=False)
    learner, collector = _learner_and_collector(run)
    rollout = collector.collect(40)
    agent = learner.agent
    k = int((rollout.truncated_at[:, 0] >= 9).nonzero()[0])  # all nine steps lie in the segment
    t, e = rollout.truncated_at[k].tolist()
    episode = torch.cat([rollout.features[t - 8 : t + 1, e], rollout.truncated_features[[k]]])
    memory, none = torch.zeros(1, 12), torch.zeros(9, 1, dtype=torch.bool)
    with torch.no_grad():
        values = agent.value(agent.look_along(episode[:, None], memory, none))[:, 0]
    advantage, value = learner.advantages(rollout)
    torch.testing.assert_close(value[t, e], values[-2], atol=1e-5, rtol=1e-5)
    expected = rollout.reward[t, e] + 0.9 * values[-1] - values[-2]
    torch.testing.assert_close(advantage[t, e], expected, atol=1e-4, rtol=1e-5)


def test_minibatches_are_whole_segments_of_some_environments_in_time_order():
    learner, collector = _learner_and_collector(_run())
    rollout = collector.collect(40)
    batch = learner.samples(rollout).pick(torch.tensor([3, 1]))
    assert torch.equal(batch.in_order(batch.features), rollout.features[:, [3, 1]])
    assert torch.equal(batch.in_order(batch.action), rollout.action[:, [3, 1]])
    assert torch.equal(batch.memory, rollout.memory[[3, 1]])
    alone = Samples(rollout, rollout.reward, rollout.reward, length=1)
    one = alone.pick(torch.tensor([4 * 7 + 2]))  # step 7 of environment 2
    assert torch.equal(one.features[0], rollout.features[7, 2])


def test_minibatches_that_cut_segments_are_refused():
    with pytest.raises(
        InvalidConfig, match=r"batch_size must be a multiple of algo\.n_steps, got 50"
    ):
        Session(_run(batch_size=50))


def test_resuming_equals_never_stopping():
    run = short_run("upkie-pendulum", memory="lstm")
    whole, first, second = Session(run), Session(run), Session(run)
    for _ in range(4):
        whole.update()
    for _ in range(2):
        first.update()
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        second.update()
    kept, resumed = whole.state_dict(), second.state_dict()
    assert_same_state({**kept, "seconds": 0.0}, {**resumed, "seconds": 0.0})


class Recall(gymnasium.Env):
    """A sign, -1 or 1, is shown once; three steps later, repeating it pays 1 and the rest -1."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.sign, self.step_nb = 1 - 2 * int(self.np_random.integers(2)), 0
        return np.array([self.sign], np.float32), {}

    def step(self, action):
        self.step_nb += 1
        last = self.step_nb == 4
        reward = float(self.sign * (2 * action - 1)) if last else 0.0
        return np.zeros(1, np.float32), reward, last, False, {}


@pytest.mark.parametrize(("memory", "solves"), [("gru", True), ("none", False)])
def test_a_cue_that_is_gone_can_only_be_remembered(memory, solves):
    """Pay for repeating what was shown three steps ago: chance is 0 on average, best is 1."""
    if "Recall-v0" not in gymnasium.registry:
        gymnasium.register("Recall-v0", entry_point=Recall)
    run = short_run("Recall-v0", memory=memory)
    algo = replace(
        run.config.algo, n_steps=16, batch_size=128, n_epochs=4, learning_rate=5e-3, gamma=0.9,
        normalize_return=False,
    )  # fmt: skip
    agent = replace(run.config.agent, memory_size=16, normalize_observation=False)
    config = replace(run.config, agent=agent, algo=algo, nb_envs=16, steps=16 * 16 * 80)
    run = replace(run, config=config)
    session = Session(run)
    metrics = {}
    while not session.finished:
        metrics = session.update()
    assert (metrics["rollout/ep_rew_mean"] > 0.9) == solves
    if not solves:
        assert abs(metrics["rollout/ep_rew_mean"]) < 0.5
