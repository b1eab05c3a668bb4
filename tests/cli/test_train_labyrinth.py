"""`surefoot train labyrinth` and `surefoot eval` of such a run, and every mistake."""

import json
import re

import numpy as np
import pytest
import yaml

from surefoot.train.evaluate import Evaluation
from surefoot.train.tabular_config import TABULAR


@pytest.mark.parametrize("algo", TABULAR)
def test_every_method_trains_and_can_be_evaluated(surefoot, algo):
    steps = ("--steps", "30000") if TABULAR[algo].steps else ()
    said = surefoot("train", "labyrinth", "--algo", algo, "--task.maze", "dyna", *steps,
                    "--seed", "3")  # fmt: skip
    assert said.code == 0 and said.out == f"{said.run}\n"
    assert re.fullmatch(r"runs/labyrinth/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[a-z]+_3", str(said.run))
    found = {path.name.partition(".tfevents")[0] for path in said.run.iterdir()}
    assert found == {"config.yaml", "machine.yaml", "progress.csv", "events.out", "result.npz",
                     "labyrinth.png"}  # fmt: skip
    assert said.run.name in said.err
    assert "from the start to the exit in 1" in said.err  # 14 steps, or a few more
    result = surefoot("eval", said.run, "--episodes", "4")
    assert result.code == 0 and "exit reached        4 of 4 episodes" in result.out
    # (1 - 0.99^14) / 0.01 = 13.1254
    assert re.search(r"optimum, expected +-13\.13\n", result.out)


def test_eval_prints_one_object_with_the_figures_of_every_evaluation(surefoot):
    arguments = ("--task.maze", "four-rooms", "--task.slip", "0.2", "--task.objective", "cost")
    run = surefoot("train", "labyrinth", *arguments).run
    said = surefoot("eval", run, "--json", "--seed", "1")
    result = json.loads(said.out)
    assert said.out.count("\n") == 1 and {*Evaluation.__dataclass_fields__} <= {*result}
    assert (result["episodes"], result["exits"], result["reward_per_step"]) == (50, 50, 1.0)
    assert result["return_ci95"][0] < result["optimum"] < result["return_ci95"][1]
    table = surefoot("eval", run).out
    assert table.startswith("labyrinth, value-iteration, greedy policy\n")
    assert re.search(r"discounted cost +\d+\.\d\d  \(95 % interval", table)


def test_flags_reach_the_settings_and_a_maze_file_its_place(surefoot, tmp_path):
    (tmp_path / "mine.txt").write_text("S.#\n..E\n")
    run = surefoot("train", "labyrinth", "--task.maze", "mine.txt", "--algo.gamma", "0.5",
                   "--runs", "elsewhere").run  # fmt: skip
    assert run.parts[0] == "elsewhere"
    data = yaml.safe_load((run / "config.yaml").read_text())
    assert data["config"]["task"]["maze"] == str(tmp_path / "mine.txt")
    assert (data["algo"], data["config"]["algo"]["gamma"]) == ("value-iteration", 0.5)
    with np.load(run / "result.npz") as content:
        # three steps from the start: -(1 + 0.5 + 0.25)
        assert content["value"][0, 0] == pytest.approx(-1.75)


def test_a_far_exit_is_pointed_out(surefoot):
    said = surefoot("train", "labyrinth", "--task.maze", "spiral", "--algo.gamma", "0.5",
                    "--algo.tolerance", "0.1")  # fmt: skip
    assert "does not find the exit from the start, 70 steps away: it needs a larger" in said.err
    said = surefoot("train", "labyrinth", "--algo", "sarsa", "--steps", "10")
    assert "it needs more --steps" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["labyrinth", "--algo", "ppo"], r"^ppo learns a network, not a table: it can play "
         r"Surefoot/Labyrinth-v0.* labyrinth is for value-iteration, .*, dyna-q\.$"),
        (["labyrinth", "--algo", "q-learing"], "no algorithm named 'q-learing'.*'q-learning'"),
        (["CartPole-v1", "--algo", "q-learning"], "^q-learning keeps a number for every state: it "
         "can play labyrinth, not CartPole-v1, which is for ppo, vpg, "),
        (["upkie-pendulum", "--algo", "td0"], "it can play labyrinth, not upkie-pendulum"),
        (["labyrint"], "no task named 'labyrint'.*Did you mean 'labyrinth'"),
        (["labyrinth", "--task.maze", "clasic"], "Did you mean 'classic'"),
        (["labyrinth", "--task.maze", "bad.txt"], r"bad.txt: line 2 has 2 cells, line 1 has 3\. A"),
        (["labyrinth", "--steps", "5"], "^value-iteration plans with the model and stops"),
        (["labyrinth", "--algo", "sarsa", "--steps", "None"], "^sarsa learns from steps: --steps"),
        (["labyrinth", "--algo.gama", "1"], "mean '--algo.gamma'"),
        (["labyrinth", "--algo.gamma", "1"], "^algo.gamma must be between 0 and 1, got 1.0$"),
        (["labyrinth", "--algo.tolerance", "1e-15"], "finer than floating point"),
        (["labyrinth", "--task.slip", "2"], r"^task.slip must be in \[0, 1\], got 2.0$"),
        (["labyrinth", "more"], "takes no 'more' here"),
    ],
)  # fmt: skip
def test_mistakes_leave_no_folder_behind(refuse, tmp_path, arguments, sentence):
    (tmp_path / "bad.txt").write_text("S.E\n..\n")
    said = refuse("train", *arguments)
    assert re.search(sentence, said), said
    assert not (tmp_path / "runs").exists()


def test_what_only_a_network_can_do_is_refused(surefoot, refuse):
    run = surefoot("train", "labyrinth", "--task.maze", "corridor").run
    for command in (["play", run], ["export", run], ["train", "--resume", run]):
        assert "labyrinth is evaluated (`surefoot eval RUN`), but not played" in refuse(*command)
    assert refuse("train", "labyrinth", "--resume", run).startswith("a run of labyrinth is not con")
    assert refuse("eval", run, "--env", "CartPole-v1") == (
        "--env is not for a run of labyrinth: it plays its own world"
    )
