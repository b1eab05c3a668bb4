"""`surefoot eval`: the same figures from every form of a policy, and how mistakes are answered."""

import json
import math
import re
import shutil
from dataclasses import fields

import pytest
import torch

from support_cli import TINY
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.evaluate import Evaluation
from surefoot.train.run_folder import RunFolder

PYBULLET = "Upkie-PyBullet-Pendulum"


def figures(said):
    """The one JSON object on standard output, without the wall time."""
    assert said.code == 0, said
    result = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert result.pop("wall_s") > 0.0
    return result


def test_json_is_one_object_with_every_figure(surefoot, pendulum):
    said = surefoot("eval", pendulum, "--episodes", "3", "--json")
    assert said.err == ""
    result = figures(said)
    assert {*result, "wall_s"} == {field.name for field in fields(Evaluation)}
    assert result["episodes"] == result["falls"] == 3  # after two tiny updates it cannot balance
    low, high = result["return_ci95"]
    assert low < result["return_mean"] < high
    total = result["return_mean"] * 3
    assert math.isclose(total, result["reward_per_step"] * result["length_mean"] * 3, rel_tol=1e-6)
    assert math.isclose(sum(result["terms"].values()), result["reward_per_step"], rel_tol=1e-5)


def test_the_table_shows_the_same_figures(surefoot):
    result = figures(surefoot("eval", "zero", "--episodes", "2", "--json"))
    said = surefoot("eval", "zero", "--episodes", "2")
    assert said.out.splitlines()[0] == "upkie-pendulum, deterministic policy"
    assert re.search(r"falls +2 of 2 episodes\n", said.out)
    low, high = result["return_ci95"]
    shown = f"{result['return_mean']:.1f}  (95 % interval {low:.1f} to {high:.1f})"
    assert re.search(rf"return +{re.escape(shown)}\n", said.out)
    assert re.search(rf"  velocity +{result['terms']['velocity']:.3f}\n", said.out)


@pytest.mark.parametrize("task", ["upkie-pendulum", "upkie-gyropod", "CartPole-v1"])
def test_a_run_its_checkpoint_and_its_export_are_one_policy(surefoot, trained, task):
    run = trained(task)
    forms = (run, RunFolder(run).last, run / "policy.onnx")
    whole, checkpoint, exported = (
        figures(surefoot("eval", form, "--episodes", "2", "--json")) for form in forms
    )
    assert checkpoint == whole
    assert (exported["falls"], exported["length_mean"]) == (whole["falls"], whole["length_mean"])
    assert exported["return_mean"] == pytest.approx(whole["return_mean"], rel=1e-4)


def test_an_export_plays_at_its_own_rate_with_its_own_reward(surefoot, tmp_path):
    trained = surefoot(
        "train", "upkie-pendulum", *TINY, "--steps", "1", "--task.frequency", "100",
        "--task.max-ground-velocity", "1", "--task.position-weight", "7",
    )  # fmt: skip
    result = figures(surefoot("eval", trained.run, "--episodes", "2", "--json"))
    inside = figures(surefoot("eval", trained.run / "policy.onnx", "--episodes", "2", "--json"))
    assert inside["terms"] == pytest.approx(result["terms"], rel=1e-4)
    for name in ("policy.onnx", "policy.json"):  # away from its run, only the card tells the task
        shutil.copy(trained.run / name, tmp_path / name)
    alone = figures(surefoot("eval", tmp_path / "policy.onnx", "--episodes", "2", "--json"))
    assert alone["length_mean"] == result["length_mean"]
    assert alone["terms"]["position"] == pytest.approx(result["terms"]["position"] / 7.0, rel=1e-4)


def test_the_same_seed_gives_the_same_figures_and_noise_gives_others(surefoot, pendulum):
    arguments = ("eval", pendulum, "--episodes", "2", "--json")
    first = figures(surefoot(*arguments))
    assert figures(surefoot(*arguments)) == first
    assert figures(surefoot(*arguments, "--seed", "1")) != first
    assert figures(surefoot(*arguments, "--noise")) != first


def test_in_pybullet_standard_output_is_still_one_object(surefoot, pendulum):
    arguments = ("--env", PYBULLET, "--episodes", "3", "--json")
    result = figures(surefoot("eval", pendulum, *arguments))  # the engine prints, but not there
    assert result["episodes"] == 3 and 0.0 < result["length_mean"] <= 2000.0
    assert sum(result["terms"].values()) == pytest.approx(result["reward_per_step"])
    exported = figures(surefoot("eval", pendulum / "policy.onnx", *arguments))
    assert exported["terms"].keys() == result["terms"].keys()


