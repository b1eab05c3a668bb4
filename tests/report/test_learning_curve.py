"""What the learning curves show."""

import numpy as np
import pytest

from surefoot.report.figure import save
from surefoot.report.learning_curve import learning_curves, window_means


def test_means_of_windows_leave_out_an_incomplete_last_one():
    cost = np.array([[1.0, 3.0, 5.0, 7.0, 100.0], [0.0, 0.0, 2.0, 2.0, 100.0]])
    assert window_means(cost, 2).tolist() == [[2.0, 6.0], [0.0, 2.0]]


def test_a_curve_is_the_mean_of_the_seeds_in_a_band_of_their_range(tmp_path):
    costs = {
        "a": np.array([[1.0, 3.0, 5.0, 7.0], [3.0, 5.0, 1.0, 3.0]]),
        "b": np.ones((1, 4)),
    }
    figure = learning_curves(costs, {"optimal": 0.5}, window=2, ylabel="cost", title="t")
    (axes,) = figure.axes
    a, b, level = axes.lines
    assert a.get_xdata().tolist() == [1.0, 3.0]  # the middles of the windows
    assert a.get_ydata().tolist() == [3.0, 4.0]  # (2 + 4) / 2, (6 + 2) / 2
    assert b.get_ydata().tolist() == [1.0, 1.0]
    assert set(level.get_ydata()) == {0.5}
    low, high = (axes.collections[0].get_datalim(axes.transData).get_points())[:, 1]
    assert (low, high) == pytest.approx((2.0, 6.0))
    assert [text.get_text() for text in axes.get_legend().texts] == ["a (2 seeds)", "b (1 seed)"]
    path = tmp_path / "new" / "curve.png"
    save(figure, path)
    assert path.read_bytes()[:4] == b"\x89PNG"
