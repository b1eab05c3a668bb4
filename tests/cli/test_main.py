"""`surefoot` itself: help at once, the nearest command, and how every command ends."""

import errno
import os
import subprocess
import sys

import pytest

from surefoot import __version__
from surefoot.cli.main import COMMANDS, main


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command(surefoot, arguments):
    said = surefoot(*arguments)
    assert (said.code, said.err) == (0, "")
    width = max(map(len, COMMANDS))
    for name, what in COMMANDS.items():
        assert f"  {name:<{width}}  {what}" in said.out
    assert "surefoot COMMAND --help" in said.out


def test_version(surefoot):
    assert surefoot("--version").out == f"surefoot {__version__}\n"


def test_an_unknown_command_comes_with_the_nearest(refuse):
    assert refuse("trian") == (
        f"no command named 'trian'. Did you mean 'train'? There are: {', '.join(COMMANDS)}."
    )
    assert "Did you mean" not in refuse("xyzzy")


HELP = """
import sys
from surefoot.cli.main import COMMANDS, main
train = ["train", "upkie-pendulum"], ["train", "labyrinth"], ["train", "--resume", "x"]
for command in [*([name] for name in COMMANDS), *train]:
    try:
        code = main([*command, "--help"])
    except SystemExit as exit_:
        code = exit_.code or 0
    assert code == 0, command
assert main([]) == main(["list"]) == 0
heavy = "torch", "mujoco", "scipy", "gymnasium", "onnxruntime", "tensorboard", "matplotlib"
assert not {*heavy} & {*sys.modules}
"""


def test_every_help_answers_without_what_is_slow_to_load():
    child = subprocess.run([sys.executable, "-W", "error", "-c", HELP], capture_output=True,
                           text=True)  # fmt: skip
    assert (child.returncode, child.stderr) == (0, "")
    for name in COMMANDS:
        assert f"usage: surefoot {name} " in child.stdout
    for flag in ("--algo.learning-rate FLOAT", "--task.episode-s FLOAT", "--agent.history INT"):
        assert flag in child.stdout
    for flag in ("--preset", "--resume RUN", "--show", "--runs"):
        assert flag in child.stdout


def test_a_way_of_drawing_that_mujoco_does_not_know_is_one_sentence():
    command = [sys.executable, "-m", "surefoot.cli.main", "eval", "lqr", "--episodes", "1"]
    child = subprocess.run(command, capture_output=True, text=True,
                           env={**os.environ, "MUJOCO_GL": "crayon"})  # fmt: skip
    assert child.returncode == 2
    assert child.stderr.startswith("surefoot: MuJoCo does not load with MUJOCO_GL=crayon (")
    assert child.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_full_disk_behind_standard_output_is_one_sentence(buffered):
    command = [sys.executable, "-m", "surefoot.cli.main", "list"]
    with open("/dev/full", "w") as full:
        child = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True,
                               env={"PYTHONUNBUFFERED": buffered})  # fmt: skip
    assert child.returncode == 2
    assert child.stderr == "surefoot: output: No space left on device\n"


def test_a_reader_who_goes_away_is_no_error():
    child = subprocess.Popen([sys.executable, "-m", "surefoot.cli.main", "list"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 0


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyboardInterrupt(), 130, "surefoot: interrupted\n"),
        (OSError(errno.EACCES, "No permission", "a/b"), 2, "surefoot: a/b: No permission\n"),
        (OSError("no words"), 2, "surefoot: output: no words\n"),
    ],
    ids=["Ctrl-C", "a file", "a strange one"],
)  # fmt: skip
def test_what_ends_a_command_early_is_said(monkeypatch, capsys, error, code, sentence):
    def fail(argv):
        raise error

    monkeypatch.setattr("surefoot.cli.list.main", fail)
    assert main(["list"]) == code
    assert capsys.readouterr().err == sentence
