"""Any task as an environment, by its name."""

from __future__ import annotations

import math
from dataclasses import replace

import mujoco

from surefoot.envs.batched import BatchedEnv
from surefoot.errors import UnknownName
from surefoot.robots.registry import find_robot
from surefoot.sim.anatomy import add_contact_sensors, anatomy
from surefoot.sim.assembly import build_model, build_spec
from surefoot.sim.cpu import CpuWorlds
from surefoot.sim.description import Robot
from surefoot.sim.randomizer import Randomizer
from surefoot.sim.terrain import Terrain
from surefoot.tasks.catalog import TASKS, TaskConfig
from surefoot.tasks.task import Task
from surefoot.tasks.upkie_config import UpkieConfig, UpkieGyropodConfig, UpkiePendulumConfig
from surefoot.tasks.upkie_gyropod import UpkieGyropod
from surefoot.tasks.upkie_pendulum import UpkiePendulum
from surefoot.tasks.walking import Walking
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.tasks.walking_ground import Course, without_curriculum
from surefoot.tasks.walking_rough_config import RoughWalkingConfig


def make_batched(
    task: str,
    config: TaskConfig,
    *,
    nb_envs: int,
    seed: int,
    imperfect: bool = True,
    training: bool = False,
    sim_threads: int = 0,
) -> BatchedEnv:
    """E worlds of one of our tasks.

    Args:
        task: Its name in the catalog.
        config: Its settings.
        nb_envs: E.
        seed: Seed of resets, noise and lags.
        imperfect: Sensor noise, action noise and lag.
        training: Let the reset range and the randomization grow, and end episodes after
            `practice_s`; False begins with all of the ranges, and plays whole episodes.
        sim_threads: Threads that step the worlds, 0 for every processor.

    Raises:
        UnknownName: There is no such task.
        MissingPackage: The robot's description is not installed.
    """
    if task not in TASKS:
        raise UnknownName("task", task, TASKS, "Surefoot")
    robot = find_robot(config.robot)
    if not training:
        config = replace(config, randomize=replace(config.randomize, grows=False))
    if isinstance(config, WalkingConfig):
        config = config.practised if training else config
        if isinstance(config, RoughWalkingConfig) and not training:
            config = without_curriculum(config)
        model = walking_model(config, robot)
        body, ground = anatomy(model, robot), None
        if isinstance(config, RoughWalkingConfig):
            terrain = Terrain(config.terrain, leg_length=body.leg_length)
            ground = Course(config, terrain, nb_envs, body.leg_length)
            model = walking_model(config, robot, terrain)
        worlds = CpuWorlds(model, nb_envs, nb_threads=sim_threads)
        randomizer = Randomizer(config.randomize, model, worlds)
        walking = Walking(config, robot, body, worlds, randomizer, seed=seed, ground=ground)
        return BatchedEnv(walking, worlds, imperfect=imperfect, spread=training)
    if training and config.practice_s is not None:
        config = replace(config, episode_s=config.practice_s)
    model = build_model(robot, timestep=config.timestep, collisions="feet")
    worlds = CpuWorlds(model, nb_envs, nb_threads=sim_threads)
    randomizer = Randomizer(config.randomize, model, worlds)
    return BatchedEnv(
        _make_upkie(config, worlds, randomizer, seed),
        worlds,
        imperfect=imperfect,
        curriculum_steps=config.curriculum_steps if training else 0,
    )


def _make_upkie(config: UpkieConfig, worlds: CpuWorlds, randomizer: Randomizer, seed: int) -> Task:
    if isinstance(config, UpkieGyropodConfig):
        return UpkieGyropod(config, worlds, randomizer, seed=seed)
    assert isinstance(config, UpkiePendulumConfig)
    return UpkiePendulum(config, worlds, randomizer, seed=seed)


def walking_model(
    config: WalkingConfig, robot: Robot, terrain: Terrain | None = None
) -> mujoco.MjModel:
    """A legged robot on flat ground, or on a terrain, with the sensors that its task reads."""
    spec = build_spec(robot, timestep=config.timestep, collisions=config.collisions)
    add_contact_sensors(spec, robot)
    if config.randomize.action_delay is not None:
        for actuator in spec.actuators:
            actuator.nsample = math.ceil(config.randomize.action_delay[1] / config.timestep) + 1
    if terrain is not None:
        terrain.lay(spec)
    return spec.compile()
