"""What a report says of a run or a group, gathered from its folders."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.report.page import Drawing, Note, Page, draw_curve, draw_small, draw_terms, number
from surefoot.report.statistics import interval
from surefoot.train.checkup import examine
from surefoot.train.evaluated import SavedEvaluation, evaluate_run
from surefoot.train.group import find_runs, group_of
from surefoot.train.log import STEPS, read_progress
from surefoot.train.machine import read_machine
from surefoot.train.plain import differences
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder

Floats = NDArray[np.float64]
_POINTS = 200
_STRIP = {
    "train/explained_variance": "explained variance",
    "train/approx_kl": "KL divergence",
    "train/clip_fraction": "clip fraction",
    "train/std": "action std",
    "train/entropy_loss": "entropy loss",
    "train/gradient_norm": "gradient norm",
    "train/value_loss": "value loss",
    "train/critic_loss": "critic loss",
    "train/q_mean": "mean Q",
    "train/ent_coef": "temperature",
    "rollout/ep_len_mean": "episode length",
    "time/fps": "steps per second",
}
"""Metrics of the health strip, where an algorithm has them."""
_FIGURES = {
    "tracking_error_linear": "tracking error, m/s",
    "tracking_error_yaw": "yaw rate error, rad/s",
    "falls_per_minute": "falls per minute",
    "cost_of_transport": "cost of transport",
    "crossing_success": "share of tiles crossed",
}
"""What some tasks' evaluations have beside return, falls and length."""
_OWN = {"config.seed", "config.sim_threads"}
"""Settings in which the runs of a group may differ."""

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """A run and what is known of it."""

    path: Path
    run: Run
    rows: list[dict[str, str]]
    evaluation: SavedEvaluation | None
    """None: it has no checkpoint yet."""

    @property
    def steps(self) -> int:
        """Environment steps so far."""
        return int(float(self.rows[-1][STEPS])) if self.rows else 0

    @property
    def seconds(self) -> float:
        """Time spent training, s."""
        return float(self.rows[-1].get("time/time_elapsed") or 0.0) if self.rows else 0.0


def report_page(where: Path, *, with_video: bool = False, say: Say = lambda _: None) -> Page:
    """The page about a run or a group; what has not been evaluated yet is.

    Args:
        where: A run folder or a group.
        with_video: Film the newest policy of the middle seed if no clip of it is there.
        say: Told what takes time.

    Raises:
        BadFile: There are no runs, or one is damaged.
        InvalidConfig: The runs differ in more than their seeds.
    """
    folders = [RunFolder(path) for path in find_runs(where)]
    runs = [folder.read_config() for folder in folders]
    _check_alike(runs, folders)
    told: list[Told] = []
    for folder, run in zip(folders, runs, strict=True):
        say(f"evaluating {folder.path.name}")
        evaluation = evaluate_run(folder.path) if folder.last.exists() else None
        rows = read_progress(folder.progress)
        told.append(Told(path=folder.path, run=run, rows=rows, evaluation=evaluation))
    told.sort(key=lambda one: one.run.config.seed)
    run = told[0].run
    filmed = _middle(told)
    if with_video and filmed is not None:
        say(f"filming {filmed.path.name}")
        _film(filmed)
    video = _video(filmed.path) if filmed else None
    health = _health(told)
    name = group_of(told[0].path).name if len(told) > 1 else told[0].path.name
    return Page(
        title=f"{run.task} with {run.algo}",
        subtitle=f"{name}, preset {run.preset}, {_seeds(told)}",
        summary=_summary(told, health),
        curves=_curves(told),
        strip=_strip(told),
        health=health,
        evaluation=_table(told),
        conditions=_conditions(told),
        differences=_differences(run),
        settings=yaml.safe_dump(run.to_plain(), sort_keys=False),
        machine=read_machine(told[0].path),
        video=base64.b64encode(video.read_bytes()).decode() if video else "",
        video_caption=_caption(filmed, video, nb_seeds=len(told)) if filmed and video else "",
    )


def _check_alike(runs: Sequence[Run], folders: Sequence[RunFolder]) -> None:
    for run, folder in zip(runs, folders, strict=True):
        other = [n for n in differences(runs[0].to_plain(), run.to_plain()) if n not in _OWN]
        if other:
            raise InvalidConfig(
                f"{folders[0].path.name} and {folder.path.name} differ in "
                f"{', '.join(n.removeprefix('config.') for n in other[:3])}: a report is about one "
                "run or one group; surefoot compare is for several"
            )


def _seeds(told: Sequence[Told]) -> str:
    seeds = [str(one.run.config.seed) for one in told]
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(seeds)}"


