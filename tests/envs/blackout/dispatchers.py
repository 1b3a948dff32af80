"""Dispatchers that tests bring along."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.envs.blackout.tools import Actions, commands
from voltran.envs.blackout.dispatch import Allocation
from voltran.envs.blackout.situation import Situation
from voltran.envs.blackout.world import BlackoutWorld


@dataclass(frozen=True)
class EqualShares:
    """Each user has the same share of every band of the site that the world would choose."""

    band_bits: int | None = None  # of sites that are awake
    ev_power_kw: float | None = None
    asked: list[int] = field(default_factory=list, compare=False)

    def allocate(self, situation: Situation) -> Allocation:
        """Count, and divide."""
        self.asked.append(situation.world)
        n_sites = situation.alive.size
        bands = situation.band_bits if self.band_bits is None else situation.band_bits & self.band_bits
        server = situation._replace(band_bits=bands).associate().server
        users = np.bincount(server[server >= 0], minlength=n_sites)
        on = (bands[:, None] >> np.arange(situation.constants.n_bands) & 1) != 0
        share = np.where(server >= 0, (on / np.maximum(users, 1)[:, None])[server].T, 0.0)
        limit_kw = None if self.ev_power_kw is None else np.full(n_sites, self.ev_power_kw)
        return Allocation(server, share, bands, limit_kw)


class LeavesIt:
    """Leaves everything to the world."""

    def allocate(self, situation: Situation) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Wrong:
    """Equal shares, but for one field."""

    field: str
    value: Any

    def allocate(self, situation: Situation) -> Allocation:
        """What is wrong may be a function of what is right."""
        right = EqualShares().allocate(situation)
        value = self.value(getattr(right, self.field).copy()) if callable(self.value) else self.value
        return replace(right, **{self.field: value})


def with_dispatcher(world: BlackoutWorld, modes: Any, dispatcher: Any, **options: Any) -> Actions:
    """The same commands for every world, and somebody who dispatches."""
    return {"bs": replace(commands(world, modes, **options)["bs"], dispatcher=dispatcher)}
