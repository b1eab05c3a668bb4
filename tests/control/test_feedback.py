"""Linear feedback: numbers by hand, and who stands on a roller."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from surefoot.control import (
    LECTURE_GAINS,
    PUBLISHED_GAINS,
    PUBLISHED_LIMIT,
    STABILISING_GAINS,
    STABILISING_LIMIT,
    LinearFeedback,
)
from surefoot.errors import InvalidConfig

Roll = Callable[..., torch.Tensor]


def test_command_by_hand():
    """10*0.02 + 1*0.3 + 0.1*0.5 + 0.1*(-2) = 0.35; doubled five times over it hits the clip."""
    feedback = LinearFeedback(PUBLISHED_GAINS, PUBLISHED_LIMIT)
    observation = torch.tensor([[0.02, 0.3, 0.5, -2.0]])
    batch = torch.cat([observation, 10 * observation, -10 * observation])
    feedback.reset(3)
    torch.testing.assert_close(feedback.act(batch), torch.tensor([[0.35], [0.99], [-0.99]]))


def test_memoryless_and_in_the_precision_of_the_observation():
    """The same observation, the same command, whatever came before."""
    feedback = LinearFeedback(LECTURE_GAINS, 0.99)
    observation = torch.tensor([[0.05, 1.0, 1.0, 1.0]], dtype=torch.float64)
    first = feedback.act(observation)
    feedback.act(100 * observation)
    feedback.reset_worlds(torch.tensor([True]))
    assert first.dtype == torch.float64
    assert first.tolist() == feedback.act(observation).tolist() == [[0.5]]


def test_only_the_stabilising_feedback_stands_on_a_roller(roll: Roll):
    """10 s from a lean of 0.1 rad, on the pendulum that the specs suggest as a test bed."""
    start = torch.tensor([[0.1, 0.0, 0.0, 0.0], [-0.1, 0.0, 0.0, 0.0]])
    standing = LinearFeedback(STABILISING_GAINS, STABILISING_LIMIT)
    seen = roll(standing, start, seconds=10.0, length=0.6)
    assert seen[..., 0].abs().max() < 0.3
    for gains in (LECTURE_GAINS, PUBLISHED_GAINS):
        seen = roll(LinearFeedback(gains, PUBLISHED_LIMIT), start, seconds=10.0, length=0.6)
        assert (seen[..., 0].abs().amax(dim=0) > 1.0).all()


def test_wrong_gains_and_limits_are_refused():
    """Each message says what was given."""
    with pytest.raises(InvalidConfig, match=r"needs 4 finite gains .*got \(10\.0, 1\.0\)"):
        LinearFeedback((10.0, 1.0), 1.0)
    with pytest.raises(InvalidConfig, match="needs 4 finite gains"):
        LinearFeedback((10.0, 1.0, 0.0, float("nan")), 1.0)
    with pytest.raises(InvalidConfig, match=r"limit must be positive, got 0\.0 m/s"):
        LinearFeedback(LECTURE_GAINS, 0.0)