def _middle(told: Sequence[Told]) -> Told | None:
    """The run whose evaluation is in the middle, the lower of two; the best would flatter."""
    scored = [one for one in told if one.evaluation is not None]
    scored.sort(key=_score)
    return scored[(len(scored) - 1) // 2] if scored else None


def _score(one: Told) -> float:
    assert one.evaluation is not None
    value = one.evaluation.figures["return_mean"]
    return float("-inf") if value is None else value


def _film(one: Told) -> None:
    from surefoot.train.clips import clip_path, film_policy
    from surefoot.train.policies import load_run

    folder = RunFolder(one.path)
    loaded = load_run(folder)
    path = clip_path(folder, loaded.nb_steps)
    if not path.exists():
        film_policy(loaded.policy, one.run, path)


def _video(run: Path) -> Path | None:
    """The newest clip of a run, if it has one."""
    return max(RunFolder(run).videos.glob("step-*.mp4"), default=None)


def _caption(one: Told, video: Path, *, nb_seeds: int) -> str:
    steps = int(video.stem.removeprefix("step-"))
    why = ", whose return is in the middle," if nb_seeds > 1 else ""
    seed = f"Seed {one.run.config.seed}{why}"
    return f"{seed} after {steps:,} environment steps of training; deterministic policy."


def _summary(told: Sequence[Told], health: Sequence[Note]) -> list[str]:
    run = told[0].run
    planned = run.config.planned_steps
    nb = len(told)
    trained = f"{nb} seed{'s' if nb > 1 else ''} of {run.task} learned with {run.algo}"
    minutes = np.array([one.seconds for one in told]).mean() / 60.0
    said = [f"{trained} for {planned:,} environment steps; training took {minutes:.1f} min each."]
    if nb == 1:
        said = [f"One seed of {run.task} learned with {run.algo} for {planned:,} environment steps "
                f"in {minutes:.1f} min."]  # fmt: skip
    unfinished = [one for one in told if one.steps < planned]
    for one in unfinished:
        share = 100.0 * one.steps / planned
        said.append(f"Seed {one.run.config.seed} is not finished: {share:.0f} % is trained.")
    scored = [one for one in told if one.evaluation is not None]
    if scored:
        scores = np.array([_score(one) for one in scored])
        figures = [one.evaluation.figures for one in scored if one.evaluation]
        falls = sum(f["falls"] for f in figures)
        episodes = sum(f["episodes"] for f in figures)
        of_seeds = f" (95 % interval over seeds: {_span(scores)})" if len(scores) > 1 else ""
        said.append(
            f"Evaluated without noise, the policies return {number(float(scores.mean()))} on "
            f"average{of_seeds} and fall in {falls:,} of {episodes:,} episodes."
        )
    if nb == 1:
        said.append(
            "One seed tells how this training went, and not how another would: "
            "the interval in the table is over episodes. Train several with --seeds."
        )
    nb_unusual = sum(note.is_unusual for note in health)
    if nb_unusual:
        said.append(f"Health: {nb_unusual} finding{'s' if nb_unusual > 1 else ''}, see below.")
    return said


def _span(values: Floats) -> str:
    low, high = (float(end) for end in interval(values, "mean"))
    return f"{number(low)} to {number(high)}"


def _curves(told: Sequence[Told]) -> list[Drawing]:
    grid = _common_steps(told)
    if not len(grid):
        return []
    band = "the mean over seeds, in its 95 % interval; thin lines are the seeds"
    until = f", as far as all of them have come ({grid[-1]:,.0f} steps)" if _is_cut(told) else ""
    drawings: list[Drawing] = []
    returns = _on(grid, told, "rollout/ep_rew_mean")
    if returns is not None:
        drawings.append(
            Drawing(
                title="Learning curve",
                svg=draw_curve("curve", grid, returns, ylabel="mean return of training episodes"),
                caption=f"Line: {band if len(returns) > 1 else 'one seed'}{until}. Training "
                "episodes have noise and random actions; the evaluation below has neither.",
            )
        )
    names = [name for name in told[0].rows[0] if name.startswith("reward/")] if told[0].rows else []
    terms = {name.removeprefix("reward/"): _on(grid, told, name) for name in names}
    known = {name: values for name, values in terms.items() if values is not None}
    if known:
        drawings.append(
            Drawing(
                title="What the reward is made of",
                svg=draw_terms("terms", grid, known),
                caption="Weighted terms, mean per step over the last rollout and the seeds. One "
                "term far from all others drowns them.",
            )
        )
    return drawings


def _common_steps(told: Sequence[Told]) -> Floats:
    """Steps at which every run that has begun has metrics, (P,)."""
    begun = [one for one in told if one.rows]
    if not begun:
        return np.zeros(0)
    first = max(float(one.rows[0][STEPS]) for one in begun)
    last = min(float(one.rows[-1][STEPS]) for one in begun)
    nb = min(_POINTS, max(len(one.rows) for one in begun))
    return np.linspace(first, max(first, last), nb)


def _is_cut(told: Sequence[Told]) -> bool:
    return len({one.steps for one in told if one.rows}) > 1


def _on(grid: Floats, told: Sequence[Told], name: str) -> Floats | None:
    """A metric of every run that has it at common steps, (N, P); None if none has it."""
    found: list[Floats] = []
    for one in told:
        pairs = [(float(r[STEPS]), float(r[name])) for r in one.rows if r.get(name)]
        points = np.array([pair for pair in pairs if np.isfinite(pair[1])])
        if len(points):
            found.append(np.interp(grid, points[:, 0], points[:, 1]))
    return np.stack(found) if found else None


def _strip(told: Sequence[Told]) -> list[Drawing]:
    grid = _common_steps(told)
    if not len(grid):
        return []
    return [
        Drawing(svg=draw_small(name.replace("/", "-"), grid, values, title=title))
        for name, title in _STRIP.items()
        if (values := _on(grid, told, name)) is not None
    ]


def _health(told: Sequence[Told]) -> list[Note]:
    notes: list[Note] = []
    for one in told:
        for finding in examine(one.path).findings:
            text = f"Seed {one.run.config.seed}. {finding}"
            notes.append(Note(text=text, is_unusual=True))
    if not notes and any(one.rows for one in told):
        notes.append(Note(text="Nothing unusual in the metrics.", is_unusual=False))
    return notes


def _table(told: Sequence[Told]) -> list[dict[str, str]]:
    scored = [one for one in told if one.evaluation is not None]
    if not scored:
        return []
    figures = [one.evaluation.figures for one in scored if one.evaluation is not None]
    more = {k: label for k, label in _FIGURES.items() if k in figures[0]}
    rows = [
        {
            "seed": str(one.run.config.seed),
            "return (95 % over episodes)": f"{_number(f['return_mean'])} "
            f"({_number(f['return_ci95'][0])} to {_number(f['return_ci95'][1])})",
            "falls": f"{f['falls']} of {f['episodes']}",
            "length, steps": _number(f["length_mean"]),
            **{label: _number(f[key]) for key, label in more.items()},
            "cost, s": f"{f['wall_s']:.1f}",
        }
        for one, f in zip(scored, figures, strict=True)
    ]
    if len(scored) > 1:
        rows.append(
            {
                "seed": "all (95 % over seeds)",
                "return": _over_seeds(figures, "return_mean"),
                "falls": f"{sum(f['falls'] for f in figures)} of "
                f"{sum(f['episodes'] for f in figures)}",
                "length": _over_seeds(figures, "length_mean"),
                **{label: _over_seeds(figures, key) for key, label in more.items()},
                "cost": f"{sum(f['wall_s'] for f in figures):.1f}",
            }
        )
    return rows


def _number(value: float | None) -> str:
    return "none" if value is None else number(value)


def _over_seeds(figures: Sequence[dict[str, Any]], key: str) -> str:
    values = [f[key] for f in figures]
    if None in values:
        return "none"
    return f"{number(float(np.mean(values)))} ({_span(np.array(values))})"


def _conditions(told: Sequence[Told]) -> list[str]:
    evaluations = [one.evaluation for one in told if one.evaluation is not None]
    if not evaluations:
        return ["No run has a checkpoint yet: let it train a little."]
    cost = sum(one.wall_s for one in evaluations)
    return [
        "Deterministic policy of the newest checkpoint, worlds of its own, seed 0, the task's "
        "final ranges and time limit, neither sensor noise nor lag; separate from training. All "
        f"of it cost {cost:.1f} s, and is kept in each run's evaluation.json.",
    ]


def _differences(run: Run) -> list[tuple[str, str, str]]:
    """Settings that are not the preset's: name, here, there."""
    robot = getattr(run.config.task, "robot", None)
    try:
        preset = find_preset(run.task, run.preset, algo=run.algo, robot=robot)
    except UnknownName:  # a preset of another version
        return []
    ours = run.to_plain()
    theirs = dataclasses.replace(run, config=preset).to_plain()
    return [
        (name.removeprefix("config."), str(_at(ours, name)), str(_at(theirs, name)))
        for name in differences(ours, theirs)
        if name not in _OWN
    ]


def _at(plain: Any, name: str) -> Any:
    """The setting of a dotted name; None if it is not there."""
    for key in name.split("."):
        plain = plain.get(key) if isinstance(plain, dict) else None
    return plain
