"""What the doctor reads of a run folder, and what it says while a training goes on."""

from support import short_run
from surefoot.train.checkup import Watch, examine
from surefoot.train.log import STEPS
from surefoot.train.loop import train
from surefoot.train.run_folder import create_run_folder
from surefoot.train.session import Session


def test_a_run_folder_is_read_whatever_there_is_of_it(tmp_path):
    run = short_run("CartPole-v1", updates=4)
    folder = create_run_folder(tmp_path, run)
    before = examine(folder.path)
    assert (before.run, before.nb_rows, before.nb_steps) == (folder.path, 0, 0)
    assert before.findings == []
    train(Session(run), folder, stop_after=3)
    after = examine(folder.path)
    assert (after.nb_rows, after.nb_steps) == (3, 3 * run.config.steps_per_update)
    folder.failure.write_text("observation 'pitch' is not finite. Check it.\n")
    (finding,) = [f for f in examine(folder.path).findings if f.name == "broke_off"]
    assert "observation 'pitch' is not finite. Check it)" in finding.what
    assert finding.since == after.nb_steps


def _row(run, update, kl):
    return {STEPS: float(update * run.config.steps_per_update), "train/approx_kl": kl}


def test_a_watch_says_each_finding_once_and_looks_twenty_times(tmp_path):
    run = short_run("CartPole-v1", updates=60)
    watch = Watch(run, create_run_folder(tmp_path, run), 0)
    said = [watch.look(_row(run, update, 0.5)) for update in range(1, 61)]
    heard = [update for update, findings in enumerate(said, 1) if findings]
    # something lasts from 6 of 60 rows on, and it looks at every third
    assert heard == [6]
    assert [finding.name for finding in said[5]] == ["policy_moves_too_far"]


def test_a_watch_knows_the_rows_of_earlier_sittings_and_not_those_to_be_done_again(tmp_path):
    run = short_run("CartPole-v1", updates=20)
    folder = create_run_folder(tmp_path, run)
    lines = [f"{update * run.config.steps_per_update},0.5" for update in range(1, 6)]
    folder.progress.write_text("\n".join([f"{STEPS},train/approx_kl", *lines, ""]))
    watch = Watch(run, folder, 2 * run.config.steps_per_update)
    (finding,) = watch.look(_row(run, 3, 0.5))
    assert finding.since == run.config.steps_per_update
    assert Watch(run, folder, run.config.steps_per_update).look(_row(run, 2, 0.5)) == []
