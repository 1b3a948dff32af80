"""Configurations of forecasters: what to forecast from what, how to train, and on which data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from voltran.agents.forecasting.clients import LocalTraining
from voltran.agents.forecasting.sites import Feature, Target
from voltran.envs import domains
from voltran.envs.scenario import Section, apply_overrides, validated
from voltran.envs.seeds import SEED_LIMIT
from voltran.envs.sharing.load import Load
from voltran.envs.yaml_files import named_text, parse_mapping, shipped_names
from voltran.physics.units import HOURS_PER_DAY

FOLDER, KIND = "forecasting", "forecasting configuration"
SHORTEST_PERIOD_H = 1.0 / 60.0
# What a resumed run may change: nothing that would make the finished part of the run a different one.
CHANGEABLE_ON_RESUME = frozenset({"rounds"})

Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)]


def _divides_a_day(period_h: float) -> float:
    slots = HOURS_PER_DAY / period_h
    if not (period_h >= SHORTEST_PERIOD_H and abs(slots - round(slots)) < 1e-6 and slots >= 2.0):
        raise ValueError(f"a day must have a whole number of slots, and a slot at least {SHORTEST_PERIOD_H:.3f} h")
    return period_h


PeriodH = Annotated[float, Field(gt=0.0), AfterValidator(_divides_a_day)]


class SyntheticSites(Section):
    """Sites of the sharing world: those on the same infrastructure belong to different operators.

    Attributes:
        kind: "synthetic".
        sites: how many.
        operators: how many; sites are theirs in turn.
        days: days of data, from a Monday on.
        training_days: days to learn from; the rest is for tests.
        period_h: duration of a slot.
        seed: of the data.
        load: traffic, see the sharing world.
    """

    kind: Literal["synthetic"] = "synthetic"
    sites: PositiveInt = 1200
    operators: PositiveInt = 3
    days: Annotated[int, Field(ge=2)] = 7
    training_days: PositiveInt = 5
    period_h: PeriodH = 0.25
    seed: Seed = 0
    load: Load = Load()

    @model_validator(mode="after")
    def _days_are_left(self) -> "SyntheticSites":
        if self.training_days >= self.days:
            raise ValueError(f"training_days = {self.training_days} must be below days = {self.days}")
        return self


class MeasuredSites(Section):
    """Sites of measurements in the format ``lte-barcelona``: a CSV file per site.

    Attributes:
        kind: "lte-barcelona".
        folder: of the files.
        period_h: duration of a slot.
        training_share: part of each site's slots to learn from, its first ones.
        bridge_h: longest gap to bridge by a line; longer ones break windows.
    """

    kind: Literal["lte-barcelona"] = "lte-barcelona"
    folder: str
    period_h: PeriodH = 0.25
    training_share: Annotated[float, domains.between(0.1, 0.95)] = 0.7
    bridge_h: Annotated[float, domains.between(0.0, 24.0)] = 0.5


Data = Annotated[SyntheticSites | MeasuredSites, Field(discriminator="kind")]


class ForecastConfig(Section):
    """How to make a forecaster.

    Attributes:
        target: what to forecast, for the slot after the window.
        features: what each slot of the window tells; [CG] has throughput and success.
        window: slots that a forecast looks back.
        hidden: units of the LSTM, and of the layer that follows.
        rounds: of federated training.
        local_epochs: passes of each client over its windows, per round.
        clients_per_round: how many train in a round.
        fine_tuning_epochs: passes of each client over its windows after the last round, for itself; used where
            forecasters are compared.
        batch_size: windows per step.
        learning_rate: of Adam.
        seed: of weights, choices and orders.
        data: what to learn from.
    """

    target: Target = "energy"
    features: Annotated[tuple[Feature, ...], Field(min_length=1)] = ("throughput", "success")
    window: Annotated[int, Field(ge=1, le=1000)] = 16
    hidden: Annotated[int, Field(ge=1, le=1024)] = 32
    rounds: PositiveInt = 10
    local_epochs: PositiveInt = 3
    clients_per_round: PositiveInt = 30
    fine_tuning_epochs: PositiveInt = 3
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 3e-3
    seed: Seed = 0
    data: Data = SyntheticSites()

    @model_validator(mode="after")
    def _features_once(self) -> "ForecastConfig":
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features = {list(self.features)}: name each once")
        return self

    def local_training(self, epochs: int) -> LocalTraining:
        """How a client trains."""
        return LocalTraining(epochs, self.batch_size, self.learning_rate, self.seed)


def forecasting_names() -> list[str]:
    """Names of the shipped configurations."""
    return shipped_names(FOLDER)


def read_forecast_config(reference: str | Path, overrides: Mapping[str, Any]) -> ForecastConfig:
    """Read a configuration.

    Args:
        reference: name of a shipped one, or path of a YAML file.
        overrides: dotted keys and their values, for example ``{"window": 32, "data.sites": 60}``.

    Raises:
        ScenarioError: no such configuration, unknown key, or a value out of range.
    """
    source = f"{KIND} {reference}"
    data = apply_overrides(parse_mapping(named_text(FOLDER, reference, KIND), source), overrides)
    if isinstance(data.get("data"), dict):
        data["data"].setdefault("kind", "synthetic")
    return validated(ForecastConfig, data, source)
