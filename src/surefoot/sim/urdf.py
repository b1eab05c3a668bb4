"""URDFs as MuJoCo can read them: mesh paths found, masses gathered on the links that move.

Published descriptions carry links that MuJoCo refuses: without mass, or with an inertia that no
body has (ANYmal B, ANYmal C, Go1). All of them hang on fixed joints. So what a fixed joint holds is
counted to the link that holds it, exactly: masses add up, and inertias by the parallel axis
theorem. Shapes stay where they are; MuJoCo moves them along (`fusestatic`).
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from surefoot.errors import BadFile
from surefoot.sim.description import links_mass

Element = ElementTree.Element
SEPARATOR = " collision "
"""Between a link's name and a number in the name of a geom that it collides with."""
_READABLE = (".stl", ".obj", ".msh")
"""Meshes that MuJoCo reads; Collada is not among them."""


@dataclass(frozen=True, kw_only=True)
class Inertial:
    """A rigid body's mass, and how it lies in a frame."""

    mass: float
    """kg."""
    com: NDArray[np.float64]
    """Centre of mass, (3,), m."""
    inertia: NDArray[np.float64]
    """About the centre of mass, axes of the frame, (3, 3), kg m^2."""

    def __add__(self, other: Inertial) -> Inertial:
        """Both, held together; their frames are the same."""
        mass = self.mass + other.mass
        if mass == 0.0:
            return self
        com = (self.mass * self.com + other.mass * other.com) / mass
        return Inertial(mass=mass, com=com, inertia=self.about(com) + other.about(com))

    def about(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inertia about another point, by the parallel axis theorem, (3, 3)."""
        d = self.com - point
        return self.inertia + self.mass * (d @ d * np.eye(3) - np.outer(d, d))

    def seen_from(self, xyz: NDArray[np.float64], rotation: NDArray[np.float64]) -> Inertial:
        """The same body from a frame in which the present one lies at `xyz`, turned."""
        return Inertial(
            mass=self.mass,
            com=xyz + rotation @ self.com,
            inertia=rotation @ self.inertia @ rotation.T,
        )


@dataclass(frozen=True, kw_only=True)
class Urdf:
    """A robot description, ready for MuJoCo."""

    text: str
    """For `mujoco.MjSpec.from_string`."""
    mass: float
    """Of all links, kg."""
    speeds: dict[str, float]
    """Speed limit of each joint that has one, rad/s; MuJoCo does not read it."""


NOTHING = Inertial(mass=0.0, com=np.zeros(3), inertia=np.zeros((3, 3)))
"""No body at all."""


def read_urdf(
    path: Path,
    packages: dict[str, Path],
    *,
    keep_collisions: tuple[str, ...] | None = None,
    visuals: bool = False,
) -> Urdf:
    """A URDF with its meshes found and its masses gathered.

    Args:
        path: The file.
        packages: Folders that `package://NAME/` stands for.
        keep_collisions: Links whose collision shapes stay; None keeps all.
        visuals: Keep the visual shapes that MuJoCo can read; a link without one shows what it
            collides with.

    Raises:
        BadFile: It is not a URDF, or a mesh it collides with cannot be read.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise BadFile(path, f"not a readable URDF ({error})", "Reinstall its package.") from None
    for mesh in root.iter("mesh"):
        filename = mesh.get("filename", "")
        for package, folder in packages.items():
            filename = filename.replace(f"package://{package}/", f"{folder}/")
        mesh.set("filename", filename)
    for link in root.iter("link"):
        name = link.get("name")
        _keep_visuals(link, visuals)
        for n, collision in enumerate(link.findall("collision")):
            collision.set("name", f"{name}{SEPARATOR}{n}")
        if keep_collisions is not None and name not in keep_collisions:
            _remove(link, link.findall("collision"))
    mass = links_mass(root)
    _gather_masses(root)
    options = ElementTree.SubElement(root, "mujoco")
    ElementTree.SubElement(
        options,
        "compiler",
        discardvisual="false",
        fusestatic="true",
        inertiafromgeom="false",
        strippath="false",
    )
    speeds = {
        joint.get("name", ""): float(limit.get("velocity", "inf"))
        for joint in root.findall("joint")
        if (limit := joint.find("limit")) is not None
    }
    return Urdf(text=ElementTree.tostring(root, encoding="unicode"), mass=mass, speeds=speeds)


def _keep_visuals(link: Element, wanted: bool) -> None:
    """Remove what is not wanted or cannot be read; shapes to collide with stand in."""
    published = link.findall("visual")
    seen = [visual for visual in published if wanted and _can_be_seen(visual)]
    _remove(link, [visual for visual in published if visual not in seen])
    if wanted and published and not seen:
        for collision in link.findall("collision"):
            visual = copy.deepcopy(collision)
            visual.tag = "visual"
            link.append(visual)


def _can_be_seen(visual: Element) -> bool:
    """Whether MuJoCo can read a shape: no Collada, and no box without size."""
    mesh, box = visual.find("geometry/mesh"), visual.find("geometry/box")
    if mesh is not None:
        return mesh.get("filename", "").lower().endswith(_READABLE)
    return box is None or any(float(x) for x in box.get("size", "0").split())


def _remove(parent: Element, children: list[Element]) -> None:
    for child in children:
        parent.remove(child)


def _gather_masses(root: Element) -> None:
    """Move the inertia of what is fixed to a link into that link."""
    links = {link.get("name"): link for link in root.iter("link")}
    fixed: dict[str | None, list[Element]] = {}
    for joint in root.findall("joint"):
        if joint.get("type") == "fixed":
            fixed.setdefault(_name(joint, "parent"), []).append(joint)
    held = {_name(joint, "child") for joints in fixed.values() for joint in joints}

    def gathered(name: str | None) -> Inertial:
        total = _inertial(links[name])
        for joint in fixed.get(name, ()):
            total = total + gathered(_name(joint, "child")).seen_from(*_origin(joint))
        return total

    totals = {name: gathered(name) for name in links}
    for name, link in links.items():
        _remove(link, link.findall("inertial"))
        if name not in held and totals[name].mass > 0.0:
            _write(link, totals[name])


def _name(joint: Element, end: str) -> str | None:
    element = joint.find(end)
    return None if element is None else element.get("link")


def _origin(element: Element) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Position (3,), m, and rotation (3, 3) of an `origin`."""
    origin = element.find("origin")
    attributes = {} if origin is None else origin.attrib
    xyz, rpy = (np.array(attributes.get(key, "0 0 0").split(), float) for key in ("xyz", "rpy"))
    return xyz, Rotation.from_euler("xyz", rpy).as_matrix()


def _inertial(link: Element) -> Inertial:
    """What the URDF says of a link itself, in the link's frame."""
    inertial = link.find("inertial")
    if inertial is None:
        return NOTHING
    mass, inertia = inertial.find("mass"), inertial.find("inertia")
    value = 0.0 if mass is None else float(mass.get("value", "0"))
    i = {} if inertia is None else {key: float(x) for key, x in inertia.attrib.items()}
    axes = ("xx", "yy", "zz", "xy", "xz", "yz")
    xx, yy, zz, xy, xz, yz = (i.get(f"i{pair}", 0.0) for pair in axes)
    tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return Inertial(mass=value, com=np.zeros(3), inertia=tensor).seen_from(*_origin(inertial))


def _write(link: Element, body: Inertial) -> None:
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=" ".join(repr(float(x)) for x in body.com))
    ElementTree.SubElement(inertial, "mass", value=repr(body.mass))
    entries = {
        f"i{a}{b}": repr(float(body.inertia[i, j]))
        for i, a in enumerate("xyz")
        for j, b in enumerate("xyz")
        if i <= j
    }
    ElementTree.SubElement(inertial, "inertia", entries)
