"""What a comparison decides, and how it says it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from surefoot.report.comparison import SIDE_ALPHA, Metric, compare, summarize
from surefoot.report.comparison_files import as_plain, pairs_table, runs_table
from surefoot.report.comparison_words import sentences


def metric(**values) -> Metric:
    found = {name: np.array(list(of), dtype=float) for name, of in values.items()}
    return Metric(name="final_return", title="final return", higher_is_better=True, values=found)


def against(*metrics: Metric, **options):
    """The results, with seeds 0, 1, 2, ..."""
    seeds = {name: list(range(len(of))) for name, of in metrics[0].values.items()}
    return compare(metrics, seeds, **options)


def test_a_clear_difference_is_seen_and_said():
    (result,) = against(metric(A=[1, 2, 3, 4, 5], B=[21, 23, 22, 25, 24]))
    (pair,) = result.pairs
    assert pair.better == "B" and pair.probability == 1.0 and pair.difference == 20.0
    theirs = stats.ttest_ind([21, 23, 22, 25, 24], [1, 2, 3, 4, 5], equal_var=False)
    assert pair.welch_p == pair.p == pytest.approx(theirs.pvalue, rel=1e-12)
    assert pair.difference_ci95 == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-12)
    assert pair.permutation_p == pytest.approx(2 / 252, rel=1e-12)
    # sqrt(2.5) * 2.0244, the distance that 5 runs show with power 0.8
    assert pair.detectable == pytest.approx(3.2009, abs=1e-4)
    assert sentences(result) == [
        "B is better than A in final return with probability 1.00 (95 % interval 0.64 to 1.00); "
        "with 5 seeds a difference below 3.2 would not be seen."
    ]


def test_less_is_better_turns_the_winner_around_and_nothing_else():
    more = metric(A=[1, 2, 3, 4, 5], B=[21, 23, 22, 25, 24])
    (less,) = against(replace(more, higher_is_better=False))
    (pair,) = less.pairs
    assert pair.better == "A" and pair.probability == 0.0 and pair.difference == 20.0
    assert sentences(less)[0].startswith(
        "A is better than B in final return with probability 1.00 (95 % interval 0.64 to 1.00);"
    )


def test_no_difference_is_said_with_what_it_would_take():
    (result,) = against(metric(A=[1, 2, 3, 4, 5], B=[2, 3, 4, 5, 6.5]))
    (pair,) = result.pairs
    assert pair.better is None and pair.probability == pytest.approx(17 / 25)
    assert pair.effect == pytest.approx(1.1)
    # 2.0244 * sqrt((2.5 + 3.05) / 2) = 3.37, a little more for unequal spreads
    (said,) = sentences(result)
    assert said.startswith(
        "no difference in final return can be seen between A and B: B is better with probability "
        "0.68 (95 % interval 0.33 to 0.90); with 5 seeds a difference below 3.38 would not be seen,"
    )
    # d = 1.1 / sqrt((2.5 + 3.05) / 2) = 0.66; 16 / d^2 = 37
    assert pair.runs_needed == 37.0
    assert said.endswith(" and one of 1.1, as measured, takes 37 seeds each.")


def test_seeds_are_counted_for_the_effect_that_is_asked_for():
    (result,) = against(metric(A=[1, 2, 3, 4, 5], B=[21, 23, 22, 25, 24]), effect=1.5)
    assert result.pairs[0].runs_needed == 19.0  # d = 1.5 / sqrt(2.5) = 0.95; 16 / d^2 = 18
    assert sentences(result)[0].endswith("would not be seen, and one of 1.5 takes 19 seeds each.")


def test_one_seed_tells_what_one_run_did():
    (result,) = against(metric(A=[1], B=[21, 23, 22]))
    (pair,) = result.pairs
    assert pair.better is pair.p is pair.difference is None
    assert result.groups[0].iqm.value == 1.0 and result.groups[0].iqm.ci95 == (None, None)
    assert sentences(result) == [
        "one seed of A says what that run did, not what the next one would do: it has neither an "
        "interval nor a test; train at least 5."
    ]
    (two,) = against(metric(A=[1, 2], B=[21, 23, 22]))
    assert two.pairs[0].p is None
    assert sentences(two) == ["two seeds of A decide nothing; train at least 5."]


def test_runs_that_failed_are_the_worst_and_ranks_decide():
    (result,) = against(metric(A=[1, 2, -np.inf, 4, -np.inf], B=[21, 23, 22, 25, 24]))
    (pair,) = result.pairs
    assert pair.p == pair.permutation_p == pytest.approx(2 / 252, rel=1e-12)
    assert pair.better == "B" and pair.welch_p is pair.detectable is None
    first = result.groups[0]
    assert (first.failed, first.values, first.mean.value) == (2, (1.0, 2.0, None, 4.0, None), None)
    assert first.median.value == 1.0 and first.median.ci95 == (None, 4.0)
    assert sentences(result)[0].endswith("; 2 of 5 runs of A failed, so that ranks decide.")


def test_pairs_of_seeds_see_what_groups_do_not():
    base = np.array([10.0, 50.0, 20.0, 90.0, 70.0])
    pairs = metric(A=base, B=base + np.array([1.0, 1.2, 0.9, 1.1, 1.3]))
    (apart,) = against(pairs)
    (together,) = against(pairs, paired=True)
    theirs = stats.ttest_1samp([1.0, 1.2, 0.9, 1.1, 1.3], 0.0)
    assert apart.pairs[0].better is None and apart.pairs[0].p > 0.9
    assert apart.pairs[0].paired_p == pytest.approx(theirs.pvalue, rel=1e-6)
    (pair,) = together.pairs
    assert pair.p == pair.paired_p and pair.difference == pytest.approx(1.1)
    # B wins only 15 of 25 duels, but every one within a pair
    assert pair.better == "B" and pair.probability == 0.6
    assert pair.difference_ci95 == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-6)
    assert pair.detectable < 0.4 < 40.0 < apart.pairs[0].detectable
    (other,) = compare([pairs], {"A": [0, 1, 2, 3, 4], "B": [0, 1, 2, 3, 5]})
    assert other.pairs[0].paired_p is None


def test_several_groups_are_corrected_together():
    rng = np.random.default_rng(1)
    values = {name: rng.normal(shift, 1.0, size=6) for name, shift in
              (("A", 0.0), ("B", 0.5), ("C", 2.0))}  # fmt: skip
    (result,) = against(metric(**values))
    named = [(pair.first, pair.second) for pair in result.pairs]
    assert named == [("A", "B"), ("A", "C"), ("B", "C")]
    raw = np.array([pair.welch_p for pair in result.pairs])
    smallest = int(raw.argmin())
    assert result.pairs[smallest].p == pytest.approx(3 * raw[smallest], rel=1e-12)
    assert all(pair.p >= pair.welch_p for pair in result.pairs)


def test_side_observations_need_more():
    """p = 0.02 counts for the question, and not beside it."""
    values = {"A": [0.0, 1.0, 2.0, 3.0, 4.0], "B": [2.9, 3.9, 4.9, 5.9, 6.9]}
    question, side = against(metric(**values), metric(**values))
    assert 0.01 < question.pairs[0].p == side.pairs[0].p < 0.05
    assert question.pairs[0].better == "B" and side.pairs[0].better is None
    assert (question.alpha, side.alpha) == (0.05, SIDE_ALPHA)
    _, *sides = against(*[metric(**values)] * 4)
    assert sides[0].pairs[0].p == pytest.approx(3 * question.pairs[0].p)  # three sides, one family
    assert sides[0].pairs[0].detectable > side.pairs[0].detectable > question.pairs[0].detectable


def test_who_is_ahead_in_mean_alone_is_not_better():
    """Eight of twenty runs are giants, the others a little worse than all of A."""
    a, b = np.linspace(10.0, 10.5, 20), np.array([9.0] * 12 + [30.0] * 8)
    pair = against(metric(A=a, B=b))[0].pairs[0]
    assert pair.difference > 0.0 and pair.p < 0.01 and pair.probability == 0.4
    assert pair.better is None
    assert against(metric(A=a, B=b + 2.0))[0].pairs[0].better == "B"


@pytest.mark.parametrize("draw", ["normal", "lognormal"])
def test_identical_groups_are_rarely_told_apart(draw, monkeypatch):
    """1000 comparisons of 5 seeds with 5 others, in a question and 3 related side metrics.

    A wrong claim is one about any metric. What takes time and decides nothing is left out.
    """
    for name in ("permutation_test", "detectable_difference", "runs_needed"):
        monkeypatch.setattr(f"surefoot.report.significance.{name}", lambda *_, **__: 0.0)
    for name in ("summarize", "statistics.improvement_interval"):
        monkeypatch.setattr(f"surefoot.report.comparison.{name}", lambda *_: None)
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(1000):
        runs = getattr(rng, draw)(size=(2, 5))
        noise = getattr(rng, draw)(size=(3, 2, 5))
        values = [runs, *(0.7 * runs + 0.7 * noise)]
        results = against(*(metric(A=a, B=b) for a, b in values))
        wrong += any(result.pairs[0].better for result in results)
    assert wrong <= 60


def test_a_summary_has_every_number():
    found = summarize("A", np.array([3.0, 1.0, 2.0, 10.0, 4.0]))
    assert (found.mean.value, found.median.value, found.iqm.value) == (4.0, 3.0, 3.0)
    assert found.iqm.ci95 == found.median.ci95 == (1.0, 10.0)
    assert found.std == pytest.approx(np.sqrt(12.5))
    assert found.share_in_range == pytest.approx(0.34, abs=0.005)


def test_the_files_hold_what_was_found():
    results = against(metric(A=[1, 2, -np.inf], B=[4, 5, 6, 7]))
    plain = as_plain(results)
    assert json.loads(json.dumps(plain, allow_nan=False)) is not None
    (pair,) = plain[0]["pairs"]
    assert pair["probability"] == 1.0 and pair["sentence"] == sentences(results[0])[0]
    assert plain[0]["groups"][0]["values"] == (1.0, 2.0, None)
    runs = runs_table(results, {"A": [7, 8, 9], "B": [0, 1, 2, 3]}).splitlines()
    assert runs[0] == "group,seed,final_return"
    assert runs[1:4] == ["A,7,1.0", "A,8,2.0", "A,9,"] and runs[7] == "B,3,7.0"
    head, line = (text.split(",") for text in pairs_table(results).splitlines())
    row = dict(zip(head, line, strict=True))
    assert (row["metric"], row["first"], row["second"]) == ("final_return", "A", "B")
    assert float(row["probability"]) == float(row["probability_high"]) == 1.0
    assert row["difference"] == row["difference_low"] == ""
