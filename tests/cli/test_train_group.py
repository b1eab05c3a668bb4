"""`surefoot train --seeds`: a group is its single trainings, whatever happens to one of them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support import assert_same_state
from support_cli import TINY, Said
from surefoot.cli.train_group import Member, share_processors
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.group import find_runs
from surefoot.train.log import STEPS, last_row
from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import RunFolder, create_run_folder
from surefoot.train.session import Session

TRAIN = ("train", "CartPole-v1", *TINY)


def numbers(run: Path) -> dict[str, object]:
    """All that the newest checkpoint of a run holds but the clock."""
    return {k: v for k, v in load_checkpoint(RunFolder(run).last).items() if k != "seconds"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Said:
    """How a training of the seeds 3 and 4 ended; only to be read."""
    runs = tmp_path_factory.mktemp("group")
    command = [*TRAIN, "--steps", "80", "--seed", "3", "--seeds", "2", "--runs", str(runs)]
    child = subprocess.run(
        [sys.executable, "-m", "surefoot.cli.main", *command], capture_output=True, text=True
    )
    return Said(child.returncode, child.stdout, child.stderr)


@pytest.fixture
def group(finished, tmp_path) -> Path:
    """A finished group of the seeds 3 and 4 to break."""
    for run in find_runs(finished.run):
        shutil.copytree(run, tmp_path / run.name)
    return tmp_path / finished.run.name


@pytest.fixture
def nobody_trains(monkeypatch) -> None:
    """A process that is started fails the test."""

    def start(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("surefoot.cli.train_group.subprocess.Popen", start)


def test_a_group_is_its_seeds_and_its_name_is_on_standard_output(finished):
    assert finished.code == 0
    assert finished.out == f"{finished.run}\n"
    first, second = find_runs(finished.run)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[a-z]+_3", first.name)
    assert second.name == f"{finished.run.name}_4"
    assert finished.err.splitlines()[-1] == "seed 3 finished | seed 4 finished"
    assert f"group {finished.run.name} in {finished.run}_*, seeds 3 to 4" in finished.err
    assert all((run / "policy.onnx").exists() for run in (first, second))


def test_each_seed_learns_as_it_would_alone_bit_for_bit(finished, tmp_path):
    states = []
    for run in find_runs(finished.run):
        alone = create_run_folder(tmp_path, RunFolder(run).read_config())
        train(Session(alone.read_config()), alone)
        assert_same_state(numbers(run), numbers(alone.path))
        states.append(numbers(run))
    with pytest.raises(AssertionError):
        assert_same_state(states[0]["agent"], states[1]["agent"])


def test_a_finished_group_is_left_alone(surefoot, group, nobody_trains):
    said = surefoot("train", "CartPole-v1", "--resume", group)
    assert (said.code, said.out) == (0, f"{group}\n")
    assert said.err == f"group {group.name}: 2 of 2 seeds are finished\n"


def test_what_is_missing_is_made_up_for_and_a_crash_is_the_seeds_own(surefoot, group, finished):
    first, second = find_runs(group)
    third = shutil.copytree(second, second.with_name(f"{group.name}_5"))
    (third / "train.log").write_text("finished long ago")
    RunFolder(first).last.write_bytes(b"spoilt")  # this one cannot be continued
    shutil.rmtree(second / "checkpoints")  # this one was never begun
    for left in ("progress.csv", "policy.onnx"):
        (second / left).unlink()
    said = surefoot("train", "--resume", group, "--parallel", "1")
    assert (said.code, said.out) == (2, f"{group}\n")
    assert f"group {group.name}: 1 of 3 seeds are finished\n" in said.err
    failed, again = said.err.splitlines()[-2:]
    assert re.fullmatch(r"surefoot: seed 3 failed: \S+/last.pt: this is no checkpoint, .*", failed)
    assert again == (
        f"2 of 3 seeds are finished; continue the others with surefoot train --resume {group}"
    )
    assert_same_state(numbers(second), numbers(find_runs(finished.run)[1]))
    assert (third / "train.log").read_text() == "finished long ago"


def test_more_steps_extend_every_seed(surefoot, group):
    shutil.rmtree(find_runs(group)[1])  # one is enough here
    (run,) = find_runs(group)
    assert surefoot("train", "--resume", group, "--steps", "120").code == 0
    assert RunFolder(run).read_config().config.steps == 120
    assert last_row(run / "progress.csv")[STEPS] == "120"


@pytest.fixture
def endless(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """A training of two seeds that nobody will see the end of, once both have learned a little."""
    command = [*TRAIN, "--steps", "4000000", "--seeds", "2", "--runs", str(tmp_path)]
    child = subprocess.Popen(
        [sys.executable, "-m", "surefoot.cli.main", *command, "--parallel", "2",
         "--checkpoint-updates", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: len([*tmp_path.rglob("last.pt")]) == 2 or child.poll() is not None)
    with child:
        yield child
        child.kill()


def wait_until(happened: Callable[[], bool]) -> None:
    """Look again and again, for minutes at most."""
    end = time.monotonic() + 300.0
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def trainers(root: Path) -> dict[int, int]:
    """Numbers of the processes that train runs in a folder, by seed."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().decode().split("\0")
        except OSError:  # it has just ended
            continue
        named = [a for a in arguments if a.startswith(f"{root}/CartPole-v1/")]
        if "--resume" in arguments and named:
            found[int(named[0].rpartition("_")[2])] = int(path.parent.name)
    return found


