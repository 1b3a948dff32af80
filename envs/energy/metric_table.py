"""What every world that keeps account of its energy is judged by, as tables show it."""

from voltran.envs.metric import Metric

UNSERVED_KWH = Metric("unserved_kwh", "Unserved energy", "kWh", 1, "down")
LEDGER_RESIDUAL_KW = Metric("ledger_residual_kw", "Ledger residual", "1e-9 kW", 3, "down", scale=1e9)
