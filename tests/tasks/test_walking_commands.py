"""Commands of walking robots: their ranges, their times, headings, and who sets them."""

import math

import pytest
import torch

from surefoot.tasks.walking_commands import Commands
from surefoot.tasks.walking_config import CommandConfig

NB, DT = 4000, 0.02


def _drawn(nb=NB, **settings):
    commands = Commands(CommandConfig(**settings), nb, DT)
    generator = torch.Generator().manual_seed(0)
    commands.draw(torch.arange(nb), _still(nb), generator)
    return commands, generator


def _still(nb=1):
    return torch.zeros(nb)


def test_commands_fill_their_ranges_and_stay_inside():
    commands, _ = _drawn(forward=(-0.4, 1.0), sideways=(0.1, 0.3), turn=(-2.0, -1.0),
                         standing_share=0.0, heading_share=0.0)  # fmt: skip
    for column, (low, high) in enumerate(((-0.4, 1.0), (0.1, 0.3), (-2.0, -1.0))):
        values = commands.value[:, column]
        margin = 0.01 * (high - low)
        assert low <= values.min() < low + margin and high - margin < values.max() <= high
        assert abs(values.mean() - 0.5 * (low + high)) < 4 * (high - low) / math.sqrt(12 * NB)
    assert commands.moving.all()


def test_a_share_stands_and_slow_commands_stand_too():
    commands, _ = _drawn(standing_share=0.3, heading_share=0.0)
    # of the others all three are below 0.1 in 1 of 10 x 5 x 10 cases
    expected = 0.3 + 0.7 * 0.1 * 0.2 * 0.1
    standing = (commands.value == 0.0).all(dim=1)
    assert torch.equal(standing, ~commands.moving)
    assert abs(standing.float().mean() - expected) < 4 * math.sqrt(0.21 / NB)
    slow, _ = _drawn(forward=(0.05, 0.09), sideways=(-0.09, -0.05), turn=(0.0, 0.09),
                     standing_share=0.0)  # fmt: skip
    assert not slow.value.any() and not slow.moving.any()
    some, _ = _drawn(forward=(0.0, 0.0), sideways=(0.0, 0.0), turn=(0.2, 0.3), standing_share=0.0)
    assert some.moving.all()  # turning on the spot is moving


def test_headings_turn_the_robot_until_it_looks_that_way():
    commands, generator = _drawn(1, turn=(-1.0, 0.8), heading_share=1.0, standing_share=0.0,
                                 heading_gain=0.5, redraw_s=(100.0, 100.0))  # fmt: skip
    goal = float(commands.state_dict()["heading"])
    for error, rate in ((0.4, 0.2), (-0.4, -0.2), (3.0, 0.8), (-3.0, -1.0), (0.0, 0.0)):
        for turns in (-1, 0, 1):  # a whole turn more or less is the same heading
            yaw = torch.tensor([goal - error + turns * 2.0 * math.pi])
            commands.advance(yaw, generator)
            assert float(commands.value[0, 2]) == pytest.approx(rate, abs=1e-5)
    yaw = torch.tensor([goal - math.pi + 1.5])
    for _ in range(500):  # 10 s of a robot that turns as it is told; 1.64 rad are 5 s of decay
        commands.advance(yaw, generator)
        yaw = yaw + DT * commands.value[:, 2]
    assert abs(float(yaw) - goal) < 0.05


def test_headings_are_anywhere_and_a_share_of_the_commands():
    commands, _ = _drawn(heading_share=0.4, standing_share=0.25)
    state = commands.state_dict()
    share = state["has_heading"].float().mean()
    assert abs(share - 0.4 * 0.75) < 4 * math.sqrt(0.21 / NB) + 0.01  # who stands has none
    assert not (state["has_heading"] & ~commands.moving).any()
    assert state["heading"].abs().max() <= math.pi + 1e-6
    assert state["heading"].min() < -3.1 and state["heading"].max() > 3.1


def test_a_command_lasts_as_long_as_drawn():
    commands, generator = _drawn(redraw_s=(0.1, 0.2), heading_share=0.0, standing_share=0.0)
    first = commands.value.clone()
    changed = torch.zeros(NB, dtype=torch.int64)
    for step in range(1, 11):
        commands.advance(_still(NB), generator)
        fresh = (commands.value != first).any(dim=1) & (changed == 0)
        changed[fresh] = step
    # 0.1 to 0.2 s are 5 to 10 steps of 0.02 s, each as likely as the other but for the ends
    assert changed.min() in (5, 6) and changed.max() == 10 and (changed > 0).all()
    assert abs(DT * changed.float().mean() - 0.16) < 0.003  # half a step later than 0.15 s


def test_only_the_named_robots_get_new_commands():
    commands, generator = _drawn(10)
    before = {name: value.clone() for name, value in commands.state_dict().items()}
    commands.draw(torch.tensor([3, 7]), _still(10), generator)
    after = commands.state_dict()
    for name in ("command", "command_left", "heading"):
        same = before[name].reshape(10, -1) == after[name].reshape(10, -1)
        assert same.all(dim=1).nonzero()[:, 0].tolist() == [0, 1, 2, 4, 5, 6, 8, 9], name


def test_who_sets_a_command_keeps_it():
    commands, generator = _drawn(3, heading_share=1.0, redraw_s=(0.02, 0.02))
    wanted = torch.tensor([[0.5, 0.0, -0.3], [0.0, 0.0, 0.0], [0.0, 0.1, 0.0]])
    commands.set(wanted)
    for _ in range(1000):
        commands.advance(torch.tensor([1.0, 2.0, 3.0]), generator)
    assert torch.equal(commands.value, wanted)
    assert commands.moving.tolist() == [True, False, True]


def test_saved_commands_go_on_as_before():
    commands, generator = _drawn(50, redraw_s=(0.02, 0.3), heading_share=0.5)
    state, random = commands.state_dict(), generator.get_state()
    yaw = torch.linspace(-3.0, 3.0, 50)
    for _ in range(20):
        commands.advance(yaw, generator)
    other = Commands(CommandConfig(redraw_s=(0.02, 0.3), heading_share=0.5), 50, DT)
    other.load_state_dict(state)
    generator.set_state(random)
    for _ in range(20):
        other.advance(yaw, generator)
    assert torch.equal(commands.value, other.value)
