"""The protocol that rules, optimisers and learned policies implement."""

from typing import Any, Literal, Protocol, runtime_checkable

from voltran.envs.world import Role, World

Information = Literal["local", "neighbours", "aggregates", "global", "forecast", "hindsight"]
CommandSet = Literal["paper", "extended", "free"]
PricePolicy = Literal["none", "flat", "dynamic"]


@runtime_checkable
class Controller(Protocol):
    """Plays one or more roles of a world.

    Attributes:
        name: as shown in result tables.
        information: the most that any of its decisions rests on: what an agent knows of itself ("local") and of others
            near it ("neighbours"), averages or totals of the network ("aggregates"), the whole network ("global"),
            forecasts, or the true future ("hindsight").
        commands: what it may do; "paper" and "extended" actions are repaired to meet the joint constraints.
        price_policy: what it pays EV owners; "none" in worlds without.

    A controller that plays only worlds built in a certain way says so in an optional attribute
    ``world_options: Mapping[str, Any]``: options of the world's builder, such as ``{"action_set": "extended"}``, which
    evaluations follow unless they are given others. One that counts its own work says so in an optional method
    ``counters() -> Mapping[str, float]``, whose numbers about the episode so far join the episode's metrics.
    """

    name: str
    information: Information
    commands: CommandSet
    price_policy: PricePolicy

    def reset(self, world: World) -> None:
        """Forget the previous episode; called after the world's own reset."""
        ...

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all worlds of the batch: role -> what ``World.step`` takes for that role."""
        ...


def information_of(role: Role) -> Information:
    """What a controller knows that looks at the role's observations, and at nothing else."""
    if "network" in role.sees:
        return "aggregates"
    return "neighbours" if "neighbours" in role.sees else "local"
