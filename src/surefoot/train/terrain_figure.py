"""The picture of a run's curriculum, from what it has logged."""

from __future__ import annotations

import numpy as np

from surefoot.report.figure import save
from surefoot.report.terrain_levels import terrain_levels
from surefoot.tasks.walking_rough_config import RoughWalkingConfig
from surefoot.train.config import AnyTaskConfig
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import RunFolder

_PREFIX = "curriculum/level_"


def draw_terrain_levels(folder: RunFolder, task: AnyTaskConfig) -> None:
    """Write terrain_levels.png into the folder of a run on rough terrain; of others nothing."""
    rows = read_progress(folder.progress)
    if not isinstance(task, RoughWalkingConfig) or not rows:
        return
    names = [name for name in rows[0] if name.startswith(_PREFIX)]
    figure = terrain_levels(
        np.array([float(row[STEPS]) for row in rows]),
        {
            name.removeprefix(_PREFIX): np.array([float(row[name]) for row in rows])
            for name in names
        },
        highest=task.terrain.levels - 1,
    )
    save(figure, folder.path / "terrain_levels.png")
