"""Ranges of physical inputs: generous, but such that formulas are meant for them and nothing overflows."""

from typing import Annotated

from pydantic import AfterValidator, Field


def between(low: float, high: float) -> AfterValidator:
    """Validator of a number that must lie in [``low``, ``high``]; its message names the range."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"must lie in [{low:g}, {high:g}]")
        return value

    return AfterValidator(check)


Share = Annotated[float, between(0.0, 1.0)]
LossShare = Annotated[float, between(0.0, 0.99)]
Efficiency = Annotated[float, between(0.1, 1.0)]
Weight = Annotated[float, between(0.0, 1e6)]  # of rewards
Positive = Annotated[float, Field(gt=0.0, le=1e6)]  # settings of algorithms
NonNegative = Annotated[float, Field(ge=0.0, le=1e6)]
PositiveWeight = Annotated[float, between(1e-6, 1e6)]
Factor = Annotated[float, between(0.01, 100.0)]
Hour = Annotated[float, Field(ge=0.0, lt=24.0)]

CoordinateM = Annotated[float, between(-1e5, 1e5)]
Point = tuple[CoordinateM, CoordinateM]
DistanceM = Annotated[float, between(1.0, 1e5)]
SpeedMPerS = Annotated[float, between(0.0, 150.0)]

FrequencyMhz = Annotated[float, between(500.0, 100_000.0)]  # 3GPP TR 38.901
BandwidthMhz = Annotated[float, between(0.01, 10_000.0)]
UserHeightM = Annotated[float, between(1.5, 13.0)]  # 3GPP TR 38.901; line of sight takes another form above 13 m
SiteHeightM = Annotated[float, between(10.0, 150.0)]
RateMbps = Annotated[float, between(0.0, 1e6)]
PositiveRateMbps = Annotated[float, between(1e-6, 1e6)]
LogMbps = Annotated[float, between(-10.0, 7.0)]
LogSpread = Annotated[float, between(0.0, 3.0)]
PowerDbm = Annotated[float, between(-50.0, 90.0)]
NoiseDbm = Annotated[float, between(-180.0, 0.0)]
GainDb = Annotated[float, between(-30.0, 60.0)]
LossDb = Annotated[float, between(0.0, 60.0)]
PowerMw = Annotated[float, between(1e-3, 1e6)]
BitPerSHz = Annotated[float, between(0.01, 50.0)]

PowerW = Annotated[float, between(0.0, 1e6)]
PositivePowerW = Annotated[float, between(1e-6, 1e6)]
PowerKw = Annotated[float, between(0.0, 1e5)]
PositivePowerKw = Annotated[float, between(1e-6, 1e5)]
EnergyKwh = Annotated[float, between(0.0, 1e6)]
PositiveEnergyKwh = Annotated[float, between(1e-3, 1e6)]

UsdPerKwh = Annotated[float, between(0.0, 1e4)]
PositiveUsdPerKwh = Annotated[float, between(1e-4, 1e4)]
UsdPerMwh = Annotated[float, between(0.0, 1e7)]
Eur = Annotated[float, between(0.0, 1e9)]
EurPerKwh = Annotated[float, between(0.0, 1e4)]
UsdPerH = Annotated[float, between(0.0, 1e6)]

DurationS = Annotated[float, between(1.0, 1e7)]
DurationH = Annotated[float, between(0.01, 10_000.0)]
MarginH = Annotated[float, between(0.0, 10_000.0)]
HorizonH = Annotated[float, between(1e-3, 8784.0)]  # at most a leap year
