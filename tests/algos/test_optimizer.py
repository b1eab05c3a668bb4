"""Gradient steps over weights that are one vector, and targets that follow."""

import copy

import pytest
import torch
from torch import nn

from surefoot.algos.optimizer import SGD, Adam, Target


def _network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


@pytest.mark.parametrize("limit", [None, 0.05])
def test_it_is_pytorchs_adam(limit):
    ours, theirs = _network(), _network()
    adam = Adam(ours, 1e-2, eps=1e-5, max_grad_norm=limit)
    peer = torch.optim.Adam(theirs.parameters(), lr=1e-2, eps=1e-5)
    for seed in range(20):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(seed))
        adam.learning_rate = peer.param_groups[0]["lr"] = 1e-2 / (seed + 1)
        norm = adam.descend(ours(x).square().mean())
        peer.zero_grad()
        theirs(x).square().mean().backward()
        expected = nn.utils.clip_grad_norm_(theirs.parameters(), limit or float("inf"))
        torch.testing.assert_close(norm, expected)
        peer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_weights_that_a_loss_does_not_depend_on_wait():
    network = _network()
    adam = Adam(network, 1e-2)
    before = network[2].bias.clone()
    adam.descend(network[:2](torch.ones(4, 3)).sum())
    assert torch.equal(network[2].bias, before)


@pytest.mark.parametrize(("limit", "share"), [(None, 1.0), (5.0, 5.0 / 6.5)])
def test_plain_descent_follows_the_gradient(limit, share):
    weights = nn.Linear(2, 1, bias=False)
    weights.weight.data.copy_(torch.tensor([[2.0, -1.0]]))
    # gradient (6, -2.5), of norm 6.5
    loss = (weights(torch.tensor([[6.0, -2.5]]))).sum()
    SGD(weights, 0.1, max_grad_norm=limit).descend(loss)
    expected = torch.tensor([[2.0 - 0.6 * share, -1.0 + 0.25 * share]])
    torch.testing.assert_close(weights.weight.data, expected)


def test_saved_and_restored_it_continues_bit_for_bit():
    network = _network()
    adam = Adam(network, 1e-2)
    x = torch.ones(4, 3)
    adam.descend(network(x).sum())
    other = _network()
    restored = Adam(other, 1e-2)
    other.load_state_dict(copy.deepcopy(network.state_dict()))
    restored.load_state_dict(copy.deepcopy(adam.state_dict()))
    adam.descend(network(x).square().sum())
    restored.descend(other(x).square().sum())
    assert torch.equal(adam.weights.vector, restored.weights.vector)
    assert torch.equal(other[0].weight, network[0].weight)  # restored weights are the vector's


def test_targets_follow_slowly_or_at_once():
    network = _network()
    adam = Adam(network, 0.1)
    target = Target(network, adam.weights)
    before = target.network[0].weight.clone()
    adam.descend(network(torch.ones(4, 3)).sum())
    after = network[0].weight
    assert torch.equal(target.network[0].weight, before) and not torch.equal(after, before)
    target.follow(0.25)
    torch.testing.assert_close(target.network[0].weight, 0.75 * before + 0.25 * after)
    target.follow(1.0)
    assert torch.equal(target.network[0].weight, after)
    assert not any(p.requires_grad for p in target.network.parameters())
