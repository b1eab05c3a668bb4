"""The published settings, five seeds, one million steps each: training curves and what they yield.

Trains `--preset lecture` in MuJoCo, continues runs that were interrupted, and leaves finished ones
alone, so that it can be stopped and started again. The table shows the last 100 training episodes
(the stochastic policy), the explained variance over the second half of the training, and the
deterministic policy in both simulators: 50 episodes, full randomisation of the start, no noise.
In MuJoCo it plays twice: without any lag, which its training never showed (0.05 to 0.15 s), and
with that lag. On round wheels that follow at once the policies answer too strongly and sway, which
costs the position term and above all the smoothness term; PyBullet's flat spots hide it.
Intervals are 95 % bootstrap intervals over episodes. The linear feedback stands beside it, as the
published one with the wider clip plays in PyBullet; in MuJoCo it falls.

The bars: 4 of 5 seeds train to a mean length of 1700 and a return of 1000. Every seed's final
policy: 0 falls, a return of 1200, position and velocity terms above 0.7 per step, above the linear
feedback by more than the interval; explained variance above 0.8 in the second half.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import _episodes
import _report
import _surefoot
import torch
from _episodes import Episodes

from surefoot.tasks.upkie_config import UpkiePendulumConfig
from surefoot.train.log import read_progress
from surefoot.train.policies import load_policy
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import RunFolder

LENGTH, RETURN, SEEDS_NEEDED = 1700.0, 1000.0, 0.8
EVALUATED_RETURN, BALANCE, EXPLAINED = 1200.0, 0.7, 0.8
QUICK_STEPS = 50_000
FEEDBACK = "published-feedback-2.9"
MUJOCO, MUJOCO_LAGGING, PYBULLET = "mujoco", "mujoco, lag as trained", "pybullet"


def run_of(seed: int, root: Path, steps: list[str]) -> Path:
    """The finished run of a seed: found, continued or trained.

    Raises:
        SystemExit: The training was interrupted; what it has done is kept.
    """
    known = [p for p in _surefoot.runs_of(root) if _surefoot.read_run(p).config.seed == seed]
    if known and _surefoot.is_finished(known[-1]):
        return known[-1]
    if known:
        path, _ = _surefoot.train("--resume", str(known[-1]))
    else:
        path, _ = _surefoot.train(
            _surefoot.TASK, "--preset", "lecture", "--seed", str(seed), "--runs", str(root), *steps
        )
    if not _surefoot.is_finished(path):
        raise SystemExit(f"{path} was interrupted: start again to continue")
    return path


def curve(path: Path) -> dict[str, float]:
    """The end of a training, and its second half."""
    rows = read_progress(RunFolder(path).progress)
    half = rows[len(rows) // 2 :]
    explained = [float(row["train/explained_variance"]) for row in half]
    return {
        "steps": float(rows[-1]["time/total_timesteps"]),
        "length": float(rows[-1]["rollout/ep_len_mean"]),
        "return": float(rows[-1]["rollout/ep_rew_mean"]),
        "explained_mean": sum(explained) / len(explained),
        "explained_min": min(explained),
        "seconds": float(rows[-1]["time/time_elapsed"]),
    }


def examine(policy: str, simulator: str, episodes: int) -> Episodes:
    """Episodes of a policy under the full randomisation of the start, with the published reward."""
    loaded = load_policy(policy)
    config = find_preset(_surefoot.TASK, "lecture").task
    assert isinstance(loaded.config, UpkiePendulumConfig)
    assert isinstance(config, UpkiePendulumConfig)
    config = replace(config, max_ground_velocity=loaded.config.max_ground_velocity)
    if simulator == PYBULLET:
        return _episodes.in_pybullet(loaded.policy, config, episodes=episodes)
    if simulator == MUJOCO_LAGGING:
        quiet = replace(config, observation_noise=0.0, action_noise=0.0)
        return _episodes.in_mujoco(loaded.policy, quiet, episodes=episodes, imperfect=True)
    return _episodes.in_mujoco(loaded.policy, config, episodes=episodes)


def figures(seen: Episodes) -> dict[str, Any]:
    """An evaluation's numbers."""
    return {
        "falls": seen.nb_falls,
        "episodes": len(seen.all),
        "return": seen.mean_return,
        "reward_per_step": seen.per_step("reward"),
        "balance_per_step": seen.per_step("balance"),
    }


