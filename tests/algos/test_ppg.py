"""The two phases: what moves in which, and that the policy stays where it is in the second."""

from dataclasses import replace

import pytest
import torch

from support import short_run
from surefoot.agent.distributions import Categorical, DiagonalGaussian, kl_divergence
from surefoot.algos.means import Means
from surefoot.algos.ppg import PPG
from surefoot.algos.ppg_config import PPGConfig
from surefoot.errors import InvalidConfig
from surefoot.train.session import Session


def _session(*, memory="gru", **settings):
    run = short_run("CartPole-v1", algo="ppg", memory=memory)
    algo = replace(run.config.algo, **settings)
    return Session(replace(run, config=replace(run.config, algo=algo)))


def _copy(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_kl_divergences_are_the_closed_forms():
    p, q = DiagonalGaussian(torch.tensor([[1.0]]), torch.tensor([0.0])), DiagonalGaussian(
        torch.tensor([[3.0]]), torch.tensor([2.0]).log()
    )  # fmt: skip
    # N(1, 1) to N(3, 2): log 2 + (1 + 4) / 8 - 1/2; the other way: -log 2 + (4 + 4) / 2 - 1/2
    assert kl_divergence(p, q).item() == pytest.approx(0.693147 + 0.125)
    assert kl_divergence(q, p).item() == pytest.approx(-0.693147 + 3.5)
    a = Categorical(torch.tensor([[0.5, 0.5]]).log())
    b = Categorical(torch.tensor([[0.25, 0.75]]).log())
    # 1/2 log 2 + 1/2 log(2/3)
    assert kl_divergence(a, b).item() == pytest.approx(0.143841, abs=1e-6)
    assert kl_divergence(b, a).item() == pytest.approx(0.25 * -0.693147 + 0.75 * 0.405465, abs=1e-5)


def test_in_the_policy_phase_values_teach_nothing_to_what_is_shared():
    learner = _session().learning.learner
    samples = learner.samples(_rollout(learner))
    batch = samples.pick(torch.arange(samples.nb_segments))
    seen = learner.see(batch)
    learner.value_loss(batch, seen).backward()
    assert all(p.grad is None for p in learner.agent.memory.parameters())
    assert all(p.grad is not None for p in learner.agent.critic.parameters())


def _rollout(learner):
    session = _session()
    session.agent.load_state_dict(learner.agent.state_dict())
    return session.learning._collector.collect(12)


def test_the_auxiliary_phase_trains_features_and_values_and_holds_the_policy():
    learner = _session(beta_clone=30.0, n_aux_epochs=40, n_policy=1).learning.learner
    assert isinstance(learner, PPG)
    samples = learner.samples(_rollout(learner))
    before = {name: _copy(getattr(learner.agent, name)) for name in ("memory", "actor", "critic")}
    with torch.no_grad():
        old = learner.law(learner.see(samples)).log_p.clone()
    metrics = [learner._auxiliary_phase() for _ in range(5)]
    for name, weights in before.items():
        now = getattr(learner.agent, name).state_dict()
        assert any(not torch.equal(weights[k], now[k]) for k in weights), name
    assert metrics[-1]["train/aux_value_loss"] < 0.6 * metrics[0]["train/aux_value_loss"]
    with torch.no_grad():
        new = learner.law(learner.see(samples)).log_p
    assert (new.exp() - old.exp()).abs().mean() < 0.02


def test_one_auxiliary_step_descends_the_joint_loss():
    learner = _session(beta_clone=2.0).learning.learner
    samples = learner.samples(_rollout(learner))
    batch = samples.pick(torch.tensor([0, 2]))
    other = _session().agent  # an old policy that differs, so that the divergence counts
    with torch.no_grad():
        other.actor[-1].weight.mul_(50.0)
    losses = []
    learner._optimizer.descend = losses.append
    learner._auxiliary_step(batch, other, Means())
    seen, target = learner.see(batch), batch.value_target
    aux = learner.own(learner.agent.actor[:-1](seen))[:, 0]
    old, new = other.distribution(learner.see(batch, other)), learner.agent.distribution(seen)
    kl = (old.log_p.exp() * (old.log_p - new.log_p)).sum(dim=1).mean()
    assert kl > 1e-3
    expected = (
        0.5 * ((aux - target) ** 2).mean()
        + 2.0 * kl
        + 0.5 * ((learner.agent.value(seen) - target) ** 2).mean()
    )
    torch.testing.assert_close(losses[0], expected)


def test_phases_alternate():
    session = _session(memory="none", n_policy=2)
    seen = ["train/aux_kl" in session.update() for _ in range(4)]
    assert seen == [False, True, False, True]
    assert session.learning.learner.state_dict()["phase"] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_policy": 0}, "n_policy must be at least 1"),
        ({"n_aux_epochs": 0}, "n_aux_epochs must be at least 1"),
        ({"beta_clone": -1.0}, "beta_clone must be finite and >= 0"),
    ],
)
def test_impossible_settings_name_themselves(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        PPGConfig(**settings)
