"""Signals and layouts: where each number stands, and what makes no sense."""

import math

import numpy as np
import pytest

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.signals import Interface, Layout, Signal

LAYOUT = Layout(
    (
        Signal(name="pitch", unit="rad", low=-3.0, high=3.0),
        Signal(name="wheels", unit="m/s", low=-2.0, high=1.0, size=2),
        Signal(name="position", unit="m"),
        Signal(name="target", unit="m/s", high=0.5, size=3, source="operator"),
    )
)


def test_slices_by_hand():
    # 1 + 2 + 1 + 3 numbers
    assert LAYOUT.size == 7
    assert LAYOUT.names == ("pitch", "wheels", "position", "target")
    assert [LAYOUT.slice(name) for name in LAYOUT.names] == [
        slice(0, 1), slice(1, 3), slice(3, 4), slice(4, 7),
    ]  # fmt: skip
    vector = np.arange(7)
    assert vector[LAYOUT.slice("wheels")].tolist() == [1, 2]
    assert [signal.name for signal in LAYOUT] == [*LAYOUT.names]


def test_bounds_are_repeated_for_each_number():
    inf = math.inf
    assert LAYOUT.low.tolist() == [-3.0, -2.0, -2.0, -inf, -inf, -inf, -inf]
    assert LAYOUT.high.tolist() == [3.0, 1.0, 1.0, inf, 0.5, 0.5, 0.5]
    assert LAYOUT.low.dtype == LAYOUT.high.dtype == np.float32


def test_an_unknown_signal_comes_with_the_nearest():
    with pytest.raises(UnknownName, match=r"no signal named 'wheel'.*Did you mean 'wheels'\?"):
        LAYOUT.slice("wheel")


@pytest.mark.parametrize(
    "wrong",
    [{"size": 0}, {"size": -1}, {"low": 1.0, "high": 1.0}, {"low": 2.0, "high": 1.0},
     {"low": math.nan}, {"high": math.nan}],
)  # fmt: skip
def test_a_signal_without_numbers_or_room_is_refused(wrong):
    with pytest.raises(InvalidConfig, match="Signal 'x' needs size >= 1 and low < high"):
        Signal(name="x", unit="1", **wrong)


def test_a_name_stands_once():
    x = Signal(name="x", unit="1")
    with pytest.raises(InvalidConfig, match="signal names must be unique, got x, y, x"):
        Layout((x, Signal(name="y", unit="1"), x))


def test_signals_and_layouts_are_values():
    assert Signal(name="x", unit="1") == Signal(name="x", unit="1") != Signal(name="x", unit="m")
    assert hash(LAYOUT) == hash(Layout(LAYOUT.signals))
    with pytest.raises(AttributeError):
        LAYOUT.signals[0].low = 0.0


def test_a_choice_is_one_number():
    assert Interface(observation=LAYOUT, action=5, dt=0.1).action_size == 1
    assert Interface(observation=LAYOUT, action=LAYOUT, dt=0.1).action_size == 7


def test_what_only_a_simulator_knows_stands_last():
    height = Signal(name="height", unit="m", source="simulator")
    contact = Signal(name="contact", unit="1", size=2, source="simulator")
    whole = Interface(observation=Layout((*LAYOUT, height, contact)), action=5, dt=0.1)
    assert whole.on_robot == Interface(observation=LAYOUT, action=5, dt=0.1)
    assert whole.sensed == LAYOUT.signals
    with pytest.raises(InvalidConfig, match="what only a simulator knows must stand last"):
        Interface(observation=Layout((height, *LAYOUT)), action=5, dt=0.1)
