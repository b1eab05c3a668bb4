"""What the figure of a swing-up shows."""

import numpy as np
import pytest

from surefoot.report.swing_up import Swing, swing_ups


def test_angles_run_on_where_the_state_is_wrapped():
    theta = np.array([0.0, 6.0, 5.5, 6.1, 0.3])  # a little backwards, then over 2 pi
    swing = Swing(theta=theta, omega=np.arange(5.0), torque=np.array([-5.0, 0.0, 5.0, 5.0]))
    figure = swing_ups({"a": swing, "b": swing}, dt=0.1, pushes=[0.2], title="t")
    angle, velocity, torque = figure.axes
    line = angle.lines[0]
    assert line.get_xdata().tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    tau = 2.0 * np.pi
    assert line.get_ydata().tolist() == pytest.approx([0.0, 6 - tau, 5.5 - tau, 6.1 - tau, 0.3])
    assert velocity.lines[0].get_ydata().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    strips = torque.collections
    assert len(strips) == 2
    assert np.asarray(strips[0].get_array()).ravel().tolist() == [-1.0, 0.0, 1.0, 1.0]
    labels = {text.get_text() for text in angle.get_yticklabels()}
    assert {"0, hangs", "-π, stands"} <= labels
