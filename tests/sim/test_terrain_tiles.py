"""Tiles of terrain: heights derived by hand from the published numbers."""

import numpy as np
import pytest

from surefoot.sim import terrain_tiles
from surefoot.sim.terrain_tiles import TILES, Tile

TILE = Tile(points=80, step=0.1, platform=2.0, tread=0.31)
MIDDLE = slice(30, 50)  # the 20 points within 1 m of the middle, at 0.05, 0.15, ..., 0.95 m


def make(kind: str, difficulty: float, seed: int = 0, **changes):
    tile = Tile(**vars(TILE) | changes)
    return TILES[kind](difficulty, np.random.default_rng(seed), tile)


@pytest.mark.parametrize("kind", TILES)
def test_every_tile_begins_on_flat_ground_at_height_zero(kind):
    heights = make(kind, 0.9)
    assert heights.shape == (80, 80)
    np.testing.assert_array_equal(heights[MIDDLE, MIDDLE], 0.0)
    assert np.ptp(heights) > 0.05, "and it is not flat elsewhere"


@pytest.mark.parametrize("kind", TILES)
def test_a_tile_is_its_seed(kind):
    np.testing.assert_array_equal(make(kind, 0.5, seed=3), make(kind, 0.5, seed=3))


@pytest.mark.parametrize("kind", [k for k in TILES if k not in ("smooth_slope", "gaps")])
def test_heights_are_in_proportion_to_the_legs(kind):
    """Slopes stay as steep for all; of stones and gaps only the depth is compared."""
    if kind == "rough_slope":
        full, half = (make(kind, 0.0, scale=s) for s in (1.0, 0.5))
    else:
        full, half = (make(kind, 0.5, scale=s) for s in (1.0, 0.5))
    assert np.ptp(half) == pytest.approx(0.5 * np.ptp(full))


def test_a_slope_rises_by_a_fifth_at_half_difficulty():
    """0.4 * 0.5 per metre: the outermost points, 3.95 m away, are 2.95 m beyond the platform."""
    signs = set()
    for seed in range(10):
        heights = make("smooth_slope", 0.5, seed)
        assert abs(heights[0, 40]) == pytest.approx(0.2 * 2.95)
        assert abs(heights[40, 20]) == pytest.approx(0.2 * 0.95)
        signs.add(np.sign(heights[0, 0]))
    assert signs == {-1.0, 1.0}


def test_a_rough_slope_adds_bumps_of_five_centimetres_at_most():
    smooth, rough = make("smooth_slope", 0.5), make("rough_slope", 0.5)
    bumps = rough - smooth
    assert 0.03 < np.abs(bumps).max() <= 0.05
    assert abs(bumps.mean()) < 0.005
    # one random height every 0.2 m, two points of the grid: points between lie on a line
    np.testing.assert_allclose(bumps[1, 0:20:2], 0.5 * (bumps[0, 0:20:2] + bumps[2, 0:20:2]))


def test_stairs_have_the_published_height_and_tread():
    """At difficulty 0.5 a step is 0.05 + 0.09 m; the first begins 1 m from the middle."""
    up = make("stairs_up", 0.5)
    profile = up[40, 40:]  # at 0.05, 0.15, ... m: beyond 1, 1.31, 1.62, ... m it is a step higher
    expected = [0.14 * np.ceil(max(0.05 + 0.1 * k - 1.0, 0.0) / 0.31) for k in range(40)]
    np.testing.assert_allclose(profile, expected)
    assert profile[-1] == pytest.approx(10 * 0.14)  # 2.95 m of stairs
    np.testing.assert_array_equal(up, up.T)
    np.testing.assert_array_equal(up, up[::-1])
    np.testing.assert_array_equal(make("stairs_down", 0.5), -up)


def test_obstacles_are_blocks_of_four_heights():
    heights = make("discrete_obstacles", 1.0)  # 0.05 + 0.2 m
    assert set(np.round(np.unique(heights), 6)) <= {-0.25, -0.125, 0.0, 0.125, 0.25}
    assert 0.2 < (heights != 0.0).mean() < 0.8


def test_perlin_noise_is_zero_at_whole_numbers_smooth_and_bounded():
    place = np.arange(0.0, 4.0, 0.01)
    noise = terrain_tiles.perlin(place, np.random.default_rng(0))
    np.testing.assert_allclose(noise[::100, ::100], 0.0, atol=1e-12)
    assert 0.4 < np.abs(noise).max() <= 1.0
    assert np.abs(np.diff(noise, axis=0)).max() < 0.04  # a slope of at most 4 per cell
    # its slope at a whole number is the gradient that was drawn there, of length sqrt 2
    dx = (noise[101, 100] - noise[99, 100]) / 0.02
    dy = (noise[100, 101] - noise[100, 99]) / 0.02
    assert np.hypot(dx, dy) == pytest.approx(np.sqrt(2.0), rel=1e-3)


def test_steps_are_square_blocks_below_the_highest():
    heights = make("steps", 1.0, step=0.05, points=160)  # 0.25 m wide, up to 0.3 m high
    blocks = heights.reshape(32, 5, 32, 5)
    assert np.ptp(blocks[:8], axis=(1, 3)).max() == 0.0
    assert 0.25 < heights.max() <= 0.3
    assert heights.min() == 0.0


def test_stepping_stones_leave_the_holes_that_were_asked_for():
    """At difficulty 0: stones of 1.5 m, gaps of 0.1 m: (1.5 / 1.6)^2 of the ground is solid."""
    heights = make("stepping_stones", 0.0, step=0.02, points=400)
    period = heights[:80, :80]  # 1.6 m, beyond the platform
    assert set(np.unique(heights)) == {-1.0, 0.0}
    assert (period == 0.0).mean() == pytest.approx((1.5 / 1.6) ** 2, abs=0.03)


def test_a_gap_is_as_wide_as_the_difficulty():
    """Half a metre: the 5 points beyond the platform at 1.05 to 1.45 m."""
    row = make("gaps", 0.5)[40, 40:]
    np.testing.assert_array_equal(row[:10], 0.0)
    np.testing.assert_array_equal(row[10:15], -1.0)
    np.testing.assert_array_equal(row[15:], 0.0)
