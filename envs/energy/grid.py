"""When and how much the main grid supplies: a function of the scenario and the time alone."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.physics.arrays import BoolArray, FloatArray

FeederIndex = Annotated[int, Field(ge=0, le=126)]

# Hours are sums of steps: a time this little before a change counts as after it.
TIME_TOLERANCE_H = 1e-9


class Outage(Section):
    """A time in which the main grid gives nothing.

    Attributes:
        start_h: when it begins, hours after the start of an episode.
        length_h: how long it lasts; supply is back at its end.
        feeders: whom it concerns, counted from 0; by default all.
    """

    start_h: domains.MarginH
    length_h: domains.DurationH
    feeders: tuple[FeederIndex, ...] | None = None


class GridSupply(Section):
    """When the main grid supplies whom. Source: availability avail_i(t) of [MSRC] Eq. 17.

    Attributes:
        schedule: "blackout": it gives nothing; "rolling": feeders take turns; "listed": it is on, but for the outages.
        feeders: sites are dealt out to so many feeders in turn.
        feeders_on: feeders that are supplied at a time, in a rolling blackout.
        turn_h: after so many hours it is the next feeder's turn.
        outages: of "listed", each with `start_h`, `length_h` and, unless it concerns all, `feeders`; they may overlap.
        main_limit_kw: most import of a site from the main grid while its feeder is supplied.
    """

    schedule: Literal["blackout", "rolling", "listed"] = "listed"
    feeders: Annotated[int, Field(ge=1, le=127)] = 1
    feeders_on: Annotated[int, Field(ge=1, le=127)] = 1
    turn_h: domains.DurationH = 2.0
    outages: tuple[Outage, ...] = ()
    main_limit_kw: domains.PositivePowerKw = 15.0

    @model_validator(mode="after")
    def _some_are_off(self) -> "GridSupply":
        if self.feeders_on > self.feeders:
            raise ValueError(f"feeders_on = {self.feeders_on} must not exceed feeders = {self.feeders}")
        return self

    @model_validator(mode="after")
    def _outages_fit(self) -> "GridSupply":
        if self.outages and self.schedule != "listed":
            raise ValueError(f"outages are of schedule 'listed', not of {self.schedule!r}: drop them, or change it")
        for index, outage in enumerate(self.outages):
            if wrong := [feeder for feeder in outage.feeders or () if feeder >= self.feeders]:
                raise ValueError(
                    f"outages.{index}.feeders names feeder {wrong[0]}, but feeders = {self.feeders}, counted from 0"
                )
        return self


class Grid(GridSupply):
    """The main grid of the brownout, with its price and the limits of feeders.

    Attributes:
        main_price_usd_per_kwh: what import from the main grid costs.
        feeder_limit_kw: most that all sites of a feeder may import together, from the main grid and from retailers.
    """

    schedule: Literal["blackout", "rolling", "listed"] = "blackout"
    main_price_usd_per_kwh: domains.UsdPerKwh = 0.3
    feeder_limit_kw: domains.PositivePowerKw | None = None


class MainGrid:
    """When the main grid of one scenario supplies whom.

    Args:
        grid: the scenario's section.
        n_sites: number of sites ``M``.

    Attributes:
        feeder: ``[M]`` feeder of every site.
    """

    def __init__(self, grid: GridSupply, n_sites: int) -> None:
        self.grid = grid
        self.feeder = np.arange(n_sites) % grid.feeders

    def is_on(self, hour: FloatArray) -> BoolArray:
        """Whether sites are supplied at times ``[...]`` since the start, ``[..., M]``. Source: [MSRC] Eq. 17."""
        if self.grid.schedule == "blackout":
            return np.zeros((*np.shape(hour), len(self.feeder)), dtype=bool)
        if self.grid.schedule == "listed":
            return self._is_spared(np.asarray(hour)[..., None] + TIME_TOLERANCE_H)
        turn = np.floor(np.asarray(hour)[..., None] / self.grid.turn_h + TIME_TOLERANCE_H).astype(np.int64)
        return np.asarray((self.feeder - turn) % self.grid.feeders < self.grid.feeders_on)

    def limit_kw(self, hour: FloatArray) -> FloatArray:
        """Most that sites can import from the main grid, ``[..., M]``."""
        return np.asarray(self.is_on(hour) * self.grid.main_limit_kw, np.float64)

    def share_on(self, hour: FloatArray, ahead_h: float, step_h: float) -> FloatArray:
        """Share of the coming ``ahead_h`` hours in which sites are supplied, ``[..., M]``, sampled every ``step_h``."""
        times = (np.arange(max(round(ahead_h / step_h), 1)) + 0.5) * step_h
        return np.asarray(self.is_on(np.asarray(hour)[..., None] + times).mean(axis=-2))

    def _is_spared(self, hour: FloatArray) -> BoolArray:
        """Whether no outage concerns sites at times ``[..., 1]``, ``[..., M]``."""
        spared = np.ones((*hour.shape[:-1], len(self.feeder)), dtype=bool)
        for outage in self.grid.outages:
            lasts = (hour >= outage.start_h) & (hour < outage.start_h + outage.length_h)
            concerned = True if outage.feeders is None else np.isin(self.feeder, outage.feeders)
            spared &= ~(lasts & concerned)
        return spared


class FeederGrid(MainGrid):
    """The main grid of one scenario, with limits to what its feeders carry."""

    grid: Grid

    def __init__(self, grid: Grid, n_sites: int) -> None:
        super().__init__(grid, n_sites)

    def curtailment(self, import_kw: FloatArray, carried_kw: FloatArray | None = None) -> FloatArray:
        """Share ``[B, M]`` of the imports ``[B, M]`` that the feeders can carry, beside what they already carry."""
        limit_kw = self.grid.feeder_limit_kw
        if limit_kw is None:
            return np.ones_like(import_kw)
        on_feeder = np.eye(self.grid.feeders)[self.feeder]
        # Not a matrix product: its rounding would depend on the size of the batch.
        total_kw = (import_kw[..., None] * on_feeder).sum(axis=1)
        room_kw = np.full_like(total_kw, limit_kw)
        if carried_kw is not None:
            room_kw = np.maximum(limit_kw - (carried_kw[..., None] * on_feeder).sum(axis=1), 0.0)
        share = np.where(total_kw > room_kw, room_kw / np.maximum(total_kw, room_kw), 1.0)
        return np.asarray(share[:, self.feeder])
