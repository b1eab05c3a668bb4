"""A good look for a model that physics left bare."""

from __future__ import annotations

import mujoco


def decorate(spec: mujoco.MjSpec, *, floor: str = "floor") -> mujoco.MjSpec:
    """Give a model a sky, a sun with shadows and a checkered floor; its physics stays as it is.

    Args:
        spec: Changed in place; call this once, before compiling.
        floor: Name of the geom that gets the checkers, squares of 0.5 m; without such a geom
            there are none.

    Returns:
        The same spec.
    """
    visual = spec.visual
    visual.global_.fovy = 40
    visual.global_.offwidth, visual.global_.offheight = 1920, 1080
    visual.quality.shadowsize, visual.quality.offsamples = 2048, 4
    visual.headlight.ambient[:] = [0.35, 0.35, 0.37]
    visual.headlight.diffuse[:] = [0.35, 0.35, 0.35]
    visual.headlight.specular[:] = [0.1, 0.1, 0.1]
    visual.rgba.haze[:] = [0.80, 0.87, 0.94, 1.0]
    visual.map.haze = 0.35
    visual.map.shadowclip = 2.0
    visual.map.znear, visual.map.zfar = 0.02, 40
    _hang_the_sun(spec)
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.45, 0.62, 0.82],
        rgb2=[0.93, 0.96, 0.98],
        width=256,
        height=1536,
    )
    for ground in [geom for geom in spec.geoms if geom.name == floor]:
        ground.material = _add_checkers(spec)
    return spec


def _hang_the_sun(spec: mujoco.MjSpec) -> None:
    """One directional light; it travels with a floating base, as shadows fall near it only."""
    floating = [
        body
        for body in spec.worldbody.bodies
        if any(joint.type == mujoco.mjtJoint.mjJNT_FREE for joint in body.joints)
    ]
    (floating or [spec.worldbody])[0].add_light(
        name="sun",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        mode=mujoco.mjtCamLight.mjCAMLIGHT_TRACKCOM,
        pos=[2.0, 0.0, 4.0],
        dir=[-0.5, 0.0, -1.0],  # a diagonal sun makes the classic renderer's shadows noisy
        diffuse=[0.65, 0.63, 0.60],
        specular=[0.3, 0.3, 0.3],
        castshadow=True,
    )


def _add_checkers(spec: mujoco.MjSpec) -> str:
    name = "checkers"
    spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        mark=mujoco.mjtMark.mjMARK_EDGE,
        rgb1=[0.80, 0.82, 0.85],
        rgb2=[0.67, 0.71, 0.76],
        markrgb=[0.88, 0.90, 0.92],
        width=512,
        height=512,
    )
    material = spec.add_material(name=name, texrepeat=[1, 1], texuniform=True, specular=0.1)
    textures = list(material.textures)
    textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    material.textures = textures
    return name
