"""What plays worlds: rules, optimisers and learned policies, ours or yours.

Any object with ``reset(world)`` and ``act(world)`` is a controller. What it says of itself besides is optional, and
asked for by the functions below, which know the defaults; :class:`ControllerBase` writes them down.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from voltran.envs.errors import PartError, ScenarioError, VoltranError
from voltran.envs.world import Role, World

Information = Literal["local", "neighbours", "aggregates", "global", "forecast", "hindsight"]
KNOWLEDGE: tuple[Information, ...] = get_args(Information)  # each holds those before it
UNKNOWN: Information = "hindsight"  # of a controller that does not say: it may know anything

NOTHING: Mapping[str, Any] = MappingProxyType({})


@runtime_checkable
class Controller(Protocol):
    """Plays one or more roles of a world.

    Optional attributes:
        name: as shown in result tables; by default the class's.
        information: the most that any of its decisions rests on: what an agent knows of itself ("local") and of others
            near it ("neighbours"), averages or totals of the network ("aggregates"), the whole network ("global"),
            forecasts, or the true future ("hindsight", which is what a controller that does not say is taken for).
        declarations: what else result tables show of it, such as ``{"commands": "paper"}``: key -> a word or two.
        world_options: options of the world that it needs, such as ``{"action_set": "extended"}``, which evaluations
            follow unless they are given others.
        batch_independent: False where a world of a batch may get other actions than it would get alone, as with one
            generator of random numbers for all of them.
        follows_resets: True where single worlds of a batch may start new episodes without a reset of the controller,
            because what it decides in a world depends on nothing from before that episode.
        counters: a method that returns name -> number about its own work in the episode so far; these join the
            episode's metrics.
    """

    def reset(self, world: World) -> None:
        """Forget the previous episode; called after the world's own reset."""
        ...

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all worlds of the batch: role -> what ``World.step`` takes for that role."""
        ...


class ControllerBase:
    """The defaults of all that a controller may say of itself; nobody has to derive from it."""

    information: Information = UNKNOWN
    declarations: Mapping[str, str] = NOTHING
    world_options: Mapping[str, Any] = NOTHING
    batch_independent: bool = True
    follows_resets: bool = False

    @property
    def name(self) -> str:
        """As shown in result tables."""
        return type(self).__name__

    def reset(self, world: World) -> None:
        """Nothing to forget."""

    def counters(self) -> Mapping[str, float]:
        """Nothing is counted."""
        return NOTHING


def name_of(controller: Controller) -> str:
    """A controller's name in result tables."""
    return str(getattr(controller, "name", type(controller).__name__))


def information_of(controller: Controller) -> Information:
    """The most that any of a controller's decisions rests on.

    Raises:
        ScenarioError: it says something else than one of the known words.
    """
    information: Information = getattr(controller, "information", UNKNOWN)
    if information not in KNOWLEDGE:
        raise ScenarioError(
            f"controller {name_of(controller)}: information = {information!r}: must be one of {', '.join(KNOWLEDGE)}"
        )
    return information


@contextmanager
def named_errors(who: str) -> Iterator[None]:
    """Whatever a controller raises in here becomes an error that names it.

    Args:
        who: plays, as in "controller mine".

    Raises:
        PartError: something was raised that is no error of VoltRAN's.
    """
    try:
        yield
    except VoltranError:
        raise
    except (Exception, SystemExit) as error:
        # whatever the user's controller does on its way is the user's to mend
        raise PartError(
            f"{who} raised {type(error).__name__}: {error}; mend it, voltran.check_controller shows where"
        ) from error


def declarations_of(controller: Controller) -> dict[str, str]:
    """What else result tables show of a controller, key -> words.

    Raises:
        ScenarioError: what it declares is no mapping.
    """
    return _mapping(controller, "declarations", getattr(controller, "declarations", NOTHING))


def world_options_of(controller: Controller) -> dict[str, Any]:
    """Options of the world that a controller needs.

    Raises:
        ScenarioError: they are no mapping.
    """
    return _mapping(controller, "world_options", getattr(controller, "world_options", NOTHING))


def is_batch_independent(controller: Controller) -> bool:
    """Whether each world of a batch gets the actions that it would get alone."""
    return bool(getattr(controller, "batch_independent", True))


def follows_resets(controller: Controller) -> bool:
    """Whether single worlds of a batch may start new episodes without a reset of the controller."""
    return bool(getattr(controller, "follows_resets", False))


def counters_of(controller: Controller) -> dict[str, float]:
    """What a controller counted of its own work in the episode so far.

    Raises:
        ScenarioError: what it counted is no mapping.
    """
    return _mapping(controller, "counters()", getattr(controller, "counters", dict)())


def information_from(role: Role) -> Information:
    """What a controller knows that looks at the role's observations, and at nothing else."""
    if "network" in role.sees:
        return "aggregates"
    return "neighbours" if "neighbours" in role.sees else "local"


def _mapping(controller: Controller, what: str, value: Any) -> dict[str, Any]:
    """A copy of what a controller says of itself."""
    if not isinstance(value, Mapping):
        raise ScenarioError(f"controller {name_of(controller)}: {what} = {value!r}: must be a mapping")
    return dict(value)
