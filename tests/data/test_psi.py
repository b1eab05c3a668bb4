"""The policy gradient theorem on three states: six estimators, one exact gradient."""

import pytest
import torch

from support_chain import MOVE, REWARD, THETA
from surefoot.agent.distributions import Categorical
from surefoot.data.episodes import Episodes, blocks_backwards
from surefoot.data.psi import PSI, Trajectory, discounts, past_signals, returns_to_go
from surefoot.errors import InvalidConfig

GAMMA, STEPS, EPISODES = 0.9, 5, 200_000


def _exact_values(theta):
    """Q_t(s, a), (T, 3, 2), and V_t(s), (T + 1, 3), backwards from the end of the episode."""
    pi = torch.softmax(theta, dim=1)
    V, Q = [torch.zeros(3, dtype=torch.float64)], []
    for _ in range(STEPS):
        Q.append(REWARD + GAMMA * MOVE @ V[-1])
        V.append((pi * Q[-1]).sum(dim=1))
    return torch.stack(Q[::-1]), torch.stack(V[::-1])


def _exact_gradient():
    """Of the value of state 0 at the start, by finite differences."""
    gradient, h = torch.zeros_like(THETA), 1e-5
    for s in range(3):
        for a in range(2):
            up, down = THETA.clone(), THETA.clone()
            up[s, a] += h
            down[s, a] -= h
            gradient[s, a] = (_exact_values(up)[1][0, 0] - _exact_values(down)[1][0, 0]) / (2 * h)
    return gradient


@pytest.fixture(scope="module")
def episodes():
    """Many episodes from state 0: the trajectory with its exact critics, and the scores."""
    random = torch.Generator().manual_seed(1)
    Q, V = _exact_values(THETA)
    state = torch.zeros(EPISODES, dtype=torch.int64)
    found = []
    for t in range(STEPS):
        law = Categorical(THETA[state])
        action = law.sample(random).long()[:, 0]
        following = torch.multinomial(MOVE[state, action], 1, generator=random)[:, 0]
        score = torch.zeros(EPISODES, 3, 2, dtype=torch.float64)
        each = torch.arange(EPISODES)
        score[each, state] = -law.probs
        score[each, state, action] += 1.0
        found.append((REWARD[state, action], V[t][state], V[t + 1][following],
                      Q[t][state, action], score))  # fmt: skip
        state = following
    signal, value, next_value, q_value, scores = (torch.stack(x) for x in zip(*found, strict=True))
    path = Trajectory(signal=signal, value=value, next_value=next_value, q_value=q_value)
    return path, scores


def _estimates(name, episodes):
    """The gradient that each episode alone suggests, (N, 3, 2)."""
    path, scores = episodes
    return (PSI[name](path, GAMMA)[..., None, None] * scores).sum(dim=0)


@pytest.mark.parametrize("name", PSI)
def test_each_estimator_has_the_exact_gradient_as_its_mean(name, episodes):
    estimates = _estimates(name, episodes)
    error = estimates.mean(dim=0) - _exact_gradient()
    assert (error.abs() < 3.0 * estimates.std(dim=0) / EPISODES**0.5).all()


def test_variances_are_in_the_order_of_the_lecture(episodes):
    v = {name: _estimates(name, episodes).var(dim=0).sum().item() for name in PSI}
    assert v["total-return"] > 1.5 * v["return-to-go"]  # the past is noise
    assert v["return-to-go"] > 1.5 * v["return-to-go-minus-baseline"]  # so is what is usual
    assert v["return-to-go-minus-baseline"] > 1.1 * v["td-residual"]  # and luck much later
    assert v["td-residual"] > 1.1 * v["advantage"]  # and luck in the next step
    assert v["return-to-go"] > 1.02 * v["q-value"]  # luck after this action
    assert v["q-value"] > 1.1 * v["advantage"]  # what is usual, again


def test_any_baseline_leaves_the_mean_alone_and_a_good_one_lowers_the_variance(episodes):
    path, scores = episodes
    plain = _estimates("return-to-go", episodes)
    for baseline, better in ((path.value, True), (-2.0 * path.value, False)):
        changed = Trajectory(signal=path.signal, value=baseline)
        other = _estimates("return-to-go-minus-baseline", (changed, scores))
        difference = other - plain
        assert (difference.mean(dim=0).abs() < 3.0 * difference.std(dim=0) / EPISODES**0.5).all()
        assert (other.var(dim=0).sum() < plain.var(dim=0).sum()) == better


@pytest.mark.parametrize("name", PSI)
def test_costs_give_minus_the_gradient_of_rewards(name, episodes):
    path, scores = episodes
    given = {key: tensor for key, tensor in vars(path).items() if tensor is not None}
    costs = Trajectory(**{key: -tensor for key, tensor in given.items()})
    assert torch.equal(_estimates(name, (costs, scores)), -_estimates(name, episodes))


