"""Environments by their Gymnasium id, simulated or real, ready for a loop that keeps the time."""

from __future__ import annotations

import difflib
import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium

from surefoot.errors import InvalidConfig, MissingPackage, SurefootError, UnknownName

AnyEnv = gymnasium.Env[Any, Any]

INSTALL_UPKIE = 'pip install "surefoot[upkie]"'
_SHARED_MEMORY = Path("/dev/shm")


class _Provider(NamedTuple):
    """Who registers a family of environments; imported only when an id asks for one of them."""

    prefix: str  # of the ids, in lower case
    sign: str  # an id that Gymnasium knows once they are registered
    module: str
    function: str
    install: str


_PROVIDERS = (
    _Provider("surefoot/", "Surefoot/UpkiePendulum-v0", "surefoot.envs.gym_api", "register",
              "pip install surefoot"),
    _Provider("upkie-mujoco", "Upkie-MuJoCo-Servos", "surefoot.envs.upkie_gym",
              "register_upkie_environments", "pip install surefoot"),
    _Provider("upkie", "Upkie-Mock-Servos", "upkie.envs", "register", INSTALL_UPKIE),
    _Provider("cookie-", "Cookie-Mock-Servos", "upkie.envs", "register", INSTALL_UPKIE),
)  # fmt: skip


def make_env(env_id: str, **arguments: Any) -> AnyEnv:
    """An environment by its id; "module:id" imports the module first.

    Simulations of the `upkie` package are made without a window and without a clock of their own
    (`gui=False` for PyBullet, `regulate_frequency=False`); the robot's spine keeps its clock unless
    you say otherwise, so that nobody drives it faster than time. Arguments of yours win.

    Args:
        env_id: Registered id, such as "Upkie-PyBullet-Pendulum", or "Upkie-Spine-Pendulum" for the
            robot itself.
        arguments: What the environment takes, such as `frequency`.

    Raises:
        UnknownName: Nobody registered such an id; the error has the nearest ones.
        MissingPackage: The package that it needs is not installed.
        InvalidConfig: The environment does not take these arguments.
        SurefootError: The robot's spine is not running, or the environment cannot be made.
    """
    _register(env_id)
    if is_robot(env_id):
        _check_spine(env_id, str(arguments.get("shm_name", "/upkie")))
    elif is_upkie(env_id):
        headless = {"gui": False} if "-PyBullet-" in env_id else {}
        arguments = {"regulate_frequency": False, **headless, **arguments}
    try:
        # Gymnasium's checker does not understand the upkie package's observations and resets.
        return gymnasium.make(env_id, disable_env_checker=True, **arguments)
    except SurefootError:
        raise
    except TypeError as error:
        names = ", ".join(arguments) or "none"
        raise InvalidConfig(
            f"{env_id} does not take these arguments ({names}): {error}. Check --env-kwargs."
        ) from None
    except Exception as error:
        raise _explained(env_id, error) from error


def is_upkie(env_id: str) -> bool:
    """Whether the `upkie` package made this environment, or ours that takes its place."""
    return env_id.startswith(("Upkie-", "Cookie-"))


def is_robot(env_id: str) -> bool:
    """Whether a real robot, or what speaks for one, is behind this environment."""
    return is_upkie(env_id) and "-Spine-" in env_id


def is_mock(env_id: str) -> bool:
    """Whether this environment only echoes its commands."""
    return is_upkie(env_id) and "-Mock-" in env_id


def _register(env_id: str) -> None:
    """Make sure that Gymnasium knows an id, or say which ones are near."""
    folder, _, name = env_id.rpartition(":")
    if folder:
        _import(folder, env_id, f"pip install {folder.partition('.')[0]}")
    if name in gymnasium.registry:
        return
    for provider in _PROVIDERS:
        if name.lower().startswith(provider.prefix) and provider.sign not in gymnasium.registry:
            module = _import(provider.module, env_id, provider.install)
            getattr(module, provider.function)()
    if name not in gymnasium.registry:
        raise _unknown(name)


def _import(module: str, env_id: str, install: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingPackage(missing, f"the environment '{env_id}'", install) from None


def _unknown(name: str) -> UnknownName:
    where, known = "Gymnasium (the nearest ones follow)", [*gymnasium.registry]
    if name.startswith("UpkieGroundVelocity"):  # its name before upkie 9
        where = "Gymnasium (UpkieGroundVelocity is now Upkie-BACKEND-Pendulum)"
        known = [spec for spec in known if spec.endswith("-Pendulum") and "Upkie" in spec]
        return UnknownName("environment", name, known, where)
    close = difflib.get_close_matches(name, known, n=4, cutoff=0.4)
    return UnknownName("environment", name, close or sorted(known)[:4], where)


def _check_spine(env_id: str, name: str) -> None:
    """Say at once that no spine is there, where the system shows it; upkie waits ten seconds."""
    if sys.platform == "linux" and _SHARED_MEMORY.is_dir():
        path = _SHARED_MEMORY / name.lstrip("/")
        if not path.exists():
            raise _no_spine(env_id, f"there is no shared memory {path}")


def _no_spine(env_id: str, reason: str) -> SurefootError:
    return SurefootError(
        f"{env_id} talks to the robot's spine, and none answers ({reason}): start the spine on the "
        "robot first, or try the policy in Upkie-PyBullet or Upkie-MuJoCo."
    )


def _explained(env_id: str, error: Exception) -> SurefootError:
    """What went wrong inside somebody else's constructor, in one sentence."""
    kind = type(error).__name__  # classes of packages that are not imported here
    if kind == "SpineError":
        return _no_spine(env_id, str(error))
    if kind == "MissingOptionalDependency" and "-PyBullet-" in env_id:
        return MissingPackage("pybullet", f"the environment '{env_id}'", INSTALL_UPKIE)
    if isinstance(error, ModuleNotFoundError):
        install = INSTALL_UPKIE if is_upkie(env_id) else f"pip install {error.name}"
        return MissingPackage(str(error.name), f"the environment '{env_id}'", install)
    return SurefootError(f"{env_id} cannot be made: {kind}: {error}")
