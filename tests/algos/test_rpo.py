"""RPO is PPO with a moved mean, in the update alone."""

import pytest
import torch

from support import assert_same_state, short_run
from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.algos.catalog import check_actions
from surefoot.algos.ppo import PPO
from surefoot.algos.ppo_config import PPOConfig
from surefoot.algos.rpo import RPO
from surefoot.algos.rpo_config import RPOConfig
from surefoot.data.rollout import Rollout
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.session import Session

BOX = Interface(
    observation=Layout((Signal(name="x", unit="1", size=3),)),
    action=Layout((Signal(name="u", unit="1", low=-1.0, high=1.0, size=2),)),
    dt=1.0,
)


def _learner(alpha, **settings):
    random = torch.Generator().manual_seed(0)
    agent = Agent(AgentConfig(net_arch_pi=(8,), net_arch_vf=(8,)), BOX, random)
    config = RPOConfig(n_steps=16, batch_size=64, rpo_alpha=alpha, **settings)
    return RPO(agent, config, total_updates=10, generator=random)


def test_the_mean_moves_uniformly_and_anew_for_each_sample_and_element():
    learner, seen = _learner(0.5), torch.zeros(20_000, 3)
    z = (learner.law(seen).mean - learner.agent.distribution(seen).mean).detach()
    assert z.min() >= -0.5 and z.max() <= 0.5
    # U(-1/2, 1/2): mean 0, standard deviation 1 / sqrt 12, each within 4 standard errors
    assert z.mean(dim=0).abs().max() < 4 * 0.2887 / 20_000**0.5
    assert z.std(dim=0).sub(0.2887).abs().max() < 4 * 0.2887 / 20_000**0.5
    assert abs(torch.corrcoef(z.T)[0, 1]) < 0.03
    assert torch.equal(learner.law(seen).log_std, learner.agent.log_std)


def test_alpha_zero_is_ppo():
    moved = []
    for kind, config in ((RPO, RPOConfig), (PPO, PPOConfig)):
        run = short_run("Pendulum-v1", algo="rpo" if kind is RPO else "ppo")
        settings = {**vars(run.config.algo), **({"rpo_alpha": 0.0} if kind is RPO else {})}
        learner_config = config(**settings)
        session = Session(run)
        rollout = session.learning._collector.collect(12)
        generator = torch.Generator().manual_seed(3)
        learner = kind(session.agent, learner_config, total_updates=4, generator=generator)
        if kind is RPO:  # its draws of zero width would shift the order of the minibatches
            learner.law = session.agent.distribution
        learner.update(rollout)
        moved.append(dict(session.agent.state_dict()))
    assert_same_state(*moved)


def test_the_standard_deviation_does_not_collapse_where_one_action_pays():
    """A bandit that pays for precision: PPO becomes sure of itself, RPO less so."""
    std = {}
    for alpha in (0.0, 0.5):
        learner = _learner(alpha, n_epochs=4, learning_rate=1e-2)
        agent, random = learner.agent, torch.Generator().manual_seed(5)
        for _ in range(100):
            features = torch.zeros(1, 64, 3)
            with torch.no_grad():
                law = agent.distribution(features[0])
                action = law.sample(random)
                log_prob = law.log_prob(action)
            ended = torch.ones(1, 64, dtype=torch.bool)
            learner.update(_rollout(features, action[None], log_prob[None], ended))
        std[alpha] = float(agent.log_std.detach().exp().mean())
    assert std[0.0] < 0.08 and std[0.5] > 0.18  # U(-1/2, 1/2) spreads by 0.29


def _rollout(features, action, log_prob, ended):
    return Rollout(
        features=features, action=action, log_prob=log_prob,
        reward=-(action**2).sum(dim=2), terminated=ended, done=ended,
        last_features=features[0], truncated_at=torch.zeros(0, 2, dtype=torch.int64),
        truncated_features=features[0, :0], memory=torch.zeros(64, 0),
        truncated_memory=torch.zeros(0, 0),
    )  # fmt: skip


def test_a_choice_has_no_mean_to_move():
    choice = Interface(observation=BOX.observation, action=2, dt=1.0)
    check_actions("rpo", BOX)
    with pytest.raises(InvalidConfig, match="rpo needs continuous actions, and these are discrete"):
        check_actions("rpo", choice)
    with pytest.raises(InvalidConfig, match=r"rpo_alpha must be finite and >= 0, got -0\.1"):
        RPOConfig(rpo_alpha=-0.1)
