"""What training curves of unequal lengths and rows are reduced to."""

import numpy as np
import pytest

from surefoot.report.curves import (
    Curve,
    common_span,
    default_level,
    first_reach,
    mean_return,
    on_grid,
)


def curve(steps, returns) -> Curve:
    steps = np.array(steps, dtype=float)
    return Curve(steps=steps, seconds=0.1 * steps, returns=np.array(returns, dtype=float))


RISING = curve([10, 20, 40, 50], [0, 10, 10, 30])
LONGER = curve([5, 45, 100], [0, 40, 95])
BROKEN = curve([10, 20, 30, 50], [0, 5, np.nan, 50])


def test_the_area_is_of_trapezoids_over_the_span():
    # 10 to 20: 5 * 10; to 40: 10 * 20; to 45: half of 20 more, (10 + 20) / 2 * 5
    assert mean_return(RISING, 10.0, 45.0) == pytest.approx((50 + 200 + 75) / 35, rel=1e-12)
    assert mean_return(LONGER, 25.0, 45.0) == pytest.approx(30.0, rel=1e-12)
    assert mean_return(BROKEN, 10.0, 45.0) == -np.inf


def test_a_level_is_reached_in_the_first_row_that_has_it():
    assert first_reach(RISING, 10.0) == (20.0, pytest.approx(2.0))
    assert first_reach(RISING, 10.5) == (50.0, pytest.approx(5.0))
    assert first_reach(RISING, 31.0) == (np.inf, np.inf)
    assert first_reach(BROKEN, 20.0) == (50.0, pytest.approx(5.0))


def test_the_common_span_is_in_all_curves():
    assert common_span([RISING, LONGER]) == (10.0, 50.0)


def test_the_default_level_is_four_fifths_of_the_median_climb():
    # from 0 to the median of 30, 45 and 20 at step 50
    low = curve([0, 60], [0, 24])
    assert default_level([RISING, LONGER, low, BROKEN]) == pytest.approx(0.8 * 30.0)
    assert default_level([curve([0, 10], [5, 4])]) is None
    assert default_level([BROKEN]) is None


def test_curves_meet_on_a_grid_and_a_broken_one_is_the_worst_from_then_on():
    found = on_grid([RISING, BROKEN], np.array([5.0, 15.0, 30.0, 45.0]))
    np.testing.assert_array_equal(
        found, [[np.nan, 5.0, 10.0, 20.0], [np.nan, 2.5, -np.inf, -np.inf]]
    )
