"""Walking on tiles: where robots start and end, what they know of the ground, what is saved."""

import math
from dataclasses import replace

import pytest
import torch

from support import assert_same_state
from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.envs.batched import BatchedEnv
from surefoot.envs.make import make_batched
from surefoot.errors import InvalidConfig
from surefoot.sim.terrain import Terrain
from surefoot.sim.terrain_config import TerrainConfig, TerrainMix
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_ground import Course, HeightScan
from surefoot.tasks.walking_rough_config import CurriculumConfig, RoughWalkingConfig, ScanConfig

MIX = TerrainMix(
    smooth_slope=1.0, rough_slope=1.0, stairs_up=1.0, stairs_down=0.0, discrete_obstacles=1.0
)
TERRAIN = TerrainConfig(
    mix=MIX, levels=4, columns=4, tile=5.0, platform=2.0, step=0.1, tread=0.3, border=1.5
)
CONFIG = RoughWalkingConfig(
    terrain=TERRAIN, collisions="feet", curriculum=CurriculumConfig(start_level=2)
)


def course_of(env: BatchedEnv) -> Course:
    assert isinstance(env.task, Walking) and isinstance(env.task.ground, Course)
    return env.task.ground


def make(nb: int = 16, *, training=True, imperfect=False, rule="game", **changes) -> BatchedEnv:
    config = replace(CONFIG, curriculum=replace(CONFIG.curriculum, rule=rule), **changes)
    return make_batched(
        "quadruped-rough", config, nb_envs=nb, seed=0, imperfect=imperfect, training=training
    )


def stand(env: BatchedEnv) -> torch.Tensor:
    """An action that sends every joint home."""
    layout = env.task.action
    return torch.from_numpy(0.5 * (layout.low + layout.high)).repeat(env.nb_worlds, 1)


def move(env: BatchedEnv, robot: int, offset: tuple[float, float], *, up: float = 0.0) -> None:
    """Put a robot beside the middle of its tile, on the ground there, and `up` metres above."""
    course = course_of(env)
    xy = course.origin[robot] + torch.tensor(offset)
    qpos, qvel = env.worlds.qpos[robot].clone(), env.worlds.qvel[robot].clone()
    qpos[:2] = xy
    qpos[2] = float(course.heights_at(xy)) + env.task.leg_length + up
    env.worlds.set_state(
        torch.tensor([robot]), qpos[None], 0.0 * qvel[None], env.worlds.ctrl[robot][None]
    )


