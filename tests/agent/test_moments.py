"""Running moments against the moments of everything at once."""

import torch

from surefoot.agent.moments import RunningMoments


def test_batches_merge_to_the_moments_of_all_samples():
    samples = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)) * 5.0 + 2.0
    moments = RunningMoments(3)
    for batch in samples.split([1, 9, 490, 500]):
        moments.update(batch)
    torch.testing.assert_close(moments.mean, samples.double().mean(0))
    torch.testing.assert_close(moments.var, samples.double().var(0, unbiased=False))


def test_rows_that_are_not_finite_are_left_out():
    moments = RunningMoments(2)
    moments.update(torch.tensor([[1.0, 2.0], [float("nan"), 0.0], [3.0, 4.0]]))
    assert moments.mean.tolist() == [2.0, 3.0]
    assert moments.count.item() == 2.0
