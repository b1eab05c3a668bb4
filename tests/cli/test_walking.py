"""Walking on the command line: a tiny training, its evaluation, its export, and mistakes."""

import json
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from support_cli import TINY
from surefoot.train.policies import load_policy
from surefoot.train.run_folder import RunFolder
from surefoot.train.walking_evaluate import WalkingEvaluation

ENV = "Surefoot/QuadrupedFlat-v0"


def figures(said):
    """The one JSON object on standard output, without the wall time."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    assert said.code == 0, said
    assert said.out.count("\n") == 1
    result = json.loads(said.out, parse_constant=refuse)
    result.pop("wall_s")
    return result


@pytest.fixture
def walker(trained):
    """A finished run of two updates of quadruped-flat, of Go2."""
    return trained("quadruped-flat")


def test_json_has_every_figure_of_the_standard_evaluation(surefoot, walker):
    result = figures(surefoot("eval", walker, "--episodes", "2", "--json"))
    assert {*result, "wall_s"} == {field.name for field in fields(WalkingEvaluation)}
    assert {"tracking_error_linear", "tracking_error_yaw", "falls_per_minute",
            "cost_of_transport"} <= set(result)  # fmt: skip
    assert result["episodes"] == 2 and result["length_mean"] == 1000.0
    low, high = result["tracking_error_linear_ci95"]
    assert low < result["tracking_error_linear"] < high
    alone = figures(surefoot("eval", walker, "--episodes", "1", "--json"))
    assert alone["tracking_error_linear_ci95"] == [None, None]  # one robot has no interval


def test_a_run_and_its_export_walk_alike(surefoot, walker):
    run, exported = (
        figures(surefoot("eval", form, "--episodes", "2", "--json"))
        for form in (walker, walker / "policy.onnx")
    )
    for name in ("tracking_error_linear", "tracking_error_yaw", "height_ratio"):
        assert exported[name] == pytest.approx(run[name], rel=1e-2), name


def test_the_table_has_a_line_about_the_gait(surefoot, walker):
    said = surefoot("eval", walker, "--episodes", "2")
    assert said.out.splitlines()[0] == "quadruped-flat, deterministic policy"
    assert re.search(r"\n  velocity error +0\.\d+  \(95 % interval .*\) m/s\n", said.out)
    assert re.search(r"\n  gait +not: air time between", said.out)


def test_the_same_policy_in_gymnasiums_environment_and_in_the_deployment_loop(surefoot, walker):
    result = figures(surefoot("eval", walker, "--env", ENV, "--episodes", "1", "--json"))
    assert result["episodes"] == 1 and result["length_mean"] > 100.0
    said = surefoot("deploy", walker, "--env", ENV, "--duration", "0.2", "--no-realtime",
                    "--command", "target_velocity_x=0.5")  # fmt: skip
    assert said.code == 0, said


def test_the_card_tells_what_the_robot_needs(walker):
    card = json.loads((walker / "policy.json").read_text())
    assert card["rate_hz"] == 50.0 and card["env_ids"] == [ENV] and card["robot"] == "go2"
    sources = {signal["name"]: signal["source"] for signal in card["observation"]}
    assert sources["gait_clock"] == "clock" and sources["target_velocity_x"] == "operator"
    assert "simulator" not in sources.values() and "base_height" not in sources
    assert [s["joint"] for s in card["servos"]] == [s["name"] for s in card["action"]]
    assert {(s["kp"], s["kd"]) for s in card["servos"]} == {(25.0, 0.5)}  # go2, Isaac Lab


def test_another_robot_is_a_word(surefoot):
    said = surefoot("train", "quadruped-flat", "--robot", "solo-12", *TINY, "--steps", "1")
    assert said.code == 0, said
    assert RunFolder(said.run).read_config().config.task.robot == "solo-12"
    result = figures(surefoot("eval", said.run, "--env", ENV, "--episodes", "1", "--json"))
    assert result["episodes"] == 1  # in that robot's world
    for name in ("policy.onnx", "policy.json"):  # away from its run, the card tells the robot
        shutil.copy(said.run / name, name)
    assert load_policy("policy.onnx").config.robot == "solo-12"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["quadruped-flat", "--robot", "nonsense"],
         r"^no robot named 'nonsense' in the walking tasks\. It has 8: go2, go1, a1, anymal-b, "
         r"anymal-c, solo-12, bolt, g1\.$"),
        (["quadruped-flat", "--robot", "go3"], r"Did you mean 'go1'|Did you mean 'go2'"),
        (["quadruped-flat", "--robot", "upkie"], "no robot named 'upkie' in the walking tasks"),
        (["quadruped-flat", "--task.robot", "upkie"],
         "the foot 'left_wheel_tire' of upkie has no sphere to stand on"),
        (["quadruped-flat", "--task.robot", "nonsense"], "no robot named 'nonsense' in Surefoot"),
        (["upkie-pendulum", "--robot", "go2"], "no robot named 'go2' in task 'upkie-pendulum'"),
        (["CartPole-v1", "--robot", "go2"], "no robot named 'go2' in task 'CartPole-v1'"),
        (["quadruped-flat", "--task.command.forward", "1", "-1"],
         r"^task\.command\.forward must be a range from low to high, got 1\.0 to -1\.0$"),
        (["quadruped-flat", "--task.gait.stance", "2"], r"task\.gait\.stance must be in \(0, 1\)"),
        (["quadruped-flat", "--agent.net-arch-pi", "65", "64"],
         r"pairs the hidden units: agent\.net_arch_\* needs even widths, got \(65, 64\)"),
        (["upkie-pendulum", "--agent.mirror", "network"],
         r"agent\.mirror needs a task that knows left and right, as the walking tasks do"),
        (["quadruped-flat", "--algo", "sac"], "no algorithm named 'sac' in task 'quadruped-flat'"),
    ],
)  # fmt: skip
def test_mistakes(refuse, arguments, sentence):
    said = refuse("train", *arguments)
    assert re.search(sentence, said), said


def test_a_picture_of_the_walk(surefoot, walker):
    said = surefoot("eval", walker, "--episodes", "1", "--figure", "gait.png")
    assert said.code == 0, said
    assert Path("gait.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["eval", "lqr", "--figure", "x.png"],
         "--figure draws how a robot walks on flat ground, not upkie-pendulum"),
        (["eval", "lqr", "--figure", "x.png", "--env", "Upkie-Mock-Pendulum"],
         "--figure draws what happens in our worlds, not in --env"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(surefoot, arguments, sentence):
    said = surefoot(*arguments)
    assert said.code == 2 and sentence in said.err
