"""Who plays a world's other roles where nobody was named: the controllers of its declaration."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.controller import Controller
from voltran.envs.references import resolve
from voltran.envs.team import actions_for
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec

# Controllers stand above worlds, so that what makes them is found by its name.
MAKER = "voltran.evaluation.controller_spec:make_controller"


class StandIns:
    """Plays roles by controllers that decide from the moment; what a face of a batch asks as ``others``.

    Worlds of a batch begin their episodes one by one: whenever one does, the controllers forget what has been.

    Args:
        controllers: role -> controller, as on the command line.

    Raises:
        ScenarioError: an unknown controller.
        MissingExtraError: one that needs what is not installed.
    """

    def __init__(self, controllers: Mapping[str, str]) -> None:
        make = resolve(MAKER, "controllers")
        self._members: dict[str, Controller] = {role: make(name) for role, name in controllers.items()}
        self._world: World | None = None

    def __call__(self, world: World) -> dict[str, Any]:
        """Role -> actions, of all roles that are played.

        Raises:
            ScenarioError: a controller does not fit the world.
        """
        begins = self._world is not world or bool((getattr(world, "decision", 1) == 0).any())  # type: ignore[union-attr]
        self._world = world
        chosen = {}
        for role, member in self._members.items():
            if begins:
                member.reset(world)
            chosen[role] = actions_for(role, member, member.act(world))
        return chosen


def stand_ins(spec: WorldSpec, world: World, role: str) -> StandIns | None:
    """Who plays all roles but one; None where there are none, or the declaration does not say it of all."""
    others = [other.name for other in world.roles if other.name != role]
    if not others or not set(others) <= set(spec.default_opponents):
        return None
    return StandIns({other: spec.default_opponents[other] for other in others})
