"""What a run remembers of the machine that it began on."""

import os
import socket
from importlib import metadata

import pytest

from surefoot import __version__
from surefoot.train.machine import describe_machine, read_machine, write_machine


def test_versions_and_processors_are_recorded(tmp_path):
    write_machine(tmp_path)
    found = read_machine(tmp_path)
    assert found == describe_machine()
    assert found["surefoot"] == __version__
    assert found["torch"] == metadata.version("torch")
    assert found["processors"] == len(os.sched_getaffinity(0))
    assert found["memory_gb"] > 0.0


def test_nothing_tells_whose_machine_it_is():
    text = str(describe_machine())
    assert socket.gethostname() not in text
    assert os.path.expanduser("~") not in text


def test_a_package_that_is_not_there_is_left_out(monkeypatch):
    monkeypatch.setattr("surefoot.train.machine._PACKAGES", ("torch", "no-such-package"))
    assert "no-such-package" not in describe_machine()


@pytest.mark.parametrize("content", [None, b"", b"- 1", b"a: [", b"\xff\xfe"])
def test_a_record_that_cannot_be_read_is_empty(tmp_path, content):
    if content is not None:
        (tmp_path / "machine.yaml").write_bytes(content)
    assert read_machine(tmp_path) == {}


def test_a_processor_that_linux_does_not_name(monkeypatch, tmp_path):
    monkeypatch.setattr("surefoot.train.machine._CPU", tmp_path / "nothing")
    assert describe_machine()["processor"] == "unknown"
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name : Eight Legs @ 3 GHz: fast\n")
    monkeypatch.setattr("surefoot.train.machine._CPU", tmp_path / "cpuinfo")
    assert describe_machine()["processor"] == "Eight Legs @ 3 GHz: fast"
