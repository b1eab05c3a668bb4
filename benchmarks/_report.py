"""What every benchmark shares: its arguments, the machine it ran on, a table, a JSON file."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments that all benchmarks take: --quick and --json FILE."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a short trial; figures mean little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here as well")
    return parser


def machine() -> dict[str, str | int]:
    """Processor, the cores this process may use, system and versions."""
    import mujoco
    import torch

    return {
        "processor": _processor(),
        "cores": nb_cores(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": f"MuJoCo {mujoco.__version__}, PyTorch {torch.__version__}",
    }


def nb_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    """The processor's model, from where the system tells it; with its numbers where it is vague."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    facts: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        facts[key.strip()] = value.strip()
    name = facts.get("model name", "unknown")
    return f"{name} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"


def headline(title: str, *, threads: str) -> None:
    """Print what is measured, and on what."""
    facts = machine()
    print(f"{title}\n{facts['processor']}, {facts['cores']} cores; {threads}")
    print(f"{facts['system']}; {facts['versions']}\n", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a Markdown table, columns aligned; floats with three digits that count."""
    cells = [[_cell(value) for value in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for n, row in enumerate(cells):
        aligned = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(aligned)} |")
        if n == 0:
            print(f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    print(flush=True)


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """Median and range of repeated measurements: "0.91 (0.90 to 0.93)"."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{_cell(middle)} ({_cell(low)} to {_cell(high)})"


def interval(values: Sequence[float]) -> str:
    """Mean and Student's 95 % interval, over seeds: "482.1 (470.3 to 493.9)"."""
    mean = float(np.mean(values))
    if len(values) == 1:
        return f"{mean:.1f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{mean:.1f} ({mean - half:.1f} to {mean + half:.1f})"


def verdict(what: str, *, value: float, bar: float, at_most: bool = False) -> dict[str, Any]:
    """Print whether a figure reaches its bar; returns the same for the JSON file."""
    reached = value <= bar if at_most else value >= bar
    sign = "<=" if at_most else ">="
    print(f"{what}: {_cell(value)}, bar {sign} {bar:g}: {'reached' if reached else 'MISSED'}")
    number = value if math.isfinite(value) else None  # JSON knows no infinity
    return {"what": what, "value": number, "bar": bar, "at_most": at_most, "reached": reached}


def write_json(path: Path | None, result: dict[str, Any]) -> None:
    """Write the machine and the result, if a file was asked for."""
    if path is not None:
        everything = {"machine": machine(), **result}
        text = json.dumps(everything, indent=2, default=lambda number: number.item())  # of NumPy
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
