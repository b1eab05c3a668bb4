"""The memory alone: its equations, its zero state, its resets; and the agent that carries it."""

import pytest
import torch

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.agent.config import AgentConfig
from surefoot.agent.memory import Memory, state_size
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal

KINDS = ("lstm", "gru")
INTERFACE = Interface(
    observation=Layout((Signal(name="x", unit="1", size=3),)),
    action=Layout((Signal(name="u", unit="1", low=-1.0, high=1.0, size=2),)),
    dt=0.1,
)


def _memory(kind, *, nb_features=3, width=4, ortho_init=True):
    config = AgentConfig(memory=kind, memory_size=width, ortho_init=ortho_init)
    return Memory(config, nb_features, torch.Generator().manual_seed(0))


def _agent(kind="lstm", **settings):
    config = AgentConfig(memory=kind, memory_size=5, net_arch_pi=(8,), net_arch_vf=(8,), **settings)
    agent = Agent(config, INTERFACE, torch.Generator().manual_seed(0))
    with torch.no_grad():
        agent.actor[-1].weight.mul_(50.0)  # so that what is recalled shows in the actions
    return agent


def test_lstm_is_its_equations():
    memory = _memory("lstm", ortho_init=False)
    random = torch.Generator().manual_seed(1)
    x, state = torch.randn(2, 3, generator=random), torch.randn(2, 8, generator=random)
    h, c = state[:, :4], state[:, 4:]
    layer = memory.layer
    gates = (
        x @ layer.weight_ih_l0.T + layer.bias_ih_l0 + h @ layer.weight_hh_l0.T + layer.bias_hh_l0
    )
    i, f, g, o = gates.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    output, after = memory(x[None], state)
    torch.testing.assert_close(output[0], h)
    torch.testing.assert_close(after, torch.cat([h, c], dim=1))


def test_gru_is_its_equations():
    memory = _memory("gru", ortho_init=False)
    random = torch.Generator().manual_seed(1)
    x, h = torch.randn(2, 3, generator=random), torch.randn(2, 4, generator=random)
    layer = memory.layer
    xr, xz, xn = (x @ layer.weight_ih_l0.T + layer.bias_ih_l0).chunk(3, dim=1)
    hr, hz, hn = (h @ layer.weight_hh_l0.T + layer.bias_hh_l0).chunk(3, dim=1)
    z = (xz + hz).sigmoid()
    expected = (1.0 - z) * (xn + (xr + hr).sigmoid() * hn).tanh() + z * h
    output, after = memory(x[None], h)
    torch.testing.assert_close(output[0], expected)
    torch.testing.assert_close(after, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_begin_orthogonal_with_gain_one_and_biases_zero(kind):
    layer = _memory(kind, nb_features=4).layer
    for weight in (layer.weight_ih_l0, layer.weight_hh_l0):  # (3 or 4 times W, W): columns
        torch.testing.assert_close(weight.T @ weight, torch.eye(4), atol=1e-5, rtol=0.0)
    assert not layer.bias_ih_l0.any() and not layer.bias_hh_l0.any()
    free = _memory(kind, nb_features=4, ortho_init=False).layer
    assert free.bias_ih_l0.any() and free.weight_ih_l0.abs().max() <= 0.5  # 1 / sqrt(4)


@pytest.mark.parametrize("kind", KINDS)
def test_unrolling_is_stepping_with_a_reset_at_each_end_of_an_episode(kind):
    memory, (T, N) = _memory(kind), (9, 3)
    random = torch.Generator().manual_seed(2)
    features = torch.randn(T, N, 3, generator=random)
    state = torch.randn(N, state_size(AgentConfig(memory=kind, memory_size=4)), generator=random)
    done = torch.zeros(T - 1, N, dtype=torch.bool)
    done[0, 1] = done[4, 0] = done[4, 2] = done[5, 2] = done[T - 2, 1] = True
    unrolled = memory.unroll(features, state, done)
    assert unrolled.shape == (T, N, 4)
    for t in range(T):
        output, state = memory(features[t : t + 1], state)
        torch.testing.assert_close(unrolled[t], output[0])
        if t < T - 1:
            state = torch.where(done[t][:, None], 0.0, state)


def test_the_state_carries_the_memory_and_a_cleared_row_forgets():
    agent = _agent()
    assert agent.pipeline.state_size == 2 + 2 * 2 + 3 + 2 * 5
    same = torch.ones(2, 3)
    policy = AgentPolicy(agent)
    policy.reset(2)
    first = policy.act(same)
    second = policy.act(same)
    assert (first - second).abs().max() > 1e-3  # the same observation, another action
    policy.reset_worlds(torch.tensor([True, False]))
    third = policy.act(same)
    torch.testing.assert_close(third[0], first[0])
    assert (third[1] - first[1]).abs().max() > 1e-3


def test_memory_takes_in_decisions_not_steps():
    agent = _agent(action_repeat=2)
    state = agent.pipeline.initial_state(1)
    kept = []
    with torch.no_grad():
        for k in range(4):
            _, state = agent(torch.full((1, 3), float(k)), state)
            kept.append(agent.pipeline.memory(state))
    assert torch.equal(kept[0], kept[1]) and torch.equal(kept[2], kept[3])
    assert not torch.equal(kept[1], kept[2])
    _, expected = agent.memory(torch.zeros(1, 1, 3), torch.zeros(1, 10))
    torch.testing.assert_close(kept[0], expected)  # the first decision saw the first observation


def test_without_a_memory_nothing_is_added():
    agent = Agent(AgentConfig(), INTERFACE)
    assert agent.memory is None and agent.nb_seen == 3
    assert agent.pipeline.state_size == 2 + 2 * 2 + 3


def test_a_memory_without_width_is_refused():
    with pytest.raises(InvalidConfig, match="memory_size must be at least 1, got 0"):
        AgentConfig(memory="gru", memory_size=0)
