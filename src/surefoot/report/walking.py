"""How a robot walks, in numbers: tracking, falls, gait, effort."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class WalkingRecord:
    """What E robots did in T steps; J joints, F feet."""

    dt: float
    """Duration of a step, s."""
    nominal_height: float
    """Of the base when the robot stands at home, m."""
    command: Floats
    """Velocity along x and y, m/s, and yaw rate, rad/s, (T, E, 3)."""
    velocity: Floats
    """The same, measured, (T, E, 3)."""
    settled: Flags
    """Steps that count: not the first second after a new command or a fall, (T, E)."""
    fell: Flags
    """Steps that ended in a fall, (T, E)."""
    foot_contact: Flags
    """(T, E, F)."""
    foot_height: Floats
    """Of the soles above the ground, m, (T, E, F)."""
    foot_speed: Floats
    """Horizontal, m/s, (T, E, F)."""
    other_contacts: Floats
    """Contacts with the ground that are not a foot's, (T, E)."""
    height: Floats
    """Of the base, m, (T, E)."""
    torque_share: Floats
    """Torques over their limits, (T, E, J)."""
    power: Floats
    """Mechanical power over the robot's weight, m/s, (T, E, J)."""
    beyond_limit: Floats
    """Angle beyond 90 % of the joints' range, rad, (T, E, J)."""
    reward: Floats
    """(T, E)."""


@dataclass(frozen=True, kw_only=True)
class WalkingScore:
    """What is said of a record; intervals are Student's at 95 % over robots.

    NaN stands where nothing counts, because every robot falls before it has settled.
    """

    tracking_error_linear: float
    """Mean distance of the horizontal velocity from the command, m/s."""
    tracking_error_linear_ci95: tuple[float, float]
    tracking_error_yaw: float
    """Mean absolute error of the yaw rate, rad/s."""
    tracking_error_yaw_ci95: tuple[float, float]
    falls_per_minute: float
    """Of one robot."""
    falls_per_minute_ci95: tuple[float, float]
    """Exact Poisson interval."""
    cost_of_transport: float
    """Mechanical work over weight and distance, while moving; infinite without any distance."""
    air_time: float
    """Mean duration of a swing, s; of the foot with the shortest."""
    air_time_longest: float
    """Of the foot with the longest, s."""
    duty_factor: float
    """Share of the time on the ground while moving; of the foot with the least."""
    duty_factor_most: float
    """Of the foot with the most."""
    swing_apex: float
    """Mean highest point of a swing, m; of the foot that lifts least."""
    asymmetry: float
    """Largest difference between left and right in duty and swing time, over their mean."""
    foot_slip: float
    """Mean speed of feet on the ground, m/s."""
    other_contacts: float
    """Share of the steps in which something but a foot touches the ground; falls, which are counted
    for themselves, left out."""
    height_ratio: float
    """Mean height of the base over the nominal one."""
    torque_use: float
    """Share of the limit that the hardest-working joint stays below in 99 % of the steps."""
    limit_violations: float
    """Share of the steps in which a joint is beyond 90 % of its range."""

    @property
    def flaws(self) -> list[str]:
        """What is not sound about the gait; empty where all is."""
        checks = {
            "air time between 0.1 and 0.5 s": 0.1 <= self.air_time <= self.air_time_longest <= 0.5,
            "duty factor between 0.4 and 0.75": self.duty_factor >= 0.4
            and self.duty_factor_most <= 0.75,
            "feet lifted by 3 cm": self.swing_apex >= 0.03,
            "left and right alike within 20 %": self.asymmetry <= 0.2,
            "nothing but feet on the ground": self.other_contacts == 0.0,
            "base height within 15 %": abs(self.height_ratio - 1.0) <= 0.15,
        }
        return [name for name, holds in checks.items() if not holds]