def test_our_own_environments_are_evaluated_without_imperfections(surefoot):
    arguments = ("eval", "lecture-feedback", "--env", "Surefoot/UpkiePendulum-v0",
                 "--episodes", "1", "--json")  # fmt: skip
    said = surefoot(*arguments)
    assert said.err == ""
    perfect = figures(surefoot(*arguments, "--env-kwargs", "imperfect=false"))
    assert perfect == figures(said)
    assert figures(surefoot(*arguments, "--env-kwargs", "imperfect=true")) != perfect


def test_where_our_reward_cannot_be_recomputed_it_is_said(surefoot, trained):
    said = surefoot("eval", trained("upkie-gyropod"), "--env", "Upkie-Mock-Gyropod",
                    "--episodes", "1", "--json")  # fmt: skip
    result = figures(said)
    assert (result["return_mean"], result["terms"]) == (0.0, {})  # theirs is always 0
    assert "our reward cannot be seen from here: its own counts\n" in said.err
    assert "the operator's commands are zero here: stand still\n" in said.err
    assert "this environment has its own initial states" not in said.err


def test_foreign_environments_of_a_foreign_task(surefoot, trained):
    result = figures(
        surefoot(
            "eval", trained("CartPole-v1"), "--env", "CartPole-v1", "--episodes", "2", "--json"
        )
    )
    assert result["reward_per_step"] == 1.0  # CartPole pays 1 for each step
    assert result["return_mean"] == result["length_mean"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: policy"),
        (["nowhere"], r"no policy named 'nowhere' in Surefoot \(name a run folder, a .pt or .onnx"),
        (["zer"], "no policy named 'zer'.*Did you mean 'zero'"),
        (["nowhere.pt"], "^nowhere.pt: there is no such checkpoint. Name a run folder"),
        (["no/where"], "^no/where: there is no such checkpoint"),
        (["nowhere.onnx"], "^nowhere.onnx: there is no such policy. Export one: surefoot export"),
        (["."], "this is no run folder. It has no config.yaml"),
        (["zero", "--episodes", "0"], "--episodes: must be a whole number of at least 1"),
        (["zero", "--seed", "-1"], "--seed: must be a whole number of at least 0, got '-1'"),
        (["zero", "--episode", "2"], "no flag named '--episode'.*mean '--episodes'"),
        (["zero", "--task", "upkie-gyropod"],
         "the baseline 'zero' plays upkie-pendulum, not upkie-gyropod"),
        (["zero", "--env-kwargs", "frequency=100"], "--env-kwargs are arguments of --env"),
        (["zero", "--env", PYBULLET, "--noise"], "--noise belongs to our worlds"),
        (["zero", "--env", PYBULLET, "--env-kwargs", "frequency"],
         "--env-kwargs takes KEY=VALUE, got 'frequency'"),
        (["zero", "--env", PYBULLET, "--env-kwargs", "frequency=100"],
         f"the policy runs at 200 Hz, {PYBULLET} at 100 Hz: make the environment with frequency="),
        (["zero", "--env", PYBULLET, "--env-kwargs", "colour=red"],
         f"{PYBULLET} does not take these arguments.*'colour'.*Check --env-kwargs"),
        (["zero", "--env", "Surefoot/UpkiePendulum-v0", "--env-kwargs", "frequency=-1"],
         "task.frequency must be positive and finite, got -1"),
        (["zero", "--env", "Upkie-PyBulet-Pendulum"],
         f"no environment named 'Upkie-PyBulet-Pendulum'.*Did you mean '{PYBULLET}'"),
        (["zero", "--env", "UpkieGroundVelocity-v1"], "UpkieGroundVelocity is now Upkie-BACKEND"),
        (["zero", "--env", "CartPole-v1"], "'pitch_velocity' is bounded by -1000, .* CartPole-v1"),
        (["zero", "--env", "Acrobot-v1"], r"reads 4 values \(pitch, .*\), Acrobot-v1 shows 6: "),
        (["zero", "--env", "FrozenLake-v1"], "reads a vector, FrozenLake-v1 shows Discrete"),
    ],
)  # fmt: skip
def test_mistakes(refuse, arguments, sentence):
    said = refuse("eval", *arguments)
    assert re.search(sentence, said), said


