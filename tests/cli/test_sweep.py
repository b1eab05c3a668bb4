"""The command `sweep`: a small search, its files, and mistakes."""

import csv
import json
import re
from pathlib import Path

import pytest

TINY = ("--steps", "256", "--nb-envs", "2", "--algo.n-steps", "64", "--algo.batch-size", "64")


def test_a_search_leaves_groups_that_compare_and_report_can_read(surefoot):
    said = surefoot("sweep", "CartPole-v1", "--param", "algo.learning_rate=log(1e-4,1e-2)",
                    "--trials", "1", "--seeds", "2", *TINY)  # fmt: skip
    assert said.code == 0, said
    folder = Path(said.out.splitlines()[-1])
    assert folder.suffix == ".sweep" and (folder / "study.db").exists()
    with open(folder / "trials.csv") as file:
        (row,) = csv.DictReader(file)
    assert row["state"] == "finished" and len(row["scores"].split()) == 2
    runs = [folder.with_name(f"{row['group']}_{seed}") for seed in (0, 1)]
    for run, score in zip(runs, row["scores"].split(), strict=True):
        assert (run / "policy.onnx").exists()
        result = json.loads(surefoot("eval", run, "--json").out)
        assert result["return_mean"] == pytest.approx(float(score))
    rate = float(row["algo.learning_rate"])
    command = re.search(r"compare: surefoot (.+)", said.out)[1].split()
    assert command[:2] == ["train", "CartPole-v1"] and "--seed 1000 --seeds 5" in said.out
    assert float(command[command.index("--algo.learning-rate") + 1]) == rate
    assert command[command.index("--steps") + 1] == "256"  # what the search was given as well


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], r"name the task first \(see surefoot sweep --help\)"),
        (["CartPole-v1"], r"needs something to vary: add --param NAME=log\(LOW,HIGH\)"),
        (["CartPole-v1", "--param", "algo.learning_rate"], "--param is NAME=log"),
        (["CartPole-v1", "--param", "algo.learning_rte=log(1e-4,1e-2)"], "Did you mean"),
        (["CartPole-v2", "--param", "algo.learning_rate=log(1e-4,1e-2)"], "CartPole-v"),
        (["CartPole-v1", "--param", "algo.gamma=uniform(0.9,2)"], "gamma"),
        (["CartPole-v1", "--param", "algo.gamma=uniform(0.9,1)", "--nonsense"], "no flag named"),
        (["--resume", "nowhere"], "there is no sweep here"),
        (["CartPole-v1", "--resume", "x"], "a resumed sweep keeps its task"),
    ],
)
def test_mistakes_are_one_sentence(surefoot, arguments, sentence):
    said = surefoot("sweep", *arguments)
    assert said.code == 2 and said.out == ""
    assert re.search(sentence, said.err) and said.err.count("\n") == 1
