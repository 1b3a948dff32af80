"""Which numbers there are."""

from pathlib import Path

from pydantic import Field

from voltran.envs.scenario import Scenario

SHORE = Path(__file__).parent / "scenarios" / "shore.yaml"


class RelayScenario(Scenario):
    """Relays that are alike; rates in Mbit/s and loads in kW of the three levels: asleep, half and full power."""

    relays: int = Field(default=6, ge=1)
    periods: int = Field(default=24, ge=1)
    panel_kw: float = Field(default=0.15, ge=0.0)
    battery_kwh: float = Field(default=0.6, gt=0.0)
    rate_mbps: tuple[float, float, float] = (0.0, 30.0, 50.0)
    load_kw: tuple[float, float, float] = (0.005, 0.04, 0.08)
