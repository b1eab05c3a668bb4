"""Networks for several seeds: each seed learns as if it were alone."""

import math

import torch

from surefoot.agent.seed_networks import NetworkSoftmax, NetworkValue, SeedNetwork


def _generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _samples(S, N, F):
    random = torch.Generator().manual_seed(9)
    return torch.randn(S, N, F, generator=random, dtype=torch.float64)


def test_output_and_gains_are_those_of_a_plain_perceptron():
    network = SeedNetwork((3, 8, 2), output_gain=0.5, generators=_generators(0, 1))
    weight1, bias1, weight2, bias2 = (p.detach() for p in network.parameters)
    eye = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(weight1[1] @ weight1[1].T, 2.0 * eye)  # sqrt 2, orthogonal rows
    torch.testing.assert_close(weight2[0].T @ weight2[0], 0.25 * eye[:2, :2])
    bias1 += 0.1
    bias2 -= 0.2
    features = _samples(2, 4, 3)
    expected = torch.tanh(features[1] @ weight1[1] + 0.1) @ weight2[1] - 0.2
    torch.testing.assert_close(network(features)[1].detach(), expected)


def test_seeds_do_not_know_each_other():
    features = _samples(2, 6, 3)
    action = torch.tensor([[0, 1, 2, 0, 1, 2], [2, 2, 1, 1, 0, 0]])
    weight = _samples(2, 6, 1)[..., 0]
    both = NetworkSoftmax((3, 8, 3), _generators(4, 5))
    alone = NetworkSoftmax((3, 8, 3), _generators(5))
    for _ in range(3):
        both.ascend(features, action, weight, rate=0.01)
        alone.ascend(features[1:], action[1:], weight[1:], rate=0.01)
    for a, b in zip(both.parameters, alone.parameters, strict=True):
        torch.testing.assert_close(a[1:], b)


def test_what_has_a_positive_weight_becomes_more_likely():
    features, action = _samples(1, 6, 3), torch.tensor([[0, 1, 2, 0, 1, 2]])
    policy = NetworkSoftmax((3, 8, 3), _generators(0))
    before = policy.law(features).log_prob(action.reshape(-1, 1)).detach()
    weight = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0, -1.0]], dtype=torch.float64)
    for _ in range(5):
        policy.ascend(features, action, weight, rate=0.01)
    change = policy.law(features).log_prob(action.reshape(-1, 1)).detach() - before
    assert change[0] > 0.01 and change[5] < -0.01
    # a new policy hardly prefers anything: the output layer's gain is 0.01
    assert before.sub(math.log(1 / 3)).abs().max() < 0.05


def test_a_value_network_learns_values_of_its_scale():
    features = _samples(2, 20, 3)
    target = 100.0 * features[..., 0] - 50.0
    value = NetworkValue((3, 16, 1), _generators(0, 1), scale=100.0)
    with torch.no_grad():  # steps are taken even where gradients are switched off, as while playing
        for _ in range(300):
            value.ascend(features, target - value(features), rate=0.01)
    assert (target - value(features)).square().mean().sqrt() < 10.0
