"""The metrics of result tables and plots: those that worlds declare, and those of controllers."""

from voltran.envs.errors import ScenarioError
from voltran.envs.metric import ANY, POSITIVE, Metric, percent
from voltran.envs.registry import world_spec, world_specs

ILLEGAL, TAKEN = "illegal_actions", "actions_taken"  # of policies that choose without us
FAILED_BOUND = "failed_bounds"
# counters that are worth a word wherever they are not zero, and what they count
FAILURES = {
    "failed_solves": "plans fell back",
    "dispatch_fallbacks": "dispatches fell back",
    FAILED_BOUND: "bounds not found",
}

# of controllers, whatever world they play in: wall time, and what they count of their own work
CONTROLLER_METRICS: tuple[Metric, ...] = (
    Metric("decision_ms", "Decision time, median", "ms", 2, "down", True, short="Decision"),
    Metric("decision_p95_ms", "Decision time, 95th percentile", "ms", 2, "down"),
    Metric(ILLEGAL, "Illegal actions", "", 1, "down"),
    Metric(TAKEN, "Actions taken", "", 1, None),
    Metric("failed_solves", "Plans that fell back", "", 2, "down"),
    Metric("plans", "Plans made", "", 0, None),
    Metric("plans_at_limit", "Plans that ran out of time", "", 0, "down"),
    percent("plan_gap", "Worst gap of a plan", better="down"),
    percent("plans_proven", "Plans whose gap is proven"),
    percent("plan_gap_mean", "Mean gap of a plan, 100 % where none is proven", better="down"),
    Metric("plan_evaluations", "Evaluations per plan", "", 0),
    percent("plan_error_power", "Planned site power, mean absolute error", better="down", bounds=POSITIVE),
    percent("plan_error_service", "Planned service, mean absolute error", better="down", bounds=POSITIVE),
    Metric("dispatch_solves", "Dispatches solved", "", 0, None),
    Metric("dispatch_ms", "Time of a dispatch, median", "ms", 0, "down"),
    percent("dispatch_gap", "Worst gap of a dispatch", better="down"),
    Metric("dispatch_fallbacks", "Dispatches that fell back on the scheduler", "", 1, "down"),
    Metric("dispatch_kept", "Dispatches in which the scheduler was as good", "", 1, None),
    Metric("swaps", "Accepted moves", "", 1),
    Metric("slmdb_steps_1e3", "SLMDB steps to 1e-3", "", 1, "down"),
    Metric("slmdb_steps_1e4", "SLMDB steps to 1e-4", "", 1, "down"),
    Metric("allocation_iterations", "Iterations per allocation", "", 1, "down"),
    percent("not_converged", "Allocations short of the optimum", better="down"),
    Metric("answer_rounds", "Rounds of best responses", "", 2, "down"),
    Metric(FAILED_BOUND, "Episodes whose bound was not found", "", 2, "down"),
    percent("answer_cycles", "Best responses that went in circles", better=None),
)

# measured in wall time: differs from run to run, so it is shown but never compared in pairs
DECISION_TIMES = frozenset({"decision_ms", "decision_p95_ms"})
TIMING_KEYS = DECISION_TIMES | {"dispatch_ms"}

# counted by controllers that plan or search, see ``voltran.envs.controller``; the others show none
COUNTER_KEYS = frozenset(metric.key for metric in CONTROLLER_METRICS) - TIMING_KEYS


def all_metrics() -> tuple[Metric, ...]:
    """All metrics of all worlds and of controllers, in the order of tables; of one key the first."""
    known: dict[str, Metric] = {}
    for metric in [*(metric for spec in world_specs() for metric in spec.metrics), *CONTROLLER_METRICS]:
        known.setdefault(metric.key, metric)
    return tuple(known.values())


def metrics_of(world: str) -> tuple[Metric, ...]:
    """The metrics of a world and of controllers, in the order of tables.

    Args:
        world: its name, or ``module:attribute`` of its declaration. Of a world that is not installed here there are no
            metrics: they show under their own names.
    """
    try:
        declared = world_spec(world).metrics
    except ScenarioError:
        declared = ()
    return (*declared, *CONTROLLER_METRICS)


def metric_of(key: str, world: str) -> Metric:
    """The metric with a key in a world; one that is not declared shows under its own name."""
    return declared_metric(key, world) or Metric(key, key.replace("_", " "), digits=3, bounds=ANY)


def declared_metric(key: str, world: str) -> Metric | None:
    """The metric with a key in a world; None where neither the world nor controllers that ship declare it."""
    for metric in metrics_of(world):
        named = metric if metric.key == key else metric.numbered(key)
        if named is not None:
            return named
    return None


def in_order(keys: set[str], world: str) -> list[Metric]:
    """The metrics with these keys: declared ones in declared order, then others by name."""
    declared = [metric for metric in metrics_of(world) if metric.key in keys]
    others = keys - {metric.key for metric in declared}
    return declared + [metric_of(key, world) for key in sorted(others)]