def test_robots_start_on_the_platform_of_their_tile():
    env = make(64)
    env.reset()
    course, task = course_of(env), env.task
    away = (env.worlds.qpos[:, :2].float() - course.origin).abs()
    assert 0.2 < away.max() <= 0.3 + 1e-4  # 0.3 of half a platform of 2 m
    torch.testing.assert_close(
        env.worlds.qpos[:, 2].float(), torch.full((64,), task.leg_length + 0.02)
    )
    assert torch.equal(course.column, torch.arange(64) // 16)
    assert set(course.level.tolist()) == {0, 1, 2}


def test_heights_are_over_the_ground_under_the_feet():
    env = make(4)
    env.reset()
    for robot in range(4):
        move(env, robot, (1.7, 0.4))
    env.observe()
    task, course = env.task, course_of(env)
    assert course.heights_at(env.worlds.qpos[:, :2].float()).abs().max() > 0.03
    feet = env.worlds.derived("geom_xpos")[:, torch.from_numpy(task.body.foot_geoms)[:, 0]].float()
    for robot in range(4):
        ground = [float(course.heights_at(foot[:2])) for foot in feet[robot]]
        soles = [
            float(foot[2]) - task.body.foot_radius - g
            for foot, g in zip(feet[robot], ground, strict=True)
        ]
        assert task.foot_height[robot].tolist() == pytest.approx(soles, abs=1e-4)
        base = float(env.worlds.qpos[robot, 2]) - sum(ground) / 4
        assert float(task.height[robot]) == pytest.approx(base, abs=1e-4)


def test_a_foot_clears_the_highest_ground_around_it():
    env = make(rule="none")
    course, task = course_of(env), env.task
    stairs = torch.tensor([course.kinds.index("stairs_up")])
    everyone = torch.arange(env.nb_worlds)
    course.send(torch.full((env.nb_worlds,), 3), 0 * everyone + 2)
    assert course._kind_of_column[2] == stairs
    env.reset()
    move(env, 0, (1.15, 0.0))  # feet of Go2 reach 0.2 m further: the first steps are there
    task.observe()
    around = 0.2 * task.leg_length  # of the field, by brute force
    for foot, (x, y) in enumerate(task._foot_place[0].tolist()):
        angle = [2.0 * math.pi * k / 8 for k in range(8)]
        points = [(x, y), *((x + around * math.cos(a), y + around * math.sin(a)) for a in angle)]
        heights = course.heights_at(torch.tensor(points))
        expected = float(task.foot_height[0, foot] + heights[0] - heights.max())
        assert float(task.foot_clearance[0, foot]) == pytest.approx(expected, abs=1e-6)
    assert (task.foot_clearance[0] < task.foot_height[0] - 0.01).any()


def slow_scan(terrain: Terrain, x: float, y: float, yaw: float, z: float, legs: float) -> list:
    values = []
    for i in range(-8, 9):
        for j in range(-5, 6):
            ahead, left = 0.1 * i, 0.1 * j
            px = x + ahead * math.cos(yaw) - left * math.sin(yaw)
            py = y + ahead * math.sin(yaw) + left * math.cos(yaw)
            row = round((px - float(terrain.corner[0])) / terrain.config.step)
            column = round((py - float(terrain.corner[1])) / terrain.config.step)
            values.append(max(-1.0, min(1.0, z - float(terrain.heights[row, column]) - legs)))
    return values


def test_the_scan_is_that_of_a_slow_loop():
    terrain = Terrain(TERRAIN)
    scan = HeightScan(ScanConfig(), terrain, 0.5)
    assert scan.signal.size == len(scan.points) == 187
    poses = [(1.013, -3.021, 0.0, 0.5), (-4.03, 2.22, 2.0, 0.9), (4.4, 6.0, -1.1, -0.4)]
    x, y, yaw, z = (torch.tensor(column) for column in zip(*poses, strict=True))
    read = scan.read(torch.stack([x, y], dim=1), yaw, z)
    for pose, heights in zip(poses, read, strict=True):
        # a point that lies between two of the grid may be rounded either way
        off = (heights - torch.tensor(slow_scan(terrain, *pose, 0.5))).abs() > 1e-5
        assert off.sum() <= 2
    assert read.std(dim=1).min() > 0.02
    assert scan.read(torch.zeros(1, 2), torch.zeros(1), torch.tensor([9.0])).unique() == 1.0


def test_the_mirrored_scan_is_the_scan_of_a_mirrored_world():
    terrain, mirrored = Terrain(TERRAIN), Terrain(TERRAIN)
    mirrored.heights = terrain.heights.flip(1).contiguous()  # y -> -y
    xy, yaw, z = torch.tensor([[1.013, -3.021]]), torch.tensor([0.37]), torch.tensor([0.6])
    seen = HeightScan(ScanConfig(), terrain, 0.5)
    there = HeightScan(ScanConfig(), mirrored, 0.5).read(xy * torch.tensor([1.0, -1.0]), -yaw, z)
    here = seen.read(xy, yaw, z)
    assert here.std() > 0.02
    torch.testing.assert_close(there[0], here[0, list(seen.mirror.order)])
    assert set(seen.mirror.sign) == {1.0}


def test_the_observation_holds_the_scan_with_noise_in_proportion_to_the_legs():
    exact, noisy = make(), make(imperfect=True)
    place = exact.interface.observation.slice("height_scan")
    flat = exact.reset()[:, place]
    assert flat.std(dim=1).max() > 0.0
    course, task = course_of(exact), exact.task
    z = exact.worlds.qpos[:, 2].float()
    assert torch.equal(flat, course.scan.read(task.place, task.yaw, z))
    noise = noisy.reset()[:, place] - course_of(noisy).scan.read(
        noisy.task.place, noisy.task.yaw, noisy.worlds.qpos[:, 2].float()
    )
    bound = 0.1 * noisy.task.leg_length / 0.55
    assert 0.99 * bound < noise.abs().max() <= bound + 1e-6


def test_a_blind_policy_is_judged_by_a_critic_that_sees():
    env = make(2, imperfect=True, scan=ScanConfig(known_to="critic"))
    names = [s.name for s in env.interface.observation]
    assert names[-1] == "height_scan"
    assert "height_scan" not in [s.name for s in env.interface.on_robot.observation]
    agent = Agent(AgentConfig(mirror="network"), env.interface)
    assert len(agent.pipeline.secrets) == 1 + 4 + 4 + 187
    place = env.interface.observation.slice("height_scan")
    scan = course_of(env).scan.read(env.task.place, env.task.yaw, env.worlds.qpos[:, 2].float())
    assert torch.equal(env.observe()[:, place], scan), "and it sees exactly"


def test_the_scan_can_be_left_out():
    env = make(2)
    seen = [s.name for s in env.interface.sensed if s.name != "height_scan"]
    agent = Agent(AgentConfig(inputs=tuple(seen), mirror="network"), env.interface)
    assert agent.pipeline.sensed_size == env.interface.observation.size - 187 - 9


def test_crossing_a_tile_ends_the_episode_without_a_fall_one_level_up():
    env = make(8)
    env.reset()
    course = course_of(env)
    level = course.level.clone()
    env.step(stand(env))
    move(env, 3, (1.8, 1.8), up=0.3)  # 2.55 m from the middle of a tile of 5 m
    move(env, 5, (2.4, 0.4), up=0.3)  # 2.43 m
    step = env.step(stand(env))
    assert step.truncated.nonzero().tolist() == [[3]]
    assert not step.terminated.any()
    assert course.level[3] == level[3] + 1
    assert (env.worlds.qpos[3, :2].float() - course.origin[3]).abs().max() < 0.31
    assert torch.equal(course.level[course.level != level], level[3:4] + 1)


def test_a_fall_leads_one_level_down():
    env = make(8)
    env.reset()
    course = course_of(env)
    robot = int((course.level > 0).nonzero()[0])
    before = int(course.level[robot])
    env.step(stand(env))
    qpos = env.worlds.qpos[robot].clone()
    qpos[3:7] = torch.tensor([0.0, 1.0, 0.0, 0.0])  # on its back
    env.worlds.set_state(
        torch.tensor([robot]), qpos[None], 0.0 * env.worlds.qvel[:1], env.worlds.ctrl[:1]
    )
    step = env.step(stand(env))
    assert step.terminated.nonzero().tolist() == [[robot]]
    assert course.level[robot] == before - 1


def test_the_account_of_an_episode():
    """Four steps at 1 m/s, two of them along the command: 0.02 m asked in each."""
    course = Course(CONFIG, Terrain(TERRAIN), 2, 0.3)
    yaw = torch.tensor([math.pi / 2.0, 0.0])
    forward = torch.tensor([[1.0, 0.0, 0.3]]).repeat(2, 1)
    for speed in (0.3, 0.3, 0.1, -1.0):
        course.advance(torch.tensor([[speed, 5.0]]).repeat(2, 1), forward, yaw)
    still = torch.zeros(2, 3)
    course.advance(torch.ones(2, 2), still, yaw)
    ids = torch.arange(2)
    xy = course.origin + torch.tensor([[0.3, 0.4], [0.0, 2.6]])
    trial = course._trial(ids, xy, torch.tensor([False, True]))
    assert trial.asked.tolist() == pytest.approx([0.08, 0.08])
    assert course._asked[0].tolist() == pytest.approx([0.0, 0.08], abs=1e-6)
    assert trial.covered.tolist() == pytest.approx([0.5, 2.6], abs=1e-5)
    assert trial.crossed.tolist() == [False, True]
    # 2 of 4 steps; after the fall none of the 995 that were left of 1000
    assert trial.traversability.tolist() == pytest.approx([0.5, 2.0 / (4.0 + 995.0)])


def test_without_a_curriculum_robots_start_anywhere_or_where_they_are_sent():
    env = make(400, training=False)
    env.reset()
    course = course_of(env)
    assert course.curriculum is None
    tiles = torch.bincount(course.level * 4 + course.column, minlength=16)
    assert tiles.min() > 8 and len(tiles) == 16
    level, column = torch.arange(400) % 4, torch.arange(400) // 100
    course.send(level, column)
    env.reset()
    assert torch.equal(course.level, level) and torch.equal(course.column, column)
    assert (env.worlds.qpos[:, :2].float() - course.origin).abs().max() < 0.31


def test_the_report_is_the_mean_level_of_each_kind():
    env = make(8)
    env.reset()
    course = course_of(env)
    course.level[:] = torch.tensor([0, 1, 3, 3, 2, 0, 1, 2])
    assert {k: v for k, v in env.report().items() if "level" in k} == {
        "curriculum/level_smooth_slope": 0.5,
        "curriculum/level_rough_slope": 3.0,
        "curriculum/level_stairs_up": 1.0,
        "curriculum/level_discrete_obstacles": 1.5,
    }


@pytest.mark.parametrize("rule", ["game", "particles", "none"])
def test_rough_worlds_continue_bit_for_bit(rule):
    env, again = (make(12, imperfect=True, rule=rule, episode_s=0.3) for _ in range(2))
    env.reset()
    noise = torch.Generator().manual_seed(0)
    actions = [stand(env) + 0.5 * torch.randn(12, 12, generator=noise) for _ in range(60)]
    for action in actions[:30]:
        env.step(action)
    again.load_state_dict(env.state_dict())
    for action in actions[30:]:
        a, b = env.step(action), again.step(action)
        assert torch.equal(a.obs, b.obs) and torch.equal(a.reward, b.reward)
    assert_same_state(env.state_dict(), again.state_dict())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spacing": 0.0}, r"task.scan.spacing must be positive, got 0.0"),
        ({"noise": -0.1}, r"task.scan.noise must not be negative, got -0.1"),
    ],
)
def test_scans_that_cannot_work_are_one_sentence(changes, message):
    with pytest.raises(InvalidConfig, match=message):
        ScanConfig(**changes)
