"""Which level of terrain comes next: a game with levels, or particles that gather where it pays.

Letters in shapes: N episodes that have ended, K kinds of terrain, P particles of a kind, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from surefoot.tasks.walking_rough_config import CurriculumConfig


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How N robots fared in the episodes that have just ended."""

    crossed: Tensor
    """Whether it has left the tile, bool (N,)."""
    fell: Tensor
    """bool (N,)."""
    covered: Tensor
    """Distance from the start at the end, (N,), m."""
    asked: Tensor
    """What that would be, had it moved as commanded all the time, (N,), m."""
    traversability: Tensor
    """Share of the time with progress, none after a fall, (N,); NaN if told to stand."""


class Curriculum(Protocol):
    """Chooses levels; its state is saved."""

    def start(self, ids: Tensor, generator: Generator) -> Tensor:
        """Levels (N,) of the very first episodes of the robots `ids` (N,)."""
        ...

    def next_level(self, ids: Tensor, level: Tensor, trial: Trial, generator: Generator) -> Tensor:
        """Levels (N,) of the next episodes of `ids` (N,), after `trial` on `level` (N,)."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """For a bit-for-bit continuation."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        ...


class Game:
    """Up after crossing a tile, down after a fall or less than half of the way; after the top, any.

    Args:
        config: Where to begin.
        nb_levels: L.

    Source: Rudin et al. 2022, section 4.2. The way is that of a robot that follows its changing
        commands, and a fall leads down; both are ours, as our commands change in an episode.
    """

    def __init__(self, config: CurriculumConfig, nb_levels: int) -> None:
        self._config, self._nb_levels = config, nb_levels

    def start(self, ids: Tensor, generator: Generator) -> Tensor:
        """See `Curriculum`."""
        return torch.randint(self._config.start_level + 1, ids.shape, generator=generator)

    def next_level(self, ids: Tensor, level: Tensor, trial: Trial, generator: Generator) -> Tensor:
        """See `Curriculum`."""
        failed = (trial.fell | (trial.covered < 0.5 * trial.asked)) & ~trial.crossed
        level = (level + trial.crossed.long() - failed.long()).clamp(min=0)
        anywhere = torch.randint(self._nb_levels, ids.shape, generator=generator)
        return torch.where(level == self._nb_levels, anywhere, level)

    def state_dict(self) -> dict[str, Tensor]:
        """Nothing: a robot's level is all there is."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Nothing to do."""


class Particles:
    """For each kind of terrain, particles on levels that are neither too easy nor too hard.

    Once each particle of a kind has had its trials, its weight is the share of them whose
    traversability was in the band. Particles are drawn anew in proportion; then a few return to
    where particles were accepted before, and most others move to a neighbouring level. Where all
    weights are zero nothing is drawn: each moves one level, up where its trials were too easy and
    down where they were too hard.

    Args:
        config: Particles, band, chances.
        nb_levels: L.
        kind_of: The kind of terrain that each robot is on, (E,).

    Source: Lee et al. 2020, supplement, section S4; what happens without any weight is ours.
    """

    _STATE = ("level", "sent", "tries", "hits", "total", "past", "on", "counts")

    def __init__(self, config: CurriculumConfig, nb_levels: int, kind_of: Tensor) -> None:
        self._config, self._nb_levels, self._kind_of = config, nb_levels, kind_of
        size = (int(kind_of.max()) + 1, config.particles)
        self.level = torch.full(size, -1)  # drawn at the start
        """Of each particle, (K, P)."""
        self.sent, self.tries, self.hits, self.total = (torch.zeros(size) for _ in range(4))
        self.past = torch.zeros(size[0], nb_levels)
        """Weights of all particles so far on each level, (K, L)."""
        self.on = torch.zeros(len(kind_of), dtype=torch.int64)
        """The particle that each robot is on, (E,)."""
        self.counts = torch.zeros(len(kind_of), dtype=torch.bool)
        """Whether its episode is one of the particle's trials, (E,)."""

    def start(self, ids: Tensor, generator: Generator) -> Tensor:
        """See `Curriculum`."""
        if int(self.level[0, 0]) < 0:
            begin = self._config.start_level + 1
            self.level = torch.randint(begin, self.level.shape, generator=generator)
        return self._assign(ids, generator)

    def next_level(self, ids: Tensor, level: Tensor, trial: Trial, generator: Generator) -> Tensor:
        """See `Curriculum`."""
        low, high = self._config.band
        for robot, share in zip(ids.tolist(), trial.traversability.tolist(), strict=True):
            if not self.counts[robot]:
                continue
            place = int(self._kind_of[robot]), int(self.on[robot])
            if share != share:  # told to stand: it says nothing about the ground
                self.sent[place] -= 1.0
                continue
            self.tries[place] += 1.0
            self.hits[place] += float(low <= share <= high)
            self.total[place] += share
        for kind in (self.tries.amin(dim=1) >= self._config.trials).nonzero().flatten().tolist():
            self._move(kind, generator)
        return self._assign(ids, generator)

    def _assign(self, ids: Tensor, generator: Generator) -> Tensor:
        """Send robots to particles of their kind.

        The first of them make its trials. They are all waited for, as those that fall are back
        first.
        """
        nb = self._config.particles
        draws = torch.rand(len(ids), nb, generator=generator)
        for robot, draw in zip(ids.tolist(), draws, strict=True):
            sent = self.sent[self._kind_of[robot]]
            particle = int((sent.clamp(max=self._config.trials) + draw).argmin())
            self.on[robot], self.counts[robot] = particle, sent[particle] < self._config.trials
            sent[particle] += 1.0
        return self.level[self._kind_of[ids], self.on[ids]]

    def _move(self, kind: int, generator: Generator) -> None:
        """One generation of a kind's particles."""
        c, level = self._config, self.level[kind]
        weight = self.hits[kind] / self.tries[kind]
        mean = self.total[kind] / self.tries[kind]
        for count in (self.sent, self.tries, self.hits, self.total):
            count[kind] = 0.0
        if not bool(weight.any()):
            level = level + (mean > c.band[1]).long() - (mean < c.band[0]).long()
            self.level[kind] = level.clamp(0, self._nb_levels - 1)
            return
        self.past[kind].index_add_(0, level, weight)
        nb = c.particles
        level = level[torch.multinomial(weight, nb, replacement=True, generator=generator)]
        chance = torch.rand(nb, 2, generator=generator)
        moves = (chance[:, 0] < c.transition).long()
        direction = 2 * torch.randint(2, (nb,), generator=generator) - 1
        moved = (level + moves * direction).clamp(0, self._nb_levels - 1)
        recalled = torch.multinomial(self.past[kind], nb, replacement=True, generator=generator)
        self.level[kind] = torch.where(chance[:, 1] < c.recall, recalled, moved)

    def state_dict(self) -> dict[str, Tensor]:
        """Particles, their trials and their past, and who is on which."""
        return {name: getattr(self, name).clone() for name in self._STATE}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state_dict`."""
        for name in self._STATE:
            setattr(self, name, state[name].clone())
