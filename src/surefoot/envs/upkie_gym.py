"""`Upkie-MuJoCo-*`: the upkie package's environments with our physics, by changing one word."""

from __future__ import annotations

from typing import Any

import gymnasium

from surefoot.errors import MissingPackage

_MAKERS = {
    "Servos": "make_servos",
    "Pendulum": "make_pendulum",
    "Gyropod": "make_gyropod",
    "BaseVelocity": "make_base_velocity",
}
_BACKEND_KEYS = {
    "gui",
    "inertia_variation",
    "joint_properties",
    "js_path",
    "nb_substeps",
    "seed",
    "torque_control_kd",
    "torque_control_kp",
}

AnyEnv = gymnasium.Env[Any, Any]


def register_upkie_environments() -> None:
    """Register Upkie-MuJoCo-{Servos, Pendulum, Gyropod, BaseVelocity} where the id is free.

    They take what the package's Upkie-PyBullet-* take. The package itself is needed only when one
    of them is made.
    """
    for name, maker in _MAKERS.items():
        env_id = f"Upkie-MuJoCo-{name}"
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id,
                entry_point=f"surefoot.envs.upkie_gym:{maker}",
                disable_env_checker=True,  # it does not understand these observations and resets
            )


def make_servos(**kwargs: Any) -> AnyEnv:
    """Commands of each servo; arguments of the package's `UpkieServos` and of `MuJoCoBackend`."""
    try:
        from upkie.envs.upkie_servos import UpkieServos

        from surefoot.envs.upkie_backend import MuJoCoBackend
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    backend = {key: value for key, value in kwargs.items() if key in _BACKEND_KEYS}
    env = {key: value for key, value in kwargs.items() if key not in _BACKEND_KEYS}
    frequency = env.get("frequency", 200.0)
    dt = 1.0 / frequency if frequency is not None else 0.005
    return UpkieServos(backend=MuJoCoBackend(dt, model=env.get("model"), **backend), **env)


def make_pendulum(**kwargs: Any) -> AnyEnv:
    """Command the ground velocity."""
    return _wrapped("wrap_pendulum", kwargs)


def make_gyropod(**kwargs: Any) -> AnyEnv:
    """Command ground and yaw velocities."""
    return _wrapped("wrap_gyropod", kwargs)


def make_base_velocity(**kwargs: Any) -> AnyEnv:
    """Command the base, balanced by the package's own MPC."""
    return _wrapped("wrap_base_velocity", kwargs)


def _wrapped(wrapper: str, kwargs: dict[str, Any]) -> AnyEnv:
    try:
        from upkie.envs import entry_points

        return getattr(entry_points, wrapper)(make_servos, **kwargs)
    except ModuleNotFoundError as error:
        raise _missing(error) from None


def _missing(error: ModuleNotFoundError) -> MissingPackage:
    return MissingPackage(
        error.name or "upkie", "the Upkie-MuJoCo environments", 'pip install "surefoot[upkie]"'
    )
