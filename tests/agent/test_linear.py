"""Linear policies and values: steps against finite differences, seed by seed."""

import torch

from surefoot.agent.linear import LinearSoftmax, LinearValue

S, N, F, n = 3, 7, 5, 4


def _samples():
    random = torch.Generator().manual_seed(0)
    features = torch.randn(S, N, F, generator=random, dtype=torch.float64)
    action = torch.randint(n, (S, N), generator=random)
    weight = torch.randn(S, N, generator=random, dtype=torch.float64)
    theta = torch.randn(S, F, n, generator=random, dtype=torch.float64)
    return features, action, weight, theta


def _objective(policy, features, action, weight):
    """The sum of weight times log pi, of each seed."""
    log_prob = policy.law(features).log_prob(action.reshape(-1, 1)).reshape(S, N)
    return (weight * log_prob).sum(dim=1)


def test_a_policy_step_follows_the_gradient_by_finite_differences():
    features, action, weight, theta = _samples()
    policy = LinearSoftmax(S, F, n, height=1.7)
    policy.theta.copy_(theta)
    policy.ascend(features, action, weight, rate=0.5)
    gradient = (policy.theta - theta) / 0.5
    h = 1e-6
    for i in range(F):
        for a in range(n):
            values = []
            for change in (h, -h):
                policy.theta.copy_(theta)
                policy.theta[:, i, a] += change  # all seeds at once: they do not know each other
                values.append(_objective(policy, features, action, weight))
            difference = (values[0] - values[1]) / (2 * h)
            torch.testing.assert_close(gradient[:, i, a], difference, rtol=1e-4, atol=1e-8)


def test_before_training_all_actions_are_equally_likely():
    probs = LinearSoftmax(S, F, n).law(_samples()[0]).probs
    torch.testing.assert_close(probs, torch.full((S * N, n), 0.25, dtype=torch.float64))


def test_the_height_multiplies_the_preferences():
    features, _, _, theta = _samples()
    policy = LinearSoftmax(S, F, n, height=3.0)
    policy.theta.copy_(theta)
    h = 3.0 * torch.einsum("snf,sfa->sna", features, theta)
    torch.testing.assert_close(
        policy.law(features).probs, torch.softmax(h, dim=2).reshape(S * N, n)
    )


def test_a_value_step_is_the_weighted_sum_of_features():
    features, _, weight, _ = _samples()
    value = LinearValue(S, F)
    value.ascend(features, weight, rate=0.1)
    expected = 0.1 * torch.einsum("sn,snf->sf", weight, features)
    torch.testing.assert_close(value.theta[:, :, 0], expected)
    torch.testing.assert_close(value(features), torch.einsum("snf,sf->sn", features, expected))
