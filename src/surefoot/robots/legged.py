"""Legged robots from the package `example-robot-data`: data only.

Masses, inertias, shapes and joint limits are the published URDFs'. What a URDF leaves out stands
here, each number with its source; "ours" is what we chose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from surefoot.robots.example_robot_data import PACKAGE, description, packages
from surefoot.sim.description import Robot, Servo

GO2_LEGS = ("FL", "FR", "RL", "RR")
UNITREE_LEGS = ("FR", "FL", "RR", "RL")
ANYMAL_LEGS = ("LF", "RF", "LH", "RH")
SOLO_LEGS = ("FL", "FR", "HL", "HR")
LegServos = Callable[[str], Sequence[Servo]]


def _robot(
    name: str,
    title: str,
    *,
    urdf: str,
    servos: Sequence[Servo],
    feet: Sequence[str],
    body: Sequence[str],
    base_height: float,
    source: str,
) -> Robot:
    return Robot(
        name=name,
        title=title,
        urdf=description(name, urdf),
        packages=packages(name),
        servos=tuple(servos),
        feet=tuple(feet),
        body=tuple(body),
        base_height=base_height,
        source=f"{PACKAGE} (URDF), {source}",
    )


def _links(legs: Sequence[str], *parts: str) -> list[str]:
    return [f"{leg}_{part}" for leg, part in product(legs, parts)]


def _each_leg(legs: Sequence[str], servos: LegServos) -> list[Servo]:
    return [servo for leg in legs for servo in servos(leg)]


def _unitree(
    *, kp: Sequence[float], kd: Sequence[float], armature: Sequence[float],
    thigh: Sequence[float], calf: float,
) -> LegServos:  # fmt: skip
    """A leg of a Unitree robot; `thigh` is the home of front and rear thighs, rad."""

    def servos(leg: str) -> list[Servo]:
        home = (0.1 if leg[1] == "L" else -0.1, thigh[0] if leg[0] == "F" else thigh[1], calf)
        return [
            Servo(joint=f"{leg}_{part}_joint", kp=kp[i], kd=kd[i], armature=armature[i],
                  home=home[i])
            for i, part in enumerate(("hip", "thigh", "calf"))
        ]  # fmt: skip

    return servos


def _folding(
    *, kp: float, kd: float, haa: float, hfe: float, kfe: float, outward_positive: bool = True,
    torque_limit: float | None = None, velocity_limit: float | None = None, armature: float = 0.0,
) -> LegServos:  # fmt: skip
    """A leg with HAA, HFE and KFE joints; hind legs fold the other way."""

    def servos(leg: str) -> list[Servo]:
        hind, left = "H" in leg, "L" in leg
        side = haa if left == outward_positive else -haa
        fold = -1.0 if hind else 1.0
        home = {"HAA": side, "HFE": fold * hfe, "KFE": fold * kfe}
        return [
            Servo(joint=f"{leg}_{part}", kp=kp, kd=kd, armature=armature, home=value,
                  torque_limit=torque_limit, velocity_limit=velocity_limit)
            for part, value in home.items()
        ]  # fmt: skip

    return servos


GO2 = _robot(
    "go2",
    "quadruped by Unitree",
    urdf="go2_description/urdf/go2.urdf",
    servos=_each_leg(
        GO2_LEGS,
        _unitree(kp=[25] * 3, kd=[0.5] * 3, armature=[0.01] * 3, thigh=(0.8, 1.0), calf=-1.5),
    ),
    feet=_links(GO2_LEGS, "foot"),
    body=["base", "RL_hip", "RR_hip", *_links(GO2_LEGS, "thigh")],
    base_height=0.34,
    source="Isaac Lab (gains, home), MuJoCo Menagerie (armature)",
)
GO1 = _robot(
    "go1",
    "quadruped by Unitree",
    urdf="go1_description/urdf/go1.urdf",
    servos=_each_leg(
        UNITREE_LEGS,
        # Rotors of 1.118e-4 kg m^2 behind gears of 6 and 9.
        _unitree(kp=[35] * 3, kd=[0.5] * 3, armature=[4.03e-3, 4.03e-3, 9.06e-3],
                 thigh=(0.9, 0.9), calf=-1.8),
    ),
    feet=_links(UNITREE_LEGS, "foot"),
    body=["trunk", *_links(UNITREE_LEGS, "hip", "thigh")],
    base_height=0.29,
    source="MuJoCo Playground (gains), mjlab 1.6.0 (armature, home)",
)  # fmt: skip
A1 = _robot(
    "a1",
    "quadruped by Unitree",
    urdf="a1_description/urdf/a1.urdf",
    servos=_each_leg(
        UNITREE_LEGS,
        _unitree(kp=[20] * 3, kd=[0.5] * 3, armature=[0.01] * 3, thigh=(0.8, 1.0), calf=-1.5),
    ),
    feet=_links(UNITREE_LEGS, "foot"),
    body=["trunk", *_links(UNITREE_LEGS, "hip", "thigh")],
    base_height=0.33,
    source="legged_gym (gains, home), ours (armature)",
)
_ANYMAL = _folding(kp=80.0, kd=2.0, haa=0.0, hfe=0.4, kfe=-0.8, armature=0.05)
ANYMAL_B = _robot(
    "anymal-b",
    "quadruped by ANYbotics",
    urdf="anymal_b_simple_description/robots/anymal.urdf",
    servos=_each_leg(ANYMAL_LEGS, _ANYMAL),
    feet=_links(ANYMAL_LEGS, "FOOT"),
    body=["base", *_links(ANYMAL_LEGS, "HIP", "THIGH")],
    base_height=0.55,
    source="legged_gym (gains, home), ours (armature)",
)
ANYMAL_C = _robot(
    "anymal-c",
    "quadruped by ANYbotics",
    urdf="anymal_c_simple_description/urdf/anymal.urdf",
    servos=_each_leg(ANYMAL_LEGS, _ANYMAL),
    feet=_links(ANYMAL_LEGS, "FOOT"),
    body=["base", "face_front", "face_rear", *_links(ANYMAL_LEGS, "HFE", "thigh_fixed")],
    base_height=0.6,
    source="legged_gym (gains, home), ours (armature)",
)
SOLO_12 = _robot(
    "solo-12",
    "quadruped of the Open Dynamic Robot Initiative",
    urdf="solo_description/robots/solo12.urdf",
    servos=_each_leg(
        SOLO_LEGS,
        _folding(kp=4.0, kd=0.2, haa=0.1, hfe=0.8, kfe=-1.6, torque_limit=3.0,
                 velocity_limit=100.0, armature=3.6207e-4),
    ),
    feet=_links(SOLO_LEGS, "FOOT"),
    body=["base_link", *_links(SOLO_LEGS, "SHOULDER", "UPPER_LEG")],
    base_height=0.24,
    source="its SRDF (home), Chane-Sane et al. 2024 (gains, armature, torque and speed limits)",
)  # fmt: skip
BOLT = _robot(
    "bolt",
    "biped of the Open Dynamic Robot Initiative, 6 joints",
    urdf="bolt_description/robots/bolt.urdf",
    servos=_each_leg(
        SOLO_LEGS[:2],
        _folding(kp=4.0, kd=0.2, haa=-0.3, hfe=0.785, kfe=-1.571, torque_limit=3.0,
                 velocity_limit=100.0, armature=3.6207e-4),
    ),
    feet=_links(SOLO_LEGS[:2], "FOOT"),
    body=["base_link", *_links(SOLO_LEGS[:2], "SHOULDER", "UPPER_LEG")],
    base_height=0.36,
    source="its SRDF (home), the drives of Solo-12",
)  # fmt: skip

_G1_LEG = {
    "hip_pitch": (100.0, 2.0, -0.1),
    "hip_roll": (100.0, 2.0, 0.0),
    "hip_yaw": (100.0, 2.0, 0.0),
    "knee": (150.0, 4.0, 0.3),
    "ankle_pitch": (40.0, 2.0, -0.2),
    "ankle_roll": (40.0, 2.0, 0.0),
}
"""kp, kd and home of each joint."""
_G1_WAIST = {f"waist_{axis}": (100.0, 2.0, 0.0) for axis in ("yaw", "roll", "pitch")}
_G1_ARM = {
    **{f"shoulder_{axis}": (40.0, 1.0, 0.0) for axis in ("pitch", "roll", "yaw")},
    "elbow": (40.0, 1.0, 0.0),
    **{f"wrist_{axis}": (20.0, 0.5, 0.0) for axis in ("roll", "pitch", "yaw")},
}


def _g1() -> list[Servo]:
    parts = [(f"{side}_", _G1_LEG) for side in ("left", "right")]
    parts += [("", _G1_WAIST)]
    parts += [(f"{side}_", _G1_ARM) for side in ("left", "right")]
    return [
        Servo(joint=f"{prefix}{name}_joint", kp=kp, kd=kd, home=home, armature=0.01)
        for prefix, joints in parts
        for name, (kp, kd, home) in joints.items()
    ]


G1 = _robot(
    "g1",
    "humanoid by Unitree, 29 joints",
    urdf="g1_description/urdf/g1_29dof_rev_1_0.urdf",
    servos=_g1(),
    feet=("left_ankle_roll_link", "right_ankle_roll_link"),
    body=("pelvis_contour_link", "torso_link", "left_knee_link", "right_knee_link"),
    base_height=0.8,
    source="unitree_rl_gym (gains and home of the legs), ours (waist, arms, armature)",
)

LEGGED = (GO2, GO1, A1, ANYMAL_B, ANYMAL_C, SOLO_12, BOLT, G1)
"""All of them."""
