"""The card that goes with an exported policy, from the agent and the run that made it."""

from __future__ import annotations

from dataclasses import replace

from surefoot.agent.agent import Agent
from surefoot.deploy.card import PolicyCard, ServoCard
from surefoot.robots.registry import find_robot
from surefoot.signals import Layout
from surefoot.sim.assembly import build_model
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.walking_config import WalkingConfig
from surefoot.train.run_folder import Run

_KNOWN_ENVS = {
    "upkie-pendulum": ("Pendulum", "Surefoot/UpkiePendulum-v0"),
    "upkie-gyropod": ("Gyropod", "Surefoot/UpkieGyropod-v0"),
}


def policy_card(agent: Agent, run: Run) -> PolicyCard:
    """What must be true where the agent of `run` acts; the export adds the graph's fingerprint."""
    agent = agent.for_robot()
    interface, task = agent.interface, run.config.task
    action = interface.action
    card = PolicyCard(
        task=run.task,
        observation=interface.observation.signals,
        action=action.signals if isinstance(action, Layout) else (),
        nb_choices=0 if isinstance(action, Layout) else action,
        rate_hz=1.0 / interface.dt if isinstance(task, GymnasiumConfig) else task.frequency,
        state_size=agent.pipeline.state_size,
    )
    if isinstance(task, GymnasiumConfig):
        return replace(card, env_ids=(task.env_id,))
    card = replace(card, robot=task.robot, servos=_servos(task.robot))
    if isinstance(task, WalkingConfig):
        return replace(card, env_ids=(TASKS[run.task].gym_id,))
    space, own = _KNOWN_ENVS[run.task]
    return replace(
        card,
        lag_s=(task.lag_min_s, task.lag_max_s),
        observation_noise=task.observation_noise,
        env_ids=(own, *(f"Upkie-{b}-{space}" for b in ("MuJoCo", "PyBullet", "Mock", "Spine"))),
    )


def _servos(name: str) -> tuple[ServoCard, ...]:
    """Gains as described, torque limits as the model has them from its URDF."""
    robot = find_robot(name)
    model = build_model(robot, timestep=0.001, collisions="feet")
    limits = model.actuator_forcerange[:, 1]
    return tuple(
        ServoCard(joint=s.joint, kp=s.kp, kd=s.kd, max_torque=float(limit))
        for s, limit in zip(robot.servos, limits, strict=True)
    )
