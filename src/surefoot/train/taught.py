"""Off-policy learning from a teacher: uniform choices, then the teacher plays, then the student."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from surefoot.agent.agent import Agent
from surefoot.algos.dqn_config import QDaggerConfig
from surefoot.algos.exploration import epsilon_greedy
from surefoot.algos.qdagger import QDagger, Teacher, distill_coef
from surefoot.envs.env import Env
from surefoot.errors import InvalidConfig, Mismatch
from surefoot.signals import Interface
from surefoot.train.off_policy import OffPolicy
from surefoot.train.player import Held
from surefoot.train.policies import agent_of, content_of, load_agent, load_run
from surefoot.train.run_folder import Run, RunFolder


class Taught(OffPolicy):
    """A student, and a teacher who sees what it sees.

    Uniform choices, the teacher and the student play one after the other. Each begins with new
    episodes, so that no return is of two players. The student learns while the teacher plays.

    Args:
        run: What to train.
        env: Where.
        agent: The student.
        teacher: The run to learn from, and its agent.

    Raises:
        InvalidConfig: The replay cannot fit into memory, or the student would never play.
    """

    NB_RECENT = 10
    """Episodes over which the student is compared with its teacher. Source: CleanRL."""

    def __init__(self, run: Run, env: Env, agent: Agent, teacher: tuple[Run, Agent]) -> None:
        super().__init__(run, env, agent, advice_size=agent.nb_outputs)
        c = self._config
        assert isinstance(c, QDaggerConfig) and isinstance(self.learner, QDagger)
        self._student, self._eps = self.learner, c.exploration_final_eps
        self._teacher_run, teacher_agent = teacher
        self._teacher = Teacher(teacher_agent, env.nb_worlds, temperature=c.temperature)
        self._advice = torch.zeros(env.nb_worlds, agent.nb_outputs)
        self._ends = [c.learning_starts, c.learning_starts + c.teacher_steps]
        """Decisions after which uniform choices end, and after which the teacher does, as soon as
        an episode of theirs has ended."""
        self._returns: list[float] = []
        """Mean return of uniform choices, and of the teacher, once they have played."""
        if self._total_decisions <= self._ends[-1]:
            raise InvalidConfig(
                f"the student would never play: all {self._total_decisions:,} decisions go to "
                "uniform choices and the teacher. Raise --steps, or lower --algo.teacher-steps"
            )

    @property
    def _student_plays(self) -> bool:
        return len(self._returns) == len(self._ends)

    def update(self) -> dict[str, float]:
        """As without a teacher; the returns of episodes are the student's alone."""
        metrics = super().update()
        if not self._student_plays:
            metrics = {k: v for k, v in metrics.items() if not k.startswith("rollout/ep_")}
        names = ("rollout/uniform_rew_mean", "rollout/teacher_rew_mean")
        return {**metrics, **dict(zip(names, self._returns, strict=False))}

    def learn(self, nb: int) -> None:
        """So many gradient steps, each from a fresh batch."""
        self._student.distill_coef = self._distill_coef()
        super().learn(nb)

    def _distill_coef(self) -> float:
        recent = self._player.episodes.returns[-self.NB_RECENT :]
        if not self._student_plays or len(recent) < self.NB_RECENT:
            return 1.0
        uniform, teacher = self._returns
        return distill_coef(fmean(recent), teacher=teacher, uniform=uniform)

    def _choose(self) -> Tensor:
        self._advice = self._teacher.advise(self._player.observation)
        if self._student_plays:
            return super()._choose()
        if not self._returns:
            return self._random_outputs()
        best = self._advice.argmax(dim=1, keepdim=True).float()
        return epsilon_greedy(best, self._agent.nb_outputs, self._eps, self._generator)

    def _remember(self, frame: Tensor, output: Tensor, held: Held) -> None:
        player_changes = self._player_changes(self._nb_decisions + len(output))
        if player_changes:  # to who learns from it, time is up
            held.done = torch.ones_like(held.done)
        super()._remember(frame, torch.cat([output, self._advice], dim=1), held)
        self._teacher.follow(output, held.done)
        if player_changes:
            self._note_returns()
            self._player.restart()

    def _player_changes(self, nb_decisions: int) -> bool:
        if self._student_plays or not self._player.episodes.returns:
            return False
        return nb_decisions >= self._ends[len(self._returns)]

    def _note_returns(self) -> None:
        """What the player who leaves was worth.

        Raises:
            InvalidConfig: The teacher is worth nothing.
        """
        self._returns.append(fmean(self._player.episodes.returns))
        if self._student_plays and self._returns[1] <= self._returns[0]:
            uniform, teacher = self._returns
            raise InvalidConfig(
                f"the teacher's return, {teacher:.4g}, is not above that of uniform choices, "
                f"{uniform:.4g}: there is nothing to learn from it. Take another --algo.teacher"
            )

    def state_dict(self) -> dict[str, Any]:
        """The same as without a teacher, and all of the teacher: its folder may go."""
        teacher = {
            "policy": content_of(self._teacher_run, self._teacher.agent),
            "state": self._teacher.state,
            "observation": self._player.observation,
            "returns": list(self._returns),
        }
        return {**super().state_dict(), "teacher": teacher}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state_dict`, bit for bit."""
        super().load_state_dict(state)
        teacher = state["teacher"]
        self._teacher.agent.load_state_dict(teacher["policy"]["agent"])
        self._teacher.state = teacher["state"]
        self._player.observation = teacher["observation"]
        self._returns = list(teacher["returns"])


def find_teacher(
    run: Run, interface: Interface, content: dict[str, Any] | None
) -> tuple[Run, Agent]:
    """Whom a run learns from: the run that its settings name, and that run's agent.

    Args:
        run: What to train.
        interface: Of its environment.
        content: The checkpoint to continue from, which holds the teacher; None begins.

    Raises:
        InvalidConfig: None is named, or it does not fit the task or the student.
        BadFile: It is missing or damaged.
        Mismatch: It sees or sends something else.
    """
    if content is not None:
        return agent_of(content["teacher"]["policy"], Path("the teacher in this checkpoint"))
    algo = run.config.algo
    assert isinstance(algo, QDaggerConfig)
    if algo.teacher is None:
        raise InvalidConfig("qdagger learns from a teacher: name its run, --algo.teacher RUN")
    path = Path(algo.teacher)
    loaded = load_run(RunFolder(path)) if path.is_dir() else load_agent(path)
    assert loaded.run is not None and loaded.agent is not None  # checkpoints have both
    if loaded.task != run.task:
        raise InvalidConfig(f"the teacher {path} was trained for {loaded.task}, not for {run.task}")
    seen, known = loaded.agent.interface, interface
    if (seen.observation, seen.action) != (known.observation, known.action):
        raise Mismatch(
            f"the teacher {path} has learned {_words(seen)}, and {run.task} has {_words(known)} now"
        )
    repeats = loaded.run.config.agent.action_repeat, run.config.agent.action_repeat
    if repeats[0] != repeats[1]:
        raise InvalidConfig(
            f"the teacher {path} decides every {repeats[0]} steps, the student every {repeats[1]}: "
            f"set --agent.action-repeat {repeats[0]}"
        )
    return loaded.run, loaded.agent


def _words(interface: Interface) -> str:
    kind = "choices" if isinstance(interface.action, int) else "continuous actions"
    nb = interface.action if isinstance(interface.action, int) else interface.action.size
    return f"{interface.observation.size} observed values and {nb} {kind}"
