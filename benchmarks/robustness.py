"""One policy under changed parameters: what it survives without being trained again.

Each line changes one thing in MuJoCo (deterministic policy, full randomisation of the start, no
noise, no lag unless it is the change) or changes the simulator. The policy's own numbers stay as
they are: the odometry, for one, still believes in the nominal wheel. A fall is a fall, whatever
distance the task allows; drifting costs reward. Fall rates have Wilson's 95 % intervals, rewards
per step bootstrap intervals over episodes.

The second table is the reason for the randomised lag: the same preset is trained once more without
any, and both policies meet a lag of 0.15 s. "Sway" is the ground speed's root mean square in the
second half of an episode, the median over episodes.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import _episodes
import _report
import _surefoot
import mujoco
import torch
from _episodes import Adjust, Episodes

from surefoot.errors import SurefootError
from surefoot.sim.assembly import FLOOR
from surefoot.sim.cpu import CpuWorlds
from surefoot.tasks.upkie_config import UpkieConfig, UpkiePendulumConfig
from surefoot.train.policies import load_policy

BAR = 0.05
"""Fall rate."""
LAG_S = 0.15
QUICK_STEPS = 200_000


def masses(factor: float) -> Adjust:
    """Every link's mass and inertia times `factor`."""

    def adjust(worlds: CpuWorlds) -> None:
        for name in ("body_mass", "body_inertia"):
            worlds.parameter(name).mul_(factor)
        worlds.update_constants()

    return adjust


def friction(coefficient: float) -> Adjust:
    """Sliding friction between floor and tires; the floor's number has priority."""

    def adjust(worlds: CpuWorlds) -> None:
        worlds.parameter("geom_friction")[:, worlds.model.geom(FLOOR).id, 0] = coefficient

    return adjust


def wheel_radius(factor: float) -> Adjust:
    """Radius of both tires, the only cylinders, times `factor`; their mass stays."""

    def adjust(worlds: CpuWorlds) -> None:
        tires = (worlds.model.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER).nonzero()[0]
        size = worlds.parameter("geom_size")
        size[:, tires, 0] *= factor
        worlds.parameter("geom_rbound")[:, tires] = size[:, tires, :2].norm(dim=2)
        worlds.parameter("geom_aabb")[:, tires, 3:5] *= factor

    return adjust


CHANGES: dict[str, Adjust | None] = {
    "as trained": None,
    "masses -20 %": masses(0.8),
    "masses +20 %": masses(1.2),
    "friction 0.6": friction(0.6),
    "friction 1.2": friction(1.2),
    "wheel radius -5 %": wheel_radius(0.95),
    "wheel radius +5 %": wheel_radius(1.05),
}


def lagging(config: UpkieConfig) -> UpkieConfig:
    """The task with a lag of 0.15 s in every episode, and no noise."""
    return dataclasses.replace(
        config,
        lag_min_s=LAG_S,
        lag_max_s=LAG_S,
        observation_noise=0.0,
        action_noise=0.0,
        odometry_offset=0.0,
    )


def find_run(named: Path | None, *, quick: bool) -> Path:
    """The run to examine: the one named, or the newest of the default preset, or a new one."""
    if named is not None:
        return named
    for path in reversed(_surefoot.runs_of(_surefoot.RUNS)):
        run = _surefoot.read_run(path)
        task = run.config.task
        if run.preset == "default" and isinstance(task, UpkieConfig) and task.lag_max_s > 0.0:
            return path
    print("there is no run of the default preset yet: training one", flush=True)
    return _surefoot.train(_surefoot.TASK, *(["--steps", str(QUICK_STEPS)] if quick else []))[0]


def without_lag(run: Path, named: Path | None, *, quick: bool) -> Path:
    """A run with the same preset and seed, trained without any lag."""
    if named is not None:
        return named
    print("training the same without lag", flush=True)
    like = _surefoot.read_run(run)
    steps = QUICK_STEPS if quick else like.config.steps
    return _surefoot.train(
        like.task, "--preset", like.preset, "--seed", str(like.config.seed), "--steps", str(steps),
        "--task.lag-min-s", "0", "--task.lag-max-s", "0", "--runs", "runs/without_lag",
    )[0]  # fmt: skip


