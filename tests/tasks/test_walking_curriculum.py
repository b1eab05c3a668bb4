"""Curricula: the rules of the game, and particles that find where a policy learns."""

from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import Tensor

from surefoot.errors import InvalidConfig
from surefoot.tasks.walking_curriculum import Game, Particles, Trial
from surefoot.tasks.walking_rough_config import CurriculumConfig, RoughWalkingConfig

CONFIG = CurriculumConfig()
LEVELS = 20


def trial(
    nb: int = 1, *, crossed=False, fell=False, covered=0.0, asked=0.0, traversability=0.7
) -> Trial:
    return Trial(
        crossed=torch.tensor([crossed] * nb),
        fell=torch.tensor([fell] * nb),
        covered=torch.full((nb,), covered),
        asked=torch.full((nb,), asked),
        traversability=torch.full((nb,), traversability),
    )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("outcome", "level", "expected"),
    [
        (trial(crossed=True, covered=4.1, asked=20.0), 3, 4),  # half of 20 m is beyond the tile
        (trial(fell=True, covered=3.9, asked=4.0), 3, 2),
        (trial(covered=1.9, asked=4.0), 3, 2),
        (trial(covered=2.1, asked=4.0), 3, 3),
        (trial(covered=0.0, asked=0.0), 3, 3),  # told to stand, and stood
        (trial(fell=True), 0, 0),
        (trial(crossed=True, fell=True, covered=4.1), 3, 4),  # fell on arrival
    ],
)
def test_the_game_moves_up_and_down(outcome, level, expected):
    game = Game(CONFIG, 10)
    ids = torch.tensor([0])
    assert game.next_level(ids, torch.tensor([level]), outcome, generator()).item() == expected


def test_from_the_top_it_goes_anywhere():
    ids = torch.arange(2000)
    top = torch.full((2000,), 9)
    new = Game(CONFIG, 10).next_level(ids, top, trial(2000, crossed=True), generator())
    counts = torch.bincount(new, minlength=11)
    assert counts[10] == 0
    assert stats.chisquare(counts[:10]).pvalue > 1e-3


def test_the_game_begins_on_levels_zero_to_five():
    counts = torch.bincount(Game(CONFIG, 10).start(torch.arange(1200), generator()))
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


