"""When and how much the main grid supplies: a function of the scenario and the time alone."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.physics.arrays import BoolArray, FloatArray


class Grid(Section):
    """The main grid. Source: availability avail_i(t) of [MSRC] Eq. 17.

    Attributes:
        schedule: "blackout": it gives nothing; "rolling": feeders take turns.
        feeders: sites are dealt out to so many feeders in turn.
        feeders_on: feeders that are supplied at a time, in a rolling blackout.
        turn_h: after so many hours it is the next feeder's turn.
        main_limit_kw: most import of a site from the main grid while its feeder is supplied.
        main_price_usd_per_kwh: what that costs.
        feeder_limit_kw: most that all sites of a feeder may import together, from the main grid and from retailers.
    """

    schedule: Literal["blackout", "rolling"] = "blackout"
    feeders: Annotated[int, Field(ge=1, le=127)] = 1
    feeders_on: Annotated[int, Field(ge=1, le=127)] = 1
    turn_h: domains.DurationH = 2.0
    main_limit_kw: domains.PositivePowerKw = 15.0
    main_price_usd_per_kwh: domains.UsdPerKwh = 0.3
    feeder_limit_kw: domains.PositivePowerKw | None = None

    @model_validator(mode="after")
    def _some_are_off(self) -> "Grid":
        if self.feeders_on > self.feeders:
            raise ValueError(f"feeders_on = {self.feeders_on} must not exceed feeders = {self.feeders}")
        return self


class MainGrid:
    """The main grid of one scenario.

    Args:
        grid: the scenario's section.
        n_sites: number of sites ``M``.

    Attributes:
        feeder: ``[M]`` feeder of every site.
    """

    def __init__(self, grid: Grid, n_sites: int) -> None:
        self.grid = grid
        self.feeder = np.arange(n_sites) % grid.feeders

    def is_on(self, hour: FloatArray) -> BoolArray:
        """Whether sites are supplied at times ``[...]`` since the start, ``[..., M]``. Source: [MSRC] Eq. 17."""
        if self.grid.schedule == "blackout":
            return np.zeros((*np.shape(hour), len(self.feeder)), dtype=bool)
        turn = np.floor(np.asarray(hour)[..., None] / self.grid.turn_h + 1e-9).astype(np.int64)
        return np.asarray((self.feeder - turn) % self.grid.feeders < self.grid.feeders_on)

    def limit_kw(self, hour: FloatArray) -> FloatArray:
        """Most that sites can import from the main grid, ``[..., M]``."""
        return np.asarray(self.is_on(hour) * self.grid.main_limit_kw, np.float64)

    def share_on(self, hour: FloatArray, ahead_h: float, step_h: float) -> FloatArray:
        """Share of the coming ``ahead_h`` hours in which sites are supplied, ``[..., M]``, sampled every ``step_h``."""
        times = (np.arange(max(round(ahead_h / step_h), 1)) + 0.5) * step_h
        return np.asarray(self.is_on(np.asarray(hour)[..., None] + times).mean(axis=-2))

    def curtailment(self, import_kw: FloatArray) -> FloatArray:
        """Share ``[B, M]`` of the imports ``[B, M]`` that the feeders can carry."""
        limit_kw = self.grid.feeder_limit_kw
        if limit_kw is None:
            return np.ones_like(import_kw)
        on_feeder = np.eye(self.grid.feeders)[self.feeder]
        # Not a matrix product: its rounding would depend on the size of the batch.
        total_kw = (import_kw[..., None] * on_feeder).sum(axis=1)
        share = np.where(total_kw > limit_kw, limit_kw / np.maximum(total_kw, limit_kw), 1.0)
        return np.asarray(share[:, self.feeder])
