"""What episodes of a market are judged by, as tables show it."""

from voltran.envs.energy.metric_table import LEDGER_RESIDUAL_KW, UNSERVED_KWH
from voltran.envs.metric import Metric
from voltran.envs.retail.metric_table import METRICS as RETAIL_METRICS

METRICS: tuple[Metric, ...] = (UNSERVED_KWH, LEDGER_RESIDUAL_KW, *RETAIL_METRICS)
