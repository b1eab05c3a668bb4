"""Files that are missing, damaged, foreign, newer, or do not fit on the disk."""

import resource
import signal

import pytest
import torch
import yaml

from support import short_run
from surefoot.errors import BadFile
from surefoot.train.checkpoint import VERSION, load_checkpoint, save_checkpoint
from surefoot.train.policies import load_policy
from surefoot.train.run_folder import create_run_folder, run_from_plain


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"x": torch.arange(3), "y": {"z": [1, 2.5, "text", None, True]}})
    content = load_checkpoint(path)
    assert content["x"].tolist() == [0, 1, 2]
    assert content["y"] == {"z": [1, 2.5, "text", None, True]}
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_a_missing_checkpoint_says_so(tmp_path):
    with pytest.raises(BadFile, match=r"nowhere\.pt: there is no such checkpoint"):
        load_checkpoint(tmp_path / "nowhere.pt")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused_by_name(tmp_path, keep):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"x": torch.arange(1000)})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(BadFile, match=r"a\.pt.*(damaged|no checkpoint)"):
        load_checkpoint(path)


def test_one_flipped_bit_in_a_tensor_is_noticed(tmp_path):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"x": torch.full((1000,), 7.0)})
    content = bytearray(path.read_bytes())
    where = content.find(torch.full((50,), 7.0).numpy().tobytes())
    content[where + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadFile, match="damaged"):
        load_checkpoint(path)


def test_somebody_elses_file_is_refused(tmp_path):
    path = tmp_path / "theirs.pt"
    torch.save({"model_state_dict": {}}, path)
    with pytest.raises(BadFile, match="not written by Surefoot"):
        load_checkpoint(path)


class _Bomb:
    def __reduce__(self):
        return (print, ("code ran",))


def test_loading_runs_no_code(tmp_path, capsys):
    path = tmp_path / "bomb.pt"
    torch.save({"format": "surefoot-checkpoint", "version": 1, "x": _Bomb()}, path)
    with pytest.raises(BadFile):
        load_checkpoint(path)
    assert "code ran" not in capsys.readouterr().out


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    path = tmp_path / "new.pt"
    torch.save({"format": "surefoot-checkpoint", "version": VERSION + 1}, path)
    with pytest.raises(BadFile, match="newer Surefoot"):
        load_checkpoint(path)


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"x": torch.zeros(10)})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
        with pytest.raises(BadFile, match=r"cannot be written.*The previous one is intact"):
            save_checkpoint(path, {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    assert load_checkpoint(path)["x"].tolist() == [0.0] * 10
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


@pytest.mark.parametrize("task", ["upkie-pendulum", "upkie-gyropod", "CartPole-v1"])
def test_config_yaml_is_complete_and_reloadable(tmp_path, task):
    run = short_run(task, seed=3)
    folder = create_run_folder(tmp_path, run)
    assert folder.read_config() == run
    assert folder.path.parent.name == task and folder.path.name.endswith("_3")


def test_a_run_folder_from_a_newer_version_is_refused(tmp_path):
    folder = create_run_folder(tmp_path, short_run("CartPole-v1"))
    data = yaml.safe_load(folder.config.read_text())
    data["version"] = VERSION + 1
    folder.config.write_text(yaml.safe_dump(data))
    with pytest.raises(BadFile, match="newer Surefoot"):
        load_policy(str(folder.path))


def test_an_unknown_setting_in_a_config_names_itself(tmp_path):
    data = short_run("upkie-pendulum").to_plain()
    data["config"]["algo"]["learning_rte"] = 1.0
    with pytest.raises(BadFile, match=r"learning_rte.*Did you mean 'learning_rate'"):
        run_from_plain(data, tmp_path / "config.yaml")


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(BadFile, match="no run folder"):
        load_policy(str(tmp_path))
