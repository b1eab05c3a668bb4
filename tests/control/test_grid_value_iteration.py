"""Value iteration on a grid against closed forms."""

import pytest
import torch

from surefoot.control.grid_value_iteration import Grid, GridValueIteration


def test_weights_are_those_of_bilinear_interpolation():
    grid = Grid(low=(0.0, -1.0), high=(2.0, 1.0), nb_points=(3, 5))
    points = grid.points()
    assert points.shape == (15, 2) and points[1].tolist() == [0.0, -0.5]

    def bilinear(x):
        return 2.0 + 3.0 * x[:, 0] - x[:, 1] + 0.5 * x[:, 0] * x[:, 1]

    random = torch.Generator().manual_seed(0)
    states = torch.rand(50, 2, generator=random, dtype=torch.float64) * 2.0 - torch.tensor([0, 1])
    states = torch.cat([states, points])  # corners and borders too
    index, weight = grid.corners(states)
    assert (weight >= 0.0).all()
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(65, dtype=torch.float64))
    torch.testing.assert_close((bilinear(points)[index] * weight).sum(dim=1), bilinear(states))


def test_states_outside_count_as_the_border():
    grid = Grid(low=(0.0, 0.0), high=(1.0, 1.0), nb_points=(2, 2))
    index, weight = grid.corners(torch.tensor([[5.0, -3.0]], dtype=torch.float64))
    where = (grid.points()[index[0]] * weight[0][:, None]).sum(dim=0)
    assert where.tolist() == [1.0, 0.0]


def _walk(state, action):
    """Step 1 to the left or to the right on the numbers 0 to 4; it costs the distance to 3."""
    position = (state[:, 0] + 2.0 * action - 1.0).clamp(0.0, 4.0)
    return (state[:, 0] - 3.0).abs(), torch.stack([position, state[:, 1]], dim=1)


def test_a_walk_on_numbers_has_its_closed_form():
    grid = Grid(low=(0.0, 0.0), high=(4.0, 1.0), nb_points=(5, 2))
    found = GridValueIteration(_walk, 2, grid, discount=0.5, tolerance=1e-9)
    # at 3 it must leave: J(3) = 0 + J(2)/2 or J(4)/2, J(2) = J(4) = 1 + J(3)/2, so J(3) = 2/3,
    # J(2) = J(4) = 4/3, J(1) = 2 + 2/3 = 8/3, J(0) = 3 + 4/3 = 13/3
    states = torch.tensor([[i, 0.5] for i in range(5)], dtype=torch.float64)
    assert found.value(states).tolist() == pytest.approx([13 / 3, 8 / 3, 4 / 3, 2 / 3, 4 / 3])
    assert found.act(states)[[0, 1, 2, 4]].tolist() == [1, 1, 1, 0]


def test_it_stops_as_soon_as_the_tolerance_is_certain():
    """Costs of 1 for ever: J_k = (1 - 0.9^k) / 0.1, which is 10 * 0.9^k from 10."""

    def stay(state, action):
        return torch.ones(len(state), dtype=torch.float64), state

    grid = Grid(low=(0.0, 0.0), high=(1.0, 1.0), nb_points=(2, 2))
    found = GridValueIteration(stay, 1, grid, discount=0.9, tolerance=1.0)
    # 10 * 0.9^21 = 1.09 is still more than 1, 10 * 0.9^22 = 0.98 is not
    assert found.nb_sweeps == 22
    assert found.values.tolist() == pytest.approx([(1 - 0.9**22) / 0.1] * 4)
