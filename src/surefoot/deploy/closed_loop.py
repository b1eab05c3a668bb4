"""One run of the control loop: observe, decide, clamp, send; then come to rest and let go."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from surefoot.deploy.card import PolicyCard
from surefoot.deploy.environments import AnyEnv
from surefoot.deploy.fit import Fit
from surefoot.deploy.freshness import Freshness
from surefoot.deploy.report import DeploymentReport, Stop
from surefoot.deploy.schedule import Schedule
from surefoot.errors import Mismatch
from surefoot.interrupt import Interrupt

Array = NDArray[np.float32]

_LOG = logging.getLogger(__name__)
_POSITION_UNITS = ("rad", "m")  # zero is a place there, not rest


class DeployedPolicy(Protocol):
    """Who decides: an `OnnxPolicy`."""

    card: PolicyCard

    def reset(self) -> None:
        """Forget everything."""
        ...

    def act(self, observation: Array) -> Array:
        """Action (A,) for an observation (O,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """One step of the loop, for whoever watches."""

    time_s: float
    """When it was decided: time since the start by the policy's rate, s."""
    observation: Array
    """What the policy read, (O,)."""
    action: Array
    """What was sent, (A,)."""
    info: Mapping[str, Any]
    """The environment's `info` of the step."""


Commands = Callable[[float], Any]
"""The operator: time since the start, s -> the values of the card's operator signals, in order.
Where a policy reads a clock, it runs while these are not all zero."""
OnStep = Callable[[StepRecord], None]
"""Called after each step."""


class ClosedLoop:
    """A policy and an environment that fit, and what happened between them.

    Args:
        policy: Who decides.
        env: Where; `run` closes it.
        fit: How their vectors correspond.
        schedule: Who keeps the time.
        freshness: Who watches the sensors.
        max_steps: Time limit, steps; may be infinite.
        nb_ramp: Steps in which commands come to rest.
        fall_tilt: Lean beyond which the robot is not upright, rad.
        commands: The operator.
        on_step: Who watches.
    """

    def __init__(
        self,
        policy: DeployedPolicy,
        env: AnyEnv,
        *,
        fit: Fit,
        schedule: Schedule,
        freshness: Freshness,
        max_steps: float,
        nb_ramp: int,
        fall_tilt: float,
        commands: Commands | None,
        on_step: OnStep | None,
    ) -> None:
        self._policy, self._env, self._fit, self._card = policy, env, fit, policy.card
        self._schedule, self._freshness = schedule, freshness
        self._max_steps, self._nb_ramp, self._fall_tilt = max_steps, nb_ramp, fall_tilt
        self._commands, self._on_step = commands, on_step
        low, high = self._card.observation_layout.low, self._card.observation_layout.high
        self._commandable = low[fit.operated], high[fit.operated]
        self._names = [s.name for s in self._card.observation for _ in range(s.size)]
        self._clocks = [s for s in self._card.observation if s.source == "clock"]
        self._last: Array | None = None
        self._steps = self._ramp_steps = self._clamped = 0
        self._fell_at: int | None = None
        self._trouble = self._unrest = ""

    def run(self, seed: int | None) -> Stop:
        """Drive, come to rest, close the environment; says why it ended."""
        with Interrupt() as interrupt:
            try:
                stop = self._drive(interrupt, seed)
                if stop.ramp:
                    self._come_to_rest()
            except KeyboardInterrupt:
                stop = Stop(reason="interrupt", message="stopped at once, on a second Ctrl-C")
            except Exception:  # whoever's code it was: the motors must not keep their last command
                self._come_to_rest()
                raise  # and the error is not ours to judge
            finally:
                self._close()
        if self._unrest:
            stop = replace(stop, reason="environment failed")
        said = [stop.message, self._unrest, self._trouble]
        return replace(stop, message="; ".join(words for words in said if words))

    def report(self, stop: Stop, *, realtime: bool, wall_s: float) -> DeploymentReport:
        """The counters after `run`."""
        upright = self._steps if self._fell_at is None else self._fell_at
        return DeploymentReport(
            stop_reason=stop.reason,
            message=stop.message,
            steps=self._steps,
            ramp_steps=self._ramp_steps,
            duration_s=self._steps * self._card.dt,
            wall_s=wall_s,
            time_upright_s=upright * self._card.dt,
            realtime=realtime,
            missed_deadlines=self._schedule.nb_missed,
            worst_lateness_s=self._schedule.worst_lateness_s,
            clamped=self._clamped,
            closed=not self._trouble,
        )

    def _drive(self, interrupt: Interrupt, seed: int | None) -> Stop:
        self._policy.reset()
        try:
            sensed, info = self._env.reset(seed=seed)
        except Exception as error:
            return _failed("reset", error)
        while True:
            values = np.asarray(sensed, np.float32).reshape(-1)
            observation = self._observe(values)
            stop = self._check(interrupt, values, observation, info)
            if stop is not None:
                return stop
            action = np.asarray(self._policy.act(observation), np.float32)
            if not np.isfinite(action).all():
                return Stop(
                    reason="bad action",
                    message=f"the policy's action is not finite ({action}), so it was not sent",
                )
            command = self._clamp(action)
            self._schedule.before_step()
            try:
                sensed, _, terminated, truncated, info = self._env.step(self._sent(command))
            except Exception as error:
                return _failed("step", error)
            self._schedule.after_step()
            self._last = command
            begin = self._steps * self._card.dt
            self._steps += 1
            if self._on_step is not None:
                self._on_step(
                    StepRecord(time_s=begin, observation=observation, action=command, info=info)
                )
            if terminated or truncated:
                return self._ended(bool(terminated), np.asarray(sensed, np.float32).reshape(-1))

    def _observe(self, values: Array) -> Array:
        """The policy's observation: what environment, operator and clock say."""
        observation = np.zeros(len(self._names), np.float32)
        observation[self._fit.sensed] = values
        if self._commands is not None and len(self._fit.operated):
            wanted = np.asarray(self._commands(self._steps * self._card.dt), np.float32).reshape(-1)
            if len(wanted) != len(self._fit.operated):
                names = ", ".join(self._names[i] for i in self._fit.operated)
                raise Mismatch(f"the operator must command {names}, got {len(wanted)} values")
            observation[self._fit.operated] = np.clip(wanted, *self._commandable)
            moves = bool(observation[self._fit.operated].any())
            for clock in self._clocks:
                angle = 2.0 * math.pi * clock.clock_hz * self._steps * self._card.dt
                shown = [math.sin(angle), math.cos(angle)] if moves else 0.0
                observation[self._card.observation_layout.slice(clock.name)] = shown
        return observation

    def _check(
        self, interrupt: Interrupt, values: Array, observation: Array, info: Mapping[str, Any]
    ) -> Stop | None:
        """Whether to stop before the next action."""
        if interrupt.requested:
            return Stop(reason="interrupt", message="stopped by Ctrl-C or a request to terminate")
        bad = np.flatnonzero(~np.isfinite(observation))
        if len(bad):
            names = ", ".join(dict.fromkeys(self._names[i] for i in bad))
            return Stop(reason="bad observation", message=f"not finite in the observation: {names}")
        self._look_for_fall(observation)
        stale = self._freshness.stale(values, info)
        if stale is not None:
            return Stop(
                reason="stale observation",
                message=f"{stale} has not changed in one bit for {self._freshness.limit_s:g} s: "
                "are the sensors alive?",
            )
        if self._steps >= self._max_steps:
            return Stop(reason="duration", message="time is up")
        return None

    def _look_for_fall(self, observation: Array) -> None:
        if self._fell_at is None and abs(self._tilt(observation)) > self._fall_tilt:
            self._fell_at = self._steps

    def _tilt(self, observation: Array) -> float:
        """Pitch of a robot that tells it, or the angle of its base with the vertical, rad.

        NaN if the policy reads neither.
        """
        layout = self._card.observation_layout
        if "pitch" in layout.names:
            return float(observation[layout.slice("pitch")][0])
        if "gravity" in layout.names:
            x, y, z = observation[layout.slice("gravity")]
            return math.atan2(math.hypot(x, y), -z)
        return math.nan

    def _ended(self, terminated: bool, values: Array) -> Stop:
        if not terminated:
            return Stop(reason="truncated", message="the environment's time limit was reached")
        self._fell_at = self._steps if self._fell_at is None else self._fell_at
        tilt = self._tilt(self._observe(values))
        where = "" if math.isnan(tilt) else f" at a tilt of {tilt:.2f} rad"
        return Stop(
            reason="terminated", message=f"the environment ended the episode{where}", ramp=False
        )

    def _clamp(self, action: Array) -> Array:
        command = np.clip(action, self._fit.low, self._fit.high)
        self._clamped += int((command != action).sum())
        return command

    def _sent(self, command: Array) -> Any:
        """The action in the environment's form."""
        if self._fit.first_choice is not None:
            return round(float(command[0])) + self._fit.first_choice
        return command.reshape(self._fit.action_shape)

    def _come_to_rest(self) -> None:
        """Bring the last command to zero in a straight line; hold positions; choices: nothing."""
        if self._last is None or not self._card.action:
            return
        last = self._last
        held = np.concatenate([[s.unit in _POSITION_UNITS] * s.size for s in self._card.action])
        rest = np.where(held, last, np.clip(np.float32(0.0), self._fit.low, self._fit.high))
        for step in range(1, self._nb_ramp + 1):
            command = rest + np.float32(1.0 - step / self._nb_ramp) * (last - rest)
            self._schedule.before_step()
            try:
                *_, terminated, truncated, _ = self._env.step(self._sent(command))
            except Exception as error:  # any environment's code: it must still be closed
                _LOG.debug("the environment failed to come to rest", exc_info=error)
                self._unrest = (
                    f"the environment failed while coming to rest ({type(error).__name__}: {error})"
                )
                return
            self._schedule.after_step()
            self._ramp_steps += 1
            if terminated or truncated:
                return

    def _close(self) -> None:
        """Let go of the environment; an impatient Ctrl-C in the middle begins again."""
        for _ in range(2):
            try:
                self._env.close()
                return
            except KeyboardInterrupt:
                continue
            except Exception as error:
                _LOG.debug("the environment failed to close", exc_info=error)
                self._trouble = (
                    f"the environment could not be closed ({type(error).__name__}: {error}): "
                    "check that the motors are off"
                )
                return


def _failed(what: str, error: Exception) -> Stop:
    _LOG.debug("the environment failed to %s", what, exc_info=error)  # where, for who must mend it
    return Stop(
        reason="environment failed",
        message=f"the environment failed to {what}: {type(error).__name__}: {error}",
        ramp=False,
    )
