"""The picture of a curriculum."""

import numpy as np

from surefoot.report.terrain_levels import terrain_levels


def test_each_kind_has_a_line_with_its_levels():
    steps = np.array([1e6, 2e6, 4e6])
    levels = {"smooth_slope": np.array([2.0, 3.0, 6.0]), "stairs_up": np.array([2.5, 2.0, 3.0])}
    axes = terrain_levels(steps, levels, highest=9).axes[0]
    assert [line.get_label() for line in axes.lines] == ["smooth slope", "stairs up"]
    for line, level in zip(axes.lines, levels.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1.0, 2.0, 4.0])
        np.testing.assert_array_equal(line.get_ydata(), level)
    assert axes.get_ylim() == (0.0, 9.0)


def test_nine_kinds_have_nine_colours():
    levels = {f"kind_{i}": np.zeros(2) for i in range(9)}
    axes = terrain_levels(np.arange(2.0), levels, highest=9).axes[0]
    assert len({line.get_color() for line in axes.lines}) == 9