def row(name: str, seen: Episodes) -> list[Any]:
    """One line of a table."""
    return [
        name, f"{seen.nb_falls} of {len(seen.all)}", seen.falls(), seen.interval("reward"),
        seen.interval("balance"), f"{seen.sway:.3f}",
    ]  # fmt: skip


HEAD = ("change", "falls", "fall rate (95 %)", "reward per step (95 %)",
        "position + velocity per step (95 %)", "sway, m/s")  # fmt: skip


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument(
        "run", nargs="?", type=Path, help="run folder (default: the newest of the default preset)"
    )
    parser.add_argument(
        "--without-lag", type=Path, metavar="RUN", help="its like, trained without lag (else: do)"
    )
    parser.add_argument("--no-pybullet", action="store_true", help="leave the long part out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    nb = 20 if options.quick else 200
    nb_foreign = 3 if options.quick else 50
    try:
        path = find_run(options.run, quick=options.quick)
        loaded = load_policy(str(path))
        config = loaded.config
        if not isinstance(config, UpkiePendulumConfig):
            raise SystemExit(f"{path} is a run of {loaded.task}, not of {_surefoot.TASK}")
        config = dataclasses.replace(config, max_drift=None)
        bare = without_lag(path, options.without_lag, quick=options.quick)
        rival = load_policy(str(bare)).policy
    except SurefootError as error:
        raise SystemExit(str(error)) from None
    _report.headline(f"Robustness of {path}", threads="worlds on all cores")

    seen = {
        name: _episodes.in_mujoco(loaded.policy, config, episodes=nb, adjust=adjust)
        for name, adjust in CHANGES.items()
    }
    seen[f"lag {LAG_S} s"] = _episodes.in_mujoco(
        loaded.policy, lagging(config), episodes=nb, imperfect=True
    )
    if not options.no_pybullet:
        seen["PyBullet"] = _episodes.in_pybullet(loaded.policy, config, episodes=nb_foreign)
    _report.table(HEAD, [row(name, episodes) for name, episodes in seen.items()])

    lagged = {
        "trained with random lag, no lag": seen["as trained"],
        f"trained with random lag, lag {LAG_S} s": seen[f"lag {LAG_S} s"],
        "trained without lag, no lag": _episodes.in_mujoco(rival, config, episodes=nb),
        f"trained without lag, lag {LAG_S} s": _episodes.in_mujoco(
            rival, lagging(config), episodes=nb, imperfect=True
        ),
    }
    _report.table(("training and test", *HEAD[1:]), [row(n, s) for n, s in lagged.items()])

    worst = max(seen, key=lambda name: seen[name].nb_falls / len(seen[name].all))
    rate = seen[worst].nb_falls / len(seen[worst].all)
    bars = [
        _report.verdict(f"highest fall rate ({worst})", value=rate, bar=BAR, at_most=True),
    ]
    _, with_lag, _, no_lag = lagged.values()
    more_falls = (no_lag.nb_falls - with_lag.nb_falls) / nb
    print(
        f"without lag in training, at {LAG_S} s: {100 * more_falls:+.1f} % falls, "
        f"sway {no_lag.sway:.3f} instead of {with_lag.sway:.3f} m/s"
    )
    bars.append(
        _report.verdict(
            "clearly worse without lag in training (10 % more falls, or 1.5 x sway)",
            value=float(more_falls >= 0.1 or no_lag.sway >= 1.5 * with_lag.sway), bar=1.0,
        )
    )  # fmt: skip
    everything = {**seen, **lagged}
    results = {
        name: {
            "falls": s.nb_falls, "episodes": len(s.all), "sway": s.sway,
            "reward_per_step": s.per_step("reward"), "balance_per_step": s.per_step("balance"),
        }
        for name, s in everything.items()
    }  # fmt: skip
    _report.write_json(
        options.json, {"run": str(path), "without_lag": str(bare), "results": results, "bars": bars}
    )


if __name__ == "__main__":
    main()
