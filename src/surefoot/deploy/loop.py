"""`deploy`: run a policy in a simulator or on the robot, and stop safely whatever happens."""

from __future__ import annotations

import math
import time

from surefoot.deploy.closed_loop import ClosedLoop, Commands, DeployedPolicy, OnStep
from surefoot.deploy.environments import AnyEnv, is_mock, is_robot, is_upkie
from surefoot.deploy.fit import fit
from surefoot.deploy.freshness import STALE_AFTER_S, Freshness
from surefoot.deploy.report import DeploymentReport
from surefoot.deploy.schedule import Now, OwnSchedule, Schedule, Sleep, WatchedSchedule
from surefoot.errors import InvalidConfig

RAMP_S = 0.2
"""How long commands take to come down to zero when the loop stops, s."""


def deploy(
    policy: DeployedPolicy,
    env: AnyEnv,
    *,
    duration_s: float | None = None,
    realtime: bool = True,
    commands: Commands | None = None,
    on_step: OnStep | None = None,
    stale_after_s: float | None = None,
    ramp_s: float = RAMP_S,
    fall_tilt: float = 1.0,
    seed: int | None = None,
    now: Now = time.monotonic,
    sleep: Sleep = time.sleep,
) -> DeploymentReport:
    """Run a policy in an environment until it is over, then bring the robot to a safe stop.

    The loop stops when time is up, on SIGINT (Ctrl-C) or SIGTERM, when the environment ends the
    episode or fails, on an observation or action that is not finite (which is never sent), and on
    a stale observation. Then, while the robot still listens, its commands come down to zero in a
    straight line within `ramp_s`: from 2 m/s in 0.2 s, the 10 m/s2 that balancing policies are
    trained with, where an abrupt zero would brake the wheels at full torque and throw the body
    over. Commands in "rad" or "m" are held instead, because zero is a posture there. Nothing
    balances a wheeled biped meanwhile, so the ramp is short, and then the environment is closed,
    which on Upkie stops the motors. A robot whose environment has ended the episode, because it
    fell, is not driven any more. A second Ctrl-C skips what is left of the ramp.

    Args:
        policy: Who decides.
        env: Where; it is closed in any case, errors included.
        duration_s: Time limit by the policy's rate, s; None runs until something stops it.
        realtime: Keep the policy's rate by the clock; False runs as fast as the environment, which
            a robot never does. An environment that waits inside its own step is only measured.
        commands: What the operator wants, for the signals whose source is the operator; clipped
            to the card's bounds. None leaves what the environment shows, or zeros.
        on_step: Watches each step. If it fails, the robot is stopped and its error raised.
        stale_after_s: How long an observation may repeat itself, s; infinite switches the check
            off. None: 0.1 s, but infinite for a mock, which has no sensors.
        ramp_s: Duration of the ramp to zero, s.
        fall_tilt: Lean of the base beyond which the robot no longer counts as upright, rad.
        seed: Seed of the environment's reset.
        now: Clock, s.
        sleep: How to wait.

    Returns:
        What was counted, and why it stopped.

    Raises:
        Mismatch: The policy does not fit the environment; nothing was sent.
        InvalidConfig: A duration that makes no sense; nothing was sent.
    """
    dt = policy.card.dt
    realtime = realtime or is_robot(_env_id(env))
    try:
        _check(duration_s, stale_after_s, ramp_s)
        loop = ClosedLoop(
            policy,
            env,
            fit=fit(policy.card, env),
            schedule=_schedule(env, dt, realtime, now, sleep),
            freshness=Freshness(_patience(env, stale_after_s), dt),
            max_steps=math.inf if duration_s is None else max(1, round(duration_s / dt)),
            nb_ramp=max(1, math.ceil(ramp_s / dt - 1e-9)),
            fall_tilt=fall_tilt,
            commands=commands,
            on_step=on_step,
        )
    except BaseException:
        env.close()
        raise
    begin = now()
    stop = loop.run(seed)
    return loop.report(stop, realtime=realtime, wall_s=now() - begin)


def _check(duration_s: float | None, stale_after_s: float | None, ramp_s: float) -> None:
    for name, value in (("duration_s", duration_s), ("stale_after_s", stale_after_s)):
        if value is not None and not value > 0.0:
            raise InvalidConfig(f"deploy: {name} must be positive, got {value} s")
    if not (ramp_s >= 0.0 and math.isfinite(ramp_s)):
        raise InvalidConfig(f"deploy: ramp_s must be finite and >= 0, got {ramp_s} s")


def _env_id(env: AnyEnv) -> str:
    return "" if env.spec is None else env.spec.id


def _patience(env: AnyEnv, stale_after_s: float | None) -> float:
    if stale_after_s is not None:
        return stale_after_s
    return math.inf if is_mock(_env_id(env)) else STALE_AFTER_S


def _schedule(env: AnyEnv, dt: float, realtime: bool, now: Now, sleep: Sleep) -> Schedule:
    if not realtime:
        return Schedule()
    if _keeps_time(env):
        return WatchedSchedule(dt, now=now)
    return OwnSchedule(dt, now=now, sleep=sleep)


def _keeps_time(env: AnyEnv) -> bool:
    """Whether the environment waits inside its own step, as those of the upkie package may."""
    if env.spec is None or not is_upkie(env.spec.id):
        return False
    return bool(env.spec.kwargs.get("regulate_frequency", True))
