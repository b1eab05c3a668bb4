"""Searches over trainings that are formulas: who wins, who is given up, what a stop leaves."""

import dataclasses
import math

import pytest

from surefoot.errors import BadFile, InvalidConfig, SurefootError, UnknownName
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.sweep import PARTS, Stopped, Sweep, SweepPlan, read_plan

RUN = Run(
    task="CartPole-v1", algo="ppo", preset="default", config=find_preset("CartPole-v1", "default")
)
RATE = "algo.learning_rate=log(1e-5,1e-1)"


def _plan(*parameters, **changes):
    settings = {"seeds": 3, "metric": "return_mean", "direction": "maximize", **changes}
    return SweepPlan(run=RUN, parameters=parameters or (RATE,), **settings)


class Trainer:
    """Scores best at a learning rate of 1e-3; one lucky seed of a bad rate scores better."""

    def __init__(self, *, sign=1.0, stop_at=None, fail_below=0.0):
        self.trained = []
        self._sign, self._stop_at, self._fail_below = sign, stop_at, fail_below

    def __call__(self, run, group, progress):
        rate, seed = run.config.algo.learning_rate, run.config.seed
        self.trained.append((group, seed))
        if rate < self._fail_below:
            raise SurefootError("it broke")
        quality = -abs(math.log10(rate) + 3.0)
        for part in range(1, PARTS):
            progress(part / PARTS, self._sign * quality * 10.0)
        if len(self.trained) == self._stop_at:
            raise Stopped("enough")
        lucky = 100.0 if seed == 1 and quality < -1.0 else 0.0
        return self._sign * (quality + 0.01 * seed + lucky)


def _search(folder, trainer, nb=12, plan=None):
    sweep = Sweep.begin(folder / "x.sweep", plan or _plan(), trainer)
    told = []
    finished = sweep.play(nb, on_trial=told.append)
    return sweep, told, finished


def test_the_best_trial_is_that_of_the_middle_not_of_the_luckiest_seed(tmp_path):
    sweep, told, finished = _search(
        tmp_path, Trainer(), plan=_plan("algo.learning_rate=log(1e-9,1e-1)", seeds=5)
    )
    assert finished and len(told) == 12
    assert any(max(result.scores, default=0.0) > 90.0 for result in told)
    best = sweep.results()[0]
    assert best.state == "finished" and len(best.scores) == 5
    assert abs(math.log10(best.settings["algo.learning_rate"]) + 3.0) < 1.0
    assert best.iqm == pytest.approx(sum(sorted(best.scores)[1:4]) / 3)
    low, high = best.interval
    assert low < best.iqm < high


def test_what_is_worse_than_half_is_given_up_before_its_seeds_are_trained(tmp_path):
    trainer = Trainer()
    sweep, told, _ = _search(tmp_path, trainer, nb=20)
    given_up = [r for r in told if r.state == "given up"]
    assert given_up and all(len(r.scores) < 3 for r in given_up)
    assert len(trainer.trained) < 3 * 20
    worst = min(r.iqm for r in sweep.results() if r.state == "finished")
    assert math.isfinite(worst)


def test_the_smaller_may_be_the_better(tmp_path):
    sweep, _, _ = _search(tmp_path, Trainer(sign=-1.0), plan=_plan(direction="minimize"))
    scores = [r.iqm for r in sweep.results() if r.state == "finished"]
    assert scores == sorted(scores)


def test_a_trial_that_fails_says_why_and_the_others_go_on(tmp_path):
    sweep, told, finished = _search(tmp_path, Trainer(fail_below=1e-3), nb=10)
    failed = [r for r in told if r.state == "failed"]
    assert finished and len(told) == 10 and failed
    assert all(r.reason == "it broke" for r in failed)
    assert sweep.results()[0].state == "finished"


def test_what_was_stopped_is_next_when_the_sweep_goes_on(tmp_path):
    trainer = Trainer(stop_at=5)
    sweep, told, finished = _search(tmp_path, trainer)
    assert not finished and told[-1].state == "stopped" and len(told) == 2
    group, settings = told[-1].group, told[-1].settings
    again = Trainer()
    plan = read_plan(tmp_path / "x.sweep")
    assert plan == _plan()
    sweep = Sweep.resume(tmp_path / "x.sweep", plan, again)
    told = []
    assert sweep.play(3, on_trial=told.append)
    assert told[0].group == group and told[0].settings == settings  # its runs are continued
    assert again.trained[0] == (group, 0)
    groups = [r.group for r in sweep.results()]
    assert len(groups) == len(set(groups)) == 4  # one that was stopped counts once
    rates = [r.settings["algo.learning_rate"] for r in sweep.results()]
    assert len(set(rates)) == 4  # and nothing is proposed twice


@pytest.mark.parametrize(
    ("parameters", "error", "sentence"),
    [
        ((RATE, RATE), InvalidConfig, "varies each setting once, and never the seed"),
        (("seed=int(0,9)",), InvalidConfig, "varies each setting once, and never the seed"),
        (("algo.learning_rte=log(1e-4,1e-2)",), UnknownName, "Did you mean"),
        (("algo.gamma=uniform(0.9,1.5)",), InvalidConfig, "gamma"),
    ],
)
def test_impossible_searches_are_refused_before_they_begin(parameters, error, sentence):
    with pytest.raises(error, match=sentence):
        _plan(*parameters)


def test_a_search_needs_something_to_vary_and_a_seed():
    with pytest.raises(InvalidConfig, match="needs something to vary: add --param"):
        dataclasses.replace(_plan(), parameters=())
    with pytest.raises(InvalidConfig, match="at least 1 seed"):
        _plan(seeds=0)


def test_folders_without_a_sweep_are_refused(tmp_path):
    with pytest.raises(BadFile, match="there is no sweep here"):
        read_plan(tmp_path)
    Sweep.begin(tmp_path / "x.sweep", _plan(), Trainer())
    (tmp_path / "x.sweep" / "sweep.yaml").write_text("version: 1\nmetric: x\n")
    with pytest.raises(BadFile, match="this describes no sweep"):
        read_plan(tmp_path / "x.sweep")
    (tmp_path / "x.sweep" / "sweep.yaml").write_text("a: [1")
    with pytest.raises(BadFile, match="this is damaged"):
        read_plan(tmp_path / "x.sweep")
