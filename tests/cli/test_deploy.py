"""`surefoot deploy`: what it counts, and how mistakes are answered."""

import json
import re

import pytest

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
    assert re.search(r"^stopped +the environment ended the episode at a pitch of ", said.out)


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
