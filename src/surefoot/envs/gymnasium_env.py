"""Any Gymnasium environment as ours: tensors, same-step resets, the state before each reset."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium
import mujoco
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from surefoot.envs.batched import Transition
from surefoot.errors import InvalidConfig, Mismatch, NotFinite, SurefootError, UnknownName
from surefoot.seeding import stream_seed
from surefoot.signals import Interface, Layout, Signal
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.course_pendulum_config import NAME as COURSE_PENDULUM
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.tasks.labyrinth_config import NAME as LABYRINTH


def make_gymnasium(
    config: GymnasiumConfig, *, nb_envs: int, seed: int, pictures: bool = False
) -> GymnasiumEnv:
    """`nb_envs` copies of a registered environment.

    Args:
        config: Which one.
        nb_envs: How many.
        seed: The run's seed.
        pictures: Make them so that they can be drawn.

    Raises:
        UnknownName: No environment has that id; the error has the nearest ones.
        InvalidConfig: It does not take these arguments.
        Mismatch: Its spaces are neither Box observations nor Box or Discrete actions; or pictures
            are asked for and it draws none.
        SurefootError: A package that it needs is not installed.
    """
    check_id(config.env_id)
    options = config.arguments()
    if config.max_episode_steps is not None:
        options["max_episode_steps"] = config.max_episode_steps
    try:
        if pictures:
            _check_pictures(config.env_id, options)
            options["render_mode"] = "rgb_array"
        envs = [gymnasium.make(config.env_id, **options) for _ in range(nb_envs)]
    except gymnasium.error.DependencyNotInstalled as error:
        raise SurefootError(f"{config.env_id} cannot be made: {error}") from None
    except TypeError as error:
        raise InvalidConfig(
            f"{config.env_id} does not take task.env_kwargs {' '.join(config.env_kwargs)}: {error}"
        ) from None
    return GymnasiumEnv(envs, seed=seed)


def check_id(env_id: str) -> None:
    """Whether Gymnasium knows an id, ours included.

    Raises:
        UnknownName: It does not.
        InvalidConfig: It is a former name of a task, or its module is not installed.
    """
    module, separator, registered = env_id.rpartition(":")
    try:
        if separator:
            importlib.import_module(module)
        gymnasium.spec(registered)
    except ModuleNotFoundError as error:
        raise InvalidConfig(f"{env_id} is not to be found: {error}. Is it installed?") from None
    except gymnasium.error.Error:
        known = [LABYRINTH, COURSE_PENDULUM, *TASKS, *gymnasium.registry]
        for name, entry in TASKS.items():
            if env_id.partition("-v")[0] in entry.former_names:
                raise InvalidConfig(
                    f"no task named '{env_id}' in Surefoot. Did you mean '{name}' "
                    f"(in Gymnasium {entry.gym_id})?"
                ) from None
        close = difflib.get_close_matches(env_id, known, n=5, cutoff=0.4)
        raise UnknownName(
            "task", env_id, close or TASKS, "Surefoot or Gymnasium (the nearest ones follow)"
        ) from None


def _check_pictures(env_id: str, options: dict[str, Any]) -> None:
    """Whether an environment has pictures to give; Gymnasium would only warn.

    Raises:
        Mismatch: It has none.
    """
    env = gymnasium.make(env_id, **options)
    modes = env.metadata.get("render_modes", ())
    env.close()
    if "rgb_array" not in modes:
        raise Mismatch(f"{env_id} draws no pictures: it has no render mode 'rgb_array'")


class GymnasiumEnv:
    """The `Env` protocol over copies of a Gymnasium environment, stepped one after the other.

    Args:
        envs: The copies.
        seed: The run's.

    Raises:
        Mismatch: Their spaces are neither Box observations nor Box or Discrete actions.
    """

    def __init__(self, envs: Sequence[gymnasium.Env[Any, Any]], *, seed: int) -> None:
        self._envs, self._seed = envs, stream_seed(seed, "world") % 2**31
        self.nb_worlds = len(envs)
        observation, action = envs[0].observation_space, envs[0].action_space
        if not isinstance(observation, gymnasium.spaces.Box):
            raise Mismatch(f"observations must be a Box, this environment has {observation}")
        self._observation_size = int(np.prod(observation.shape))
        seen = Signal(name="observation", unit="1", size=self._observation_size)
        self.interface = Interface(
            observation=Layout((seen,)), action=_action_layout(action), dt=_step_duration(envs[0])
        )
        self._action = action

    def reset(self) -> Tensor:
        """Start a new episode everywhere, from the run's seed."""
        seeded = enumerate(self._envs, start=self._seed)
        return self._tensor([env.reset(seed=seed)[0] for seed, env in seeded])

    def step(self, action: Tensor) -> Transition:
        """Take one step with an action (E, A); a choice is a number in its only column."""
        steps = [env.step(a) for env, a in zip(self._envs, self._sent(action), strict=True)]
        last, rewards, terminations, truncations, _ = zip(*steps, strict=True)
        reward = np.array(rewards, dtype=np.float32)
        if not np.isfinite(reward).all():
            raise NotFinite("reward", np.flatnonzero(~np.isfinite(reward)), "Check the task.")
        terminated, truncated = np.array([terminations, truncations], dtype=bool)
        obs = final_obs = self._tensor(last)
        ended = np.flatnonzero(terminated | truncated).tolist()
        if ended:
            obs = final_obs.clone()
            obs[ended] = self._tensor([self._envs[i].reset()[0] for i in ended])
        return Transition(
            obs=obs,
            final_obs=final_obs,
            reward=torch.from_numpy(reward),
            terminated=torch.from_numpy(terminated),
            truncated=torch.from_numpy(truncated & ~terminated),  # both at once: terminated wins
        )

    def _sent(self, action: Tensor) -> Iterable[Any]:
        """An action (E, A) as each environment wants it."""
        if isinstance(self._action, gymnasium.spaces.Discrete):
            return (action[:, 0].long() + int(self._action.start)).tolist()
        return action.numpy().reshape(self.nb_worlds, *(self._action.shape or ()))

    def _tensor(self, obs: Sequence[Any]) -> Tensor:
        flat = np.array(obs, dtype=np.float32).reshape(-1, self._observation_size)
        return torch.from_numpy(flat)

    def picture(self) -> NDArray[np.uint8]:
        """What the first environment looks like, (H, W, 3); it was made with `pictures`.

        Raises:
            SurefootError: It cannot be drawn: a package or a screen is missing, for example.
        """
        first = self._envs[0]
        name = first.spec.id if first.spec else "the environment"
        try:
            frame = np.asarray(first.render())
        except Exception as error:  # renderers are other people's: any error means no picture
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise SurefootError(f"{name} cannot be drawn: {reason}") from error
        if frame.dtype != np.uint8 or frame.ndim != 3:
            raise SurefootError(f"{name} cannot be drawn: its pictures are not (H, W, 3) of uint8")
        return frame

    def report(self) -> dict[str, float]:
        """Nothing of its own."""
        return {}

    def close(self) -> None:
        """Close every environment."""
        for env in self._envs:
            env.close()

    def state_dict(self) -> dict[str, Any]:
        """Plain attributes, generators and MuJoCo states of every environment and its wrappers."""
        return {"envs": [_snapshot(env) for env in self._envs]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`: bit for bit where the environment's state is plain data."""
        self.reset()
        for env, saved in zip(self._envs, state["envs"], strict=True):
            _restore(env, saved)


def _step_duration(env: gymnasium.Env[Any, Any]) -> float:
    """Its own `dt`, or the rate at which it is rendered, s; 1 without either."""
    dt = getattr(env.unwrapped, "dt", None)
    if dt is not None:
        return float(dt)
    rate = (env.metadata or {}).get("render_fps")
    return 1.0 / rate if rate else 1.0


def _action_layout(space: gymnasium.Space[Any]) -> Layout | int:
    if isinstance(space, gymnasium.spaces.Discrete):
        return int(space.n)
    if not isinstance(space, gymnasium.spaces.Box):
        raise Mismatch(f"actions must be a Box or Discrete, this environment has {space}")
    bounds = zip(space.low.flatten(), space.high.flatten(), strict=True)
    return Layout(
        tuple(
            Signal(name=f"action_{i}", unit="1", low=float(low), high=float(high))
            for i, (low, high) in enumerate(bounds)
        )
    )


def _layers(env: gymnasium.Env[Any, Any]) -> list[gymnasium.Env[Any, Any]]:
    """The environment inside its wrappers, outermost first."""
    layers = [env]
    while isinstance(layers[-1], gymnasium.Wrapper):
        layers.append(layers[-1].env)
    return layers


def _snapshot(env: gymnasium.Env[Any, Any]) -> list[dict[str, Any]]:
    return [_plain_attributes(layer) for layer in _layers(env)]


def _plain_attributes(layer: gymnasium.Env[Any, Any]) -> dict[str, Any]:
    saved: dict[str, Any] = {}
    for name, value in vars(layer).items():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            saved[name] = torch.from_numpy(value.copy())
        elif isinstance(value, np.generic):
            saved[name] = {"numpy": value.item(), "dtype": value.dtype.str}
        elif value is None or isinstance(value, bool | int | float | str):
            saved[name] = value
        elif isinstance(value, tuple) and all(isinstance(v, int | float) for v in value):
            saved[name] = {"tuple": [float(v) for v in value]}
        elif isinstance(value, np.random.Generator):
            saved[name] = {"generator": value.bit_generator.state}
        elif isinstance(value, mujoco.MjData):
            spec = int(mujoco.mjtState.mjSTATE_INTEGRATION)
            state = np.empty(mujoco.mj_stateSize(value.model, spec))
            mujoco.mj_getState(value.model, value, state, spec)
            saved[name] = {"mujoco": torch.from_numpy(state)}
    return saved


def _restore(env: gymnasium.Env[Any, Any], saved: list[dict[str, Any]]) -> None:
    for layer, attributes in zip(_layers(env), saved, strict=True):
        for name, value in attributes.items():
            if isinstance(value, Tensor):
                setattr(layer, name, value.numpy().copy())
            elif not isinstance(value, dict):
                setattr(layer, name, value)
            elif "numpy" in value:
                setattr(layer, name, np.dtype(value["dtype"]).type(value["numpy"]))
            elif "tuple" in value:
                setattr(layer, name, tuple(value["tuple"]))
            elif "generator" in value:
                getattr(layer, name).bit_generator.state = value["generator"]
            elif "mujoco" in value:
                data = getattr(layer, name)
                mujoco.mj_setState(
                    data.model, data, value["mujoco"].numpy(),
                    int(mujoco.mjtState.mjSTATE_INTEGRATION),
                )  # fmt: skip
                mujoco.mj_forward(data.model, data)