def test_an_upkie_policy_does_not_drive_a_cart(refuse, pendulum):
    assert "another unit or another order" in refuse("eval", pendulum, "--env", "CartPole-v1")
    assert refuse("eval", pendulum, "--env", "Upkie-PyBullet-Gyropod") == (
        "the policy reads 4 values (pitch, ground_position, pitch_velocity, ground_velocity), "
        "Upkie-PyBullet-Gyropod shows 6: choose the environment of task 'upkie-pendulum'"
    )


def test_a_trained_policy_knows_its_task(refuse, pendulum, trained):
    said = refuse("eval", pendulum, "--task", "upkie-gyropod")
    assert said == f"'{pendulum}' was trained for upkie-pendulum, not for --task upkie-gyropod"
    said = refuse("eval", trained("CartPole-v1"), "--noise")
    assert said == "--noise belongs to our own tasks, CartPole-v1 has its own"


def without(*names):
    """A checkpoint that lacks some of its content."""
    return lambda content: {k: v for k, v in content.items() if k not in names}


def with_nan(content):
    content["agent"]["actor.0.weight"][0, 0] = math.nan
    return content


def with_little_memory(content):
    content["run"]["config"]["agent"]["history"] = 1
    return content


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("agent"), "last.pt: this checkpoint is incomplete: it has no 'agent'. Take"),
        (without("run"), "it has no 'run'"),
        (without("interface"), "it has no 'interface'"),
        (without("version"), "its version is 'None', not a number"),
        (without("format"), "this file was not written by Surefoot"),
        (lambda content: {**content, "version": 99}, "written by a newer Surefoot"),
        (lambda content: {**content, "agent": 3}, "its weights do not fit its own settings"),
        (lambda content: {**content, "interface": {"observation": 3}}, "do not fit its own"),
        (with_little_memory, "its weights do not fit its own settings"),
        (with_nan, r"^the policy's action is not finite in 2 worlds \(0, 1\). Train it again"),
    ],
)  # fmt: skip
def test_a_damaged_checkpoint_is_refused_by_name(refuse, copy, change, sentence):
    last = RunFolder(copy).last
    torch.save(change(load_checkpoint(last)), last)
    said = refuse("eval", copy, "--episodes", "2")
    assert re.search(sentence, said), said


def test_weights_that_are_nan_are_said_in_a_foreign_environment_too(refuse, copy):
    last = RunFolder(copy).last
    torch.save(with_nan(load_checkpoint(last)), last)
    said = refuse("eval", copy, "--episodes", "2", "--env", "Upkie-Mock-Pendulum", "--json")
    assert said.startswith("the policy's action is not finite in 1 world (0). ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda run: (run / "policy.onnx").write_bytes(b"text"),
         "policy.onnx: this file is not the one that policy.json describes"),
        (lambda run: (run / "policy.onnx").write_bytes((run / "policy.onnx").read_bytes()[:2000]),
         "one of them is damaged or from another export. Export the policy again"),
        (lambda run: (run / "policy.json").unlink(),
         "policy.json: there is no such policy card. It belongs beside its ONNX file"),
        (lambda run: (run / "policy.json").write_text("{"), "it is not valid JSON"),
        (lambda run: (run / "policy.json").write_text("{}"), "this is no policy card of Surefoot"),
        (lambda run: (run / "policy.json").write_text(
            (run / "policy.json").read_text().replace('"version": 1', '"version": 9')),
         "policy.json: written by a newer Surefoot"),
        (lambda run: (run / "config.yaml").write_text("{"), "config.yaml: this is not valid YAML"),
    ],
)  # fmt: skip
def test_a_damaged_export_is_refused_by_name(refuse, copy, change, sentence):
    change(copy)
    said = refuse("eval", copy / "policy.onnx", "--episodes", "2")
    assert re.search(sentence, said), said


def test_a_run_that_has_not_saved_anything_yet_says_so(refuse, copy):
    shutil.rmtree(copy / "checkpoints")
    assert refuse("eval", copy) == f"{copy}: this run has no checkpoint yet. Let it train a little."


def test_somebody_elses_files_are_refused(refuse, tmp_path):
    (tmp_path / "notes.pt").write_text("text")
    assert "this is no checkpoint, or a damaged one" in refuse("eval", "notes.pt")
    (tmp_path / "notes.txt").write_text("text")
    assert "this is no checkpoint, or a damaged one" in refuse("eval", "notes.txt")
    (tmp_path / "notes.onnx").write_text("text")
    assert "notes.json: there is no such policy card" in refuse("eval", "notes.onnx")
