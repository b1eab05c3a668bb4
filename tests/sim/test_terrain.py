"""One field of tiles: what the lookup says is what MuJoCo's rays and contacts meet."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
import torch

from surefoot.errors import InvalidConfig
from surefoot.sim.assembly import FLOOR
from surefoot.sim.terrain import Terrain, TerrainWindow
from surefoot.sim.terrain_config import TerrainConfig, TerrainMix

NONE = dict.fromkeys(vars(TerrainMix()), 0.0)
SMALL = TerrainConfig(
    mix=TerrainMix(**NONE | {"rough_slope": 1.0, "steps": 1.0, "hills": 1.0}),
    levels=2, columns=3, tile=4.0, platform=1.0, step=0.1, border=0.5,
)  # fmt: skip


def ball_on(terrain: Terrain, radius: float) -> tuple[mujoco.MjModel, mujoco.MjData]:
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
    body = spec.worldbody.add_body(pos=[0, 0, 8])
    body.add_freejoint()
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[radius, 0, 0])
    model = terrain.lay(spec).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def points(terrain: Terrain, nb: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    spread = 2.0 * torch.rand(nb, 2, generator=generator, dtype=torch.float64) - 1.0
    return -terrain.corner * spread


def test_the_lookup_is_where_mujocos_rays_end():
    terrain = Terrain(SMALL)
    model, data = ball_on(terrain, 0.01)
    xy = points(terrain, 400)
    hit = np.zeros(1, np.int32)
    down = np.array([0.0, 0.0, -1.0])
    for place, height in zip(xy.numpy(), terrain.heights_at(xy).tolist(), strict=True):
        start = np.array([*place, 5.0])
        ray = mujoco.mj_ray(model, data, start, down, None, 1, -1, hit)
        assert 5.0 - ray == pytest.approx(height, abs=1e-5)


def test_the_lookup_is_where_contacts_begin():
    """A ball of 1 mm touches when its middle is 1 mm over the ground, more where that is steep."""
    terrain = Terrain(SMALL)
    model, data = ball_on(terrain, 0.001)
    xy = points(terrain, 60)
    for place, height in zip(xy.numpy(), terrain.heights_at(xy).tolist(), strict=True):
        touching = []
        for gap in (0.0005, 0.02):
            data.qpos[:3] = *place, height + gap
            mujoco.mj_forward(model, data)
            touching.append(bool(data.ncon))
        assert touching == [True, False]


def test_tiles_lie_where_their_origins_say():
    terrain = Terrain(SMALL)
    assert terrain.origins.shape == (2, 3, 2)
    # 2 x 3 tiles of 4 m around the middle of the world
    assert terrain.origins[0, 0].tolist() == pytest.approx([-2.0, -4.0], abs=1e-5)
    assert terrain.origins[1, 2].tolist() == pytest.approx([2.0, 4.0], abs=1e-5)
    around = terrain.origins[..., None, :] + 0.4 * torch.tensor([[0, 0], [1, 1], [-1, 1.0]])
    assert terrain.heights_at(around).abs().max() == 0.0
    edge = terrain.heights[:5]
    assert edge.abs().max() == 0.0, "the border is flat"


def test_the_ground_ends_as_it_begins_to_end():
    terrain = Terrain(SMALL)
    beyond = torch.tensor([[-99.0, 0.3], [0.2, 99.0], [float("nan"), 0.0]])
    assert torch.isfinite(terrain.nearest_heights(*beyond.T)).all()
    assert terrain.heights_at(beyond[:2]).tolist() == [0.0, 0.0]


def test_the_nearest_point_is_within_half_a_cell():
    terrain = Terrain(SMALL)
    i, j = torch.tensor([7, 33, 60]), torch.tensor([100, 2, 61])
    grid = terrain.corner + 0.1 * torch.stack([i, j], dim=1)
    moved = grid + torch.tensor([[0.04, -0.04], [-0.04, 0.0], [0.04, 0.04]])
    expected = terrain.heights[i, j]
    torch.testing.assert_close(terrain.nearest_heights(*moved.T), expected)
    torch.testing.assert_close(terrain.heights_at(grid), expected, atol=1e-4, rtol=0.0)


def test_short_legs_meet_low_stairs():
    stairs = replace(SMALL, mix=TerrainMix(**NONE | {"stairs_up": 1.0}))
    full, half = (Terrain(stairs, leg_length=length).heights for length in (0.55, 0.275))
    assert full.max() > 0.2
    torch.testing.assert_close(half, 0.5 * full)


def test_shares_become_columns():
    assert TerrainConfig().kinds == (
        *["smooth_slope"] * 2, *["rough_slope"] * 2, *["stairs_up"] * 7, *["stairs_down"] * 5,
        *["discrete_obstacles"] * 4,
    )  # fmt: skip
    # 3.33 columns each: the odd one goes to one of them
    assert replace(SMALL, columns=10).kinds.count("hills") in (3, 4)
    assert len(replace(SMALL, columns=10).kinds) == 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": 0}, "task.terrain.levels must be at least 1, got 0"),
        ({"tile": -8.0}, "task.terrain.tile must be positive, got -8.0"),
        ({"platform": 9.0}, "platform of 9.0 m must be smaller than the tile of 8.0 m"),
        ({"step": 0.2}, "task.terrain.step of 0.2 m is too coarse for stairs of 0.31 m"),
        ({"tile": 80.0}, r"the field of 10 x 20 tiles of 80.0 m would have 515,\d+,\d+ points"),
        ({"columns": 4}, r"mix.rough_slope of 0.1 is less than one of 4 columns"),
    ],
)
def test_settings_that_cannot_work_are_one_sentence(changes, message):
    with pytest.raises(InvalidConfig, match=message):
        TerrainConfig(**changes)


def test_a_mix_needs_something_in_it():
    with pytest.raises(InvalidConfig, match="mix needs at least one share"):
        TerrainMix(**NONE)
    with pytest.raises(InvalidConfig, match=r"mix.gaps must not be negative, got -1"):
        TerrainMix(gaps=-1.0)


def height_in(model: mujoco.MjModel, xy: torch.Tensor) -> list[float]:
    """Where rays from above meet the floor of a model at points (N, 2), m."""
    data, hit = mujoco.MjData(model), np.zeros(1, np.int32)
    mujoco.mj_forward(model, data)
    down = np.array([0.0, 0.0, -1.0])
    return [
        5.0 - mujoco.mj_ray(model, data, np.array([x, y, 5.0]), down, None, 1, -1, hit)
        for x, y in xy.tolist()
    ]


def on_a_plane() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
    return spec


@pytest.mark.parametrize(("level", "column"), [(0, 0), (1, 2), (0, 1)])
def test_a_window_shows_the_tile_that_a_robot_is_on(level, column):
    terrain = Terrain(SMALL)
    window = TerrainWindow(terrain)
    model = window.lay(on_a_plane()).compile()
    assert window.follow(model, model, terrain.origins[level, column] + torch.tensor([1.9, -1.9]))
    around = terrain.origins[level, column] + torch.tensor(
        [[0.0, 0.0], [1.31, 0.72], [-1.93, 1.87], [2.21, -2.33]]
    )
    expected = terrain.heights_at(around).tolist()
    assert height_in(model, around) == pytest.approx(expected, abs=1e-4)
    same_tile = terrain.origins[level, column] - 1.9
    assert not window.follow(model, model, same_tile), "nothing is to be shown anew"


def test_a_coarse_field_for_the_eye_lies_on_the_fine_one():
    terrain = Terrain(SMALL)
    model = terrain.lay(on_a_plane(), every=3).compile()
    ids = 3 * torch.tensor([[4, 7], [12, 30], [20, 3]])
    grid = terrain.corner + SMALL.step * ids
    expected = terrain.heights[ids[:, 0], ids[:, 1]].tolist()
    assert height_in(model, grid + 1e-5) == pytest.approx(expected, abs=1e-3)
