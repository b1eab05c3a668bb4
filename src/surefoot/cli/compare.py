"""`surefoot compare`: whether one group of runs does better than another."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surefoot.cli.parser import Parser
from surefoot.errors import BadFile, InvalidConfig, UnknownName

if TYPE_CHECKING:
    from surefoot.report.comparison import Result
    from surefoot.train.compared import Groups

_NAME = re.compile(r"[\d-]+_[\d-]+_(?P<name>[a-z]+(-\d+)?)(_\d+)?")
_WIDTH = 150
"""Columns where there is no terminal."""


def main(argv: Sequence[str]) -> int:
    """Compare and print; with --json one object and nothing else."""
    parser = Parser(
        prog="surefoot compare",
        description="Say whether groups of runs differ, how sure that is, and how many seeds it "
        "takes to see it. The first metric is the question; the others are side observations.",
    )
    parser.add_argument(
        "groups",
        nargs="+",
        metavar="GROUP",
        help="a group (runs/TASK/DATE_NAME), a folder of runs, or a run; LABEL=PATH names it",
    )
    parser.add_argument("--metric", metavar="NAME", help="the question (default: final_return)")
    parser.add_argument(
        "--world", metavar="GROUP", help="evaluate all policies in the world of this group or run"
    )
    parser.add_argument("--noise", action="store_true", help="evaluate with sensor noise and lag")
    parser.add_argument(
        "--paired", action="store_true", help="decide by the differences of runs of the same seed"
    )
    parser.add_argument(
        "--level", type=_as_number, metavar="RETURN", help="the training return to reach"
    )
    parser.add_argument(
        "--effect",
        type=_as_number,
        metavar="DIFFERENCE",
        help="say how many seeds would show a difference as large as this in the question",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write figures, JSON and CSV")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.read(argv)
    if options.effect is not None and options.effect <= 0.0:
        raise InvalidConfig(f"--effect must be above 0, got {options.effect:g}")
    folders = _folders(options.groups)
    if len(folders) < 2:
        raise InvalidConfig("a comparison needs two groups: surefoot compare A B")
    world = folders.get(options.world, Path(options.world)) if options.world else None
    from surefoot.report.comparison import compare
    from surefoot.train.compared import check_comparable, notes_on, read_groups
    from surefoot.train.compared_metrics import metrics_of
    from surefoot.train.group import find_runs

    groups = read_groups({name: find_runs(path) for name, path in folders.items()})
    check_comparable(groups, world=world)
    seeds = {name: [t.run.config.seed for t in runs] for name, runs in groups.items()}
    if options.paired and len({*map(tuple, seeds.values())}) > 1:
        raise InvalidConfig("--paired needs runs of the same seeds in every group")
    figures = _figures(groups, world, imperfect=options.noise)
    metrics, notes = metrics_of(groups, figures, level=options.level)
    if options.metric:
        names = [metric.name for metric in metrics]
        if options.metric not in names:
            raise UnknownName("metric", options.metric, names, "this comparison")
        metrics.insert(0, metrics.pop(names.index(options.metric)))
    results = compare(metrics, seeds, paired=options.paired, effect=options.effect)
    notes = notes_on(groups) + notes
    content = _content(groups, results, notes, options)
    if options.out:
        _write(options.out, groups, results, seeds, content)
    if options.json:
        print(json.dumps(content))
    else:
        _print(results, notes)
    return 0


def _as_number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a number, got '{text}'")
    return value


def _folders(arguments: Sequence[str]) -> dict[str, Path]:
    """The folders by their labels: what stands before =, else the word in their names."""
    found: dict[str, Path] = {}
    for argument in arguments:
        label, equals, rest = argument.partition("=")
        if not equals or Path(argument).exists():
            path = Path(argument)
            match = _NAME.fullmatch(path.name)
            label = match["name"] if match else path.name or argument
            if label in found:  # two groups of the same word: the whole name tells them apart
                label = path.name
        else:
            path = Path(rest)
        if label in found:
            raise InvalidConfig(f"two groups are called '{label}': name them, LABEL=PATH")
        found[label] = path
    return found


def _figures(
    groups: Groups, world: Path | None, *, imperfect: bool
) -> dict[Path, Mapping[str, Any]]:
    """The evaluation of every run; says on standard error which ones have yet to play."""
    from rich.console import Console
    from rich.progress import track

    from surefoot.train.compared import figures_of_run, unevaluated

    missing = unevaluated(groups, world=world, imperfect=imperfect)
    console = Console(stderr=True)
    if missing and not console.is_terminal:
        print(f"surefoot: evaluating {len(missing)} runs", file=sys.stderr)
    for path in track(
        missing, description="evaluating", console=console, transient=True,
        disable=not (missing and console.is_terminal),
    ):  # fmt: skip
        figures_of_run(path, world=world, imperfect=imperfect)
    return {
        trained.path: figures_of_run(trained.path, world=world, imperfect=imperfect)
        for runs in groups.values()
        for trained in runs
    }


def _content(
    groups: Groups, results: Sequence[Result], notes: Sequence[str], options: argparse.Namespace
) -> dict[str, Any]:
    """Everything as plain data."""
    from surefoot.report.comparison_files import as_plain

    return {
        "groups": {
            name: {
                "runs": [str(trained.path) for trained in runs],
                "seeds": [trained.run.config.seed for trained in runs],
                "steps": [trained.steps for trained in runs],
            }
            for name, runs in groups.items()
        },
        "world": options.world,
        "noise": options.noise,
        "paired": options.paired,
        "results": as_plain(results),
        "notes": [*notes],
    }


def _write(
    folder: Path,
    groups: Groups,
    results: Sequence[Result],
    seeds: Mapping[str, Sequence[int]],
    content: Mapping[str, Any],
) -> None:
    """Figures as PNG and SVG, numbers as JSON and CSV."""
    from surefoot.report import comparison_figures as figures
    from surefoot.report.comparison_files import pairs_table, runs_table
    from surefoot.report.figure import save

    curves = {name: [trained.curve for trained in runs] for name, runs in groups.items()}
    drawn = {
        "intervals": figures.intervals(results),
        "profile": figures.profiles(results[0]),
        "improvement": figures.improvement(results),
    }
    if any(result.metric.name == "learning_return" for result in results):
        drawn["curves"] = figures.learning(curves)
    texts = {
        "comparison.json": json.dumps(content, indent=2) + "\n",
        "runs.csv": runs_table(results, seeds),
        "pairs.csv": pairs_table(results),
    }
    try:
        for name, figure in drawn.items():
            for kind in ("png", "svg"):
                save(figure, folder / f"{name}.{kind}")
        for name, text in texts.items():
            (folder / name).write_text(text, newline="")
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise BadFile(folder, problem, "Choose another --out folder.") from None


def _print(results: Sequence[Result], notes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from surefoot.report.comparison_words import number, sentences, span

    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(highlight=False, markup=False, width=width)
    reached = Table(title="What the runs reached (with 95 % intervals)", title_justify="left")
    for head in ("metric", "group", "runs", "IQM", "mean", "median", "lowest to highest"):
        reached.add_column(head)
    tests = Table(title="Group against group", title_justify="left")
    for head in ("metric", "groups", "P(better)", "difference", "Welch p", "permutation p",
                 "paired p", "p, corrected"):  # fmt: skip
        tests.add_column(head)
    for result in results:
        unit = f", {result.metric.unit}" if result.metric.unit else ""
        title = result.metric.title + unit
        for group in result.groups:
            whole = [value for value in group.values if value is not None]
            extent = span((min(whole), max(whole))) if whole else ""
            if group.failed:
                extent = f"{extent} ({group.failed} failed)".strip()
            reached.add_row(
                title, group.group, str(len(group.values)),
                *(f"{number(e.value)} ({span(e.ci95)})" for e in
                  (group.iqm, group.mean, group.median)),
                extent,
            )  # fmt: skip
            title = ""
        reached.add_section()
        for pair in result.pairs:
            difference = "-"
            if pair.difference_ci95 is not None:
                difference = f"{number(pair.difference)} ({span(pair.difference_ci95)})"
            tests.add_row(
                result.metric.title + unit,
                f"{pair.second} over {pair.first}",
                f"{pair.probability:.2f} ({span(pair.probability_ci95)})",
                difference,
                *map(_p, (pair.welch_p, pair.permutation_p, pair.paired_p, pair.p)),
            )
    console.print(reached)
    console.print(tests)
    for n, result in enumerate(results):
        if n == 0:
            console.print(f"\nThe question, decided at p < {result.alpha:g}:")
        elif n == 1:
            console.print(f"\nSide observations, decided at p < {result.alpha:g}:")
        for sentence in dict.fromkeys(sentences(result)):  # one seed says the same to all
            console.print(f"  {sentence}", soft_wrap=True)
    if notes:
        console.print("\nNotes:")
    for note in notes:
        console.print(f"  {note}.", soft_wrap=True)


def _p(p: float | None) -> str:
    if p is None:
        return "-"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
