"""progress.csv and TensorBoard's files: whole after interruptions, damage and a full disk."""

import contextlib
import csv
import resource
import signal
import threading

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from surefoot.errors import BadFile
from surefoot.train.log import STEPS, MetricsLog, last_row, read_progress


def write(folder, begin, end, *, nb_steps=None, **more):
    """Rows for the steps begin, begin + 10, ... before end, by one sitting."""
    log = MetricsLog(folder, nb_steps=begin - 10 if nb_steps is None else nb_steps)
    for step in range(begin, end, 10):
        log.write({"rollout/ep_rew_mean": step / 4.0, STEPS: float(step), **more})
    log.close()


def progress(folder):
    return [(float(r[STEPS]), float(r["rollout/ep_rew_mean"])) for r in
            read_progress(folder / "progress.csv")]  # fmt: skip


def events(folder):
    """What TensorBoard shows of a metric."""
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return [(e.step, e.value) for e in accumulator.Scalars("rollout/ep_rew_mean")]


def test_both_hold_every_row(tmp_path):
    write(tmp_path, 10, 40)
    assert progress(tmp_path) == events(tmp_path) == [(10, 2.5), (20, 5.0), (30, 7.5)]


def test_numbers_keep_nine_digits(tmp_path):
    write(tmp_path, 10, 20, value=1.0 / 3.0, tiny=1.23456789e-12, nan=float("nan"))
    (row,) = read_progress(tmp_path / "progress.csv")
    assert (row["value"], row["tiny"], row["nan"]) == ("0.333333333", "1.23456789e-12", "nan")


def test_rows_of_updates_that_are_done_again_are_dropped(tmp_path):
    write(tmp_path, 10, 60)  # the process died after 50 steps; its checkpoint is from step 20
    write(tmp_path, 30, 50)
    expected = [(10, 2.5), (20, 5.0), (30, 7.5), (40, 10.0)]
    assert progress(tmp_path) == events(tmp_path) == expected
    write(tmp_path, 10, 30)  # and without any checkpoint everything is done again
    assert progress(tmp_path) == events(tmp_path) == expected[:2]


def test_a_metric_that_comes_later_gets_its_column(tmp_path):
    log = MetricsLog(tmp_path, nb_steps=0)
    log.write({STEPS: 10.0})
    log.write({STEPS: 20.0, "late": 1.0})
    log.write({STEPS: 30.0})
    log.close()
    rows = read_progress(tmp_path / "progress.csv")
    assert [row["late"] for row in rows] == ["", "1", ""]
    write(tmp_path, 40, 50)
    assert len(read_progress(tmp_path / "progress.csv")) == 4


def test_a_line_that_was_cut_is_left_out(tmp_path):
    write(tmp_path, 10, 40)
    path = tmp_path / "progress.csv"
    content = path.read_bytes()
    for cut in range(2, len(content.splitlines(keepends=True)[-1]) + 1):  # lines end in two bytes
        path.write_bytes(content[:-cut])
        assert progress(tmp_path) == [(10, 2.5), (20, 5.0)]


@pytest.mark.parametrize("junk", [b"1,2,3,4\n", b"only\n", b"1,soon\n", b"1,-3\n", b"1,nan\n",
                                  b"1,\xff\xfe\n", b"\n\n"])  # fmt: skip
def test_lines_that_somebody_else_wrote_are_left_out_and_written_over(tmp_path, junk):
    write(tmp_path, 10, 30)
    path = tmp_path / "progress.csv"
    path.write_bytes(path.read_bytes() + junk)
    assert progress(tmp_path) == [(10, 2.5), (20, 5.0)]
    write(tmp_path, 30, 40)
    with open(path, newline="") as file:
        assert [float(row[STEPS]) for row in csv.DictReader(file)] == [10.0, 20.0, 30.0]


def test_a_file_that_is_no_table_has_no_rows(tmp_path):
    path = tmp_path / "progress.csv"
    assert read_progress(path) == []
    for content in (b"", b"text", b"text\n", bytes(range(256))):
        path.write_bytes(content)
        assert read_progress(path) == []


@contextlib.contextmanager
def full_disk(size):
    """Files of at most `size` bytes in this process; over before the test reports anything."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_is_said_at_once_whichever_file_meets_it_first(tmp_path):
    threads = threading.active_count()
    log = MetricsLog(tmp_path, nb_steps=0)
    log.write({STEPS: 10.0})
    said = r"cannot be written \(File too large\)\. Free some space, .* checkpoint is intact"
    with full_disk(400):  # the rows take 3 bytes each, the events some 60
        with pytest.raises(BadFile, match=said):
            for step in range(20, 1000, 10):
                log.write({STEPS: float(step)})
        log.close()  # says nothing more
    assert threading.active_count() == threads  # nobody else is left to complain
    assert 20.0 <= float(read_progress(tmp_path / "progress.csv")[-1][STEPS]) < 200.0


def test_a_full_progress_table_is_said_too(tmp_path):
    log = MetricsLog(tmp_path, nb_steps=0)
    metrics = {f"metric/{i}": float(i) for i in range(40)}
    said = r"progress\.csv: cannot be written"
    with full_disk(100), pytest.raises(BadFile, match=said):
        log.write({**metrics, STEPS: 10.0})
    log.close()


def test_a_folder_that_is_gone_is_said(tmp_path):
    with pytest.raises(BadFile, match=r"progress\.csv: cannot be written \(No such file"):
        MetricsLog(tmp_path / "gone", nb_steps=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("time/total_timesteps,a\n", {}),
        ("time/total_timesteps,a\n1,2\n", {"time/total_timesteps": "1", "a": "2"}),
        ("time/total_timesteps,a\n1,2\n3,4\n", {"time/total_timesteps": "3", "a": "4"}),
        ("time/total_timesteps,a\n1,2\n3,", {"time/total_timesteps": "1", "a": "2"}),
        ("time/total_timesteps,a\n" + 20_000 * "1,2\n" + "3,4\n",
         {"time/total_timesteps": "3", "a": "4"}),
        ("something else\n1,2\n", {}),
    ],
)  # fmt: skip
def test_the_last_row_is_the_last_whole_one(tmp_path, text, expected):
    path = tmp_path / "progress.csv"
    path.write_text(text)
    assert last_row(path) == expected
    assert last_row(tmp_path / "nowhere.csv") == {}
