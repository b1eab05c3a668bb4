"""How much memory there is: of the machine, and of the container around the process."""

import pytest

from surefoot.data import memory


def _tell(folder, monkeypatch, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", folder / "meminfo")
    monkeypatch.setattr(memory, "_CGROUP", folder)


MACHINE = {"meminfo": "MemTotal:  9000 kB\nMemAvailable:  5000 kB\n"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, None),  # a system that does not tell
        (MACHINE, 5000 * 1024),
        ({**MACHINE, "memory.max": "max\n", "memory.current": "7\n",
          "memory.stat": "inactive_file 3\n"}, 5000 * 1024),
        # of the limit, 1000 are left and 200 are files that can be read again
        ({**MACHINE, "memory.max": "3000\n", "memory.current": "2000\n",
          "memory.stat": "anon 1700\ninactive_file 200\n"}, 1200),
        ({"memory/memory.limit_in_bytes": "3000\n", "memory/memory.usage_in_bytes": "2500\n",
          "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n"}, 600),
        ({"memory.max": "3000\n", "memory.current": "4000\n",
          "memory.stat": "inactive_file 0\n"}, 0),
    ],
)  # fmt: skip
def test_the_least_of_what_machine_and_container_have_left(files, found, tmp_path, monkeypatch):
    _tell(tmp_path, monkeypatch, files)
    assert memory.available_memory() == found
