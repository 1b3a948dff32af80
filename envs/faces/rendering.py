"""Render modes that a face offers, and what each returns."""

import sys
from typing import Any

from gymnasium import logger

from voltran.envs.errors import ScenarioError
from voltran.envs.world import World

RENDER_FPS = 4


def face_metadata(world: World) -> dict[str, Any]:
    """Metadata that PettingZoo and Gymnasium look for; whoever can print text also has the mode "human"."""
    modes = [*world.render_modes]
    if "ansi" in modes:
        modes.insert(0, "human")
    return {"name": world.name, "render_modes": modes, "render_fps": RENDER_FPS, "is_parallelizable": True}


def check_render_mode(world: World, render_mode: str | None) -> str | None:
    """Return the mode.

    Raises:
        ScenarioError: a mode that the world does not have.
        MissingExtraError: what it draws with is not installed.
    """
    modes = face_metadata(world)["render_modes"]
    if render_mode is not None and render_mode not in modes:
        raise ScenarioError(f"render_mode = {render_mode!r}: unknown; {world.name} has {', '.join(modes) or 'none'}")
    if render_mode is not None:
        world.require_renderable("ansi" if render_mode == "human" else render_mode)
    return render_mode


def render_world(world: World, render_mode: str | None, index: int = 0) -> Any:
    """Picture of one world of a batch: text for "ansi", an array for "rgb_array"; "human" prints and returns None."""
    if render_mode is None:
        logger.warn("render() was called, but the environment was made without render_mode; nothing is shown")
        return None
    if render_mode == "human":
        sys.stdout.write(world.render("ansi", index) + "\n")
        return None
    return world.render(render_mode, index)
