"""`surefoot deploy`: what it counts, and how mistakes are answered."""

import dataclasses
import json
import re

import pytest

from support_deploy import PENDULUM, write_linear_policy
from surefoot.deploy.policy import OnnxPolicy
from surefoot.signals import Signal
from surefoot.train.run_folder import RunFolder

MOCK = ("--env", "Upkie-Mock-Pendulum")


def test_a_second_on_the_mock_without_a_clock(surefoot, pendulum):
    said = surefoot("deploy", pendulum, *MOCK, "--duration", "1", "--no-realtime", "--json")
    assert said.code == 0 and said.out.count("\n") == 1
    report = json.loads(said.out)
    # 1 s at 200 Hz, then the ramp of 0.2 s
    assert (report["steps"], report["ramp_steps"], report["duration_s"]) == (200, 40, 1.0)
    assert (report["stop_reason"], report["realtime"]) == ("duration", False)
    assert report["wall_s"] < 1.0
    assert "at 200 Hz; Ctrl-C stops the robot" in said.err


def test_the_table_says_how_it_ended(surefoot, pendulum):
    said = surefoot("deploy", pendulum / "policy.onnx", *MOCK, "--duration", "0.1", "--no-realtime")
    assert said.code == 0
    assert re.search(r"^stopped +time is up\nupright +0.10 s of 0.10 s\n", said.out)


def test_a_fall_is_exit_code_2_because_a_script_must_notice(surefoot, pendulum):
    said = surefoot("deploy", pendulum, "--env", "Surefoot/UpkiePendulum-v0", "--no-realtime")
    assert said.code == 2 and "Traceback" not in said.err
    assert re.search(r"^stopped +the environment ended the episode at a tilt of ", said.out)


@pytest.fixture
def commanded(tmp_path):
    """A policy that takes two commands and sends the second."""
    wanted = [
        Signal(name="target_velocity", unit="m/s", low=-0.5, high=0.5, source="operator"),
        Signal(name="target_yaw_velocity", unit="rad/s", low=-1.0, high=1.0, source="operator"),
    ]
    card = dataclasses.replace(PENDULUM, observation=(*PENDULUM.observation, *wanted))
    return write_linear_policy(tmp_path, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], limit=2.0, card=card)


def test_what_is_commanded_reaches_the_policy_in_its_place(surefoot, commanded, monkeypatch):
    read, act = [], OnnxPolicy.act

    def watched(policy, observation):
        read.append(observation[4:].tolist())
        return act(policy, observation)

    monkeypatch.setattr(OnnxPolicy, "act", watched)
    brief = ("--duration", "0.01", "--no-realtime")
    said = surefoot("deploy", commanded, *MOCK, *brief, "--command", "target_yaw_velocity=-0.25")
    assert said.code == 0, said.err
    assert read == [[0.0, -0.25]] * 2  # two steps of 5 ms


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("target_speed=1", "no command named 'target_speed'.*Did you mean 'target_velocity'"),
        (
            "target_velocity=0.6",
            r"^--command target_velocity .* \[-0.5, 0.5\] m/s, got 0.6$",
        ),
        ("target_velocity=fast", "got fast$"),
        ("target_velocity=true", "got True$"),
        ("0.3", "^--command takes KEY=VALUE, got '0.3'$"),
    ],
)
def test_commands_that_make_no_sense(refuse, commanded, command, sentence):
    said = refuse("deploy", commanded, *MOCK, "--command", command)
    assert re.search(sentence, said), said


def test_a_policy_without_commands_says_so(refuse, pendulum):
    said = refuse("deploy", pendulum, *MOCK, "--command", "target_velocity=0.3")
    assert said == "--command: the policy of upkie-pendulum takes no commands"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: policy, --env"),
        (["nowhere"], "the following arguments are required: --env"),
        (["nowhere", *MOCK], "^nowhere: there is no such policy. Export one: surefoot export RUN$"),
        ([".", *MOCK], "^policy.onnx: there is no such policy. Export one: surefoot export RUN$"),
        (["a.onnx", *MOCK, "--duration", "0"], "--duration: must be a positive number of seconds"),
        (["a.onnx", *MOCK, "--duration", "inf"], "got 'inf'"),
        (["a.onnx", *MOCK, "--seed", "-1"], "--seed: must be a whole number of at least 0"),
        (
            ["a.onnx", *MOCK, "--realtime"],
            "no flag named '--realtime'.*Did you mean '--no-realtime'",
        ),
    ],
)
def test_mistakes(refuse, arguments, sentence):
    said = refuse("deploy", *arguments)
    assert re.search(sentence, said), said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--env", "Upkie-Mock-Gyropod"], "Upkie-Mock-Gyropod shows 6: choose the environment of"),
        (["--env", "CartPole-v1"], "another unit or another order"),
        (
            ["--env", "CartPole-v9"],
            "no environment named 'CartPole-v9'.*Did you mean 'CartPole-v1'",
        ),
        (["--env", "Upkie-Spine-Pendulum"], "none answers.*start the spine on the robot first"),
        ([*MOCK, "--env-kwargs", "frequency=100"], "runs at 200 Hz, Upkie-Mock-Pendulum at 100 Hz"),
        ([*MOCK, "--env-kwargs", "frequency"], "--env-kwargs takes KEY=VALUE, got 'frequency'"),
    ],
)
def test_a_policy_is_not_sent_where_it_does_not_belong(refuse, pendulum, arguments, sentence):
    said = refuse("deploy", pendulum, *arguments, "--no-realtime", "--duration", "1")
    assert re.search(sentence, said), said


def test_a_checkpoint_is_not_an_export(refuse, pendulum):
    last = RunFolder(pendulum).last
    assert refuse("deploy", last, *MOCK) == (
        f"{last}: this is no .onnx file. Export the policy first: surefoot export RUN"
    )


def test_a_damaged_export_is_refused_by_name(refuse, copy):
    (copy / "policy.onnx").write_bytes(b"text")
    assert refuse("deploy", copy, *MOCK).startswith(
        f"{copy / 'policy.onnx'}: this file is not the one that policy.json describes"
    )
