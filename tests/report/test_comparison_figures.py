"""What the figures of a comparison show."""

import numpy as np
import pytest

from surefoot.report import comparison_figures as figures
from surefoot.report.comparison import Metric, compare
from surefoot.report.curves import Curve


@pytest.fixture
def results():
    values = {"A": np.array([4.0, 2.0, 1.0, 3.0, 5.0]), "B": np.array([11.0, np.inf, 14.0, 12.0])}
    metric = Metric(
        name="seconds_to_level", title="time", unit="s", higher_is_better=False, values=values
    )
    return compare([metric], {"A": range(5), "B": range(4)})


def test_every_run_is_a_dot_and_the_bar_is_the_interval(results):
    panel = figures.intervals(results).axes[0]
    dots, bar, middle = panel.lines[:3]
    assert list(dots.get_xdata()) == [4.0, 2.0, 1.0, 3.0, 5.0]
    assert list(bar.get_xdata()) == [1.0, 5.0] and list(middle.get_xdata()) == [3.0]
    assert list(panel.lines[3].get_xdata()) == [11.0, 14.0, 12.0]
    assert [text.get_text() for text in panel.texts] == ["1 failed"]
    assert panel.get_xlabel() == "time, s (less is better)"


def test_the_profile_is_the_share_that_is_better(results):
    axes = figures.profiles(results[0]).axes[0]
    a, b = axes.lines[:2]
    at = np.searchsorted(a.get_xdata(), 3.5)
    assert a.get_ydata()[at] == pytest.approx(0.6)  # 2, 1 and 3 are faster than 3.5 s
    assert b.get_ydata()[-1] == pytest.approx(0.75)  # one run never got there
    assert axes.get_ylabel() == "share of runs below"


def test_grey_is_what_cannot_be_seen(results):
    axes = figures.improvement(results).axes[0]
    (line, dot, *_) = axes.lines
    assert results[0].pairs[0].better == "A"
    assert list(dot.get_xdata()) == [0.0] and line.get_color() != "0.45"
    assert axes.get_yticklabels()[0].get_text() == "B over A\ntime"


def test_curves_are_iqm_in_their_band():
    steps = np.array([0.0, 100.0])
    runs = [Curve(steps=steps, seconds=steps, returns=np.array([0.0, top])) for top in
            (10.0, 20.0, 30.0, 40.0, 90.0)]  # fmt: skip
    axes = figures.learning({"A": runs}).axes[0]
    assert len(axes.lines) == 6  # five runs and their middle
    middle = axes.lines[5]
    assert middle.get_ydata()[-1] == pytest.approx(30.0) and middle.get_label() == "A (5 runs)"
    low, high = axes.collections[0].get_datalim(axes.transData).get_points()[:, 1]
    assert (low, high) == pytest.approx((0.0, 90.0))
