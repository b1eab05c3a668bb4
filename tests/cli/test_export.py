"""`surefoot export`: where the files go, and how mistakes are answered."""

import json
import math
import re

import pytest
import torch

from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.run_folder import RunFolder


def test_the_policy_goes_into_its_run_or_where_it_is_told_to(surefoot, copy, tmp_path):
    (copy / "policy.onnx").unlink()
    said = surefoot("export", copy)
    assert (said.code, said.out, said.err) == (0, f"{copy / 'policy.onnx'}\n", "")
    assert (copy / "policy.onnx").exists()
    said = surefoot("export", RunFolder(copy).last, "--output", "mine.onnx")
    assert (said.code, said.out) == (0, "mine.onnx\n")
    card = json.loads((tmp_path / "mine.json").read_text())
    assert (card["task"], card["rate_hz"]) == ("upkie-pendulum", 200.0)
    assert surefoot("eval", "mine.onnx", "--episodes", "1", "--json").code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: run"),
        (["nowhere"], "no policy named 'nowhere'"),
        (["lqr"], "'lqr' is not a trained agent: name a run or a checkpoint"),
        (["."], "this is no run folder"),
        (["nowhere.pt"], "nowhere.pt: there is no such checkpoint"),
        (["nowhere", "--out", "a.onnx"], "no flag named '--out'.*mean '--output'"),
    ],
)
def test_mistakes(refuse, arguments, sentence):
    said = refuse("export", *arguments)
    assert re.search(sentence, said), said


def test_names_that_no_other_command_would_take_are_refused(refuse, pendulum, tmp_path):
    assert refuse("export", pendulum, "--output", "mine.bin") == (
        "mine.bin: the name does not end in '.onnx'. Call it 'mine.onnx'."
    )
    assert "no/mine.onnx: the policy cannot be written (No such file or directory)" in refuse(
        "export", pendulum, "--output", "no/mine.onnx"
    )
    assert refuse("export", pendulum / "policy.onnx").endswith(
        "is not a trained agent: name a run or a checkpoint"
    )
    assert [*tmp_path.iterdir()] == []


def test_weights_that_are_nan_are_not_exported(refuse, copy):
    before = (copy / "policy.onnx").read_bytes()
    last = RunFolder(copy).last
    content = load_checkpoint(last)
    content["agent"]["actor.0.weight"][0, 0] = math.nan
    torch.save(content, last)
    said = refuse("export", copy)
    assert said == "the agent's 'actor.0.weight' is not finite: take another checkpoint"
    assert (copy / "policy.onnx").read_bytes() == before
