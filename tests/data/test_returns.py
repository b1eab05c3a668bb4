"""GAE on rollouts small enough to do by hand."""

import torch

from surefoot.data.returns import gae


def test_time_limit_bootstraps_from_the_state_before_reset():
    """One env: a time limit, then one step of the next episode."""
    advantage = gae(
        reward=torch.tensor([[1.0], [0.0]]),
        value=torch.tensor([[2.0], [5.0]]),
        next_value=torch.tensor([[10.0], [0.0]]),  # 10 = V(final_obs); V(reset) is 5, V(s_t) is 2
        terminated=torch.tensor([[False], [True]]),
        done=torch.tensor([[True], [True]]),
        gamma=0.5,
        lam=1.0,
    )
    # step 0: 1 + 0.5 * 10 - 2 = 4; nothing leaks back from step 1, whose advantage is -5
    torch.testing.assert_close(advantage, torch.tensor([[4.0], [-5.0]]))


def _random_rollout():
    random = torch.Generator().manual_seed(3)
    reward, value, next_value = (torch.randn(6, 4, generator=random) for _ in range(3))
    none = torch.zeros(6, 4, dtype=torch.bool)
    return reward, value, next_value, none


def test_lambda_zero_is_the_one_step_error():
    reward, value, next_value, none = _random_rollout()
    advantage = gae(reward, value, next_value, none, none, gamma=0.9, lam=0.0)
    torch.testing.assert_close(advantage, reward + 0.9 * next_value - value)


def test_lambda_one_is_monte_carlo_minus_value():
    reward, value, _, none = _random_rollout()
    value = torch.cat([value, torch.full((1, 4), 7.0)])  # V after the last step
    advantage = gae(reward, value[:-1], value[1:], none, none, gamma=0.9, lam=1.0)
    for t in range(6):
        monte_carlo = sum(0.9 ** (k - t) * reward[k] for k in range(t, 6)) + 0.9 ** (6 - t) * 7.0
        torch.testing.assert_close(advantage[t], monte_carlo - value[t])


def test_between_them_it_is_the_weighted_mean_of_all_numbers_of_steps():
    """(1 - lambda) lambda^(n-1) weighs n steps; what remains falls to the longest there is."""
    reward, value, _, none = _random_rollout()
    value = torch.cat([value, torch.full((1, 4), 7.0)])
    advantage = gae(reward, value[:-1], value[1:], none, none, gamma=0.9, lam=0.7)
    for t in range(6):
        n_step = [
            sum(0.9**k * reward[t + k] for k in range(n)) + 0.9**n * value[t + n] - value[t]
            for n in range(1, 7 - t)
        ]
        weights = [0.3 * 0.7**n for n in range(5 - t)] + [0.7 ** (5 - t)]
        expected = sum(w * a for w, a in zip(weights, n_step, strict=True))
        torch.testing.assert_close(advantage[t], expected)
