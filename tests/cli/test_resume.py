"""`surefoot train --resume`: on after the end, after Ctrl-C, after a full disk; and what is not."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from support import assert_same_state
from support_cli import TINY
from surefoot.train.checkpoint import VERSION, load_checkpoint
from surefoot.train.log import STEPS, read_progress
from surefoot.train.loop import train
from surefoot.train.run_folder import RunFolder, create_run_folder
from surefoot.train.session import Session


def numbers(run: Path) -> dict[str, object]:
    """All that the newest checkpoint of a run holds but the clock."""
    return {k: v for k, v in load_checkpoint(RunFolder(run).last).items() if k != "seconds"}


def steps(run: Path) -> list[float]:
    """After how many steps each row of the progress was written."""
    return [float(row[STEPS]) for row in read_progress(RunFolder(run).progress)]


def test_a_finished_run_says_that_it_is_finished_and_stays_as_it_is(surefoot, copy):
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    said = surefoot("train", "--resume", copy)
    assert (said.code, said.out) == (0, f"{copy}\n")
    assert said.err.endswith("resumed at 80 steps; it is finished; a larger --steps extends it\n")
    after = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    assert after.keys() == before.keys()
    assert all(after[p] == before[p] for p in before if p.suffix not in (".onnx", ".json"))


def test_two_trainings_do_not_share_a_folder(refuse, copy):
    with RunFolder(copy).locked():
        said = refuse("train", "--resume", copy, "--steps", "160")
        assert said == f"another process is training in {copy}: wait for it, or stop it first"


def test_an_export_that_is_missing_is_made_up_for(surefoot, copy):
    (copy / "policy.onnx").unlink()
    assert surefoot("train", "--resume", copy).code == 0
    assert (copy / "policy.onnx").exists()


def test_more_steps_extend_a_finished_run_and_plan_its_schedules_anew(surefoot, copy):
    said = surefoot("train", "upkie-pendulum", "--resume", copy, "--steps", "160")
    assert (said.code, said.out) == (0, f"{copy}\n")
    assert "resumed at 80 steps; schedules are planned anew for 160 steps\n" in said.err
    assert "160 of 160 steps" in said.err
    assert steps(copy) == [40.0, 80.0, 120.0, 160.0]
    assert RunFolder(copy).read_config().config.steps == 160
    again = surefoot("train", "--resume", copy)
    assert "resumed at 160 steps; it is finished" in again.err


def test_fewer_steps_than_are_trained_are_refused(refuse, copy):
    before = (copy / "config.yaml").read_bytes()
    said = refuse("train", "--resume", copy, "--steps", "79")
    assert said == "--steps 79 is less than the 80 steps already trained"
    assert (copy / "config.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preset", "lecture"], "^--preset is for a new run: a resumed one keeps its settings$"),
        (["--algo", "ppo"], "^--algo is for a new run"),
        (["--runs", "runs"], "^--runs is for a new run"),
        (["--robot", "upkie"], "^--robot is for a new run"),
        (["--seed", "3"], "no flag named '--seed' in surefoot train --resume RUN"),
        (["--algo.learning-rate", "3"], "no flag named '--algo.learning-rate'"),
        (["--step", "300"], "mean '--steps'"),
        (["--steps", "0"], "--steps: must be a whole number of at least 1, got '0'"),
        (["--steps", "many"], "got 'many'"),
        (["--sim-threads", "-1"], "--sim-threads: must be a whole number of at least 0"),
    ],
)
def test_a_resumed_run_keeps_its_settings(refuse, pendulum, arguments, sentence):
    assert re.search(sentence, refuse("train", "--resume", pendulum, *arguments))


def test_another_task_is_refused(refuse, pendulum):
    said = refuse("train", "upkie-gyropod", "--resume", pendulum)
    assert said == f"the run in {pendulum} trains upkie-pendulum, not upkie-gyropod"


def test_what_is_no_run_folder_is_said(refuse, pendulum, tmp_path):
    assert refuse("train", "--resume", "nowhere") == (
        "nowhere: there is no such folder. Name the run folder that train printed."
    )
    assert refuse("train", "--resume", pendulum / "config.yaml").startswith(
        f"{pendulum / 'config.yaml'}: this is a file. "
    )
    assert refuse("train", "--resume", tmp_path) == (
        f"{tmp_path}: this is no run folder. It has no config.yaml."
    )
    assert "expected one argument" in refuse("train", "--resume")


def edit(text: str, value: str):
    """Damage to config.yaml: one line of it replaced."""

    def damage(run: Path) -> None:
        config = run / "config.yaml"
        before = config.read_text()
        after = re.sub(rf"(?m)^( *{text}:).*$", rf"\1 {value}", before, count=1)
        assert after != before
        config.write_text(after)

    return damage


def cut(run: Path) -> None:
    last = RunFolder(run).last
    last.write_bytes(last.read_bytes()[:1000])


def empty(run: Path) -> None:
    RunFolder(run).last.write_bytes(b"")


def theirs(run: Path) -> None:
    torch.save({"model": torch.zeros(3)}, RunFolder(run).last)


def policy_alone(run: Path) -> None:
    content = load_checkpoint(RunFolder(run).last)
    torch.save({k: v for k, v in content.items() if k not in ("learner", "collector")},
               RunFolder(run).last)  # fmt: skip


def newer(run: Path) -> None:
    content = load_checkpoint(RunFolder(run).last)
    torch.save({**content, "version": VERSION + 1}, RunFolder(run).last)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut, "last.pt: this is no checkpoint, or a damaged one. Take another checkpoint"),
        (empty, "last.pt: this is no checkpoint, or a damaged one"),
        (theirs, "last.pt: this file was not written by Surefoot"),
        (policy_alone, "last.pt: this checkpoint holds a policy alone. It can be played, but not"),
        (newer, r"last.pt: written by a newer Surefoot \(format 2, this one reads 1\). Upgrade"),
        (edit("version", str(VERSION + 1)), "config.yaml: written by a newer Surefoot"),
        (edit("version", "one"), "config.yaml: its version is 'one', not a number"),
        (edit("config", "3"), "config.yaml: this is not valid YAML"),
        (edit("nb_envs", "-4"), r"config.yaml: cannot be understood \(nb_envs must be at least 1"),
        (edit("nb_envs", "four"), "nb_envs must be of type int, got 'four'"),
        (edit("gamma", "1e-1"), "algo.gamma must be of type float, got '1e-1'"),  # YAML's 1.0e-1
        (edit("activation", "tahn"), "no choice named 'tahn' in agent.activation. Did you mean"),
        (edit("nb_envs", "8"),
         "last.pt: this checkpoint has another nb_envs than config.yaml. A run continues only with "
         "its own settings: restore the file, or train again.$"),
        (edit("gamma", "0.5"), "this checkpoint has another algo.gamma than config.yaml"),
        (edit("task", "upkie-gyropod"), "this checkpoint has another task.* than config.yaml"),
        (lambda run: (run / "config.yaml").write_bytes(b"\xff\xfe\x00"),
         "config.yaml: this is not valid YAML. Restore the file."),
        (lambda run: (run / "config.yaml").write_text("- 1\n"), "does not describe a run"),
    ],
)  # fmt: skip
def test_a_damaged_run_is_refused_by_name_and_left_alone(refuse, copy, damage, sentence):
    damage(copy)
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    said = refuse("train", "--resume", copy, "--steps", "160")
    assert re.search(sentence, said), said
    assert {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()} == before


def test_the_checkpoint_of_another_run_is_refused(refuse, copy, trained):
    shutil.copy(RunFolder(trained("CartPole-v1")).last, RunFolder(copy).last)
    said = refuse("train", "--resume", copy)
    assert "this checkpoint has another agent." in said and said.count(",") < 10


def test_a_run_without_its_checkpoints_begins_again(surefoot, copy, pendulum):
    shutil.rmtree(copy / "checkpoints")
    said = surefoot("train", "--resume", copy)
    assert said.code == 0 and "resumed at 0 steps" in said.err
    assert_same_state(numbers(copy), numbers(pendulum))


LIMITED = """
import resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from surefoot.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def limited(limit: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a process that cannot write files of more than `limit` bytes."""
    command = [sys.executable, "-c", LIMITED, str(limit), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_full_disk_keeps_the_previous_checkpoint_and_resume_goes_on(surefoot, copy, tmp_path):
    undisturbed = Path(shutil.copytree(copy, tmp_path / "undisturbed"))
    before = RunFolder(copy).last.read_bytes()
    assert len(before) > 30_000  # too large for the limit; progress.csv and events are not
    child = limited(30_000, "train", "--resume", copy, "--steps", "160")
    assert (child.returncode, child.stdout) == (2, "")
    assert re.fullmatch(
        rf"surefoot: {copy}/checkpoints/\w+.pt: cannot be written \(File too large\). Free some "
        r"space or choose another folder, then continue with --resume.*",
        child.stderr.splitlines()[-1],
    )  # fmt: skip
    assert "Traceback" not in child.stderr
    assert RunFolder(copy).last.read_bytes() == before
    assert not [*copy.rglob("*.unfinished")]
    assert surefoot("train", "--resume", copy).code == 0
    assert surefoot("train", "--resume", undisturbed, "--steps", "160").code == 0
    assert_same_state(numbers(copy), numbers(undisturbed))
    assert steps(copy) == steps(undisturbed) == [40.0, 80.0, 120.0, 160.0]


def test_a_disk_that_is_full_from_the_beginning_leaves_nothing(tmp_path):
    child = limited(1000, "train", "CartPole-v1", *TINY, "--runs", tmp_path)
    assert (child.returncode, child.stdout) == (2, "")
    assert re.fullmatch(
        r"surefoot: \S+/config.yaml: cannot be written \(File too large\). "
        r"Free some space, or choose another --runs folder.\n", child.stderr
    )  # fmt: skip
    assert [*tmp_path.rglob("*")] == [tmp_path / "CartPole-v1"]


def test_ctrl_c_says_how_to_continue_and_what_it_left_is_what_never_stopping_had(
    surefoot, tmp_path
):
    command = ["train", "CartPole-v1", *TINY, "--steps", "4000", "--checkpoint-updates", "1000"]
    child = subprocess.Popen(
        [sys.executable, "-m", "surefoot.cli.main", *command, "--runs", str(tmp_path / "a folder")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None and child.stderr is not None
    while " steps | " not in child.stderr.readline():
        assert child.poll() is None
    child.send_signal(signal.SIGINT)  # after the first of a hundred updates
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130
    run = Path(out.removesuffix("\n"))
    left = load_checkpoint(RunFolder(run).last)["learner"]["nb_updates"]
    assert 1 <= left < 100
    assert err.splitlines()[-1] == (
        f"stopped at {40 * left:,} of 4,000 steps; continue with surefoot train --resume '{run}'"
    )
    assert steps(run) == [40.0 * (k + 1) for k in range(left)]
    undisturbed = create_run_folder(tmp_path, RunFolder(run).read_config())
    train(Session(RunFolder(run).read_config()), undisturbed, stop_after=left)
    assert_same_state(numbers(run), numbers(undisturbed.path))
    said = surefoot("train", "--resume", run, "--steps", str(40 * left + 40))
    assert said.code == 0 and len(steps(run)) == left + 1