def main() -> None:
    """Train what is missing, evaluate, print, save."""
    parser = _report.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--runs", type=Path, default=_surefoot.RUNS / "lecture_seeds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    nb_seeds = min(options.seeds, 2) if options.quick else options.seeds
    episodes = 3 if options.quick else 50
    root = options.runs.with_name(options.runs.name + "_quick") if options.quick else options.runs
    short = ["--steps", str(QUICK_STEPS)] if options.quick else []
    _report.headline(
        "The published settings in MuJoCo, --preset lecture",
        threads="worlds on all cores, learner on 1 thread",
    )
    simulators = (MUJOCO, MUJOCO_LAGGING, PYBULLET)
    curves, found = [], []
    for seed in range(nb_seeds):
        path = run_of(seed, root, short)
        curves.append(curve(path))
        found.append({name: examine(str(path), name, episodes) for name in simulators})
        print(f"seed {seed}: {path}", flush=True)
    feedback = {name: examine(FEEDBACK, name, episodes) for name in simulators}
    print()

    _report.table(
        ("seed", "steps", "length, last 100", "return, last 100", "explained variance, mean",
         "lowest", "training, s"),
        [
            [seed, f"{c['steps']:,.0f}", f"{c['length']:.0f}", f"{c['return']:.0f}",
             f"{c['explained_mean']:.3f}", f"{c['explained_min']:.3f}", f"{c['seconds']:.0f}"]
            for seed, c in enumerate(curves)
        ],
    )  # fmt: skip
    names = [*(f"seed {n}" for n in range(nb_seeds)), FEEDBACK]
    rows = [
        [name, simulator, f"{seen[simulator].nb_falls} of {episodes}",
         f"{seen[simulator].mean_return:.0f}", seen[simulator].interval("reward"),
         seen[simulator].interval("balance")]
        for simulator in simulators
        for name, seen in zip(names, [*found, feedback], strict=True)
    ]  # fmt: skip
    head = ("policy", "simulator", "falls", "return", "reward per step (95 %)",
            "position + velocity per step (95 %)")  # fmt: skip
    _report.table(head, rows)

    bars = judge(curves, found, feedback)
    result = {
        "curves": curves,
        "evaluations": [{k: figures(s) for k, s in seen.items()} for seen in found],
        "feedback": {k: figures(s) for k, s in feedback.items()},
        "bars": bars,
    }
    _report.write_json(options.json, result)


def judge(
    curves: list[dict[str, float]], found: list[dict[str, Episodes]], feedback: dict[str, Episodes]
) -> list[dict[str, Any]]:
    """Every bar."""
    good = sum(c["length"] >= LENGTH and c["return"] >= RETURN for c in curves)
    bars = [
        _report.verdict("share of seeds that train as published", value=good / len(curves),
                        bar=SEEDS_NEEDED),
        _report.verdict("explained variance, second half, mean of the worst seed",
                        value=min(c["explained_mean"] for c in curves), bar=EXPLAINED),
    ]  # fmt: skip
    for name, linear in feedback.items():
        seen = [evaluations[name] for evaluations in found]
        falls = sum(s.nb_falls for s in seen)
        _, _, highest = linear.per_step("balance")
        margin = min(s.per_step("balance")[1] for s in seen) - highest
        bars += [
            _report.verdict(f"{name}: falls, all seeds", value=falls, bar=0, at_most=True),
            _report.verdict(f"{name}: return of the worst seed",
                            value=min(s.mean_return for s in seen), bar=EVALUATED_RETURN),
            _report.verdict(f"{name}: position + velocity of the worst seed",
                            value=min(s.per_step("balance")[0] for s in seen), bar=BALANCE),
            _report.verdict(f"{name}: least distance between the intervals of a seed and the "
                            "linear feedback", value=margin, bar=0.0),
        ]  # fmt: skip
    return bars


if __name__ == "__main__":
    main()
