"""Rules for operators: what one could do without any plan. They stay in every table, so that gains are honest."""

from abc import ABC, abstractmethod
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.baselines.collective.world_problems import ROLE, grid_only_commands, sharing_world
from voltran.envs.controller import Information
from voltran.envs.scenario import Section, validated
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray
from voltran.physics.ordering import SAME


class OperatorRule(ABC):
    """A rule by which every operator decides for itself. Prices of the coming day are public.

    Attributes:
        name: as shown in tables.
    """

    information: Information = "local"
    name: str

    def reset(self, world: World) -> None:
        """Nothing to forget.

        Raises:
            ScenarioError: the world is of another kind.
        """
        sharing_world(world, self.name)

    def act(self, world: World) -> dict[str, SharingCommands]:
        """Commands for all operators."""
        return {ROLE: self._decide(sharing_world(world, self.name))}

    @abstractmethod
    def _decide(self, world: SharingWorld) -> SharingCommands:
        """Commands for all operators of all worlds."""


class GridOnly(OperatorRule):
    """All sites take their power from the grid; batteries keep what panels give them, for outages."""

    name = "grid-only"

    def _decide(self, world: SharingWorld) -> SharingCommands:
        return grid_only_commands(world)


class TariffThresholdSettings(Section, strict=True):
    """Settings of the tariff's thresholds.

    Attributes:
        margin: batteries are charged at prices by this share below the mean of the coming day, and serve the sites at
            prices by this share above it.
    """

    margin: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1


class TariffThreshold(OperatorRule):
    """Sites use the battery where power is dear, charge it where it is cheap, and are on the grid in between.

    Args:
        **settings: fields of :class:`TariffThresholdSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "tariff-threshold"

    def __init__(self, **settings: Any) -> None:
        self.settings = validated(TariffThresholdSettings, settings, f"controller {self.name}")

    def _decide(self, world: SharingWorld) -> SharingCommands:
        prices = world.forecast.price(world.constants.day)
        mean, margin = prices.mean(axis=1), self.settings.margin * np.abs(prices).mean(axis=1) + SAME
        return _commands(world, prices[:, 0] > mean + margin, prices[:, 0] < mean - margin)


class Myopic(OperatorRule):
    """What is best for the coming slot alone: sites use the battery as long as a kWh costs more than wear does.

    It never buys power to store, unless it is paid for taking it: a slot alone has no use for it.
    """

    name = "myopic"

    def _decide(self, world: SharingWorld) -> SharingCommands:
        battery, price = world.scenario.battery, world.forecast.price(1)[:, 0]
        worn_kwh = battery.discharge_efficiency * battery.capacity_kwh * battery.initial_health
        return _commands(world, price > world.constants.wear_eur / worn_kwh + SAME, price < -SAME)


def _commands(world: SharingWorld, serving: BoolArray, charging: BoolArray) -> SharingCommands:
    """Commands by worlds ``[B]`` in which batteries serve all sites, or are charged by the grid."""
    commands = grid_only_commands(world)
    return SharingCommands(
        np.broadcast_to(serving[:, None], commands.battery_sites.shape).copy(),
        np.broadcast_to(charging[:, None], commands.charge_share.shape).astype(np.float64),
    )
