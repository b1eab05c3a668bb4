"""Evaluation of a policy in the labyrinth: episodes from the start, and the optimum beside them."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surefoot.seeding import stream_seed
from surefoot.tasks.labyrinth import Labyrinth
from surefoot.train.evaluate import Evaluation, summarize
from surefoot.train.tabular import optimum


@dataclass(frozen=True, kw_only=True)
class LabyrinthEvaluation(Evaluation):
    """What a policy did in a number of episodes. Returns are discounted, as the values are."""

    exits: int
    """Episodes that reached an exit before the time limit."""
    length_ci95: tuple[float, float]
    """Student's interval of the mean length over episodes."""
    optimum: float
    """The return to expect from the best policy."""


def evaluate_labyrinth(
    labyrinth: Labyrinth, policy: NDArray[np.int8], *, gamma: float, episodes: int, seed: int
) -> LabyrinthEvaluation:
    """Play `episodes` episodes from the start, side by side.

    Args:
        labyrinth: S states.
        policy: Number of the action in each state, (S,).
        gamma: Discount per step.
        episodes: How many.
        seed: Seed of the slips.
    """
    begin = time.perf_counter()
    generator = np.random.default_rng(stream_seed(seed, "evaluation"))
    limits = labyrinth.move_probability.cumsum(axis=1)
    state = np.full(episodes, labyrinth.start)
    returns, lengths = np.zeros(episodes), np.zeros(episodes)
    for step in range(labyrinth.max_episode_steps):
        running = ~labyrinth.terminal[state]
        if not running.any():
            break
        draw = generator.random(episodes)
        move = (draw[:, None] >= limits[policy[state], :-1]).sum(axis=1)
        returns += running * gamma**step * labyrinth.reward[state, move]
        lengths += running
        state = np.where(running, labyrinth.successor[state, move], state)
    best = float(optimum(labyrinth, gamma)[labyrinth.start])
    nobody = np.zeros(episodes, dtype=bool)
    wall_s = time.perf_counter() - begin
    result = summarize(labyrinth.sign * returns, lengths, nobody, {}, wall_s=wall_s)
    steps = summarize(lengths, lengths, nobody, {}, wall_s=wall_s)
    facts = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    facts["reward_per_step"] = -labyrinth.sign  # every step is worth the same
    return LabyrinthEvaluation(
        **facts,
        exits=int(labyrinth.terminal[state].sum()),
        length_ci95=steps.return_ci95,
        optimum=labyrinth.sign * best,
    )
