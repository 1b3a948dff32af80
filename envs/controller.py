"""The protocol that rules, optimisers, oracles and learned policies implement."""

from typing import Any, Literal, Protocol, runtime_checkable

from voltran.envs.world import World

Information = Literal["local", "global", "forecast", "oracle"]
CommandSet = Literal["paper", "extended", "free"]
PricePolicy = Literal["none", "flat", "dynamic"]


@runtime_checkable
class Controller(Protocol):
    """Plays one or more roles of a world.

    Attributes:
        name: as shown in result tables.
        information: what it knows: its own site, the whole network, forecasts, or the future.
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