def score(record: WalkingRecord, sides: tuple[int, ...]) -> WalkingScore:
    """The figures of a record.

    Args:
        record: What happened.
        sides: For each foot, the number of the foot opposite.
    """
    counts = record.settled
    error = record.command - record.velocity
    linear = np.linalg.norm(error[..., :2], axis=2)
    moving = counts & (record.command != 0.0).any(axis=2)
    air, apex = _swings(record, moving)
    on_ground = record.foot_contact.astype(float)
    duty = np.array([_mean(on_ground[..., f], moving) for f in range(len(sides))])
    minutes = record.fell.size * record.dt / 60.0
    falls = int(record.fell.sum())
    distance = np.linalg.norm(record.velocity[..., :2], axis=2)[moving].sum()
    work = np.abs(record.power).sum(axis=2)[moving].sum()
    torque = np.abs(record.torque_share).max(axis=2)[counts]
    return WalkingScore(
        tracking_error_linear=_mean(linear, counts),
        tracking_error_linear_ci95=_interval(linear, counts),
        tracking_error_yaw=_mean(np.abs(error[..., 2]), counts),
        tracking_error_yaw_ci95=_interval(np.abs(error[..., 2]), counts),
        falls_per_minute=falls / minutes,
        falls_per_minute_ci95=(
            float(stats.chi2.ppf(0.025, 2 * falls) / 2.0 / minutes) if falls else 0.0,
            float(stats.chi2.ppf(0.975, 2 * falls + 2) / 2.0 / minutes),
        ),
        cost_of_transport=float(work / distance) if distance else float("inf"),
        air_time=float(air.min()),
        air_time_longest=float(air.max()),
        duty_factor=float(duty.min()),
        duty_factor_most=float(duty.max()),
        swing_apex=float(apex.min()),
        asymmetry=max(_asymmetry(duty, sides), _asymmetry(air, sides)),
        foot_slip=_mean(record.foot_speed, record.foot_contact & counts[..., None]),
        other_contacts=_mean(
            (record.other_contacts > 0.0).astype(float), counts & ~_falling(record)
        ),
        height_ratio=_mean(record.height, counts) / record.nominal_height,
        torque_use=float(np.quantile(torque, 0.99)) if counts.any() else float("nan"),
        limit_violations=_mean((record.beyond_limit > 0.0).any(axis=2).astype(float), counts),
    )


def _falling(record: WalkingRecord) -> Flags:
    """Steps of the last second before a fall, (T, E)."""
    nb = round(1.0 / record.dt)
    return np.stack([record.fell[t : t + nb].any(axis=0) for t in range(len(record.fell))])


def _mean(values: Floats, counts: Flags) -> float:
    return float(values[counts].mean()) if counts.any() else float("nan")


def _interval(values: Floats, counts: Flags) -> tuple[float, float]:
    """Student's interval of the mean over robots."""
    means = np.array([v[c].mean() for v, c in zip(values.T, counts.T, strict=True) if c.any()])
    if len(means) < 2:
        return (float("nan"), float("nan"))
    half = stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return float(means.mean() - half), float(means.mean() + half)


def _swings(record: WalkingRecord, moving: Flags) -> tuple[Floats, Floats]:
    """Mean duration, s, and highest point, m, of each foot's whole swings while moving, (F,).

    Zero for a foot that never swings.
    """
    nb_feet = record.foot_contact.shape[2]
    air, apex = np.zeros(nb_feet), np.zeros(nb_feet)
    for foot in range(nb_feet):
        times: list[int] = []
        tops: list[float] = []
        for robot in range(moving.shape[1]):
            in_air = (~record.foot_contact[:, robot, foot]).astype(np.int8)
            change = np.flatnonzero(np.diff(in_air))  # the last step before each change
            lift, land = change[in_air[change] == 0] + 1, change[in_air[change] == 1] + 1
            for begin, end in _pairs(lift, land):
                if moving[begin - 1 : end + 1, robot].all():
                    times.append(end - begin)
                    tops.append(float(record.foot_height[begin:end, robot, foot].max()))
        if times:
            air[foot], apex[foot] = record.dt * float(np.mean(times)), float(np.mean(tops))
    return air, apex


def _pairs(lift: NDArray[np.int64], land: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Each lift-off with the touch-down that follows it."""
    after = np.searchsorted(land, lift)
    return [(int(a), int(land[i])) for a, i in zip(lift, after, strict=True) if i < len(land)]


def _asymmetry(values: Floats, sides: tuple[int, ...]) -> float:
    """Largest difference between a value and its partner's over their mean."""
    other = values[list(sides)]
    mean = 0.5 * (values + other)
    return float(np.max(np.abs(values - other) / np.maximum(mean, 1e-9)))


def table(result: WalkingScore) -> dict[str, str]:
    """The figures in words, by name."""

    def span(name: str) -> str:
        low, high = getattr(result, f"{name}_ci95")
        return f"{getattr(result, name):.3f}  (95 % interval {low:.3f} to {high:.3f})"

    units = {"air_time": "s", "swing_apex": "m", "foot_slip": "m/s"}
    words = {
        "velocity error": f"{span('tracking_error_linear')} m/s",
        "yaw rate error": f"{span('tracking_error_yaw')} rad/s",
        "falls per minute": span("falls_per_minute"),
    }
    for field in fields(WalkingScore):
        if "tracking" in field.name or "falls" in field.name:
            continue
        value = getattr(result, field.name)
        words[field.name.replace("_", " ")] = f"{value:.3f} {units.get(field.name, '')}".strip()
    words["gait"] = "sound" if not result.flaws else "not: " + "; ".join(result.flaws)
    return words
