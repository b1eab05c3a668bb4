"""A setting that changes during training: kept, lowered on a line, or steered by the KL."""

from __future__ import annotations

from surefoot.algos.ppo_config import ScheduleKind


class Schedule:
    """The value in force of one setting.

    Args:
        kind: "constant", "linear" (towards `final` at the end), or "adaptive".
        initial: Value at the beginning.
        final: Value at the end of a linear schedule.
        desired_kl: What an adaptive schedule steers the KL divergence to, nats.

    Source: linear, Huang et al. 2022, detail 4; adaptive, the rule of rsl_rl (factor 1.5 outside
        half to twice the desired KL), applied once per update here.
    """

    def __init__(
        self, kind: ScheduleKind, initial: float, final: float, desired_kl: float | None
    ) -> None:
        self._kind, self._initial, self._final, self._desired_kl = kind, initial, final, desired_kl
        self.value = initial

    def follow_progress(self, done: float) -> None:
        """Move along a linear schedule; `done` is the share of the training behind, in [0, 1]."""
        if self._kind == "linear":
            self.value = self._initial + done * (self._final - self._initial)

    def follow_kl(self, kl: float) -> None:
        """Answer the KL divergence of the last update, nats."""
        if self._kind != "adaptive" or self._desired_kl is None:
            return
        if kl > 2.0 * self._desired_kl:
            self.value = max(self.value / 1.5, 0.01 * self._initial)
        elif kl < 0.5 * self._desired_kl:
            self.value = min(self.value * 1.5, 100.0 * self._initial)