class Walk:
    """A synthetic policy on particles: 60 robots of one kind, or of several, end in random order.

    Its traversability falls with the level, from 1.2 at the easiest by `slope` until the hardest.
    """

    def __init__(self, config: CurriculumConfig = CONFIG, *, kinds: int = 1, seed: int = 0) -> None:
        self.kind_of = torch.arange(60) % kinds
        self.rule = Particles(config, LEVELS, self.kind_of)
        self.generator = generator(seed)
        self.level = self.rule.start(torch.arange(60), self.generator)

    def traversability(self, level: Tensor, skill: float) -> Tensor:
        return (1.2 + skill - 1.2 * level / LEVELS).clamp(0.0, 1.0)

    def go_on(self, episodes: int, skill: float = 0.0) -> None:
        for _ in range(episodes // 20):
            ids = torch.randperm(60, generator=self.generator)[:20].sort().values
            share = self.traversability(self.level[ids], skill)
            outcome = replace(trial(20), traversability=share)
            self.level[ids] = self.rule.next_level(ids, self.level[ids], outcome, self.generator)

    def share_in_band(self, skill: float = 0.0) -> float:
        low, high = CONFIG.band
        share = self.traversability(self.rule.level, skill)
        return float(((share >= low) & (share <= high)).float().mean())


def test_particles_gather_where_a_fixed_policy_learns():
    """Mean over generations, after the first ones; the band is 7 of 20 levels."""
    for seed in range(2):
        walk = Walk(seed=seed, kinds=3)
        walk.go_on(1000)
        shares: list[float] = []
        for _ in range(40):
            walk.go_on(100)
            shares.append(walk.share_in_band())
        assert sum(shares) / len(shares) >= 0.8


def test_particles_rise_with_a_policy_that_improves():
    walk = Walk()
    walk.go_on(1000, skill=-0.4)
    skills = [-0.4 + 0.02 * k for k in range(30)]
    means: list[float] = []
    for skill in skills:
        walk.go_on(200, skill)
        means.append(float(walk.rule.level.float().mean()))
    assert stats.spearmanr(skills, means).statistic > 0.9
    assert means[-1] - means[0] > 5.0


def test_kinds_of_terrain_do_not_mix():
    """Robots on the second kind get nowhere: only its particles go down."""
    walk = Walk(kinds=2)
    for _ in range(60):
        ids = torch.arange(60)
        share = torch.where(walk.kind_of == 0, 1.0, 0.0)
        outcome = replace(trial(60), traversability=share)
        walk.rule.next_level(ids, walk.level, outcome, walk.generator)
    assert walk.rule.level[0].tolist() == [LEVELS - 1] * 10
    assert walk.rule.level[1].tolist() == [0] * 10


def test_without_any_weight_each_particle_steps_by_the_sign_of_its_own_trials():
    walk = Walk(replace(CONFIG, particles=3, trials=1))
    walk.rule.level[0] = torch.tensor([4, 4, 4])
    walk.rule.sent[0] = 1.0
    walk.rule.on[:3], walk.rule.counts[:3] = torch.arange(3), True
    share = torch.tensor([0.95, 0.4, 1.0])
    ids = torch.arange(3)
    walk.rule.next_level(ids, walk.level[:3], replace(trial(3), traversability=share), generator())
    assert walk.rule.level[0].tolist() == [5, 3, 5]


def test_the_band_includes_its_ends_and_draws_in_proportion():
    """One of two particles is always in the band, without any move: both become that one."""
    still = replace(CONFIG, particles=2, trials=2, transition=0.0, recall=0.0)
    walk = Walk(still)
    walk.rule.level[0] = torch.tensor([3, 12])
    walk.rule.sent[0] = 2.0
    walk.rule.on[:4], walk.rule.counts[:4] = torch.tensor([0, 0, 1, 1]), True
    share = torch.tensor([0.91, 0.49, 0.5, 0.9])
    ids = torch.arange(4)
    walk.rule.next_level(ids, walk.level[:4], replace(trial(4), traversability=share), generator())
    assert walk.rule.level[0].tolist() == [12, 12]
    assert walk.rule.past[0].nonzero().flatten().tolist() == [12]


def test_recalled_particles_go_where_one_was_accepted():
    walk = Walk(replace(CONFIG, particles=2, trials=1, recall=1.0))
    walk.rule.level[0] = torch.tensor([3, 12])
    walk.rule.past[0, 7] = 1e6
    walk.rule.sent[0] = 1.0
    walk.rule.on[:2], walk.rule.counts[:2] = torch.tensor([0, 1]), True
    ids = torch.arange(2)
    walk.rule.next_level(ids, walk.level[:2], trial(2), generator())
    assert walk.rule.level[0].tolist() == [7, 7]


def test_all_trials_of_a_particle_are_waited_for():
    """The first back are those that fell: 59 of 60 robots say nothing yet about 10 x 6 trials."""
    walk = Walk()
    before = walk.rule.level.clone()
    walk.rule.next_level(torch.arange(59), walk.level[:59], trial(59), walk.generator)
    assert torch.equal(walk.rule.level, before)
    assert walk.rule.counts.sum() == 1, "whoever is sent meanwhile makes no trial"
    walk.rule.next_level(torch.tensor([59]), walk.level[59:], trial(1), walk.generator)
    assert walk.rule.tries.sum() == 0.0
    assert not torch.equal(walk.rule.level, before)


def test_who_was_told_to_stand_makes_no_trial():
    walk = Walk()
    stood = trial(60, traversability=float("nan"))
    walk.rule.next_level(torch.arange(60), walk.level, stood, walk.generator)
    assert walk.rule.tries.sum() == 0.0
    assert walk.rule.sent.sum() == 60.0, "and is sent again"


def test_particles_continue_bit_for_bit():
    walk, again = Walk(), Walk(seed=1)
    walk.go_on(300)
    again.rule.load_state_dict(walk.rule.state_dict())
    again.level = walk.level.clone()
    again.generator.set_state(walk.generator.get_state())
    for each in (walk, again):
        each.go_on(300)
    assert torch.equal(walk.level, again.level)
    for name, value in walk.rule.state_dict().items():
        assert torch.equal(value, again.rule.state_dict()[name])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"band": (0.9, 0.5)}, r"curriculum.band must be a range from low to high .* 0.9 to 0.5"),
        ({"trials": 0}, r"curriculum.trials must be at least 1, got 0"),
        ({"recall": 1.5}, r"curriculum.recall must be in \[0, 1\], got 1.5"),
        ({"start_level": -1}, r"curriculum.start_level must not be negative, got -1"),
    ],
)
def test_settings_that_cannot_work_are_one_sentence(changes, message):
    with pytest.raises(InvalidConfig, match=message):
        CurriculumConfig(**changes)


def test_nobody_starts_beyond_the_last_level():
    with pytest.raises(InvalidConfig, match=r"start_level 10 is beyond the 10 levels"):
        RoughWalkingConfig(curriculum=CurriculumConfig(start_level=10))
