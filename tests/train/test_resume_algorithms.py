"""Every on-policy algorithm, with and without a memory: stopping and going on is never stopping."""

import io

import pytest
import torch

from support import assert_same_state, short_run
from surefoot.train.on_policy import LEARNERS
from surefoot.train.session import Session


@pytest.mark.parametrize("memory", ["none", "lstm", "gru"])
@pytest.mark.parametrize("algo", LEARNERS)
def test_resuming_equals_never_stopping(algo, memory):
    run = short_run("Pendulum-v1", algo=algo, memory=memory, updates=11)
    whole, first, second = Session(run), Session(run), Session(run)
    for _ in range(11):  # beyond an auxiliary phase and a warm-up
        whole.update()
    for _ in range(5):
        first.update()
    saved = io.BytesIO()
    torch.save(first.state_dict(), saved)
    saved.seek(0)
    second.load_state_dict(torch.load(saved, weights_only=True))
    for _ in range(6):
        second.update()
    assert second.finished
    kept, resumed = whole.state_dict(), second.state_dict()
    assert_same_state({**kept, "seconds": 0.0}, {**resumed, "seconds": 0.0}, algo)
