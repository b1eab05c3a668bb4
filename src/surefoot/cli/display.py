"""The live table of a training: progress, time left, and the metrics worth watching."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_SHOWN = {
    "rollout/ep_rew_mean": "mean episode return",
    "rollout/ep_cost_mean": "mean episode cost",
    "rollout/ep_len_mean": "mean episode length, steps",
    "time/fps": "environment steps per second",
    "train/approx_kl": "KL divergence, nats",
    "train/clip_fraction": "clip fraction",
    "train/explained_variance": "explained variance",
    "train/std": "action standard deviation",
    "rollout/exploration_rate": "probability of a random choice",
    "train/loss": "loss",
    "train/critic_loss": "loss of the critic",
    "train/q_mean": "mean value of remembered actions",
    "train/ent_coef": "temperature",
    "worlds/diverged": "diverged worlds",
}
_PLAIN_PERIOD = 5.0  # s between two lines where there is no terminal


class TrainingDisplay:
    """A live table on a terminal, a line every few seconds elsewhere; always on standard error."""

    def __init__(self, total_steps: int, title: str) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._progress.add_task(title, total=total_steps)
        self._live = Live(self._progress, console=self._console, refresh_per_second=4)
        self._last_line = 0.0

    def __enter__(self) -> TrainingDisplay:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence above the table."""
        self._console.print(Text(sentence), soft_wrap=True)

    def update(self, nb_steps: int, metrics: dict[str, float]) -> None:
        """Show the metrics of an update."""
        self._progress.update(self._task, completed=nb_steps)
        if self._console.is_terminal:
            self._live.update(Group(self._progress, _table(metrics)))
            return
        now = time.monotonic()
        task = self._progress.tasks[0]
        if now - self._last_line < _PLAIN_PERIOD and nb_steps < (task.total or 0):
            return
        self._last_line = now
        shown = [f"{nb_steps:,} of {int(task.total or 0):,} steps"]
        for name in ("rollout/ep_rew_mean", "rollout/ep_cost_mean", "rollout/ep_len_mean",
                     "time/fps"):  # fmt: skip
            if name in metrics:
                shown.append(f"{name.split('/')[1]} {metrics[name]:.4g}")
        self._console.print(" | ".join(shown), highlight=False, soft_wrap=True)


def _table(metrics: dict[str, float]) -> Table:
    table = Table(show_header=False, box=None)
    rewards = {k: f"{k.split('/')[1]} per step" for k in metrics if k.startswith("reward/")}
    for name, label in {**_SHOWN, **rewards}.items():
        if name in metrics:
            table.add_row(label, f"{metrics[name]:.4g}", f"[dim]{name}")
    return table
