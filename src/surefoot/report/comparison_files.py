"""A comparison as data: one JSON object, and tables for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from surefoot.report.comparison import Result
from surefoot.report.comparison_words import sentences


def as_plain(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Everything that was found, metric by metric, as JSON has it."""
    return [
        {
            "metric": result.metric.name,
            "title": result.metric.title,
            "unit": result.metric.unit,
            "higher_is_better": result.metric.higher_is_better,
            "alpha": result.alpha,
            "groups": [asdict(group) for group in result.groups],
            "pairs": [
                {**asdict(pair), "sentence": sentence}
                for pair, sentence in zip(result.pairs, sentences(result), strict=True)
            ],
        }
        for result in results
    ]


def runs_table(results: Sequence[Result], seeds: Mapping[str, Sequence[int]]) -> str:
    """CSV: a line for each run, a column for each metric, empty where the run failed."""
    rows = [
        [group, seed]
        + [
            next(g for g in result.groups if g.group == group).values[n]
            for result in results
        ]
        for group, of_group in seeds.items()
        for n, seed in enumerate(of_group)
    ]  # fmt: skip
    return _csv(["group", "seed", *(result.metric.name for result in results)], rows)


def pairs_table(results: Sequence[Result]) -> str:
    """CSV: a line for each pair of groups and metric."""
    rows: list[dict[str, Any]] = []
    for result in results:
        for pair in result.pairs:
            row = {"metric": result.metric.name, **asdict(pair)}
            for name in ("probability", "difference"):
                limits = row.pop(f"{name}_ci95") or (None, None)
                row[f"{name}_low"], row[f"{name}_high"] = limits
            rows.append(row)
    return _csv([*rows[0]], [[*row.values()] for row in rows])


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    return text.getvalue()
