"""Pictures of worlds: drawn by the functions that a world's declaration names, from what there is to see."""

from importlib.util import find_spec
from typing import Any, ClassVar

from voltran.envs.episodes import Episodes
from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.envs.world_spec import WorldSpec

# Modes of pictures, and the part of a world's declaration that draws them.
RENDERERS = {"ansi": "text", "rgb_array": "picture"}


class Pictured:
    """A world that can be drawn.

    Attributes:
        spec: the world's declaration.
        episodes: which episodes are played.
        played_by: who plays, as pictures shall say it; empty where nobody does. Whoever plays may set it.
    """

    spec: ClassVar[WorldSpec]
    episodes: Episodes
    played_by: str = ""

    @property
    def render_modes(self) -> tuple[str, ...]:
        """Modes that :meth:`render` knows: those that the declaration names a function for."""
        return tuple(mode for mode, part in RENDERERS.items() if getattr(self.spec, part))

    def require_renderable(self, mode: str) -> None:
        """Raise unless :meth:`render` knows a mode, and what it draws with is installed.

        Raises:
            ScenarioError: an unknown mode.
            MissingExtraError: a module is not installed.
        """
        if mode not in self.render_modes:
            known = ", ".join(self.render_modes) or "none"
            raise ScenarioError(f"render mode = {mode!r}: unknown; {self.spec.name} has {known}")
        needed = self.spec.picture_needs if mode == "rgb_array" else ()
        if missing := [module for module in needed if find_spec(module) is None]:
            raise MissingExtraError(
                f"render mode = {mode!r}: pictures of {self.spec.name} need {missing[0]}, which is not installed; "
                f"run: pip install {' '.join(missing)}"
            )

    def scene(self, world: int = 0) -> Any:
        """What there is to see of one world, for those who draw it.

        Raises:
            EpisodeError: there is no such world, or it has not been reset.
        """
        return self._scene(self.episodes.require_reset(world))

    def render(self, mode: str, world: int = 0) -> Any:
        """Picture of one world.

        Args:
            mode: "ansi" gives text, "rgb_array" a uint8 array ``[height, width, 3]`` of fixed size.
            world: which world of the batch.

        Raises:
            ScenarioError: an unknown mode.
            EpisodeError: there is no such world, or it has not been reset.
            MissingExtraError: what it is drawn with is not installed.
        """
        self.require_renderable(mode)
        return self.spec.load(RENDERERS[mode])(self.scene(world))

    def _scene(self, world: int) -> Any:
        """See :meth:`scene`; needed where the declaration names a ``text`` or a ``picture``."""
        raise NotImplementedError(f"{type(self).__name__}._scene is what {self.spec.name} needs for pictures")
