"""How soon the command line answers, and how much memory a training takes.

`surefoot --help` is timed beside a bare start of the same Python, and must load neither torch nor
MuJoCo. The memory is the peak of a whole training process, as the system accounts it: the worlds,
two rollouts and two updates with the default preset, and the export; Upkie with 64 worlds and with
4096, and a quadruped on rough terrain with 4096.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import _report
import _surefoot

from surefoot.train.presets import find_preset

HEAVY = ("torch", "mujoco", "scipy", "gymnasium", "onnx", "onnxruntime", "numpy")
ROUGH = "quadruped-rough"
BARS_MB = {_surefoot.TASK: 1536.0, ROUGH: 3072.0}


def wall_ms(command: Sequence[str]) -> float:
    """Wall time of a process, ms."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 1e3 * (time.perf_counter() - begin)


def imported(command: Sequence[str]) -> set[str]:
    """Top-level packages that a Python command imports."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(traced, check=True, capture_output=True, text=True)
    lines = re.findall(r"^import time:.*\|\s*(\S+)$", done.stderr, flags=re.MULTILINE)
    return {line.split(".")[0] for line in lines}


def peak_mb(command: Sequence[str]) -> float:
    """Peak resident memory of a process, MB (2^20 bytes)."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    return usage.ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def main() -> None:
    """Measure, print, save."""
    parser = _report.parser(__doc__)
    options = parser.parse_args()
    _report.headline("Start-up and memory", threads="worlds on all cores, learner on 1 thread")

    repeats = 3 if options.quick else 15
    answer, bare = (*_surefoot.COMMAND, "--help"), (sys.executable, "-c", "pass")
    times: dict[str, list[float]] = {"surefoot --help": [], "python -c pass": []}
    for _ in range(repeats):
        times["surefoot --help"].append(wall_ms(answer))
        times["python -c pass"].append(wall_ms(bare))
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    heavy = sorted(imported(answer) & set(HEAVY))
    _report.table(
        ("start", "ms, median (range)", "ratio", "heavy packages loaded"),
        [
            ["surefoot --help", _report.spread(times["surefoot --help"]),
             f"{statistics.median(ratios):.2f}", ", ".join(heavy) or "none"],
            ["python -c pass", _report.spread(times["python -c pass"]), "1", "none"],
        ],
    )  # fmt: skip

    sizes = (64, 512) if options.quick else (64, 512, 4096)
    peaks: dict[str, float] = {
        "python, torch and mujoco alone": peak_mb((sys.executable, "-c", "import torch, mujoco"))
    }
    largest: dict[str, float] = {}
    runs = [(_surefoot.TASK, nb) for nb in sizes] + [(ROUGH, sizes[-1])]
    with tempfile.TemporaryDirectory() as folder:
        for task, nb in runs:
            preset = find_preset(task, "default")
            samples = nb * preset.algo.n_steps
            command = (
                *_surefoot.COMMAND, "train", task, "--runs", folder,
                "--nb-envs", str(nb),
                "--steps", str(2 * preset.steps_per_update * nb // preset.nb_envs),
                "--algo.batch-size", str(min(samples, preset.algo.batch_size)),
            )  # fmt: skip
            largest[task] = peaks[f"{task} with {nb} worlds, two updates"] = peak_mb(command)
    floor = peaks["python, torch and mujoco alone"]
    _report.table(
        ("process", "peak memory, MB", "beyond the libraries, MB"),
        [[name, f"{value:.0f}", f"{value - floor:.0f}"] for name, value in peaks.items()],
    )
    bars = [
        _report.verdict("heavy packages loaded by --help", value=len(heavy), bar=0, at_most=True),
        *(_report.verdict(f"peak memory of {task} with {sizes[-1]} worlds, MB", value=peak,
                          bar=BARS_MB[task], at_most=True) for task, peak in largest.items()),
    ]  # fmt: skip
    result = {"times_ms": times, "peaks_mb": peaks, "heavy": heavy, "bars": bars}
    _report.write_json(options.json, result)


if __name__ == "__main__":
    main()