def test_by_hand():
    path = Trajectory(
        signal=torch.tensor([1.0, 2.0, 4.0]),
        value=torch.tensor([10.0, 20.0, 40.0]),
        next_value=torch.tensor([20.0, 40.0, 80.0]),
        q_value=torch.tensor([11.0, 23.0, 47.0]),
    )
    # gamma = 1/2: gamma^t = 1, 1/2, 1/4; G = 1 + 1 + 1, 2 + 2, 4
    expected = {
        "total-return": [3.0, 3.0, 3.0],
        "return-to-go": [3.0, 2.0, 1.0],
        "return-to-go-minus-baseline": [-7.0, -8.0, -9.0],
        "q-value": [11.0, 11.5, 11.75],
        "advantage": [1.0, 1.5, 1.75],
        "td-residual": [1.0, 1.0, 1.0],  # 1 + 10 - 10; (2 + 20 - 20)/2; (4 + 40 - 40)/4
    }
    assert {name: psi(path, 0.5).tolist() for name, psi in PSI.items()} == expected
    assert returns_to_go(path.signal, 0.5).tolist() == [3.0, 4.0, 4.0]
    assert discounts(torch.zeros(3, 2), 0.5).tolist() == [[1.0], [0.5], [0.25]]
    assert path.signal.tolist() == [1.0, 2.0, 4.0]  # left alone


def test_segments_by_hand():
    """A true end after step 1, time up after step 3, a cut after step 5; begun in mid-episode."""
    path = Trajectory(
        signal=torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
        value=torch.tensor([10.0, 20.0, 30.0, 50.0, 60.0, 70.0]),
        next_value=torch.tensor([20.0, 0.0, 50.0, 40.0, 70.0, 80.0]),
        q_value=torch.tensor([11.0, 23.0, 37.0, 61.0, 73.0, 87.0]),
        done=torch.tensor([False, True, False, True, False, False]),
        past=torch.tensor(100.0),
        weight=torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 2.0]),
    )
    # gamma = 1/2; G_1 = 2, G_0 = 1 + 2/2; G_3 = 8 + 40/2, G_2 = 4 + 28/2; G_5 = 32 + 80/2,
    # G_4 = 16 + 72/2. The last step weighs twice.
    expected = {
        "return-to-go": [2.0, 2.0, 18.0, 28.0, 52.0, 144.0],
        "total-return": [102.0, 103.0, 18.0, 32.0, 52.0, 160.0],  # + 100, 101; 0, 4; 0, 16
        "return-to-go-minus-baseline": [-8.0, -18.0, -12.0, -22.0, -8.0, 4.0],
        "q-value": [11.0, 23.0, 37.0, 61.0, 73.0, 174.0],
        "advantage": [1.0, 3.0, 7.0, 11.0, 13.0, 34.0],
        "td-residual": [1.0, -18.0, -1.0, -22.0, -9.0, 4.0],  # 1 + 10 - 10; 2 + 0 - 20; ...
    }
    assert {name: psi(path, 0.5).tolist() for name, psi in PSI.items()} == {
        name: expected[name] for name in PSI
    }
    # what the next segment begins with: 16, and 32 twice
    assert past_signals(path, 0.5).tolist() == [100.0, 101.0, 0.0, 4.0, 0.0, 16.0, 80.0]


def test_segments_of_several_environments_end_on_their_own():
    path = Trajectory(
        signal=torch.tensor([[1.0, 1.0], [2.0, 2.0]]),
        next_value=torch.tensor([[40.0, 40.0], [80.0, 80.0]]),
        done=torch.tensor([[True, False], [False, False]]),
        weight=torch.ones(2, 2),
    )
    assert PSI["return-to-go"](path, 0.5).tolist() == [[21.0, 22.0], [42.0, 42.0]]
    assert PSI["total-return"](path, 0.5).tolist() == [[21.0, 22.0], [42.0, 43.0]]


def test_a_segment_needs_to_know_what_its_cut_is_worth():
    path = Trajectory(signal=torch.zeros(3), done=torch.zeros(3, dtype=torch.bool))
    with pytest.raises(InvalidConfig, match=r"needs Trajectory\.next_value, which is not given"):
        PSI["return-to-go"](path, 0.9)


@pytest.mark.parametrize(
    ("name", "missing"),
    [("return-to-go-minus-baseline", "value"), ("advantage", "q_value"),
     ("td-residual", "next_value")],
)  # fmt: skip
def test_a_choice_says_which_critic_it_needs(name, missing):
    path = Trajectory(signal=torch.zeros(3))
    with pytest.raises(InvalidConfig, match=rf"needs Trajectory\.{missing}, which is not given"):
        PSI[name](path, 0.9)


def test_episodes_give_their_steps_seed_by_seed():
    signal = torch.arange(24.0).reshape(4, 2, 3)  # 4 steps, 2 seeds, 3 episodes
    episodes = Episodes(features=signal, action=signal, signal=signal)
    rows = episodes.rows(signal, slice(1, 3))
    assert rows.tolist() == [[6, 7, 8, 12, 13, 14], [9, 10, 11, 15, 16, 17]]


def test_blocks_cover_all_steps_from_the_end():
    assert blocks_backwards(3, 1) == [slice(2, 3), slice(1, 2), slice(0, 1)]
    assert blocks_backwards(5, 2) == [slice(3, 5), slice(1, 3), slice(0, 1)]
    assert blocks_backwards(3, 100) == [slice(0, 3)]