def test_ctrl_c_stops_all_and_says_how_to_continue(endless, tmp_path):
    os.kill(trainers(tmp_path)[0], signal.SIGKILL)
    assert endless.stderr is not None
    while "seed 0 failed | seed 1 training" not in endless.stderr.readline():
        assert endless.poll() is None
    endless.send_signal(signal.SIGINT)
    out, err = endless.communicate(timeout=300)
    assert endless.returncode == 130
    group = Path(out.removesuffix("\n"))
    *_, states, failed, again = err.splitlines()
    assert states == "seed 0 failed | seed 1 stopped"
    assert failed.startswith("surefoot: seed 0 failed: it was killed, often for want of memory")
    assert again == (
        f"0 of 2 seeds are finished; continue the others with surefoot train --resume {group}"
    )
    assert trainers(tmp_path) == {}
    run = find_runs(group)[1]  # what was learned before is saved
    assert float(last_row(run / "progress.csv")[STEPS]) == load_checkpoint(
        RunFolder(run).last
    )["nb_steps"]  # fmt: skip


def test_nobody_is_left_behind_when_the_parent_is_killed(endless, tmp_path):
    assert len(trainers(tmp_path)) == 2
    endless.kill()
    wait_until(lambda: not trainers(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "0"], "--seeds: must be a whole number of at least 1, got '0'"),
        (["--seeds", "two"], "got 'two'"),
        (["--seeds", "2", "--parallel", "0"], "--parallel: must be a whole number of at least 1"),
        (
            ["--parallel", "2"],
            "^--parallel is for several seeds: add --seeds K, or resume a group$",
        ),
        (["--seeds", "2", "--show"], "^--show watches one training, not a group: train one seed"),
        (["--seeds", "2", "--nb-env", "4"], "no flag named '--nb-env'.*mean '--nb-envs'"),
        (["--seeds", "2", "--nb-envs", "0"], "^nb_envs must be at least 1, got 0$"),
        (["--seeds", "2", "--algo", "sac"], "sac"),
    ],
)
def test_mistakes_leave_no_folder_behind(refuse, tmp_path, arguments, sentence):
    assert re.search(sentence, refuse("train", "CartPole-v1", *arguments))
    assert [*tmp_path.iterdir()] == []


def test_runs_where_nothing_can_be_written_is_refused_before_training(refuse, tmp_path):
    (tmp_path / "file").write_text("")
    said = refuse(*TRAIN, "--seeds", "2", "--runs", "file")
    assert re.search(r"cannot be created \(Not a directory\). Choose another --runs folder.", said)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "3"], "^--seeds is for a new run: a resumed one keeps its settings$"),
        (["--algo", "dqn"], "^--algo is for a new run"),
        (["--seed", "3"], "no flag named '--seed'"),
        (["--show"], "^--show watches one training"),
    ],
)
def test_a_resumed_group_keeps_its_settings(refuse, group, arguments, sentence):
    assert re.search(sentence, refuse("train", "--resume", group, *arguments))


def test_another_task_and_no_group_are_refused(refuse, group):
    assert refuse("train", "Pendulum-v1", "--resume", group).endswith(
        " trains CartPole-v1, not Pendulum-v1"
    )
    said = refuse("train", "--resume", group.with_name("nowhere"))
    assert "there is no such folder. Name the run folder that train printed." in said


@pytest.mark.parametrize(
    ("processors", "torch_threads", "sim_threads", "seeds", "parallel", "shared"),
    [
        (2, 1, 0, 5, None, (2, 1)),
        (8, 1, 0, 5, None, (5, 1)),
        (8, 1, 0, 3, None, (3, 2)),  # 8 // 3 threads for the worlds of each
        (8, 4, 0, 5, None, (2, 4)),  # the learner's threads do not fight
        (2, 4, 0, 5, None, (1, 2)),
        (8, 1, 4, 5, None, (2, 4)),  # as chosen
        (8, 1, 0, 5, 1, (1, 8)),
        (2, 1, 0, 5, 4, (4, 1)),
    ],
)
def test_processors_are_shared(
    monkeypatch, processors, torch_threads, sim_threads, seeds, parallel, shared
):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(processors)))
    config = find_preset("CartPole-v1", "default")
    config = replace(config, torch_threads=torch_threads, sim_threads=sim_threads)
    assert share_processors(config, seeds, parallel) == shared


def test_who_is_done(group):
    run = find_runs(group)[0]
    config = RunFolder(run).read_config().config
    member = Member(folder=RunFolder(run), config=config)
    assert member.is_done
    assert not Member(folder=RunFolder(run), config=replace(config, steps=120)).is_done
    os.utime(RunFolder(run).policy, ns=(0, RunFolder(run).last.stat().st_mtime_ns - 1))
    assert not member.is_done  # the policy is an older checkpoint's
    RunFolder(run).policy.unlink()
    assert not member.is_done
