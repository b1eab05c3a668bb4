"""A training from where it stands to its end, whatever the algorithm: learn, log, save, again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from surefoot.errors import BadFile, NotFinite, SurefootError
from surefoot.interrupt import Interrupt
from surefoot.train.checkpoint import save_checkpoint, write_atomically
from surefoot.train.log import STEPS, MetricsLog
from surefoot.train.run_folder import RunFolder
from surefoot.train.session import Session

OnUpdate = Callable[[Session, dict[str, float]], None]
"""Called after each update with its metrics: displays, viewers."""


@dataclass(kw_only=True)
class Outcome:
    """How a training ended."""

    finished: bool
    """All updates are done; False after an interruption."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Of the last update."""


def train(
    session: Session,
    folder: RunFolder,
    *,
    on_update: OnUpdate | None = None,
    stop_after: int | None = None,
) -> Outcome:
    """Train until all updates are done, or Ctrl-C; the newest state is always saved at the end.

    Args:
        session: What to train, at its beginning or restored from a checkpoint.
        folder: Where logs and checkpoints go.
        on_update: Called after each update.
        stop_after: Stop, as if interrupted, once so many updates are done in total.

    Raises:
        NotFinite: The policy's weights became NaN; the last checkpoint is from before.
        BadFile: The disk is full; the last checkpoint is intact.
    """
    folder.prepare()
    folder.failure.unlink(missing_ok=True)
    log = MetricsLog(folder.path, nb_steps=session.nb_steps)
    metrics: dict[str, float] = {}
    try:
        with Interrupt() as interrupt:
            while not (session.finished or interrupt.requested):
                if stop_after is not None and session.nb_updates >= stop_after:
                    break
                begin = time.perf_counter()
                try:
                    metrics = session.update()
                except SurefootError:  # a learner that blew up is named before what it broke
                    _check_weights(session)
                    raise
                _check_weights(session)
                duration = time.perf_counter() - begin
                session.seconds += duration
                metrics[STEPS] = float(session.nb_steps)
                metrics["time/time_elapsed"] = session.seconds
                metrics["time/fps"] = session.run.config.steps_per_update / duration
                log.write(metrics)
                if on_update is not None:
                    on_update(session, metrics)
                if session.nb_updates % session.run.config.checkpoint_updates == 0:
                    _save(session, folder, metrics)
            _save(session, folder, metrics)
    except SurefootError as error:
        with contextlib.suppress(BadFile):  # what is wrong is said all the same
            write_atomically(folder.failure, f"{error}\n".encode())
        raise
    finally:
        log.close()
    return Outcome(finished=session.finished, metrics=metrics)


def _save(session: Session, folder: RunFolder, metrics: dict[str, float]) -> None:
    """The newest state, and the policy alone when it did better than any saved one."""
    episode_return = metrics.get("rollout/ep_rew_mean", float("-inf"))
    if episode_return > session.best_return:
        session.best_return = episode_return
        save_checkpoint(folder.best, session.policy_content())
    save_checkpoint(folder.last, session.state_dict())


def _check_weights(session: Session) -> None:
    for name, parameter in session.agent.named_parameters():
        if not bool(parameter.isfinite().all()):
            raise NotFinite(
                f"the learner's '{name}'",
                [],
                "Train again with a lower algo.learning_rate; what was saved before is intact.",
            )
