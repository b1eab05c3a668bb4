"""`surefoot doctor`: findings are an answer, and mistakes are said."""

import json
import shutil

import pytest


def test_a_run_without_anything_unusual_is_one_line(surefoot, pendulum):
    said = surefoot("doctor", pendulum)
    assert said.code == 0
    assert said.out == f"{pendulum}: nothing unusual (80 steps)\n"


def test_findings_are_named_and_the_exit_code_is_0(surefoot, copy):
    (copy / "failure.txt").write_text("observation 'pitch' is not finite in 1 world (3). Mend it.")
    said = surefoot("doctor", copy)
    assert said.code == 0
    head, finding = said.out.splitlines()
    assert head == f"{copy}: 1 unusual (80 steps)"
    assert finding.startswith("  broke_off. From 80 steps: the training broke off (observation ")
    (run,) = json.loads(surefoot("doctor", copy, "--json").out)["runs"]
    assert (run["run"], run["nb_rows"], run["nb_steps"]) == (str(copy), 2, 80)
    (found,) = run["findings"]
    assert set(found) == {"name", "since", "until", "what", "cause", "remedy"}
    assert (found["name"], found["since"], found["until"]) == ("broke_off", 80, None)


def test_a_group_is_examined_run_by_run(surefoot, pendulum, tmp_path):
    for seed in (10, 9):
        shutil.copytree(pendulum, tmp_path / "task" / f"date_word_{seed}")
    for where in (tmp_path / "task" / "date_word", tmp_path / "task"):
        said = surefoot("doctor", where)
        assert [line.partition(":")[0][-2:] for line in said.out.splitlines()] == ["_9", "10"]


def test_a_run_that_has_not_begun_has_nothing_unusual(surefoot, copy):
    (copy / "progress.csv").unlink()
    assert surefoot("doctor", copy).out == f"{copy}: nothing unusual (no update so far)\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: RUN"),
        (("nowhere",), "nowhere: there are no runs here. Name a run folder, a group"),
        (("nowhere", "--jsn"), "no flag named '--jsn' in surefoot doctor"),
    ],
)
def test_mistakes_are_said_in_one_sentence(refuse, arguments, sentence):
    assert sentence in refuse("doctor", *arguments)


def test_a_damaged_run_is_refused_by_name(refuse, copy):
    (copy / "config.yaml").write_text("version: [")
    assert f"{copy / 'config.yaml'}: this is not valid YAML" in refuse("doctor", copy)


def test_a_run_of_another_kind_is_refused(refuse, copy):
    text = (copy / "config.yaml").read_text().replace("task: upkie-pendulum", "task: labyrinth")
    (copy / "config.yaml").write_text(text)
    assert "a run of labyrinth" in refuse("doctor", copy)


def test_a_training_says_what_is_unusual_while_it_goes_on(surefoot, no_export):
    said = surefoot("train", "CartPole-v1", "--nb-envs", "4", "--algo.n-steps", "64",
                    "--algo.learning-rate", "0.3", "--steps", "5120")  # fmt: skip
    assert said.code == 0
    heard = [line for line in said.err.splitlines() if line.startswith("surefoot doctor: ")]
    moved = [line for line in heard if "the policy changes too much" in line]
    assert len(moved) == 1 and "--algo.learning-rate" in moved[0]
    assert said.out == f"{said.run}\n"
    after = surefoot("doctor", said.run).out
    assert "  policy_moves_too_far. From " in after
