"""Which tiles are crossed: robots that are carried across, dropped, or left where they are."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from surefoot.envs.batched import BatchedEnv
from surefoot.sim.terrain_config import TerrainConfig, TerrainMix
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_ground import Course
from surefoot.tasks.walking_rough_config import CurriculumConfig, RoughWalkingConfig
from surefoot.train import crossing
from surefoot.train.crossing import crossing_table, evaluate_crossing

NONE = dict.fromkeys(vars(TerrainMix()), 0.0)
CONFIG = RoughWalkingConfig(
    terrain=TerrainConfig(
        mix=TerrainMix(**NONE | {"stairs_up": 2.0, "gaps": 1.0}),
        levels=2, columns=3, tile=4.0, platform=2.0, step=0.1, border=1.5,
    ),
    collisions="feet",
    curriculum=CurriculumConfig(start_level=1),
)  # fmt: skip


class Carried:
    """Stands; at the third step it is carried across, turned over, or left, by kind and level."""

    def __init__(self) -> None:
        self.env: BatchedEnv | None = None
        self.tiles: Tensor = torch.zeros(0)
        self.step = 0

    def reset(self, nb_worlds: int) -> None:
        self.step = 0

    def reset_worlds(self, done: Tensor) -> None:
        pass

    def act(self, observation: Tensor) -> Tensor:
        env = self.env
        assert env is not None and isinstance(env.task, Walking)
        course = env.task.ground
        assert isinstance(course, Course)
        self.step += 1
        if self.step == 3:
            self.tiles = torch.stack([course.level, course.column], dim=1)
            self.commands = env.task.commands.value.clone()
            stairs = course.column < 2
            across, over = stairs & (course.level == 0), ~stairs & (course.level == 1)
            qpos = env.worlds.qpos.clone()
            qpos[across, :2] = course.origin[across].double() + torch.tensor([0.0, 2.1])
            qpos[across, 2] += 0.5
            qpos[over, 3:7] = torch.tensor([0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
            ids = (across | over).nonzero().squeeze(1)
            env.worlds.set_state(ids, qpos[ids], 0.0 * env.worlds.qvel[ids], env.worlds.ctrl[ids])
        home = 0.5 * (env.task.action.low + env.task.action.high)
        return torch.from_numpy(home).repeat(env.nb_worlds, 1)


@pytest.fixture(name="carried")
def _carried(monkeypatch) -> Carried:
    policy = Carried()
    make = crossing.make_batched

    def keep(*args, **settings):
        policy.env = make(*args, **settings)
        return policy.env

    monkeypatch.setattr(crossing, "make_batched", keep)
    monkeypatch.setattr(crossing, "CROSSING_S", 0.4)
    return policy


def test_who_is_carried_across_has_crossed_and_who_stays_or_falls_has_not(carried):
    result = evaluate_crossing(carried, "quadruped-rough", CONFIG, robots=3)
    assert result.crossed == {"stairs_up": (1.0, 0.0), "gaps": (0.0, 0.0)}
    assert result.crossing_success == pytest.approx(0.25)
    assert (result.episodes, result.falls) == (12, 3)
    # 3 robots cross and 3 fall in the third step, the others have 0.4 s at 50 Hz
    assert result.length_mean == pytest.approx((6 * 3 + 6 * 20) / 12)
    assert sum(result.terms.values()) == pytest.approx(result.reward_per_step, rel=1e-4)


def test_robots_are_spread_over_the_columns_of_their_kind_and_told_to_walk_ahead(carried):
    evaluate_crossing(carried, "quadruped-rough", CONFIG, robots=3)
    # stairs have columns 0 and 1, gaps column 2; each level has three robots on each
    stairs = [[level, column] for level in (0, 1) for column in (0, 1, 0)]
    gaps = [[level, 2] for level in (0, 1) for _ in range(3)]
    assert carried.tiles.tolist() == stairs + gaps
    assert carried.commands[:, 0].tolist() == pytest.approx([0.75] * 12)
    assert carried.commands[:, 1].abs().max() == 0.0
    assert carried.commands[:, 2].abs().max() < 0.2


def test_the_table_has_a_row_for_each_kind(carried):
    rows = crossing_table(evaluate_crossing(carried, "quadruped-rough", CONFIG, robots=1))
    assert rows["crossed"].startswith("25 % of all tiles")
    assert rows["stairs up"].split() == ["100", "0"]
    assert rows["gaps"].split() == ["0", "0"]
    assert rows["level"].split() == ["0", "1"]


def test_short_legs_are_asked_for_less(carried):
    evaluate_crossing(carried, "quadruped-rough", replace(CONFIG, robot="solo-12"), robots=1)
    assert carried.env is not None
    legs = carried.env.task.leg_length
    assert legs < 0.3
    assert carried.commands[0, 0] == pytest.approx(0.75 * legs / 0.32)
